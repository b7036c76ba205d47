// Elementary functions of f64: libm's, and the special functions that both widths share; more of those
// stand in special64.h.
#pragma once

INLINE double abs_f64(double x) { return __builtin_elementwise_abs(x); }
INLINE double sqrt_f64(double x) { return __builtin_elementwise_sqrt(x); }
INLINE double copysign_f64(double x, double y) { return __builtin_elementwise_copysign(x, y); }
INLINE double floor_f64(double x) { return __builtin_elementwise_floor(x); }
INLINE double ceil_f64(double x) { return __builtin_elementwise_ceil(x); }
INLINE double trunc_f64(double x) { return __builtin_elementwise_trunc(x); }
INLINE double round_f64(double x) { return __builtin_elementwise_roundeven(x); }

INLINE double exp_f64(double x) { return exp(x); }
INLINE double exp2_f64(double x) { return exp2(x); }
INLINE double expm1_f64(double x) { return expm1(x); }
INLINE double log_f64(double x) { return log(x); }
INLINE double log2_f64(double x) { return log2(x); }
INLINE double log10_f64(double x) { return log10(x); }
INLINE double log1p_f64(double x) { return log1p(x); }
INLINE double log1p_unit_f64(double x) { return log1p(x); }
INLINE double sin_f64(double x) { return sin(x); }
INLINE double cos_f64(double x) { return cos(x); }
INLINE double tan_f64(double x) { return tan(x); }
INLINE double asin_f64(double x) { return asin(x); }
INLINE double acos_f64(double x) { return acos(x); }
INLINE double atan_f64(double x) { return atan(x); }
INLINE double atan2_f64(double y, double x) { return atan2(y, x); }
INLINE double sinh_f64(double x) { return sinh(x); }
INLINE double cosh_f64(double x) { return cosh(x); }
INLINE double tanh_f64(double x) { return tanh(x); }
INLINE double asinh_f64(double x) { return asinh(x); }
INLINE double acosh_f64(double x) { return acosh(x); }
INLINE double atanh_f64(double x) { return atanh(x); }
INLINE double erf_f64(double x) { return erf(x); }
INLINE double erfc_f64(double x) { return erfc(x); }
INLINE float erfc_f32(float x) { return (float)erfc(x); }
INLINE double lgamma_f64(double x) { return lgamma(x); }
INLINE float lgamma_f32(float x) { return (float)lgamma(x); }
INLINE double pow_f64(double x, double y) { return pow(x, y); }
INLINE double hypot_f64(double x, double y) { return hypot(x, y); }
INLINE double fmod_f64(double x, double y) { return fmod(x, y); }
INLINE float fmod_f32(float x, float y) { return fmodf(x, y); }
INLINE double next_number_f64(double x, double y, double lost) { return nextafter(x, y); }

/// The number after x towards y of a type with `lost` bits of the fraction less: 0, of BF16 16, of F16
/// 13, whose numbers x and y are.
INLINE float next_number_f32(float x, float y, float lost) {
  if (lost == 0.0f || x != x || y != y || x == y) return nextafterf(x, y);
  if (lost == 13.0f) {
    float a = fabsf(x), up = y > x ? 1.0f : -1.0f;
    if (a == INFINITY) return copysignf(65504.0f, x);
    // Denormal numbers, and the smallest normal one where the next is denormal.
    if (a < 0x1p-14f || (a == 0x1p-14f && up * x < 0.0f)) {
      return copysignf(x + up * 0x1p-24f, a == 0.0f ? y : x);
    }
  }
  int32_t unit = 1 << (int32_t)lost;
  if (x == 0.0f) return copysignf(from_bits_f32(unit), y);
  return from_bits_f32(bits_f32(x) + ((y > x) == (x > 0.0f) ? unit : -unit));
}
INLINE double sigmoid_f64(double x) { return 1.0 / (1.0 + exp(-x)); }
INLINE double normal_cdf_f64(double x) { return 0.5 * erfc(x * -0.70710678118654752); }
INLINE double gelu_f64(double x) { return x * normal_cdf_f64(x); }

/// Γ'(x) / Γ(x): recurrence up to 10, then the asymptotic series; reflected below 0. PyTorch gives
/// ∓∞ at ±0 and NaN at the negative whole numbers.
static double digamma_f64(double x) {
  if (x == 0.0) return copysign(INFINITY, -x);
  double shift = 0.0;
  if (x < 0.0) {
    if (x == floor(x)) return NAN;
    double whole;
    shift = -M_PI / tan(M_PI * modf(x, &whole));
    x = 1.0 - x;
  }
  for (; x < 10.0; x += 1.0) shift -= 1.0 / x;
  // log x - 1/2x - Σ B₂ₖ / (2k x^2k)
  double z = 1.0 / (x * x);
  double series = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 -
    z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  return shift + log(x) - 0.5 / x - (x < 1e17 ? series : 0.0);
}

INLINE float digamma_f32(float x) { return (float)digamma_f64(x); }

/// Hurwitz's ζ(s, q) = Σ (q + k)^-s, k from 0: the terms up to q + k > 9, then Euler and Maclaurin's
/// formula for the rest. Infinite at s = 1 and at q = 0, -1, -2 …; NaN for s < 1, and for q < 0
/// where s is not whole.
static double zeta_f64(double s, double q) {
  if (s == 1.0) return INFINITY;
  if (!(s > 1.0) || q != q) return NAN;
  if (q <= 0.0) {
    if (q == floor(q)) return INFINITY;
    if (s != floor(s)) return NAN;
  }
  if (q == INFINITY) return 0.0;
  double sum = 0.0, a = q;
  for (; a <= 9.0; a += 1.0) {
    double term = pow(a, -s);
    sum += term;
    if (a > 0.0 && term < sum * 1e-17) return sum;
  }
  double power = pow(a, -s);
  sum += power * (a / (s - 1.0) + 0.5);
  // B₂ⱼ / (2j)! · s (s+1) … (s+2j-2) · a^(-s-2j+1)
  static const double bernoulli[] = {
    1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160,
    -691.0 / 1307674368000.0, 1.0 / 74724249600.0, -3617.0 / 10670622842880000.0};
  double rising = s, inverse = 1.0 / (a * a);
  power /= a;
  for (int j = 0; j < 8; j++) {
    double term = bernoulli[j] * rising * power;
    sum += term;
    if (fabs(term) < fabs(sum) * 1e-17) break;
    rising *= (s + 2 * j + 1) * (s + 2 * j + 2);
    power *= inverse;
  }
  return sum;
}

INLINE float zeta_f32(float s, float q) { return (float)zeta_f64(s, q); }

/// The n-th derivative of digamma: (-1)^(n+1) n! ζ(n + 1, x); the first one reflected below ½, so
/// that it need not climb from far below 0.
static double polygamma_f64(double x, double n) {
  if (n == 0.0) return digamma_f64(x);
  if (n == 1.0 && x < 0.5) {
    double sine = sin(M_PI * (x - floor(x)));
    return M_PI * M_PI / (sine * sine) - zeta_f64(2.0, 1.0 - x);
  }
  double value = tgamma(n + 1.0) * zeta_f64(n + 1.0, x);
  return fmod(n, 2.0) == 0.0 ? -value : value;
}

INLINE float polygamma_f32(float x, float n) { return (float)polygamma_f64(x, n); }

/// erf⁻¹(x): a logarithmic first guess (Winitzki), then Newton's steps with Halley's correction on
/// erfc's side where x is near ±1.
static double erfinv_f64(double x) {
  double a = fabs(x);
  if (!(a < 1.0)) return a == 1.0 ? copysign(INFINITY, x) : NAN;
  if (a == 0.0) return x;
  double l = log1p(-a * a), c = 2.0 / (M_PI * 0.147) + 0.5 * l;
  double y = a < 1e-4 ? a * 0.88622692545275801 : sqrt(sqrt(c * c - l / 0.147) - c);
  for (int step = 0; step < 3; step++) {
    double error = a < 0.5 ? erf(y) - a : (1.0 - a) - erfc(y);
    double d = error / (M_2_SQRTPI * exp(-y * y));
    y -= d / (1.0 + y * d);
  }
  return copysign(y, x);
}

INLINE float erfinv_f32(float x) { return (float)erfinv_f64(x); }

#include "special64.h"
