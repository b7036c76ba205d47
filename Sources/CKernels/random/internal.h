// What the fills share.
#pragma once
#include <math.h>
#include <string.h>

#include "../gemm/internal.h"
#include "torus_random.h"

enum { TORUS_RNG_WORDS = 624 };

// The next n draws of 32 bits.
void torus_rng_words(torus_rng *rng, uint32_t *out, int64_t n);

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
static inline void torus_put(torus_dtype dtype, void *out, int64_t i, double value) {
  switch (dtype) {
    case TORUS_F32: ((float *)out)[i] = (float)value; break;
    case TORUS_F64: ((double *)out)[i] = value; break;
    case TORUS_BF16:
    case TORUS_F16: ((uint16_t *)out)[i] = torus_half(dtype, (float)value); break;
    case TORUS_I64: ((int64_t *)out)[i] = (int64_t)value; break;
    case TORUS_I32: ((int32_t *)out)[i] = (int32_t)value; break;
    case TORUS_I16: ((int16_t *)out)[i] = (int16_t)value; break;
    case TORUS_I8: ((int8_t *)out)[i] = (int8_t)value; break;
    case TORUS_U8: ((uint8_t *)out)[i] = (uint8_t)value; break;
    case TORUS_BOOL: ((uint8_t *)out)[i] = value != 0; break;
  }
}

static inline void torus_put_integer(torus_dtype dtype, void *out, int64_t i, int64_t value) {
  switch (dtype) {
    case TORUS_F32: ((float *)out)[i] = (float)value; break;
    case TORUS_F64: ((double *)out)[i] = (double)value; break;
    case TORUS_BF16:
    case TORUS_F16: ((uint16_t *)out)[i] = torus_half(dtype, (float)value); break;
    case TORUS_I64: ((int64_t *)out)[i] = value; break;
    case TORUS_I32: ((int32_t *)out)[i] = (int32_t)value; break;
    case TORUS_I16: ((int16_t *)out)[i] = (int16_t)value; break;
    case TORUS_I8: ((int8_t *)out)[i] = (int8_t)value; break;
    case TORUS_U8: ((uint8_t *)out)[i] = (uint8_t)value; break;
    case TORUS_BOOL: ((uint8_t *)out)[i] = value != 0; break;
  }
}

static inline bool torus_is_float(torus_dtype dtype) { return dtype <= TORUS_F16; }
