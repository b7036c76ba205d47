// Elements as they lie in memory, read and written as vectors of REAL. No guard: it is read once for
// each type and width. ELEMENT is REAL, or with HALF the bits of a half type: bfloat16 where IS_BF16.

// Writes n elements to y: `values` is the vector at i, `value` the element at i where no vector is left.
// bfloat16 is rounded run by run, which torus_narrow does faster than one vector can be.
#undef WRITE_RUN
#if defined(HALF) && IS_BF16
#define WRITE_RUN(y, n, values, value)                                     \
  for (int64_t first = 0; first < (n); first += 512) {                     \
    REAL run[512] __attribute__((aligned(64)));                            \
    const int64_t last = first + 512 < (n) ? first + 512 : (n);            \
    int64_t i = first;                                                     \
    for (; i + LANES <= last; i += LANES) NAME(store)(run + (i - first), values); \
    for (; i < last; i++) run[i - first] = value;                          \
    torus_narrow(TORUS_BF16, run, (y) + first, last - first);              \
  }
#else
#define WRITE_RUN(y, n, values, value)                                     \
  {                                                                        \
    int64_t i = 0;                                                         \
    for (; i + LANES <= (n); i += LANES) NAME(write)((y) + i, values);     \
    for (; i < (n); i++) NAME(write_one)((y) + i, value);                  \
  }
#endif

#ifndef HALF
INLINE vec NAME(read)(const ELEMENT *p) { return NAME(load)(p); }
INLINE void NAME(write)(ELEMENT *p, vec x) { NAME(store)(p, x); }
INLINE void NAME(write_pair)(ELEMENT *p, vec x, vec y) {
  NAME(store)(p, x);
  NAME(store)(p + LANES, y);
}
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
  return (vec)(__builtin_convertvector(h, NAME(bits)) << 16);
}

// In the upper half of each word; a NaN keeps its sign and the first bit of its fraction.
INLINE NAME(bits) NAME(rounded)(vec x, bool any_nan) {
  const NAME(bits) u = (NAME(bits))x, rounded = u + 0x7fff + ((u >> 16) & 1);
  if (!any_nan) return rounded;
  const NAME(bits) nan = (NAME(bits))(x != x);
  return (nan & ((u & 0x80000000) | 0x7fc00000)) | (~nan & rounded);
}

INLINE NAME(halves) NAME(narrowed)(vec x) {
  return __builtin_convertvector(NAME(rounded)(x, true) >> 16, NAME(halves));
}

INLINE void NAME(write_pair)(ELEMENT *p, vec x, vec y) {
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
#endif

INLINE vec NAME(read)(const ELEMENT *p) { return NAME(widened)(*(const NAME(halves) *)p); }
INLINE void NAME(write)(ELEMENT *p, vec x) { *(NAME(halves) *)p = NAME(narrowed)(x); }

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
