// BF16 and F16 to F32 and back.
#include <string.h>

#include "internal.h"

static inline float from_f16(uint16_t h) {
  // The half's bits, placed as a float's, are its value · 2⁻¹¹²; infinities and nans need the
  // larger exponent.
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = (uint32_t)(h & 0x7fff) << 13;
  float magnitude;
  memcpy(&magnitude, &rest, 4);
  magnitude *= 0x1p112f;
  uint32_t bits;
  memcpy(&bits, &magnitude, 4);
  if ((h & 0x7c00) == 0x7c00) bits |= 0x7f800000;
  bits |= sign;
  float out;
  memcpy(&out, &bits, 4);
  return out;
}

static inline uint16_t to_f16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint32_t sign = bits >> 16 & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (bits >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (bits < 0x38800000) {
    // A subnormal half: adding 0.5 rounds in the float adder at the half's last bit.
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;
    memcpy(&bits, &magnitude, 4);
    return (uint16_t)(sign | (bits - 0x3f000000));
  }
  bits += 0xc8000fff + (bits >> 13 & 1);
  return (uint16_t)(sign | bits >> 13);
}

static inline uint16_t to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint16_t rounded = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded;
}

#define LOOPS(SUFFIX)                                                                      \
  static void widen_bf16##SUFFIX(const uint16_t *restrict in, uint32_t *restrict out,      \
                                 int64_t n) {                                              \
    for (int64_t i = 0; i < n; i++) out[i] = (uint32_t)in[i] << 16;                        \
  }                                                                                        \
  static void narrow_bf16##SUFFIX(const float *restrict in, uint16_t *restrict out,        \
                                  int64_t n) {                                             \
    for (int64_t i = 0; i < n; i++) out[i] = to_bf16(in[i]);                               \
  }                                                                                        \
  static void widen_f16##SUFFIX(const uint16_t *restrict in, float *restrict out,          \
                                int64_t n) {                                               \
    for (int64_t i = 0; i < n; i++) out[i] = from_f16(in[i]);                              \
  }                                                                                        \
  static void narrow_f16##SUFFIX(const float *restrict in, uint16_t *restrict out,         \
                                 int64_t n) {                                              \
    for (int64_t i = 0; i < n; i++) out[i] = to_f16(in[i]);                                \
  }

LOOPS(_base)
#if defined(__x86_64__)
TORUS_BEGIN_LEVEL_1
LOOPS(_v3)
TORUS_END_LEVEL
#else
LOOPS(_v3)
#endif

void torus_widen(torus_dtype dtype, const void *in, float *out, int64_t n) {
  const bool wide = torus_cpu_level() > 0;
  if (dtype == TORUS_BF16) (wide ? widen_bf16_v3 : widen_bf16_base)(in, (uint32_t *)out, n);
  else (wide ? widen_f16_v3 : widen_f16_base)(in, out, n);
}

void torus_narrow(torus_dtype dtype, const float *in, void *out, int64_t n) {
  const bool wide = torus_cpu_level() > 0;
  if (dtype == TORUS_BF16) (wide ? narrow_bf16_v3 : narrow_bf16_base)(in, out, n);
  else (wide ? narrow_f16_v3 : narrow_f16_base)(in, out, n);
}
