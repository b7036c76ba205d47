// What the fills share.
#pragma once
#include <math.h>
#include <string.h>

#include "../gemm/internal.h"
#include "torus_random.h"

enum { TORUS_RNG_WORDS = 624 };

// The next n draws of 32 bits.
void torus_rng_words(torus_rng *rng, uint32_t *out, int64_t n);

// Leaves out the next n words of 32 bits.
void torus_rng_skip(torus_rng *rng, int64_t n);

// 53 bits on [0, 1).
static inline double torus_rng_unit(torus_rng *rng) {
  return (double)(torus_rng_next64(rng) & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
}

// One standard normal by scalar Box-Muller; every second one comes from the cache.
double torus_rng_normal(torus_rng *rng);

static inline uint16_t torus_half(torus_dtype dtype, float value) {
  uint16_t out;
  torus_narrow(dtype, &value, &out, 1);
  return out;
}

static inline float torus_half_value(torus_dtype dtype, uint16_t value) {
  float out;
  torus_widen(dtype, &value, &out, 1);
  return out;
}

// out[i] = value for any element type, as a C conversion (half types by way of float).
#define TORUS_PUT_FLOAT(dtype, T, value) ((T)(value))
#define TORUS_PUT_WHOLE(dtype, T, value) ((T)(value))
#define TORUS_PUT_NARROW(dtype, T, value) ((T)(value))
#define TORUS_PUT_TRUTH(dtype, T, value) ((value) != 0)
#define TORUS_PUT_BF16(dtype, T, value) torus_half(dtype, (float)(value))
#define TORUS_PUT_F16(dtype, T, value) torus_half(dtype, (float)(value))
#define TORUS_PUT(x, type, number, stored, form, loops, name) \
  case TORUS_##type: ((stored *)out)[i] = TORUS_PUT_##form(TORUS_##type, stored, value); break;

static inline void torus_put(torus_dtype dtype, void *out, int64_t i, double value) {
  switch (dtype) { TORUS_DTYPE_ROWS(TORUS_PUT, ) }
}

static inline void torus_put_integer(torus_dtype dtype, void *out, int64_t i, int64_t value) {
  switch (dtype) { TORUS_DTYPE_ROWS(TORUS_PUT, ) }
}
