// Functions of f32 that need more digits than it has: they compute in f64, on short cores that are good
// for 2^-34 and better. The rules are those of math32.h.
#pragma once
#include "math32.h"

/// e^x, |x| ≤ 700.
INLINE double short_exp_f64(double x) {
  double t = x * 1.4426950408889634 + ROUNDER_F64;
  double n = t - ROUNDER_F64;
  double r = x - n * 0.69314718055994531;
  double p = 0.00019775031632139419;
  p = p * r + 0.0013948301366268404;
  p = p * r + 0.0083335620173872246;
  p = p * r + 0.041666223670702059;
  p = p * r + 0.16666665116795495;
  p = p * r + 0.50000001051588516;
  p = p * r + 1.0000000002450573;
  p = p * r + 0.99999999996137834;
  return p * from_bits_f64((bits_f64(t) - bits_f64(ROUNDER_F64) + 1023) << 52);
}

/// log x of a positive normal number.
INLINE double short_log_f64(double x) {
  int64_t i = bits_f64(x) - 0x3fe6a09e667f3bcd;
  // The exponent through the rounder again: AVX2 has no 64-bit conversion.
  int64_t k = (int64_t)((uint64_t)(i + (int64_t)0x4000000000000000) >> 52) - 1024;
  double e = from_bits_f64(k + bits_f64(ROUNDER_F64)) - ROUNDER_F64;
  double m = from_bits_f64((i & 0xfffffffffffff) + 0x3fe6a09e667f3bcd);
  double s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = 0.09799093949718729;
  p = p * z + 0.11087640556863446;
  p = p * z + 0.14286064560198197;
  p = p * z + 0.19999997725857788;
  p = p * z + 0.33333333338120813;
  return e * 0.69314718055994531 + 2.0 * (s + s * z * p);
}

INLINE float log1p_f32(float x) {
  double d = x;
  bool inside = x > -1.0f && x < __builtin_inff();
  double y = short_log_f64(inside ? 1.0 + d : 1.0);
  // Small arguments, where 1 + x loses digits: the series.
  double series = d * (1.0 - d * (0.5 - d * (1.0 / 3 - d * 0.25)));
  float r = x > -0.001f && x < 0.001f ? (float)series : (float)y;
  r = x == -1.0f ? -__builtin_inff() : r;
  r = x < -1.0f ? __builtin_nanf("") : r;
  return x == __builtin_inff() || x == 0.0f || x != x ? x : r;
}

INLINE float sinh_f32(float x) {
  double a = abs_f32(x);
  double c = a > 100.0 ? 100.0 : a;
  double e = short_exp_f64(c);
  double z = (double)x * x;
  double series = a * (1.0 + z * (1.0 / 6 + z * (1.0 / 120)));
  float y = (float)(a < 0.03 ? series : 0.5 * (e - 1.0 / e));
  y = copysign_f32(y, x);
  return x != x ? x : y;
}

INLINE float cosh_f32(float x) {
  double a = abs_f32(x);
  double e = short_exp_f64(a > 100.0 ? 100.0 : a);
  float y = (float)(0.5 * (e + 1.0 / e));
  return x != x ? x : y;
}

INLINE float asinh_f32(float x) {
  double a = abs_f32(x);
  double c = a > 1e38 ? 1.0 : a;
  double z = a * a;
  double series = a * (1.0 - z * (1.0 / 6 - z * (3.0 / 40)));
  double y = a < 0.02 ? series : short_log_f64(c + __builtin_elementwise_sqrt(c * c + 1.0));
  y = a > 1e38 ? short_log_f64(a > 1e39 ? 1.0 : a) + 0.69314718055994531 : y;
  float r = a > 1e39 ? abs_f32(x) : (float)y;
  r = copysign_f32(r, x);
  return x != x ? x : r;
}

INLINE float acosh_f32(float x) {
  double t = (double)x - 1.0;
  double root = __builtin_elementwise_sqrt(t * (t + 2.0));
  double inner = x >= 1.0f && x < __builtin_inff() ? 1.0 + (t + root) : 1.0;
  float y = (float)short_log_f64(inner);
  // Near 1: √(2t) (1 - t/12 + 3t²/160).
  float near = (float)(__builtin_elementwise_sqrt(2.0 * t) * (1.0 - t * (1.0 / 12 - t * (3.0 / 160))));
  y = t < 0.01 ? near : y;
  y = x < 1.0f ? __builtin_nanf("") : y;
  return x == __builtin_inff() || x != x ? x : y;
}

INLINE float atanh_f32(float x) {
  double a = abs_f32(x), z = a * a;
  double series = a * (1.0 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7))));
  double c = a < 1.0 ? a : 0.0;
  float y = (float)(a < 0.06 ? series : 0.5 * short_log_f64((1.0 + c) / (1.0 - c)));
  y = a == 1.0 ? __builtin_inff() : y;
  y = a > 1.0 ? __builtin_nanf("") : y;
  y = copysign_f32(y, x);
  return x != x ? x : y;
}

/// a^b with C's special cases.
INLINE float pow_f32(float x, float y) {
  double a = abs_f32(x);
  bool plain = a > 0.0 && a < __builtin_inf();
  double t = (double)y * short_log_f64(plain ? a : 1.0);
  t = t > 200.0 ? 200.0 : t;
  t = t < -200.0 ? -200.0 : t;
  float r = (float)short_exp_f64(t);
  // Bases 0 and ∞: 0, 1 or ∞ by the sign of y.
  bool to_zero = (a == 0.0) == (y > 0.0f);
  float edge = to_zero ? 0.0f : __builtin_inff();
  r = a == 0.0 || a == __builtin_inf() ? edge : r;
  // y = ±∞: by |x| against 1 (|x| = 1 gives 1).
  bool grows = (a > 1.0) == (y > 0.0f);
  float far = a == 1.0 ? 1.0f : grows ? __builtin_inff() : 0.0f;
  r = abs_f32(y) == __builtin_inff() ? far : r;
  // Negative bases (and -0): odd whole y keep the sign, other finite y give NaN.
  float whole = trunc_f32(y);
  float half = 0.5f * whole;
  bool odd = whole == y && trunc_f32(half) != half;
  r = bits_f32(x) < 0 && odd ? -r : r;
  bool bad = x < 0.0f && whole != y && a != __builtin_inf();
  r = bad ? __builtin_nanf("") : r;
  r = x != x || y != y ? x + y : r;
  return y == 0.0f || x == 1.0f ? 1.0f : r;
}

INLINE float hypot_f32(float x, float y) {
  double a = x, b = y;
  float r = (float)__builtin_elementwise_sqrt(a * a + b * b);
  bool infinite = abs_f32(x) == __builtin_inff() || abs_f32(y) == __builtin_inff();
  return infinite ? __builtin_inff() : r;
}
