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

INLINE narrow_words rounded_bf16(narrow_words u) { return u + 0x7fff + ((u >> 16) & 1); }

static void convert_BF16_F32(int64_t n, void *o, const void *i) {
  enum { COUNT = VBYTES / 4 };
  const float *a = i;
  uint16_t *out = o;
  int64_t k = 0;
#if LEVEL == TORUS_V4
  if (n >= TORUS_NARROW_BLOCK && torus_has_avx512_bf16()) {
    while ((k += torus_narrow_avx512_bf16(n - k, out + k, a + k)) + TORUS_NARROW_BLOCK <= n)
      for (const int64_t end = k + TORUS_NARROW_BLOCK; k < end; k++) out[k] = narrow_bf16(a[k]);
  }
#endif
  for (; k + 2 * COUNT <= n; k += 2 * COUNT) {
    const narrow_floats x = *(const narrow_floats *)(a + k);
    const narrow_floats y = *(const narrow_floats *)(a + k + COUNT);
    if (__builtin_expect(__builtin_reduce_or((x != x) | (y != y)) != 0, 0)) {
      for (int64_t q = k; q < k + 2 * COUNT; q++) out[q] = narrow_bf16(a[q]);
      continue;
    }
    *(narrow_halves *)(out + k) =
      __builtin_shufflevector((narrow_halves)rounded_bf16((narrow_words)x),
                              (narrow_halves)rounded_bf16((narrow_words)y), UPPER_HALVES);
  }
  for (; k < n; k++) out[k] = narrow_bf16(a[k]);
}
#undef UPPER_HALVES
