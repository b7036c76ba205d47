// Functions of one integer type T with unsigned twin U; F(name) names them.

INLINE T F(clamp)(T x, T low, T high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/// x^y by squaring, wrapping; negative powers are 0 but for bases 1 and -1.
INLINE T F(pow)(T x, T y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
  U result = 1, base = (U)x;
  for (; y > 0; y >>= 1) {
    if (y & 1) result *= base;
    base *= base;
  }
  return (T)result;
}

/// C's division, without the trap of the lowest number by -1.
INLINE T F(trunc_div)(T x, T y) { return y == -1 ? (T)(0 - (U)x) : x / y; }

INLINE T F(floor_div)(T x, T y) {
  if (y == -1) return (T)(0 - (U)x);
  T q = x / y;
  return x % y != 0 && (x < 0) != (y < 0) ? q - 1 : q;
}

INLINE T F(python_mod)(T x, T y) {
  if (y == -1) return 0;
  T m = x % y;
  return m != 0 && (m < 0) != (y < 0) ? m + y : m;
}

INLINE T F(gcd)(T x, T y) {
  U a = x < 0 ? 0 - (U)x : (U)x, b = y < 0 ? 0 - (U)y : (U)y;
  while (b) {
    U r = a % b;
    a = b;
    b = r;
  }
  return (T)a;
}

INLINE T F(lcm)(T x, T y) {
  T d = F(gcd)(x, y);
  if (d == 0) return 0;
  U m = (U)F(trunc_div)(x, d) * (U)y;
  return (T)((T)m < 0 ? 0 - m : m);
}
