// Products of every element type, spread over the pool.
#include "torus_gemm.h"

#include <cblas.h>
#include <string.h>

#include "bf16.h"
#include "internal.h"

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static const char *offset(torus_dtype dtype, const void *base, int64_t elements) {
  return base ? (const char *)base + elements * torus_element_size(dtype) : 0;
}

#if defined(__x86_64__)
// The engine passes OpenBLAS and MKL wherever there is AVX2 (see torus_product_run).
static bool engine_wins(void) { return torus_current_level() > TORUS_BASE; }
#else
static bool engine_wins(void) { return false; }
#endif

static void run_openblas(torus_dtype dtype, const torus_product *g) {
  torus_blas_init();
  const bool biased = g->row_bias || g->col_bias;
  const double beta = biased ? 1 : g->beta;
#define RUN(REAL, gemm)                                                                        \
  {                                                                                            \
    REAL *C = g->C;                                                                            \
    if (biased)                                                                                \
      for (int64_t i = 0; i < g->m; i++)                                                       \
        for (int64_t j = 0; j < g->n; j++)                                                     \
          C[i * g->ldc + j] =                                                                  \
              g->row_bias ? ((const REAL *)g->row_bias)[i] : ((const REAL *)g->col_bias)[j];   \
    gemm(CblasRowMajor, g->transA ? CblasTrans : CblasNoTrans,                                 \
         g->transB ? CblasTrans : CblasNoTrans, (blasint)g->m, (blasint)g->n, (blasint)g->k,   \
         (REAL)g->alpha, g->A, (blasint)g->lda, g->B, (blasint)g->ldb, (REAL)beta, C,          \
         (blasint)g->ldc);                                                                     \
  }
  if (dtype == TORUS_F32) RUN(float, cblas_sgemm)
  else RUN(double, cblas_dgemm)
#undef RUN
}

// Measured on Zen 4, one thread, 64³ to 2048·1024²: the engine 105–115 GFLOP/s, OpenBLAS's best
// core 97–106, MKL 102; with AVX2 alone 102–110. Without AVX2 OpenBLAS's assembly wins.
void torus_product_run(torus_dtype dtype, const torus_product *g) {
  if (dtype == TORUS_F32 && torus_split_fits(g)) torus_split_product(g);
  else if (engine_wins() || g->k <= 0 || (g->m * g->n * g->k < 8 * 8 * 8))
    torus_gemm_engine(dtype)->product(g);
  else run_openblas(dtype, g);
}

typedef struct spread {
  torus_dtype dtype;
  const torus_product *whole;
  int64_t row_parts, col_parts, row_unit, col_unit;
} spread;

static void spread_body(int64_t begin, int64_t end, void *context) {
  const spread *s = context;
  for (int64_t part = begin; part < end; part++) {
    torus_product g = *s->whole;
    const int64_t pi = part / s->col_parts, pj = part % s->col_parts;
    const int64_t rows = (g.m + s->row_unit - 1) / s->row_unit;
    const int64_t cols = (g.n + s->col_unit - 1) / s->col_unit;
    const int64_t i0 = rows * pi / s->row_parts * s->row_unit;
    const int64_t i1 = least(g.m, rows * (pi + 1) / s->row_parts * s->row_unit);
    const int64_t j0 = cols * pj / s->col_parts * s->col_unit;
    const int64_t j1 = least(g.n, cols * (pj + 1) / s->col_parts * s->col_unit);
    g.A = offset(s->dtype, g.A, g.transA ? i0 : i0 * g.lda);
    if (g.columns) g.first_column += j0;
    else g.B = offset(s->dtype, g.B, g.transB ? j0 * g.ldb : j0);
    g.C = (char *)g.C + (i0 * g.ldc + j0) * torus_element_size(s->dtype);
    g.row_bias = offset(s->dtype, g.row_bias, i0);
    g.col_bias = offset(s->dtype, g.col_bias, j0);
    g.m = i1 - i0;
    g.n = j1 - j0;
    if (g.m > 0 && g.n > 0) torus_product_run(s->dtype, &g);
  }
}

void torus_product_spread(torus_dtype dtype, const torus_product *g) {
  if (dtype == TORUS_F32 && torus_split_fits(g)) {
    torus_split_product(g);
    return;
  }
  const int64_t threads = torus_threads();
  if (threads == 1 || torus_in_parallel() || g->m * g->n * g->k < 96 * 96 * 96) {
    torus_product_run(dtype, g);
    return;
  }
  const torus_gemm_level *engine = torus_gemm_engine(dtype);
  torus_product whole = *g;
  if (!whole.plan) whole.plan = engine->plan(g);
  spread s = {.dtype = dtype, .whole = &whole, .row_unit = engine->rows, .col_unit = engine->cols};
  const int64_t rows = (g->m + s.row_unit - 1) / s.row_unit;
  const int64_t cols = (g->n + s.col_unit - 1) / s.col_unit;
  // Parts near to square share the least packing.
  double best = 0;
  for (int64_t r = 1; r <= threads && r <= rows; r++) {
    const int64_t c = least(threads / r, cols);
    const double tall = (double)((rows + r - 1) / r * s.row_unit);
    const double wide = (double)((cols + c - 1) / c * s.col_unit);
    const double cost = tall * wide * ((double)g->k + 8) + 4 * (tall + wide) * (double)g->k;
    if (r == 1 || cost < best) {
      best = cost;
      s.row_parts = r;
      s.col_parts = c;
    }
  }
  torus_parallel_for(s.row_parts * s.col_parts, 1, spread_body, &s);
}

// ---- A matrix that many products share ----------------------------------------------------------

int64_t torus_columns_size(torus_dtype dtype, int64_t m, int64_t n, int64_t k) {
  const torus_product g = {.m = m, .n = n, .k = k};
  if ((dtype != TORUS_F32 && dtype != TORUS_F64) || !engine_wins() || m <= 12 || n <= 0 || k <= 0 ||
      (dtype == TORUS_F32 && torus_split_fits(&g)))
    return 0;
  const int64_t cols = torus_gemm_engine(dtype)->cols;
  return (n + cols - 1) / cols * cols * k;
}

void torus_columns_pack(torus_dtype dtype, bool transB, int64_t n, int64_t k, const void *B, int64_t ldb,
                        void *columns) {
  torus_gemm_engine(dtype)->pack_all(B, ldb, transB, n, k, columns);
}

void torus_columns_product(torus_dtype dtype, int64_t m, int64_t n, int64_t k, const void *A,
                           const void *columns, const void *bias, double beta, void *C) {
  const int64_t cols = torus_gemm_engine(dtype)->cols;
  const torus_product g = {.m = m, .n = n, .k = k, .lda = k, .ldc = n, .alpha = 1, .beta = beta, .A = A, .C = C,
                           .col_bias = bias, .plan = TORUS_PLAN_PACKED, .columns = columns,
                           .all_columns = (n + cols - 1) / cols * cols};
  torus_product_spread(dtype, &g);
}

// ---- Half types ------------------------------------------------------------------------------

static float *widened(torus_dtype dtype, const void *in, int64_t rows, int64_t cols, int64_t ld) {
  float *out = torus_alloc((size_t)(rows * cols) * sizeof(float));
  for (int64_t i = 0; i < rows; i++)
    torus_widen(dtype, (const uint16_t *)in + i * ld, out + i * cols, cols);
  return out;
}

static void product_bf16(const torus_product *g) {
  torus_product biased = *g;
  float *rows = g->row_bias ? widened(TORUS_BF16, g->row_bias, 1, g->m, g->m) : 0;
  float *cols = g->col_bias ? widened(TORUS_BF16, g->col_bias, 1, g->n, g->n) : 0;
  biased.row_bias = rows;
  biased.col_bias = cols;
  torus_bf16_product(&biased, false);
  torus_free(rows, (size_t)g->m * sizeof(float));
  torus_free(cols, (size_t)g->n * sizeof(float));
}

static void product_half(torus_dtype dtype, const torus_product *g) {
  // Few rows read a matrix once, which is what takes their time: packing it would double that.
  const bool few = torus_half_rows_fit(g);
  if (!few && dtype == TORUS_BF16 && torus_bf16_engine()) {
    product_bf16(g);
    return;
  }
  const int64_t ar = g->transA ? g->k : g->m, ac = g->transA ? g->m : g->k;
  const int64_t br = g->transB ? g->n : g->k, bc = g->transB ? g->k : g->n;
  float *A = widened(dtype, g->A, ar, ac, g->lda);
  float *B = few ? 0 : widened(dtype, g->B, br, bc, g->ldb);
  float *C = g->beta == 0 ? torus_alloc((size_t)(g->m * g->n) * sizeof(float))
                          : widened(dtype, g->C, g->m, g->n, g->ldc);
  torus_product wide = *g;
  wide.A = A, wide.B = B, wide.C = C;
  wide.lda = ac, wide.ldb = bc, wide.ldc = g->n;
  float *rows = g->row_bias ? widened(dtype, g->row_bias, 1, g->m, g->m) : 0;
  float *cols = g->col_bias ? widened(dtype, g->col_bias, 1, g->n, g->n) : 0;
  wide.row_bias = rows;
  wide.col_bias = cols;
  if (few) torus_half_rows(dtype, &wide, g->B, g->ldb);
  else torus_product_spread(TORUS_F32, &wide);
  for (int64_t i = 0; i < g->m; i++)
    torus_narrow(dtype, C + i * g->n, (uint16_t *)g->C + i * g->ldc, g->n);
  torus_free(A, (size_t)(ar * ac) * sizeof(float));
  if (B) torus_free(B, (size_t)(br * bc) * sizeof(float));
  torus_free(C, (size_t)(g->m * g->n) * sizeof(float));
  torus_free(rows, (size_t)g->m * sizeof(float));
  torus_free(cols, (size_t)g->n * sizeof(float));
}

// ---- Integers --------------------------------------------------------------------------------

// Unsigned arithmetic wraps as PyTorch's does. Rows of B, or of its packed transpose, are added
// whole, so that the inner loop is a vector one.
#define INTEGER_PRODUCT(NAME, TYPE)                                                           \
  static void product_##NAME(const torus_product *g) {                                        \
    const TYPE *A = g->A, *B = g->B;                                                          \
    TYPE *C = g->C;                                                                           \
    const TYPE alpha = (TYPE)(int64_t)g->alpha, beta = (TYPE)(int64_t)g->beta;                \
    const size_t bytes = g->transB ? (size_t)(g->k * g->n) * sizeof(TYPE) : 0;                \
    TYPE *packed = g->transB ? torus_alloc(bytes) : 0;                                        \
    if (packed)                                                                               \
      for (int64_t j = 0; j < g->n; j++)                                                      \
        for (int64_t p = 0; p < g->k; p++) packed[p * g->n + j] = B[j * g->ldb + p];          \
    const TYPE *columns = packed ? packed : B;                                                \
    const int64_t ldb = packed ? g->n : g->ldb;                                               \
    for (int64_t i = 0; i < g->m; i++) {                                                      \
      TYPE *restrict c = C + i * g->ldc;                                                      \
      for (int64_t j = 0; j < g->n; j++) c[j] = beta ? (TYPE)(beta * c[j]) : 0;               \
      for (int64_t p = 0; p < g->k; p++) {                                                    \
        const TYPE x = (TYPE)(alpha * (g->transA ? A[p * g->lda + i] : A[i * g->lda + p]));   \
        const TYPE *restrict b = columns + p * ldb;                                           \
        for (int64_t j = 0; j < g->n; j++) c[j] = (TYPE)(c[j] + x * b[j]);                    \
      }                                                                                       \
    }                                                                                         \
    torus_free(packed, bytes);                                                                \
  }
INTEGER_PRODUCT(64, uint64_t)
INTEGER_PRODUCT(32, uint32_t)
INTEGER_PRODUCT(8, uint8_t)
// Products of 16-bit values are promoted to a signed int that they can overflow.
static void product_16(const torus_product *g) {
  const uint16_t *A = g->A, *B = g->B;
  uint16_t *C = g->C;
  const uint32_t alpha = (uint32_t)(int64_t)g->alpha, beta = (uint32_t)(int64_t)g->beta;
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = 0; j < g->n; j++) {
      uint32_t sum = 0;
      for (int64_t p = 0; p < g->k; p++)
        sum += (uint32_t)(g->transA ? A[p * g->lda + i] : A[i * g->lda + p]) *
               (uint32_t)(g->transB ? B[j * g->ldb + p] : B[p * g->ldb + j]);
      uint16_t *c = C + i * g->ldc + j;
      *c = (uint16_t)(alpha * sum + (beta ? beta * *c : 0));
    }
}

static void product_bool(const torus_product *g) {
  const uint8_t *A = g->A, *B = g->B;
  uint8_t *C = g->C;
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = 0; j < g->n; j++) {
      bool any = false;
      for (int64_t p = 0; p < g->k && !any; p++)
        any = (g->transA ? A[p * g->lda + i] : A[i * g->lda + p]) &&
              (g->transB ? B[j * g->ldb + p] : B[p * g->ldb + j]);
      uint8_t *c = C + i * g->ldc + j;
      *c = (any && g->alpha != 0) || (g->beta != 0 && *c);
    }
}

static void product_integer(torus_dtype dtype, const torus_product *g) {
  switch (torus_element_size(dtype)) {
    case 8: product_64(g); break;
    case 4: product_32(g); break;
    case 2: product_16(g); break;
    default: product_8(g); break;
  }
}

static void product_any(torus_dtype dtype, const torus_product *g) {
  switch (torus_form_of(dtype)) {
    case TORUS_FORM_FLOAT: torus_product_spread(dtype, g); break;
    case TORUS_FORM_BF16:
    case TORUS_FORM_F16: product_half(dtype, g); break;
    case TORUS_FORM_TRUTH: product_bool(g); break;
    case TORUS_FORM_WHOLE:
    case TORUS_FORM_NARROW: product_integer(dtype, g); break;
  }
}

// ---- Entry points ----------------------------------------------------------------------------

void torus_gemm(torus_dtype dtype, bool transA, bool transB, int64_t m, int64_t n, int64_t k,
                double alpha, const void *A, int64_t lda, const void *B, int64_t ldb, double beta,
                void *C, int64_t ldc) {
  const torus_product g = {.transA = transA, .transB = transB, .m = m, .n = n, .k = k,
                           .lda = lda, .ldb = ldb, .ldc = ldc, .alpha = alpha, .beta = beta,
                           .A = A, .B = B, .C = C};
  product_any(dtype, &g);
}

typedef struct batched {
  torus_dtype dtype;
  const torus_product *product;
  int64_t strideA, strideB, strideC;
  const int64_t *offsetsA, *offsetsB, *offsetsC;
} batched;

static void batched_body(int64_t begin, int64_t end, void *context) {
  const batched *s = context;
  for (int64_t i = begin; i < end; i++) {
    torus_product g = *s->product;
    g.A = offset(s->dtype, g.A, s->offsetsA ? s->offsetsA[i] : i * s->strideA);
    g.B = offset(s->dtype, g.B, s->offsetsB ? s->offsetsB[i] : i * s->strideB);
    g.C = (char *)g.C +
          (s->offsetsC ? s->offsetsC[i] : i * s->strideC) * torus_element_size(s->dtype);
    product_any(s->dtype, &g);
  }
}

static void run_batched(batched *s, int64_t batch) {
  const torus_product *g = s->product;
  const int64_t work = g->m * g->n * (g->k + 8);
  // A large product is spread by itself where there are too few to go round.
  if (batch < torus_threads() && work > 1 << 21) batched_body(0, batch, s);
  else torus_parallel_for(batch, work > 0 ? (1 << 18) / work + 1 : batch, batched_body, s);
}

void torus_gemm_batched(torus_dtype dtype, bool transA, bool transB, int64_t m, int64_t n,
                        int64_t k, double alpha, const void *A, int64_t lda, int64_t strideA,
                        const void *B, int64_t ldb, int64_t strideB, double beta, void *C,
                        int64_t ldc, int64_t strideC, int64_t batch) {
  const torus_product g = {.transA = transA, .transB = transB, .m = m, .n = n, .k = k,
                           .lda = lda, .ldb = ldb, .ldc = ldc, .alpha = alpha, .beta = beta,
                           .A = A, .B = B, .C = C};
  batched s = {.dtype = dtype, .product = &g, .strideA = strideA, .strideB = strideB,
               .strideC = strideC};
  run_batched(&s, batch);
}

void torus_gemm_batched_at(torus_dtype dtype, bool transA, bool transB, int64_t m, int64_t n,
                           int64_t k, double alpha, const void *A, int64_t lda,
                           const int64_t *offsetsA, const void *B, int64_t ldb,
                           const int64_t *offsetsB, double beta, void *C, int64_t ldc,
                           const int64_t *offsetsC, int64_t batch) {
  const torus_product g = {.transA = transA, .transB = transB, .m = m, .n = n, .k = k,
                           .lda = lda, .ldb = ldb, .ldc = ldc, .alpha = alpha, .beta = beta,
                           .A = A, .B = B, .C = C};
  batched s = {.dtype = dtype, .product = &g, .offsetsA = offsetsA, .offsetsB = offsetsB,
               .offsetsC = offsetsC};
  run_batched(&s, batch);
}

void torus_linear(torus_dtype dtype, int64_t rows, int64_t inputs, int64_t outputs, const void *x,
                  const void *weight, const void *bias, void *y) {
  const torus_product g = {.transB = true, .m = rows, .n = outputs, .k = inputs, .lda = inputs,
                           .ldb = inputs, .ldc = outputs, .alpha = 1, .A = x, .B = weight, .C = y,
                           .col_bias = bias};
  const bool direct = torus_is_float(dtype) || !bias;
  if (direct) {
    product_any(dtype, &g);
    return;
  }
  // Integers have no fused bias: it is laid down first and added to.
  torus_product added = g;
  added.col_bias = 0;
  added.beta = 1;
  const size_t row = (size_t)(outputs * torus_element_size(dtype));
  for (int64_t i = 0; i < rows; i++) memcpy((char *)y + (size_t)i * row, bias, row);
  product_any(dtype, &added);
}

static void gather(int64_t size, const void *in, int64_t step, void *out, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    memcpy((char *)out + i * size, (const char *)in + i * step * size, (size_t)size);
}

void torus_gemv(torus_dtype dtype, bool transA, int64_t rows, int64_t cols, double alpha,
                const void *A, int64_t lda, const void *x, int64_t incx, double beta, void *y,
                int64_t incy) {
  const int64_t n = transA ? cols : rows, k = transA ? rows : cols;
  const int64_t size = torus_element_size(dtype);
  void *in = incx == 1 ? 0 : torus_alloc((size_t)(k * size));
  void *out = incy == 1 ? 0 : torus_alloc((size_t)(n * size));
  if (in) gather(size, x, incx, in, k);
  if (out && beta != 0) gather(size, y, incy, out, n);
  // One row times the matrix: along its rows as dot products, down its columns as sums of rows.
  const torus_product g = {.transB = !transA, .m = 1, .n = n, .k = k, .lda = k, .ldb = lda,
                           .ldc = n, .alpha = alpha, .beta = beta, .A = in ? in : x, .B = A,
                           .C = out ? out : y};
  product_any(dtype, &g);
  if (out)
    for (int64_t i = 0; i < n; i++)
      memcpy((char *)y + i * incy * size, (const char *)out + i * size, (size_t)size);
  torus_free(in, (size_t)(k * size));
  torus_free(out, (size_t)(n * size));
}

void torus_dot(torus_dtype dtype, int64_t n, const void *x, int64_t incx, const void *y,
               int64_t incy, void *out) {
  const int64_t size = torus_element_size(dtype);
  void *copy = incy == 1 ? 0 : torus_alloc((size_t)(n * size));
  if (copy) gather(size, y, incy, copy, n);
  torus_gemv(dtype, false, 1, n, 1, copy ? copy : y, n, x, incx, 0, out, 1);
  torus_free(copy, (size_t)(n * size));
}
