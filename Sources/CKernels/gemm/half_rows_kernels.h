// Products of few rows with bfloat16 matrices, widened in registers on the way.
#define LANES (VBYTES / 4)
#define LINE 32  // values of a cache line

typedef float NAME(vec) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint32_t NAME(bits) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint16_t NAME(half) __attribute__((vector_size(2 * LANES), aligned(2)));

static inline __attribute__((always_inline)) NAME(vec) NAME(wide)(const uint16_t *b) {
  return (NAME(vec))(__builtin_convertvector(*(const NAME(half) *)b, NAME(bits)) << 16);
}

static inline __attribute__((always_inline)) float NAME(one)(uint16_t b) {
  union {
    uint32_t bits;
    float value;
  } u = {.bits = (uint32_t)b << 16};
  return u.value;
}

// Row by row: out[i·N + j] = Σ a[i][p]·b[j][p].
static inline __attribute__((always_inline)) void NAME(dots)(const int M, const int N, int64_t k,
                                                            const float *a, int64_t lda,
                                                            const uint16_t *b, int64_t ldb,
                                                            float *out) {
  NAME(vec) sum[4][8];
#pragma clang loop unroll(full)
  for (int i = 0; i < M; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) sum[i][j] = (NAME(vec)){};
  int64_t p = 0;
  for (; p + LANES <= k; p += LANES) {
    // The rows that come next lie N further on: the processor sees no row for long enough to fetch ahead.
    if (M == 1 && p % LINE == 0)
#pragma clang loop unroll(full)
      for (int j = 0; j < N; j++) __builtin_prefetch(b + (j + N) * ldb + p, 0, 2);
    NAME(vec) x[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < M; i++) x[i] = *(const NAME(vec) *)(a + i * lda + p);
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) {
      const NAME(vec) y = NAME(wide)(b + j * ldb + p);
#pragma clang loop unroll(full)
      for (int i = 0; i < M; i++) sum[i][j] += x[i] * y;
    }
  }
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      float lanes[LANES], total;
      *(NAME(vec) *)lanes = sum[i][j];
#pragma clang loop unroll(full)
      for (int width = LANES / 2; width > 0; width /= 2)
#pragma clang loop unroll(full)
        for (int q = 0; q < width; q++) lanes[q] += lanes[q + width];
      total = lanes[0];
      for (int64_t q = p; q < k; q++) total += a[i * lda + q] * NAME(one)(b[j * ldb + q]);
      out[i * N + j] = total;
    }
}

static void NAME(dot)(int m, int n, int64_t k, const float *a, int64_t lda, const uint16_t *b,
                      int64_t ldb, float *out) {
  // One row alone needs more columns at once to keep the units busy.
  if (n == 8 && m == 1) NAME(dots)(1, 8, k, a, lda, b, ldb, out);
  else if (n == 4 && m == 1) NAME(dots)(1, 4, k, a, lda, b, ldb, out);
  else if (n == 4 && m == 2) NAME(dots)(2, 4, k, a, lda, b, ldb, out);
  else if (n == 4 && m == 3) NAME(dots)(3, 4, k, a, lda, b, ldb, out);
  else if (n == 4) NAME(dots)(4, 4, k, a, lda, b, ldb, out);
  else
    for (int i = 0; i < m; i++)
      for (int j = 0; j < n; j++)
        NAME(dots)(1, 1, k, a + i * lda, lda, b + j * ldb, ldb, out + i * n + j);
}

// c += Σ x[q]·b[q] over eight rows b of n elements.
static void NAME(add)(int64_t n, const float *x, const uint16_t *b, int64_t ldb, float *c) {
  int64_t j = 0;
  for (; j + LANES <= n; j += LANES) {
    NAME(vec) sum = x[0] * NAME(wide)(b + j);
#pragma clang loop unroll(full)
    for (int q = 1; q < 8; q++) sum += x[q] * NAME(wide)(b + q * ldb + j);
    *(NAME(vec) *)(c + j) += sum;
  }
  for (; j < n; j++)
    for (int q = 0; q < 8; q++) c[j] += x[q] * NAME(one)(b[q * ldb + j]);
}

#undef LANES
#undef LINE
