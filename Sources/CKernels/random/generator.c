// The Mersenne Twister (Matsumoto and Nishimura, 1998) and its saved form.
#include "torus_random.h"

#include "internal.h"

void torus_rng_seed(torus_rng *rng, uint64_t seed) {
  memset(rng, 0, sizeof *rng);
  rng->seed = seed;
  rng->left = 1;
  rng->state[0] = (uint32_t)seed;
  for (uint32_t i = 1; i < TORUS_RNG_WORDS; i++) {
    const uint32_t before = rng->state[i - 1];
    rng->state[i] = UINT32_C(1812433253) * (before ^ before >> 30) + i;
  }
}

static inline uint32_t twist(uint32_t far, uint32_t a, uint32_t b) {
  return far ^ ((a & 0x80000000) | (b & 0x7fffffff)) >> 1 ^ ((0 - (b & 1)) & 0x9908b0df);
}

static inline uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680;
  y ^= y << 15 & 0xefc60000;
  return y ^ y >> 18;
}

#define KERNELS "../random/generator_kernels.h"
#include "../core/each_level.h"

static void refill(torus_rng *rng) {
  AT_LEVEL(advance)(rng->state);
  rng->left = TORUS_RNG_WORDS;
  rng->next = 0;
}

uint32_t torus_rng_next32(torus_rng *rng) {
  if (--rng->left == 0) refill(rng);
  return temper(rng->state[rng->next++]);
}

uint64_t torus_rng_next64(torus_rng *rng) {
  const uint64_t high = torus_rng_next32(rng);
  return high << 32 | torus_rng_next32(rng);
}

void torus_rng_words(torus_rng *rng, uint32_t *out, int64_t n) {
  while (n > 0) {
    // A word read after a refill is not counted off, so 624 are there and 623 after reading one.
    if (rng->left == 1) {
      refill(rng);
      *out++ = temper(rng->state[rng->next++]);
      n--;
    }
    const int64_t there = (int64_t)rng->left - 1, take = n < there ? n : there;
    const uint32_t *s = rng->state + rng->next;
    AT_LEVEL(temper_all)(s, out, take);
    rng->next += (uint32_t)take;
    rng->left -= (uint32_t)take;
    out += take;
    n -= take;
  }
}

void torus_rng_skip(torus_rng *rng, int64_t n) {
  while (n > 0) {
    if (rng->left == 1) {
      refill(rng);
      rng->next++;
      n--;
    }
    const int64_t there = (int64_t)rng->left - 1, take = n < there ? n : there;
    rng->next += (uint32_t)take;
    rng->left -= (uint32_t)take;
    n -= take;
  }
}

double torus_rng_normal(torus_rng *rng) {
  if (rng->has_double_normal) {
    rng->has_double_normal = 0;
    return rng->next_double_normal;
  }
  const double u1 = torus_rng_unit(rng), u2 = torus_rng_unit(rng);
  const double radius = sqrt(-2 * log1p(-u2)), theta = 2 * 3.14159265358979323846 * u1;
  rng->next_double_normal = radius * sin(theta);
  rng->has_double_normal = 1;
  return radius * cos(theta);
}

// The layout that PyTorch inherited from Torch7: seed, left, seeded, next and 624 words, each of
// the last two kinds in 8 bytes, then the cache of doubles (its second value and a radius that is
// no longer used), its flag, and the cache of floats.
enum {
  AT_LEFT = 8, AT_SEEDED = 12, AT_NEXT = 16, AT_STATE = 24, AT_NORMAL = 24 + 8 * TORUS_RNG_WORDS,
  AT_FLAG = AT_NORMAL + 24, AT_FLOAT = AT_FLAG + 8, AT_FLOAT_FLAG = AT_FLOAT + 4,
};
_Static_assert(AT_FLOAT_FLAG + 4 == TORUS_RNG_BYTES, "the saved form has 5056 bytes");

void torus_rng_save(const torus_rng *rng, uint8_t bytes[5056]) {
  memset(bytes, 0, TORUS_RNG_BYTES);
  const int32_t left = (int32_t)rng->left, one = 1;
  const uint64_t next = rng->next;
  memcpy(bytes, &rng->seed, 8);
  memcpy(bytes + AT_LEFT, &left, 4);
  memcpy(bytes + AT_SEEDED, &one, 4);
  memcpy(bytes + AT_NEXT, &next, 8);
  for (int i = 0; i < TORUS_RNG_WORDS; i++) {
    const uint64_t word = rng->state[i];
    memcpy(bytes + AT_STATE + 8 * i, &word, 8);
  }
  if (rng->has_double_normal) {
    memcpy(bytes + AT_NORMAL + 8, &rng->next_double_normal, 8);
    memcpy(bytes + AT_FLAG, &one, 4);
  }
  if (rng->has_float_normal) {
    memcpy(bytes + AT_FLOAT, &rng->next_float_normal, 4);
    bytes[AT_FLOAT_FLAG] = 1;
  }
}

bool torus_rng_load(torus_rng *rng, const uint8_t *bytes, size_t count) {
  if (count != TORUS_RNG_BYTES && count != AT_FLOAT) return false;
  int32_t left, seeded, flag;
  uint64_t next;
  memcpy(&left, bytes + AT_LEFT, 4);
  memcpy(&seeded, bytes + AT_SEEDED, 4);
  memcpy(&next, bytes + AT_NEXT, 8);
  if (!seeded || left < 1 || left > TORUS_RNG_WORDS || next > TORUS_RNG_WORDS) return false;
  // Reading on from here must end where the words do.
  if ((uint64_t)left - 1 + next > TORUS_RNG_WORDS) return false;
  memset(rng, 0, sizeof *rng);
  memcpy(&rng->seed, bytes, 8);
  rng->left = (uint32_t)left;
  rng->next = (uint32_t)next;
  for (int i = 0; i < TORUS_RNG_WORDS; i++) memcpy(&rng->state[i], bytes + AT_STATE + 8 * i, 4);
  memcpy(&flag, bytes + AT_FLAG, 4);
  rng->has_double_normal = flag != 0;
  if (flag) memcpy(&rng->next_double_normal, bytes + AT_NORMAL + 8, 8);
  if (count == TORUS_RNG_BYTES) {
    rng->has_float_normal = bytes[AT_FLOAT_FLAG] != 0;
    memcpy(&rng->next_float_normal, bytes + AT_FLOAT, 4);
  }
  return true;
}
