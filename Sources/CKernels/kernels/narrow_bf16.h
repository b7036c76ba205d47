// F32 to BF16, which every result of that type goes through: vectors by pairs, whose upper halves make one
// vector, with NaN looked for once a pair. Bits are those of narrow_bf16.

typedef float narrow_floats __attribute__((vector_size(VBYTES), aligned(4)));
typedef uint32_t narrow_words __attribute__((vector_size(VBYTES), aligned(4)));
typedef uint16_t narrow_halves __attribute__((vector_size(VBYTES), aligned(2)));

#if VBYTES == 64
#define UPPER_HALVES                                                                              \
  1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49,  \
    51, 53, 55, 57, 59, 61, 63
#elif VBYTES == 32
#define UPPER_HALVES 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#else
#define UPPER_HALVES 1, 3, 5, 7, 9, 11, 13, 15
#endif

// In the upper half of each word, with the sign and the first bit of its fraction for a NaN.
INLINE narrow_words rounded_bf16(narrow_floats x, bool any_nan) {
  const narrow_words u = (narrow_words)x, rounded = u + 0x7fff + ((u >> 16) & 1);
  if (!any_nan) return rounded;
  const narrow_words nan = (narrow_words)(x != x);
  return (nan & ((u & 0x80000000) | 0x7fc00000)) | (~nan & rounded);
}

INLINE void narrow_pair(const float *a, uint16_t *out) {
  const narrow_floats x = *(const narrow_floats *)a;
  const narrow_floats y = *(const narrow_floats *)(a + VBYTES / 4);
  const bool nan = __builtin_reduce_or((x != x) | (y != y)) != 0;
  narrow_words p, q;
  if (__builtin_expect(nan, 0)) p = rounded_bf16(x, true), q = rounded_bf16(y, true);
  else p = rounded_bf16(x, false), q = rounded_bf16(y, false);
  *(narrow_halves *)out =
    __builtin_shufflevector((narrow_halves)p, (narrow_halves)q, UPPER_HALVES);
}

static void narrow_floats_bf16(int64_t n, void *o, const void *i) {
  enum { PAIR = VBYTES / 2 };
  const float *a = i;
  uint16_t *out = o;
  int64_t k = 0;
#if LEVEL == TORUS_V4
  if (n >= TORUS_NARROW_BLOCK && torus_has_avx512_bf16()) {
    while ((k += torus_narrow_avx512_bf16(n - k, out + k, a + k)) + TORUS_NARROW_BLOCK <= n)
      for (const int64_t end = k + TORUS_NARROW_BLOCK; k < end; k += PAIR)
        narrow_pair(a + k, out + k);
  }
#endif
  for (; k + PAIR <= n; k += PAIR) narrow_pair(a + k, out + k);
  for (; k < n; k++) out[k] = narrow_bf16(a[k]);
}
#undef UPPER_HALVES
