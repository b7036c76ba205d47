// What optimizers remember, in fewer bits: see torus_compact.h.
#include "torus_compact.h"

#include <math.h>
#include <string.h>

enum {
  BLOCK = TORUS_COMPACT_BLOCK,
  GRAIN = 16384 / BLOCK,
  // The leading 16 bits of the floats from 0 to 1.
  LEADING = (0x3f800000 >> 16) + 1,
};

// Levels from 0 to 1, and for the leading bits of a float the last level that is not above it.
typedef struct scale {
  float levels[257];
  uint8_t below[LEADING];
} scale;

static scale of_signed, of_squares;

/// Tenths from the seventh place to the first, each divided evenly into parts, twice as many as the one
/// before; a level is the middle of a part. The one that is nearest to a half is moved there.
static void make(scale *s, int parts) {
  int count = 0;
  s->levels[count++] = 0;
  double tenth = 1e-6;
  for (int place = 0; place < 7; place++, tenth *= 10, parts *= 2) {
    for (int i = 0; i < parts; i++) {
      const double level = tenth * (0.1 + 0.9 * (i + 0.5) / parts);
      s->levels[count++] = (float)(fabs(level - 0.5) < tenth * 0.45 / parts ? 0.5 : level);
    }
  }
  // None is above it.
  s->levels[count] = INFINITY;
  int level = 0;
  for (uint32_t leading = 0; leading < LEADING; leading++) {
    const uint32_t bits = leading << 16;
    float least;
    memcpy(&least, &bits, 4);
    while (s->levels[level + 1] <= least) level++;
    s->below[leading] = (uint8_t)level;
  }
}

__attribute__((constructor)) static void make_scales(void) {
  make(&of_signed, 1);
  make(&of_squares, 2);
}

/// A number from 0 to below 1 for a place in a sequence (Steele et al., Fast Splittable Pseudorandom Number
/// Generators, 2014, the mixing of SplitMix64).
static inline float draw(const torus_compact_rounding *r, int64_t index) {
  uint64_t z = r->key + (uint64_t)(r->first + index) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (float)((z ^ (z >> 31)) >> 40) * 0x1p-24f;
}

/// The level of a magnitude from 0 to 1.
static inline int level(const scale *s, float x, const torus_compact_rounding *r, int64_t index) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  int low = s->below[bits >> 16];
  // Numbers with the same leading bits lie between fewer than three levels. Beyond the last there is none.
  low += s->levels[low + 1] <= x;
  const float gap = s->levels[low + 1] - s->levels[low];
  return low + (x - s->levels[low] > (r->draws ? draw(r, index) : 0.5f) * gap);
}

typedef struct job {
  const float *x;
  float *out;
  int64_t n;
  bool squares;
  uint8_t *codes;
  float *scales;
  const torus_compact_rounding *rounding;
} job;

static void write_block(const job *j, int64_t block) {
  const int64_t first = block * BLOCK;
  const int64_t n = j->n - first < BLOCK ? j->n - first : BLOCK;
  const float *x = j->x + first;
  uint8_t *codes = j->codes + first;
  float magnitudes[BLOCK], most;
  for (int64_t i = 0; i < n; i++) magnitudes[i] = j->squares ? sqrtf(x[i]) : fabsf(x[i]);
  // Magnitudes are in the order of their bits. Those of 2¹²⁷ have no power of two above them.
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, &magnitudes[i], 4);
    largest = bits > largest ? bits : largest;
  }
  memcpy(&most, &largest, 4);
  const bool known = largest < 0x7f000000u;
  // The power of two above it, so that the scale stays while the largest number wanders: numbers that do not
  // change are then not rounded again and again. A half is a level, so that what is read back has the same.
  int power;
  frexpf(most, &power);
  const float by = known ? ldexpf(1, power > -120 ? power : -120) : NAN;
  j->scales[block] = by;
  const float factor = known ? 1 / by : 0;
  const scale *s = j->squares ? &of_squares : &of_signed;
  for (int64_t i = 0; i < n; i++) magnitudes[i] = known ? magnitudes[i] * factor : 0;
  for (int64_t i = 0; i < n; i++) {
    const int code = level(s, magnitudes[i], j->rounding, first + i);
    codes[i] = (uint8_t)(j->squares ? code : code | (signbit(x[i]) != 0) << 7);
  }
}

static void write_blocks(int64_t begin, int64_t end, void *context) {
  for (int64_t block = begin; block < end; block++) write_block(context, block);
}

void torus_compact_write8(const float *x, int64_t n, bool squares, uint8_t *codes, float *scales,
                          const torus_compact_rounding *rounding) {
  job j = {.x = x, .n = n, .squares = squares, .codes = codes, .scales = scales, .rounding = rounding};
  torus_parallel_for((n + BLOCK - 1) / BLOCK, GRAIN, write_blocks, &j);
}

static void read_blocks(int64_t begin, int64_t end, void *context) {
  const job *j = context;
  const scale *s = j->squares ? &of_squares : &of_signed;
  for (int64_t block = begin; block < end; block++) {
    const int64_t last = block * BLOCK + BLOCK < j->n ? block * BLOCK + BLOCK : j->n;
    const float by = j->scales[block];
    for (int64_t i = block * BLOCK; i < last; i++) {
      const uint8_t code = j->codes[i];
      const float m = s->levels[j->squares ? code : code & 127] * by;
      j->out[i] = j->squares ? m * m : copysignf(m, (float)(64 - (code & 128)));
    }
  }
}

void torus_compact_read8(const uint8_t *codes, const float *scales, int64_t n, bool squares, float *x) {
  job j = {.out = x, .n = n, .squares = squares, .codes = (uint8_t *)codes, .scales = (float *)scales};
  torus_parallel_for((n + BLOCK - 1) / BLOCK, GRAIN, read_blocks, &j);
}

typedef struct narrowing {
  const float *x;
  uint16_t *out;
  const torus_compact_rounding *rounding;
} narrowing;

static void narrow(int64_t begin, int64_t end, void *context) {
  const narrowing *w = context;
  for (int64_t i = begin; i < end; i++) {
    uint32_t bits;
    memcpy(&bits, &w->x[i], 4);
    // What is cut off is the way to the next number; infinity and no number stay.
    const bool finite = (bits & 0x7f800000u) != 0x7f800000u;
    const uint32_t up = w->rounding->draws ? (uint32_t)(draw(w->rounding, i) * 0x1p16f)
                                           : 0x7fffu + (bits >> 16 & 1);
    const uint32_t quiet = (bits & 0x7fffffu) ? 0x400000u : 0;
    w->out[i] = (uint16_t)((finite ? bits + up : bits | quiet) >> 16);
  }
}

void torus_compact_write16(const float *x, int64_t n, uint16_t *out,
                           const torus_compact_rounding *rounding) {
  narrowing w = {x, out, rounding};
  torus_parallel_for(n, 16384, narrow, &w);
}

static void widen(int64_t begin, int64_t end, void *context) {
  const narrowing *w = context;
  float *out = (float *)w->x;
  for (int64_t i = begin; i < end; i++) {
    const uint32_t bits = (uint32_t)w->out[i] << 16;
    memcpy(&out[i], &bits, 4);
  }
}

void torus_compact_read16(const uint16_t *x, int64_t n, float *out) {
  narrowing w = {out, (uint16_t *)x, 0};
  torus_parallel_for(n, 16384, widen, &w);
}
