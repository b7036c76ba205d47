// Vectors of one width and the elementary functions on them (see levels.h). No guard: it is read once
// for each type and width.

typedef REAL NAME(vec) __attribute__((vector_size(VBYTES), aligned(sizeof(REAL))));
typedef WORD NAME(words) __attribute__((vector_size(VBYTES), aligned(sizeof(REAL))));
enum { NAME(LANES) = VBYTES / sizeof(REAL) };

#ifndef VEC_SHORTHAND
#define VEC_SHORTHAND
#define vec NAME(vec)
#define words NAME(words)
#define LANES NAME(LANES)
#define INLINE static inline __attribute__((always_inline, unused))
// A vector of one value; a choice by mask; a fused product and sum.
#define SPLAT(x) ((REAL)(x) - (vec){})
#define CHOOSE(mask, a, b) ((vec)(((mask) & (words)(a)) | (~(mask) & (words)(b))))
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#endif

INLINE vec NAME(load)(const REAL *p) { return *(const vec *)p; }
INLINE void NAME(store)(REAL *p, vec x) { *(vec *)p = x; }

// The first n < LANES elements, `fill` behind them.
#if VBYTES == 64 && IS_F32
INLINE vec NAME(load_part)(const REAL *p, int64_t n, REAL fill) {
  return (vec)_mm512_mask_loadu_ps((__m512)SPLAT(fill), (__mmask16)((1u << n) - 1), p);
}
INLINE void NAME(store_part)(REAL *p, int64_t n, vec x) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
}
#else
INLINE vec NAME(load_part)(const REAL *p, int64_t n, REAL fill) {
  REAL lanes[LANES];
  *(vec *)lanes = SPLAT(fill);
  for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
  return *(const vec *)lanes;
}
INLINE void NAME(store_part)(REAL *p, int64_t n, vec x) {
  REAL lanes[LANES];
  *(vec *)lanes = x;
  for (int64_t i = 0; i < n; i++) p[i] = lanes[i];
}
#endif

// Halves are folded onto each other: one order of summation whatever the compiler does.
INLINE REAL NAME(total)(vec x) {
  REAL lanes[LANES];
  *(vec *)lanes = x;
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  return lanes[0];
}
INLINE vec NAME(larger)(vec a, vec b) { return CHOOSE(a > b, a, b); }
INLINE REAL NAME(largest)(vec x) {
  REAL lanes[LANES];
  *(vec *)lanes = x;
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
  return lanes[0];
}

// eˣ to 1–2 ulp: x = n·ln 2 + r with |r| ≤ ln 2 / 2, Taylor's polynomial in r, and 2ⁿ in two
// factors, so that results come down to the subnormals and up to infinity without a jump.
INLINE vec NAME(vexp)(vec x) {
#if IS_F32
  const REAL low = -104, high = 89, magic = 0x1.8p23f;
  const REAL ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
#else
  const REAL low = -746, high = 710, magic = 0x1.8p52;
  const REAL ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
#endif
  // Comparisons keep a nan as it is. What would be 0 is not computed, which costs a processor a hundred
  // times as long on its way through the subnormals: masked scores are -∞, and so are lanes past a row.
  const words some = ~(words)(x < SPLAT(low));
  vec z = (vec)(some & (words)x);
  z = CHOOSE(z > SPLAT(high), SPLAT(high), z);
  const vec shifted = FMA(z, SPLAT(1.44269504088896340736), SPLAT(magic));
  const vec n = shifted - magic;
  vec r = FMA(n, SPLAT(-ln2_high), z);
  r = FMA(n, SPLAT(-ln2_low), r);
#if IS_F32
  vec p = SPLAT(1.0f / 5040);
#else
  vec p = SPLAT(1.0 / 6227020800);
  p = FMA(p, r, SPLAT(1.0 / 479001600));
  p = FMA(p, r, SPLAT(1.0 / 39916800));
  p = FMA(p, r, SPLAT(1.0 / 3628800));
  p = FMA(p, r, SPLAT(1.0 / 362880));
  p = FMA(p, r, SPLAT(1.0 / 40320));
  p = FMA(p, r, SPLAT(1.0 / 5040));
#endif
  p = FMA(p, r, SPLAT(1.0 / 720));
  p = FMA(p, r, SPLAT(1.0 / 120));
  p = FMA(p, r, SPLAT(1.0 / 24));
  p = FMA(p, r, SPLAT(1.0 / 6));
  p = FMA(p, r, SPLAT(0.5));
  p = FMA(p, r, SPLAT(1));
  p = FMA(p, r, SPLAT(1));
#if defined(HALF) && VBYTES == 64
  return (vec)(some & (words)_mm512_scalef_ps((__m512)p, (__m512)n));
#endif
  // The magic number leaves n in the low bits of the shifted value.
  const words bits = (words)shifted;
#if IS_F32
  const words whole = bits - (WORD)0x4b400000, first = whole >> 1, second = whole - first;
  const vec a = (vec)((first + 127) << 23), b = (vec)((second + 127) << 23);
#else
  const words whole = bits - (WORD)0x4338000000000000, first = whole >> 1, second = whole - first;
  const vec a = (vec)((first + 1023) << 52), b = (vec)((second + 1023) << 52);
#endif
  return (vec)(some & (words)(p * a * b));
}

// 1 / (1 + e⁻ˣ).
INLINE vec NAME(sigmoid)(vec x) { return SPLAT(1) / (SPLAT(1) + NAME(vexp)(-x)); }

// tanh |x| = (1 - e) / (1 + e) with e = e⁻²ˡˣˡ; near 0, where that loses digits, x·P(x²)/Q(x²)
// from Lambert's continued fraction. Doubles take the C library's.
INLINE vec NAME(vtanh)(vec x) {
#if IS_F32
  const words sign = (words)x & (((words){} + 1) << 31);
  const vec magnitude = (vec)((words)x ^ sign);
  const vec e = NAME(vexp)(magnitude * -2);
  const vec far = (SPLAT(1) - e) / (SPLAT(1) + e);
  const vec s = x * x;
  const vec top = FMA(s + 378, s, SPLAT(17325)) * s + 135135;
  const vec bottom = FMA(FMA(s, SPLAT(28), SPLAT(3150)), s, SPLAT(62370)) * s + 135135;
  const vec near = magnitude * top / bottom;
  const vec value = CHOOSE(magnitude < SPLAT(0.625), near, far);
  return (vec)((words)value | sign);
#else
  REAL lanes[LANES];
  *(vec *)lanes = x;
  for (int i = 0; i < LANES; i++) lanes[i] = tanh(lanes[i]);
  return *(const vec *)lanes;
#endif
}
