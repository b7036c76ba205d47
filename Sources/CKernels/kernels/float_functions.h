// Composed functions of one floating type T; F(name) names them. Included for f32 and f64.

INLINE T F(clamp)(T x, T low, T high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

INLINE T F(maximum)(T x, T y) { return x != x ? x : (x > y ? x : y); }
INLINE T F(minimum)(T x, T y) { return x != x ? x : (x < y ? x : y); }

INLINE T F(logit)(T x, T eps) {
  T z = eps < 0 ? x : F(clamp)(x, eps, 1 - eps);
  return F(log)(z / (1 - z));
}

INLINE T F(logit_backward)(T g, T x, T eps) {
  T d = g / (x * (1 - x));
  T outside = eps < 0 ? (T)__builtin_nan("") : 0;
  T low = eps < 0 ? 0 : eps;
  return x < low || x > 1 - low ? outside : d;
}

INLINE T F(log_sigmoid)(T x) {
  T low = x > 0 ? 0 : x;
  return low - F(log1p_unit)(F(exp)(-F(abs)(x)));
}

INLINE T F(softplus)(T x, T beta, T threshold) {
  T z = x * beta;
  // log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
  T y = ((z < 0 ? 0 : z) + F(log1p_unit)(F(exp)(-F(abs)(z)))) / beta;
  return z > threshold ? x : y;
}

/// (1 + tanh √(2/π) (x + 0.044715 x³)) / 2, as a logistic function.
INLINE T F(gelu_gate)(T x) {
  T u = x * ((T)1.5957691216057308 + (T)0.071354816272600241 * x * x);
  return F(sigmoid)(u);
}

INLINE T F(gelu_tanh_backward)(T g, T x) {
  T s = F(gelu_gate)(x);
  T slope = (T)1.5957691216057308 + (T)0.21406444881780072 * x * x;
  // Far out s (1 - s) is 0 while the polynomial grows: keep 0 · ∞ away.
  T product = s * (1 - s);
  return g * (s + (product == 0 ? 0 : x * slope * product));
}

/// s: the sigmoid of x.
INLINE T F(silu_backward)(T g, T x, T s) {
  return g * (s * (1 + x * (1 - s)));
}

/// tanh(log(1 + e^x)) = (n² + 2n) / (n² + 2n + 2), n = e^x.
INLINE T F(tanh_softplus)(T x) {
  T n = F(exp)(x > 20 ? 20 : x);
  T m = n * (n + 2);
  T y = m / (m + 2);
  return x > 20 ? 1 : y;
}

INLINE T F(mish_backward)(T g, T x) {
  T t = F(tanh_softplus)(x);
  return g * (t + x * F(sigmoid)(x) * (1 - t * t));
}

INLINE T F(softshrink)(T x, T lambda) {
  T y = x > lambda ? x - lambda : x < -lambda ? x + lambda : 0;
  return x != x ? x : y;
}

INLINE T F(softsign_backward)(T g, T x) {
  T d = 1 + F(abs)(x);
  return g / (d * d);
}

INLINE T F(tanhshrink_backward)(T g, T x) {
  T t = F(tanh)(x);
  return g * t * t;
}

/// sin(πx) / (πx) for moderate x; the angle is small enough after taking whole turns off.
INLINE T F(sinc)(T x) {
  T z = x * (T)3.14159265358979323846;
  T y = F(sin)(z) / z;
  return x == 0 ? 1 : y;
}

INLINE T F(slow_sinc)(T x) {
  if (x == 0) return 1;
  T z = x * (T)3.14159265358979323846;
  return (T)sin(z) / z;
}

INLINE T F(python_mod)(T x, T y) {
  T m = F(fmod)(x, y);
  return m != 0 && (m < 0) != (y < 0) ? m + y : m;
}

INLINE T F(floor_div)(T x, T y) {
  if (y == 0) return x / y;
  T m = F(fmod)(x, y), d = (x - m) / y;
  if (m != 0 && (y < 0) != (m < 0)) d -= 1;
  if (d == 0) return F(copysign)(0, x / y);
  T f = F(floor)(d);
  return d - f > (T)0.5 ? f + 1 : f;
}

INLINE T F(logaddexp)(T x, T y) {
  T high = F(maximum)(x, y);
  T d = -F(abs)(x - y);
  T r = high + F(log1p_unit)(F(exp)(d));
  // Equal infinities (their difference is NaN) give themselves.
  return x == y && F(abs)(x) == (T)__builtin_inf() ? x : r;
}

INLINE T F(logaddexp2)(T x, T y) {
  T high = F(maximum)(x, y);
  T d = -F(abs)(x - y);
  T r = high + F(log1p_unit)(F(exp2)(d)) * (T)1.4426950408889634;
  return x == y && F(abs)(x) == (T)__builtin_inf() ? x : r;
}

/// From the nearer end, so that weights 0 and 1 give the ends exactly.
INLINE T F(lerp)(T x, T y, T w) {
  T d = y - x;
  return F(abs)(w) < (T)0.5 ? x + w * d : y - d * (1 - w);
}
