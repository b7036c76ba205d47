// Elementary functions of f32 as straight-line code, so that loops over them vectorise. Errors are
// at most 2 ulp unless a comment says otherwise; infinities, NaN, zeros and denormals follow C.
//
// Polynomials are minimax fits (weighted for relative error) on the reduced ranges named at each.
// Angles are in math32_angles.h; functions that have no room for a reduction trick in f32 compute in
// f64 with short polynomials, in math32_wide.h.
#pragma once

#define INLINE static inline __attribute__((always_inline))

INLINE int32_t bits_f32(float x) {
  union { float f; int32_t i; } u = {.f = x};
  return u.i;
}

INLINE float from_bits_f32(int32_t i) {
  union { int32_t i; float f; } u = {.i = i};
  return u.f;
}

INLINE int64_t bits_f64(double x) {
  union { double f; int64_t i; } u = {.f = x};
  return u.i;
}

INLINE double from_bits_f64(int64_t i) {
  union { int64_t i; double f; } u = {.i = i};
  return u.f;
}

INLINE float abs_f32(float x) { return __builtin_elementwise_abs(x); }
INLINE float sqrt_f32(float x) { return __builtin_elementwise_sqrt(x); }
INLINE float copysign_f32(float x, float y) { return __builtin_elementwise_copysign(x, y); }
INLINE float floor_f32(float x) { return __builtin_elementwise_floor(x); }
INLINE float ceil_f32(float x) { return __builtin_elementwise_ceil(x); }
INLINE float trunc_f32(float x) { return __builtin_elementwise_trunc(x); }
INLINE float round_f32(float x) { return __builtin_elementwise_roundeven(x); }

// Adding 1.5·2^23 (f64: 1.5·2^52) rounds to the nearest whole number and leaves it in the low
// bits: no conversion between float and integer is needed, and NaN stays harmless.
#define ROUNDER_F32 12582912.0f
#define ROUNDER_F64 6755399441055744.0

// MARK: Exponentials

/// x = n ln 2 + r, |r| ≤ ln 2 / 2, with e^r - 1 in *fraction and n returned; |x| < 2^15.
INLINE int32_t reduce_exp_f32(float x, float *fraction) {
  float t = x * 1.44269504f + ROUNDER_F32;
  float n = t - ROUNDER_F32;
  // ln 2 in two parts, the first short enough for n · part to be exact.
  float r = x - n * 0x1.62e4p-1f;
  r = r - n * 1.42860677e-6f;
  float p = 0.00138825038f;
  p = p * r + 0.00836658105f;
  p = p * r + 0.0416672006f;
  p = p * r + 0.166665435f;
  p = p * r + 0.49999997f;
  *fraction = (r * r) * p + r;
  return bits_f32(t) - bits_f32(ROUNDER_F32);
}

/// y · 2^n for -252 ≤ n ≤ 254, rounding once where the result is a denormal.
INLINE float scale_f32(float y, int32_t n) {
  int32_t half = n >> 1;
  return y * from_bits_f32((half + 127) << 23) * from_bits_f32((n - half + 127) << 23);
}

INLINE float exp_f32(float x) {
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  float fraction;
  int32_t n = reduce_exp_f32(x, &fraction);
  return scale_f32(1.0f + fraction, n);
}

/// e^x where the result is known to be normal (-87 ≤ x ≤ 88) or may be clamped to that range.
INLINE float exp_normal_f32(float x) {
  x = x > 88.0f ? 88.0f : x;
  x = x < -87.0f ? -87.0f : x;
  float fraction;
  int32_t n = reduce_exp_f32(x, &fraction);
  return from_bits_f32(bits_f32(1.0f + fraction) + (n << 23));
}

/// e^x for |x| ≤ 87, with exp_f32's bits.
INLINE float quick_exp_f32(float x) {
  float fraction;
  int32_t n = reduce_exp_f32(x, &fraction);
  return from_bits_f32(bits_f32(1.0f + fraction) + (int32_t)((uint32_t)n << 23));
}

/// 2^r for |r| ≤ 1/2.
INLINE float exp2_fraction_f32(float r) {
  float p = 0.000153531524f;
  p = p * r + 0.00133991335f;
  p = p * r + 0.00961843971f;
  p = p * r + 0.0555033199f;
  p = p * r + 0.240226477f;
  p = p * r + 0.693147182f;
  return 1.0f + p * r;
}

INLINE float exp2_f32(float x) {
  x = x > 129.0f ? 129.0f : x;
  x = x < -151.0f ? -151.0f : x;
  float t = x + ROUNDER_F32;
  float r = x - (t - ROUNDER_F32);
  return scale_f32(exp2_fraction_f32(r), bits_f32(t) - bits_f32(ROUNDER_F32));
}

INLINE float expm1_f32(float x) {
  float z = x > 89.0f ? 89.0f : x;
  z = z < -30.0f ? -30.0f : z;
  float fraction;
  int32_t n = reduce_exp_f32(z, &fraction);
  // 2^n (1 + f) - 1 = 2 (2^(n-1) f + (2^(n-1) - 1/2)): n may be 128.
  float s = from_bits_f32((n + 126) << 23);
  float y = 2.0f * (s * fraction + (s - 0.5f));
  return x == 0.0f ? x : y;
}

// MARK: Logarithms

/// x = 2^e (1 + f), √½ ≤ 1 + f < √2, with log(1 + f) - f in *rest; x positive and finite.
INLINE float reduce_log_f32(float x, float *f, float *rest) {
  bool denormal = x < 1.17549435e-38f;
  x = denormal ? x * 8388608.0f : x;
  int32_t i = bits_f32(x) - 0x3f3504f3;
  float e = (float)(i >> 23) - (denormal ? 23.0f : 0.0f);
  float z = from_bits_f32((i & 0x7fffff) + 0x3f3504f3) - 1.0f;
  float p = 0.0674659163f;
  p = p * z - 0.116756387f;
  p = p * z + 0.118881777f;
  p = p * z - 0.124055922f;
  p = p * z + 0.142195508f;
  p = p * z - 0.166679963f;
  p = p * z + 0.200021192f;
  p = p * z - 0.250000089f;
  p = p * z + 0.333333135f;
  float z2 = z * z;
  *f = z;
  *rest = z2 * z * p - 0.5f * z2;
  return e;
}

/// The logarithm's values at 0, below, at infinity and NaN.
INLINE float special_log_f32(float x, float y) {
  y = x == 0.0f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  // Infinity gives itself; x != x keeps NaN.
  return x == __builtin_inff() || x != x ? x : y;
}

INLINE float log_f32(float x) {
  float f, rest;
  float e = reduce_log_f32(x, &f, &rest);
  float y = e * 0x1.62e4p-1f + (f + (rest + e * 1.42860677e-6f));
  return special_log_f32(x, y);
}

INLINE float log2_f32(float x) {
  float f, rest;
  float e = reduce_log_f32(x, &f, &rest);
  // log2 e = 1 + 0.4427: the large part is added unrounded.
  float y = (rest + f) * 0.442695041f + rest;
  return special_log_f32(x, e + (y + f));
}

INLINE float log10_f32(float x) {
  float f, rest;
  float e = reduce_log_f32(x, &f, &rest);
  float y = (f + rest) * 0.434294482f + e * 4.60503907e-6f;
  return special_log_f32(x, e * 0.301025391f + y);
}

/// log(1 + e) for 0 ≤ e ≤ 1, without the special cases.
INLINE float log1p_unit_f32(float e) {
  float u = 1.0f + e, f, rest;
  float k = reduce_log_f32(u, &f, &rest);
  float y = k * 0x1.62e4p-1f + (f + (rest + k * 1.42860677e-6f));
  // What 1 + e lost: e - (u - 1), divided by u.
  return y + (e - (u - 1.0f)) / u;
}

// MARK: Hyperbolic and logistic functions

INLINE float tanh_f32(float x) {
  float a = abs_f32(x);
  a = a > 10.0f ? 10.0f : a;
  float fraction;
  int32_t n = reduce_exp_f32(2.0f * a, &fraction);
  float s = from_bits_f32((n + 127) << 23);
  float m = s * fraction + (s - 1.0f);  // e^(2|x|) - 1
  float large = copysign_f32(m / (m + 2.0f), x);
  float z = a * a;
  float p = -0.00589514989f;
  p = p * z + 0.0207959637f;
  p = p * z - 0.0537838265f;
  p = p * z + 0.133319244f;
  p = p * z - 0.333332986f;
  return a < 0.6f ? x + x * z * p : large;
}

/// 1 / (1 + e^-x), to 2^-126 in absolute terms as in PyTorch.
INLINE float sigmoid_f32(float x) { return 1.0f / (1.0f + exp_f32(-x)); }

// MARK: The error function

/// erf(x) for |x| ≤ 1.
INLINE float erf_small_f32(float x) {
  float z = x * x;
  float p = 7.85385055e-05f;
  p = p * z - 0.000801019021f;
  p = p * z + 0.00518832728f;
  p = p * z - 0.026853811f;
  p = p * z + 0.112835854f;
  p = p * z - 0.37612626f;
  p = p * z + 0.128379166f;
  return x + x * p;
}

INLINE float erf_f32(float x) {
  float a = abs_f32(x);
  float b = a > 4.0f ? 4.0f : a;
  // log erfc on 1 … 4.
  float p = 0.000186777674f;
  p = p * b - 0.00295188325f;
  p = p * b + 0.0218563378f;
  p = p * b - 0.103148021f;
  p = p * b - 0.638093531f;
  p = p * b - 1.12712252f;
  p = p * b - 0.000332681637f;
  float large = copysign_f32(1.0f - exp_normal_f32(p), x);
  return a > 1.0f ? large : erf_small_f32(x);
}

/// Φ(-a) for √2 ≤ a, 0 where it is smaller than 2^-125: 2^p with p = log2 Φ(-a).
INLINE float normal_tail_f32(float a) {
  float p = 1.33353079e-10f;
  p = p * a - 1.09670344e-08f;
  p = p * a + 4.02067599e-07f;
  p = p * a - 8.72195142e-06f;
  p = p * a + 0.000125588267f;
  p = p * a - 0.0012802704f;
  p = p * a + 0.00966675952f;
  p = p * a - 0.0562683083f;
  p = p * a - 0.455832928f;
  p = p * a - 1.15278244f;
  p = p * a - 0.999656558f;
  float t = p + ROUNDER_F32;
  float y = exp2_fraction_f32(p - (t - ROUNDER_F32));
  // The exponent: the rounder's own bits leave on the left.
  y = from_bits_f32(bits_f32(y) + (int32_t)((uint32_t)bits_f32(t) << 23));
  return a > 12.94f ? 0.0f : y;
}

/// Φ(x), the normal distribution's: accurate in the lower tail too (to 1e-4 relative far out).
INLINE float normal_cdf_f32(float x) {
  float a = abs_f32(x), z = x * x;
  float tail = normal_tail_f32(a);
  float large = x < 0.0f ? tail : 1.0f - tail;
  float p = 4.33868053e-07f;
  p = p * z - 8.85009376e-06f;
  p = p * z + 0.000114646922f;
  p = p * z - 0.00118678203f;
  p = p * z + 0.00997337513f;
  p = p * z - 0.0664903596f;
  p = p * z + 0.398942292f;
  return a > 1.41421356f ? large : 0.5f + x * p;
}

INLINE float gelu_f32(float x) { return x * normal_cdf_f32(x); }
