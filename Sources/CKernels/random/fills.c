// Fills from PyTorch's kernels: uniform, normal, integers, permutations, coin flips.
#include "cephes.h"
#include "internal.h"

enum { CHUNK = 1024 };

#define KERNELS "../random/fills_kernels.h"
#include "../core/each_level.h"

torus_status torus_random_uniform(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                  double from, double to) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  uint32_t words[2 * CHUNK];
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t count = n - at < CHUNK ? n - at : CHUNK;
    torus_rng_words(rng, words, dtype == TORUS_F64 ? 2 * count : count);
    if (dtype == TORUS_F64) {
      AT_LEVEL(uniform_f64)(words, (double *)out + at, count, from, to);
    } else if (dtype == TORUS_F32) {
      AT_LEVEL(uniform_f32)(words, (float *)out + at, count, (float)from, (float)to);
    } else {
      // Half types draw as float does and are rounded, which may again reach `to`.
      float values[CHUNK];
      uint16_t *to_write = (uint16_t *)out + at;
      const uint16_t first = torus_half(dtype, (float)from), last = torus_half(dtype, (float)to);
      AT_LEVEL(uniform_f32)(words, values, count, (float)from, (float)to);
      torus_narrow(dtype, values, to_write, count);
      for (int64_t i = 0; i < count; i++)
        if (to_write[i] == last) to_write[i] = first;
    }
  }
  return TORUS_OK;
}

// ---- Normal ----------------------------------------------------------------------------------

static void normal_blocks(float *data, int64_t blocks, float mean, float std) {
  AT_LEVEL(normal)(data, blocks, mean, std);
}

static void normal_block_f64(double *data, double mean, double std) {
  for (int i = 0; i < 8; i++) {
    const double radius = sqrt(-2 * log(1 - data[i]));
    const double theta = 2 * 3.14159265358979323846 * data[i + 8];
    data[i] = fma(radius * cos(theta), std, mean);
    data[i + 8] = fma(radius * sin(theta), std, mean);
  }
}

// The tail that is no whole block is drawn anew together with what precedes it.
static void fill_normal(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double mean,
                        double std) {
  const int64_t whole = n & ~INT64_C(15);
  if (dtype == TORUS_F64) {
    double *data = out;
    torus_random_uniform(rng, dtype, data, n, 0, 1);
    for (int64_t i = 0; i < whole; i += 16) normal_block_f64(data + i, mean, std);
    if (n == whole) return;
    torus_random_uniform(rng, dtype, data + n - 16, 16, 0, 1);
    normal_block_f64(data + n - 16, mean, std);
  } else if (dtype == TORUS_F32) {
    float *data = out;
    torus_random_uniform(rng, dtype, data, n, 0, 1);
    normal_blocks(data, whole / 16, (float)mean, (float)std);
    if (n == whole) return;
    torus_random_uniform(rng, dtype, data + n - 16, 16, 0, 1);
    normal_blocks(data + n - 16, 1, (float)mean, (float)std);
  } else {
    // Half types draw only for whole blocks and the last one.
    float block[CHUNK];
    for (int64_t i = 0; i < whole; i += CHUNK) {
      const int64_t count = whole - i < CHUNK ? whole - i : CHUNK;
      torus_random_uniform(rng, TORUS_F32, block, count, 0, 1);
      normal_blocks(block, count / 16, (float)mean, (float)std);
      torus_narrow(dtype, block, (uint16_t *)out + i, count);
    }
    if (n == whole) return;
    torus_random_uniform(rng, TORUS_F32, block, 16, 0, 1);
    normal_blocks(block, 1, (float)mean, (float)std);
    torus_narrow(dtype, block, (uint16_t *)out + n - 16, 16);
  }
}

torus_status torus_random_normal(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                 double mean, double std) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  if (n >= 16) fill_normal(rng, dtype, out, n, mean, std);
  else
    for (int64_t i = 0; i < n; i++) torus_put(dtype, out, i, fma(torus_rng_normal(rng), std, mean));
  return TORUS_OK;
}

torus_status torus_random_skip_uniform(torus_rng *rng, torus_dtype dtype, int64_t n) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  torus_rng_skip(rng, dtype == TORUS_F64 ? 2 * n : n);
  return TORUS_OK;
}

torus_status torus_random_skip_normal(torus_rng *rng, torus_dtype dtype, int64_t n) {
  if (!torus_is_float(dtype) || n < 16) return TORUS_UNSUPPORTED;
  const int64_t whole = n & ~INT64_C(15), tail = n == whole ? 0 : 16;
  const bool half = dtype == TORUS_F16 || dtype == TORUS_BF16;
  return torus_random_skip_uniform(rng, dtype, (half ? whole : n) + tail);
}

torus_status torus_random_normal_each(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                      const void *mean, const void *std) {
  // PyTorch: standard normals, then times std, then plus mean.
  const torus_status status = torus_random_normal(rng, dtype, out, n, 0, 1);
  if (status != TORUS_OK) return status;
  for (int64_t i = 0; i < n; i++) {
    if (dtype == TORUS_F64) {
      double *x = (double *)out + i;
      if (std) *x *= ((const double *)std)[i];
      if (mean) *x += ((const double *)mean)[i];
    } else if (dtype == TORUS_F32) {
      float *x = (float *)out + i;
      if (std) *x *= ((const float *)std)[i];
      if (mean) *x += ((const float *)mean)[i];
    } else {
      uint16_t *x = (uint16_t *)out + i;
      if (std)
        *x = torus_half(dtype, torus_half_value(dtype, *x) *
                                   torus_half_value(dtype, ((const uint16_t *)std)[i]));
      if (mean)
        *x = torus_half(dtype, torus_half_value(dtype, *x) +
                                   torus_half_value(dtype, ((const uint16_t *)mean)[i]));
    }
  }
  return TORUS_OK;
}

// ---- Integers --------------------------------------------------------------------------------

torus_status torus_random_integers(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                   int64_t low, int64_t high) {
  const uint64_t range = (uint64_t)high - (uint64_t)low;
  if (range == 0 || range >= UINT64_C(1) << 28) {
    // Wide ranges take 64 bits, so that the remainder's bias stays small.
    for (int64_t i = 0; i < n; i++) {
      const uint64_t draw = torus_rng_next64(rng);
      torus_put_integer(dtype, out, i, (int64_t)((range ? draw % range : draw) + (uint64_t)low));
    }
    return TORUS_OK;
  }
  uint32_t words[CHUNK];
  const uint32_t small = (uint32_t)range;
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t count = n - at < CHUNK ? n - at : CHUNK;
    torus_rng_words(rng, words, count);
    if (dtype == TORUS_I64)
      for (int64_t i = 0; i < count; i++) ((int64_t *)out)[at + i] = words[i] % small + low;
    else
      for (int64_t i = 0; i < count; i++)
        torus_put_integer(dtype, out, at + i, words[i] % small + low);
  }
  return TORUS_OK;
}

torus_status torus_random_full(torus_rng *rng, torus_dtype dtype, void *out, int64_t n) {
  // Floats up to the last of the whole numbers that all have a float of their own.
#define LIMIT_FLOAT(T) (UINT64_C(1) << (sizeof(T) == sizeof(float) ? 24 : 53)) + 1
#define LIMIT_WHOLE(T) UINT64_C(1) << (8 * sizeof(T) - ((T)-1 < 0))
#define LIMIT_NARROW(T) LIMIT_WHOLE(T)
#define LIMIT_TRUTH(T) 2
#define LIMIT_BF16(T) (1 << 8) + 1
#define LIMIT_F16(T) (1 << 11) + 1
#define LIMIT(x, type, number, stored, form, loops, name) [number] = LIMIT_##form(stored),
  static const uint64_t limits[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(LIMIT, )};
  const bool wide = torus_element_size(dtype) == 8;
  for (int64_t i = 0; i < n; i++) {
    const uint64_t draw = wide ? torus_rng_next64(rng) : torus_rng_next32(rng);
    torus_put_integer(dtype, out, i, (int64_t)(draw % limits[dtype]));
  }
  return TORUS_OK;
}

#define SHUFFLE(TYPE)                                              \
  {                                                                \
    TYPE *items = out;                                             \
    for (int64_t i = 0; i < n - 1; i++) {                          \
      if (i % CHUNK == 0)                                          \
        torus_rng_words(rng, words, n - 1 - i < CHUNK ? n - 1 - i : CHUNK); \
      const int64_t other = i + words[i % CHUNK] % (uint32_t)(n - i); \
      const TYPE held = items[i];                                  \
      items[i] = items[other];                                     \
      items[other] = held;                                         \
    }                                                              \
  }

torus_status torus_random_permutation(torus_rng *rng, torus_dtype dtype, void *out, int64_t n) {
  if (dtype == TORUS_BOOL) return TORUS_UNSUPPORTED;
  uint32_t words[CHUNK];
  if (dtype == TORUS_I64)
    for (int64_t i = 0; i < n; i++) ((int64_t *)out)[i] = i;
  else
    for (int64_t i = 0; i < n; i++) torus_put_integer(dtype, out, i, i);
  if (n >= (int64_t)(UINT32_MAX / 20)) {
    // 32 bits would favour low places too much.
    const int64_t size = torus_element_size(dtype);
    char *items = out, held[8];
    for (int64_t i = 0; i < n - 1; i++) {
      const int64_t other = i + (int64_t)(torus_rng_next64(rng) % (uint64_t)(n - i));
      memcpy(held, items + i * size, (size_t)size);
      memmove(items + i * size, items + other * size, (size_t)size);
      memcpy(items + other * size, held, (size_t)size);
    }
    return TORUS_OK;
  }
  switch (torus_element_size(dtype)) {
    case 8: SHUFFLE(uint64_t) break;
    case 4: SHUFFLE(uint32_t) break;
    case 2: SHUFFLE(uint16_t) break;
    default: SHUFFLE(uint8_t) break;
  }
  return TORUS_OK;
}

// ---- Coin flips ------------------------------------------------------------------------------

torus_status torus_random_bernoulli(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                    double p) {
  for (int64_t i = 0; i < n; i++) torus_put_integer(dtype, out, i, torus_rng_unit(rng) < p);
  return TORUS_OK;
}

torus_status torus_random_bernoulli_each(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                         const void *p) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  for (int64_t i = 0; i < n; i++) {
    bool one;
    if (dtype == TORUS_F64) {
      one = torus_rng_unit(rng) < ((const double *)p)[i];
    } else {
      const float chance = dtype == TORUS_F32
                               ? ((const float *)p)[i]
                               : torus_half_value(dtype, ((const uint16_t *)p)[i]);
      one = (float)(torus_rng_next32(rng) & 0xffffff) * 0x1p-24f < chance;
    }
    torus_put_integer(dtype, out, i, one);
  }
  return TORUS_OK;
}

// y = x · mask · factor, for `count` values.
static void mask_values(torus_dtype dtype, const void *x, const uint8_t *mask, void *y,
                        int64_t count, double factor) {
  if (dtype == TORUS_F32) {
    const float *in = x, by = (float)factor;
    float *out = y;
    for (int64_t i = 0; i < count; i++) out[i] = in[i] * (float)mask[i] * by;
  } else if (dtype == TORUS_F64) {
    const double *in = x;
    double *out = y;
    for (int64_t i = 0; i < count; i++) out[i] = in[i] * (double)mask[i] * factor;
  } else {
    float values[CHUNK];
    const float by = torus_half_value(dtype, torus_half(dtype, (float)factor));
    for (int64_t at = 0; at < count; at += CHUNK) {
      const int64_t part = count - at < CHUNK ? count - at : CHUNK;
      torus_widen(dtype, (const uint16_t *)x + at, values, part);
      for (int64_t i = 0; i < part; i++) values[i] = values[i] * (float)mask[at + i] * by;
      torus_narrow(dtype, values, (uint16_t *)y + at, part);
    }
  }
}

typedef struct masked {
  torus_dtype dtype;
  const char *x;
  const uint8_t *mask;
  char *y;
  double factor;
} masked;

static void mask_body(int64_t begin, int64_t end, void *context) {
  const masked *job = context;
  const int64_t size = torus_element_size(job->dtype);
  mask_values(job->dtype, job->x + begin * size, job->mask + begin, job->y + begin * size,
              end - begin, job->factor);
}

torus_status torus_mask_dropped(torus_dtype dtype, const void *x, const uint8_t *mask, void *y,
                                int64_t n, double p) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  masked job = {.dtype = dtype, .x = x, .mask = mask, .y = y, .factor = p == 1 ? 0 : 1 / (1 - p)};
  torus_parallel_for(n, 16 * CHUNK, mask_body, &job);
  return TORUS_OK;
}

torus_status torus_random_dropout(torus_rng *rng, torus_dtype dtype, const void *x, void *y,
                                  uint8_t *mask, int64_t n, double p) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  const double keep = 1 - p, factor = p == 1 ? 0 : 1 / keep;
  const int64_t size = torus_element_size(dtype);
  // unit < keep, with unit = k · 2⁻⁵³ for an integer k, is k < ⌈keep · 2⁵³⌉.
  const uint64_t bound = (uint64_t)ceil(keep * 0x1p53);
  uint32_t words[2 * CHUNK];
  uint8_t kept[CHUNK];
  for (int64_t at = 0; at < n; at += CHUNK) {
    const int64_t count = n - at < CHUNK ? n - at : CHUNK;
    torus_rng_words(rng, words, 2 * count);
    for (int64_t i = 0; i < count; i++)
      kept[i] = ((uint64_t)(words[2 * i] & 0x1fffff) << 32 | words[2 * i + 1]) < bound;
    if (mask) memcpy(mask + at, kept, (size_t)count);
    mask_values(dtype, (const char *)x + at * size, kept, (char *)y + at * size, count, factor);
  }
  return TORUS_OK;
}
