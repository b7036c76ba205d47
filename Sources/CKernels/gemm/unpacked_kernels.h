// Products that need no packing: few rows, or few columns.

// Few rows against a transposed B: both run along k, so sums of whole vectors need no packing.
static inline __attribute__((always_inline)) void NAME(dot_body)(const int M, const int N,
                                                                 const torus_product *g,
                                                                 const REAL *a, const REAL *b,
                                                                 int64_t i0, int64_t j0) {
  vec sum[4][4];
#pragma clang loop unroll(full)
  for (int i = 0; i < M; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) sum[i][j] = (vec){};
  int64_t p = 0;
  for (; p + LANES <= g->k; p += LANES) {
    vec x[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < M; i++) x[i] = *(const vec *)(a + i * g->lda + p);
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) {
      const vec y = *(const vec *)(b + j * g->ldb + p);
#pragma clang loop unroll(full)
      for (int i = 0; i < M; i++) sum[i][j] += x[i] * y;
    }
  }
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      REAL lanes[LANES], total;
      *(vec *)lanes = sum[i][j];
      for (int width = LANES / 2; width > 0; width /= 2)
        for (int q = 0; q < width; q++) lanes[q] += lanes[q + width];
      total = lanes[0];
      for (int64_t q = p; q < g->k; q++) total += a[i * g->lda + q] * b[j * g->ldb + q];
      total *= (REAL)g->alpha;
      if (g->row_bias) total += ((const REAL *)g->row_bias)[i0 + i];
      if (g->col_bias) total += ((const REAL *)g->col_bias)[j0 + j];
      REAL *c = (REAL *)g->C + (i0 + i) * g->ldc + j0 + j;
      *c = g->beta == 0 ? total : total + (REAL)g->beta * *c;
    }
}

static void NAME(product_dot)(const torus_product *g) {
  const REAL *A = g->A, *B = g->B;
  for (int64_t j = 0; j < g->n; j += 4) {
    const REAL *b = B + j * g->ldb;
    for (int64_t i = 0; i < g->m; i += 4) {
      const REAL *a = A + i * g->lda;
      const int64_t m = NAME(least)(4, g->m - i), n = NAME(least)(4, g->n - j);
      if (n == 4) {
        if (m == 4) NAME(dot_body)(4, 4, g, a, b, i, j);
        else if (m == 3) NAME(dot_body)(3, 4, g, a, b, i, j);
        else if (m == 2) NAME(dot_body)(2, 4, g, a, b, i, j);
        else NAME(dot_body)(1, 4, g, a, b, i, j);
      } else {
        for (int64_t q = 0; q < m; q++)
          for (int64_t r = 0; r < n; r++)
            NAME(dot_body)(1, 1, g, a + q * g->lda, b + r * g->ldb, i + q, j + r);
      }
    }
  }
}

// Very few rows against a B as it lies: rows of B are read once, one after the other, and added up
// in C, which stays in the first caches. What is read, not what is computed, takes the time.
static inline __attribute__((always_inline)) void NAME(add_rows)(const int COUNT, int64_t n,
                                                                const REAL *x, const REAL *b,
                                                                int64_t ldb, REAL *c) {
  int64_t j = 0;
  for (; j + LANES <= n; j += LANES) {
    vec sum = x[0] * *(const vec *)(b + j);
#pragma clang loop unroll(full)
    for (int q = 1; q < COUNT; q++) sum += x[q] * *(const vec *)(b + q * ldb + j);
    *(vec *)(c + j) += sum;
  }
  for (; j < n; j++) {
    REAL sum = x[0] * b[j];
    for (int q = 1; q < COUNT; q++) sum += x[q] * b[q * ldb + j];
    c[j] += sum;
  }
}

static void NAME(product_rows)(const torus_product *g) {
  const REAL *A = g->A, *B = g->B;
  REAL *C = g->C;
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = 0; j < g->n; j++) {
      REAL *c = C + i * g->ldc + j;
      REAL start = g->beta == 0 ? 0 : (REAL)g->beta * *c;
      if (g->row_bias) start += ((const REAL *)g->row_bias)[i];
      if (g->col_bias) start += ((const REAL *)g->col_bias)[j];
      *c = start;
    }
  for (int64_t p = 0; p < g->k; p += 8) {
    const int64_t count = NAME(least)(8, g->k - p);
    for (int64_t i = 0; i < g->m; i++) {
      REAL x[8] = {0}, *c = C + i * g->ldc;
      for (int64_t q = 0; q < count; q++) x[q] = (REAL)g->alpha * A[i * g->lda + p + q];
      if (count == 8) NAME(add_rows)(8, g->n, x, B + p * g->ldb, g->ldb, c);
      else
        for (int64_t q = 0; q < count; q++)
          NAME(add_rows)(1, g->n, x + q, B + (p + q) * g->ldb, g->ldb, c);
    }
  }
}
