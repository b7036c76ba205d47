// Elements as they lie in memory, read and written as vectors of REAL. No guard: it is read once for
// each type and width. ELEMENT is REAL, or with HALF the bits of a half type: bfloat16 where IS_BF16.

// Writes n elements to y, by pairs of vectors: VALUES(read, i) is a vector of them, of operands that `read`
// reads at i, and `value` the element at i where no vector is left.
#undef WRITE_RUN
#define WRITE_RUN(y, n, VALUES, value)                                                          \
  {                                                                                             \
    int64_t i = 0;                                                                              \
    for (; i + 2 * LANES <= (n); i += 2 * LANES)                                                \
      NAME(write_both)((y) + i, VALUES(NAME(read_first), i), VALUES(NAME(read_second), i));     \
    for (; i + LANES <= (n); i += LANES) NAME(write)((y) + i, VALUES(NAME(read), i));           \
    for (; i < (n); i++) NAME(write_one)((y) + i, value);                                       \
  }

#ifndef HALF
INLINE vec NAME(read)(const ELEMENT *p) { return NAME(load)(p); }
INLINE void NAME(write)(ELEMENT *p, vec x) { NAME(store)(p, x); }
INLINE void NAME(write_pair)(ELEMENT *p, vec x, vec y) {
  NAME(store)(p, x);
  NAME(store)(p + LANES, y);
}
INLINE vec NAME(read_first)(const ELEMENT *p) { return NAME(load)(p); }
INLINE vec NAME(read_second)(const ELEMENT *p) { return NAME(load)(p + LANES); }
INLINE void NAME(write_both)(ELEMENT *p, vec x, vec y) { NAME(write_pair)(p, x, y); }
INLINE void NAME(in_order)(vec *x, vec *y) { (void)x, (void)y; }
INLINE REAL NAME(read_one)(const ELEMENT *p) { return *p; }
INLINE void NAME(write_one)(ELEMENT *p, REAL x) { *p = x; }
INLINE vec NAME(read_part)(const ELEMENT *p, int64_t n, REAL fill) {
  return NAME(load_part)(p, n, fill);
}
INLINE void NAME(write_part)(ELEMENT *p, int64_t n, vec x) { NAME(store_part)(p, n, x); }
#else
typedef uint32_t NAME(bits) __attribute__((vector_size(VBYTES), aligned(4)));
typedef uint16_t NAME(halves) __attribute__((vector_size(VBYTES / 2), aligned(2)));

#if IS_BF16
INLINE vec NAME(widened)(NAME(halves) h) {
#if VBYTES == 64
  // One shuffle, with zeros by mask. The compiler would make two instructions of it if it saw the mask.
  typedef uint16_t places __attribute__((vector_size(64)));
  const places from = {0, 0, 0, 1, 0, 2,  0, 3,  0, 4,  0, 5,  0, 6,  0, 7,
                       0, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, 15};
  __mmask32 upper = 0xaaaaaaaa;
  __asm__("" : "+k"(upper));
  return (vec)_mm512_maskz_permutexvar_epi16(upper, (__m512i)from,
                                             _mm512_castsi256_si512((__m256i)h));
#else
  return (vec)(__builtin_convertvector(h, NAME(bits)) << 16);
#endif
}

// In the upper half of each word; a NaN keeps its sign and the first bit of its fraction.
INLINE NAME(bits) NAME(rounded)(vec x, bool any_nan) {
  const NAME(bits) u = (NAME(bits))x, rounded = u + 0x7fff + ((u >> 16) & 1);
  if (!any_nan) return rounded;
  const NAME(bits) nan = (NAME(bits))(x != x);
  return (nan & ((u & 0x80000000) | 0x7fc00000)) | (~nan & rounded);
}

INLINE NAME(halves) NAME(narrowed)(vec x) {
#if NATIVE_BF16
  if (__builtin_expect(!torus_bf16_unlike((__m512)x), 1))
    return (NAME(halves))_mm512_cvtneps_pbh((__m512)x);
#endif
  return __builtin_convertvector(NAME(rounded)(x, true) >> 16, NAME(halves));
}

INLINE void NAME(write_pair)(ELEMENT *p, vec x, vec y) {
#if NATIVE_BF16
  if (__builtin_expect(!(torus_bf16_unlike((__m512)x) | torus_bf16_unlike((__m512)y)), 1)) {
    _mm512_storeu_si512(p, (__m512i)_mm512_cvtne2ps_pbh((__m512)y, (__m512)x));
    return;
  }
#endif
  typedef uint16_t both __attribute__((vector_size(VBYTES), aligned(2)));
  const bool nan = __builtin_reduce_or((x != x) | (y != y)) != 0;
  NAME(bits) a, b;
  if (__builtin_expect(nan, 0)) a = NAME(rounded)(x, true), b = NAME(rounded)(y, true);
  else a = NAME(rounded)(x, false), b = NAME(rounded)(y, false);
#if VBYTES == 64
  *(both *)p = __builtin_shufflevector((both)a, (both)b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23,
                                       25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53,
                                       55, 57, 59, 61, 63);
#elif VBYTES == 32
  *(both *)p = __builtin_shufflevector((both)a, (both)b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23,
                                       25, 27, 29, 31);
#else
  *(both *)p = __builtin_shufflevector((both)a, (both)b, 1, 3, 5, 7, 9, 11, 13, 15);
#endif
}

// Elements at even places, and those at odd places, which are a word's lower and upper half.
typedef uint32_t NAME(pairs) __attribute__((vector_size(VBYTES), aligned(2), may_alias));
INLINE vec NAME(read_first)(const ELEMENT *p) { return (vec)(*(const NAME(pairs) *)p << 16); }
INLINE vec NAME(read_second)(const ELEMENT *p) { return (vec)(*(const NAME(pairs) *)p & 0xffff0000); }
INLINE void NAME(write_both)(ELEMENT *p, vec x, vec y) {
#if NATIVE_BF16
  if (__builtin_expect(!(torus_bf16_unlike((__m512)x) | torus_bf16_unlike((__m512)y)), 1)) {
    typedef uint16_t places __attribute__((vector_size(64)));
    const places from = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                         8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)y, (__m512)x);
    _mm512_storeu_si512(p, _mm512_permutexvar_epi16((__m512i)from, both));
    return;
  }
#endif
  const bool nan = __builtin_reduce_or((x != x) | (y != y)) != 0;
  NAME(bits) a, b;
  if (__builtin_expect(nan, 0)) a = NAME(rounded)(x, true), b = NAME(rounded)(y, true);
  else a = NAME(rounded)(x, false), b = NAME(rounded)(y, false);
  *(NAME(pairs) *)p = a >> 16 | (b & 0xffff0000);
}
INLINE void NAME(in_order)(vec *x, vec *y) {
  const vec a = *x, b = *y;
#if VBYTES == 64
  *x = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  *y = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif VBYTES == 32
  *x = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  *y = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  *x = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  *y = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}
#else
#if LEVEL > TORUS_BASE || defined(__aarch64__)
// F16C, or ARM's own instructions.
typedef _Float16 NAME(float16s) __attribute__((vector_size(VBYTES / 2), aligned(2)));
INLINE vec NAME(widened)(NAME(halves) h) {
  return __builtin_convertvector((NAME(float16s))h, vec);
}
INLINE NAME(halves) NAME(narrowed)(vec x) {
  return (NAME(halves))__builtin_convertvector(x, NAME(float16s));
}
#else
// The conversions of convert.h, on vectors.
INLINE vec NAME(widened)(NAME(halves) h) {
  const NAME(bits) x = __builtin_convertvector(h, NAME(bits)), rest = x & 0x7fff;
  const vec y = (vec)(rest << 13) * 0x1p112f;
  const NAME(bits) special = (NAME(bits))(rest >= 0x7c00) & 0x7f800000;
  return (vec)((NAME(bits))y | special | (x & 0x8000) << 16);
}
INLINE NAME(halves) NAME(narrowed)(vec x) {
  const NAME(bits) u = (NAME(bits))x, a = u & 0x7fffffff;
  const NAME(bits) normal = (a + 0xfff + ((a >> 13) & 1) - 0x38000000) >> 13;
  const NAME(bits) small = (NAME(bits))((vec)a + 0.5f) - 0x3f000000;
  const NAME(bits) is_small = (NAME(bits))(a < 0x38800000);
  const NAME(bits) is_large = (NAME(bits))(a >= 0x477ff000);
  const NAME(bits) is_nan = (NAME(bits))(a > 0x7f800000);
  NAME(bits) r = (is_small & small) | (~is_small & normal);
  r = (is_large & 0x7c00) | (~is_large & r);
  r = (is_nan & (0x7e00 | ((a >> 13) & 0x3ff))) | (~is_nan & r);
  return __builtin_convertvector(r | ((u >> 16) & 0x8000), NAME(halves));
}
#endif
INLINE void NAME(write_pair)(ELEMENT *p, vec x, vec y) {
  *(NAME(halves) *)p = NAME(narrowed)(x);
  *(NAME(halves) *)(p + LANES) = NAME(narrowed)(y);
}
INLINE vec NAME(read_first)(const ELEMENT *p) { return NAME(widened)(*(const NAME(halves) *)p); }
INLINE vec NAME(read_second)(const ELEMENT *p) {
  return NAME(widened)(*(const NAME(halves) *)(p + LANES));
}
INLINE void NAME(write_both)(ELEMENT *p, vec x, vec y) { NAME(write_pair)(p, x, y); }
INLINE void NAME(in_order)(vec *x, vec *y) { (void)x, (void)y; }
#endif

INLINE vec NAME(read)(const ELEMENT *p) { return NAME(widened)(*(const NAME(halves) *)p); }
INLINE void NAME(write)(ELEMENT *p, vec x) { *(NAME(halves) *)p = NAME(narrowed)(x); }

#if VBYTES == 64
INLINE vec NAME(read_part)(const ELEMENT *p, int64_t n, REAL fill) {
  const __mmask16 mask = (__mmask16)((1u << n) - 1);
  const NAME(halves) h = (NAME(halves))_mm256_maskz_loadu_epi16(mask, p);
  return (vec)_mm512_mask_mov_ps((__m512)SPLAT(fill), mask, (__m512)NAME(widened)(h));
}
INLINE void NAME(write_part)(ELEMENT *p, int64_t n, vec x) {
  const __mmask16 mask = (__mmask16)((1u << n) - 1);
  _mm256_mask_storeu_epi16(p, mask, (__m256i)NAME(narrowed)(x));
}
#else
INLINE vec NAME(read_part)(const ELEMENT *p, int64_t n, REAL fill) {
  ELEMENT halves[LANES] = {0};
  REAL lanes[LANES];
  for (int64_t i = 0; i < n; i++) halves[i] = p[i];
  *(vec *)lanes = NAME(read)(halves);
  for (int64_t i = n; i < LANES; i++) lanes[i] = fill;
  return *(const vec *)lanes;
}
INLINE void NAME(write_part)(ELEMENT *p, int64_t n, vec x) {
  ELEMENT halves[LANES];
  NAME(write)(halves, x);
  for (int64_t i = 0; i < n; i++) p[i] = halves[i];
}
#endif

#if IS_BF16
INLINE REAL NAME(read_one)(const ELEMENT *p) {
  const uint32_t u = (uint32_t)*p << 16;
  REAL x;
  __builtin_memcpy(&x, &u, sizeof x);
  return x;
}
INLINE void NAME(write_one)(ELEMENT *p, REAL x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, sizeof u);
  *p = (ELEMENT)(x != x ? 0x7fc0 | (u >> 16 & 0x8000) : (u + 0x7fff + (u >> 16 & 1)) >> 16);
}
#elif LEVEL > TORUS_BASE || defined(__aarch64__)
INLINE REAL NAME(read_one)(const ELEMENT *p) {
  _Float16 x;
  __builtin_memcpy(&x, p, sizeof x);
  return (REAL)x;
}
INLINE void NAME(write_one)(ELEMENT *p, REAL x) {
  const _Float16 y = (_Float16)x;
  __builtin_memcpy(p, &y, sizeof y);
}
#else
INLINE REAL NAME(read_one)(const ELEMENT *p) {
  ELEMENT halves[LANES] = {*p};
  return NAME(read)(halves)[0];
}
INLINE void NAME(write_one)(ELEMENT *p, REAL x) {
  ELEMENT halves[LANES];
  NAME(write)(halves, SPLAT(x));
  *p = halves[0];
}
#endif
#endif
