// Special functions that both widths share: modified Bessel functions and the normal distribution.
#pragma once

/// Σ (x²/4)^k / k!² for 0 ≤ x ≤ 20, which is I₀(x).
static double i0_series(double x) {
  double quarter = 0.25 * x * x, term = 1.0, sum = 1.0;
  for (int k = 1; k < 100 && term > sum * 1e-17; k++) {
    term *= quarter / ((double)k * k);
    sum += term;
  }
  return sum;
}

/// 1 / √(2πx) · Σ (1·3·…)² / (k! (8x)^k) for x > 20, which is e^-x I₀(x).
static double i0_tail(double x) {
  double term = 1.0, sum = 1.0;
  for (int k = 1; k < 40; k++) {
    double next = term * (2.0 * k - 1) * (2.0 * k - 1) / (8.0 * k * x);
    if (next >= term || next < 1e-17) break;
    term = next;
    sum += term;
  }
  return sum / sqrt(2.0 * M_PI * x);
}

static double i0_f64(double x) {
  x = fabs(x);
  if (x != x) return x;
  if (x <= 20.0) return i0_series(x);
  // e^(x/2) twice: e^x overflows before I₀ does.
  double root = exp(0.5 * x);
  return root * i0_tail(x) * root;
}

/// e^-|x| I₀(x)
static double i0e_f64(double x) {
  x = fabs(x);
  if (x != x) return x;
  return x <= 20.0 ? exp(-x) * i0_series(x) : i0_tail(x);
}

INLINE float i0_f32(float x) { return (float)i0_f64(x); }
INLINE float i0e_f32(float x) { return (float)i0e_f64(x); }

/// x/2 Σ (x²/4)^k / (k! (k+1)!) for |x| ≤ 20, which is I₁(x).
static double i1_series(double x) {
  double quarter = 0.25 * x * x, term = 0.5 * x, sum = term;
  for (int k = 1; k < 100 && fabs(term) > fabs(sum) * 1e-17; k++) {
    term *= quarter / ((double)k * (k + 1));
    sum += term;
  }
  return sum;
}

/// e^-x I₁(x) for x > 20: an asymptotic series as I₀'s, which alternates in sign until its terms are
/// small.
static double i1_tail(double x) {
  double term = 1.0, sum = 1.0;
  for (int k = 1; k < 40; k++) {
    double next = -term * (4.0 - (2.0 * k - 1) * (2.0 * k - 1)) / (8.0 * k * x);
    if (fabs(next) >= fabs(term) || fabs(next) < 1e-17) break;
    term = next;
    sum += term;
  }
  return sum / sqrt(2.0 * M_PI * x);
}

static double i1_f64(double x) {
  double a = fabs(x);
  if (a != a) return x;
  if (a <= 20.0) return i1_series(x);
  double root = exp(0.5 * a);
  return copysign(root * i1_tail(a) * root, x);
}

/// e^-|x| I₁(x)
static double i1e_f64(double x) {
  double a = fabs(x);
  if (a != a) return x;
  return a <= 20.0 ? exp(-a) * i1_series(x) : copysign(i1_tail(a), x);
}

INLINE float i1_f32(float x) { return (float)i1_f64(x); }
INLINE float i1e_f32(float x) { return (float)i1e_f64(x); }

/// e^x² erfc(x). The rounding error of x², which e^x² would make x² times as large, goes in as a
/// factor. Past 25, before erfc underflows, the first terms of 1 / (x √π) · Σ (-1)^k 1·3·…·(2k-1) / (2x²)^k.
static double erfcx_f64(double x) {
  if (x > 25.0) {
    double z = 0.5 / (x * x);
    double far = 1.0 - 7.0 * z * (1.0 - 9.0 * z * (1.0 - 11.0 * z * (1.0 - 13.0 * z)));
    double sum = 1.0 - z * (1.0 - 3.0 * z * (1.0 - 5.0 * z * far));
    return 0.56418958354775629 / x * sum;
  }
  double square = x * x;
  if (square > 709.0) return INFINITY;
  return exp(square) * (1.0 + fma(x, x, -square)) * erfc(x);
}

INLINE float erfcx_f32(float x) { return (float)erfcx_f64(x); }

/// log Φ(x), Φ the normal distribution function: by erfcx where Φ is small.
static double log_ndtr_f64(double x) {
  double t = x * 0.70710678118654752;
  return x < -1.0 ? log(0.5 * erfcx_f64(-t)) - t * t : log1p(-0.5 * erfc(t));
}

INLINE float log_ndtr_f32(float x) { return (float)log_ndtr_f64(x); }

/// The inverse of Φ: by erfinv in the middle, in the tails by Newton's method for log Φ.
static double ndtri_f64(double p) {
  if (!(p > 0.0 && p < 1.0)) return p == 0.0 ? -INFINITY : p == 1.0 ? INFINITY : NAN;
  if (p > 0.9) return -ndtri_f64(1.0 - p);
  if (p >= 0.1) return 1.4142135623730951 * erfinv_f64(2.0 * p - 1.0);
  double goal = log(p), t = sqrt(-2.0 * goal);
  double y = (log(t) + 0.91893853320467274) / t - t;
  for (int step = 0; step < 20; step++) {
    // The derivative of log Φ at y is √(2/π) / erfcx(-y/√2).
    double d = (log_ndtr_f64(y) - goal) * erfcx_f64(y * -0.70710678118654752) * 1.2533141373155003;
    y -= d;
    if (!(fabs(d) > 1e-16 * fabs(y))) break;
  }
  return y;
}

INLINE float ndtri_f32(float x) { return (float)ndtri_f64(x); }
