// Trigonometric functions of f32 and their inverses, under the rules of math32.h.
#pragma once
#include "math32.h"

/// x = k π/2 + r with |r| ≤ π/4, k mod 4 in the low bits of the result; |x| < 2^26.
INLINE int32_t reduce_pi_f32(float x, float *r) {
  double t = (double)x * 0.63661977236758134 + ROUNDER_F64;
  double k = t - ROUNDER_F64;
  // π/2 in two parts, the first short enough for k · part to be exact.
  *r = (float)(((double)x - k * 0x1.921fb50p0) - k * 0x1.110b4611a6263p-26);
  return (int32_t)bits_f64(t);
}

INLINE float sin_poly_f32(float r) {
  float z = r * r;
  float p = 2.71774593e-06f;
  p = p * z - 0.000198392721f;
  p = p * z + 0.00833332911f;
  p = p * z - 0.166666672f;
  return r + r * z * p;
}

INLINE float cos_poly_f32(float r) {
  float z = r * r;
  float p = 2.4429437e-05f;
  p = p * z - 0.00138872839f;
  p = p * z + 0.0416666456f;
  return 1.0f - (0.5f * z - z * z * p);
}

/// Beyond this the reduction in f64 loses digits: callers take libm.
#define LARGE_ANGLE_F32 33554432.0f

INLINE float sin_f32(float x) {
  float r;
  int32_t k = reduce_pi_f32(x, &r);
  float y = (k & 1) ? cos_poly_f32(r) : sin_poly_f32(r);
  y = from_bits_f32(bits_f32(y) ^ ((k & 2) << 30));
  return x == 0.0f ? x : y;
}

INLINE float cos_f32(float x) {
  float r;
  int32_t k = reduce_pi_f32(x, &r);
  float y = (k & 1) ? sin_poly_f32(r) : cos_poly_f32(r);
  return from_bits_f32(bits_f32(y) ^ (((k + 1) & 2) << 30));
}

/// The quotient of both polynomials, in f64 to save the roundings.
INLINE float tan_f32(float x) {
  float reduced;
  int32_t k = reduce_pi_f32(x, &reduced);
  double r = reduced, z = r * r;
  double p = (2.71774593e-06 * z - 0.000198392721) * z + 0.00833332911;
  double s = r + r * z * (p * z - 0.166666672);
  double c = 1.0 - z * (0.5 - z * ((2.4429437e-05 * z - 0.00138872839) * z + 0.0416666456));
  float y = (float)((k & 1) ? -c / s : s / c);
  return x == 0.0f ? x : y;
}

INLINE float atan_poly_f32(float x) {
  float z = x * x;
  float p = -0.00179359387f;
  p = p * z + 0.0109144812f;
  p = p * z - 0.0311776139f;
  p = p * z + 0.0579573587f;
  p = p * z - 0.0840343684f;
  p = p * z + 0.109521814f;
  p = p * z - 0.142642409f;
  p = p * z + 0.199985489f;
  p = p * z - 0.333332986f;
  return x + x * z * p;
}

INLINE float atan_f32(float x) {
  float a = abs_f32(x);
  float y = atan_poly_f32(a > 1.0f ? 1.0f / a : a);
  y = a > 1.0f ? 1.57079633f - y : y;
  return copysign_f32(y, x);
}

INLINE float atan2_f32(float y, float x) {
  float a = abs_f32(x), b = abs_f32(y);
  float high = a > b ? a : b, low = a > b ? b : a;
  float q = low / high;
  q = high == 0.0f ? 0.0f : q;
  q = low == __builtin_inff() ? 1.0f : q;
  float t = atan_poly_f32(q);
  t = b > a ? 1.57079633f - t : t;
  t = bits_f32(x) < 0 ? 3.14159265f - t : t;
  t = copysign_f32(t, y);
  return x != x || y != y ? x + y : t;
}

/// asin(√z) for 0 ≤ z ≤ 1/4, in f64 because callers double it and take it from π/2.
INLINE double asin_poly_f32(double z) {
  double p = 0.0421782061;
  p = p * z + 0.0241729636;
  p = p * z + 0.0454716049;
  p = p * z + 0.0749528855;
  p = p * z + 0.166667521;
  double x = __builtin_elementwise_sqrt(z);
  return x + x * z * p;
}

INLINE float asin_f32(float x) {
  double a = abs_f32(x);
  bool large = a > 0.5;
  double y = asin_poly_f32(large ? 0.5 * (1.0 - a) : a * a);
  float r = copysign_f32((float)(large ? 1.5707963267948966 - 2.0 * y : y), x);
  return a > 1.0 ? __builtin_nanf("") : r;
}

INLINE float acos_f32(float x) {
  double a = abs_f32(x);
  bool large = a > 0.5;
  double y = asin_poly_f32(large ? 0.5 * (1.0 - a) : a * a);
  double near = x < 0.0f ? 3.1415926535897931 - 2.0 * y : 2.0 * y;
  double middle = 1.5707963267948966 - (x < 0.0f ? -y : y);
  float r = (float)(large ? near : middle);
  return a > 1.0 ? __builtin_nanf("") : r;
}
