// Few rows against a matrix of half type, which is read from memory once: what generating one token
// after the other is made of.
#include <string.h>

#include "internal.h"

#define KERNELS "../gemm/half_rows_kernels.h"
#include "../core/each_level.h"

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static float widened(uint16_t bfloat16) {
  union {
    uint32_t bits;
    float value;
  } u = {.bits = (uint32_t)bfloat16 << 16};
  return u.value;
}

typedef struct half_job {
  torus_dtype dtype;
  const torus_product *wide;  // all but B in float32
  const uint16_t *B;
  int64_t ldb, unit;
} half_job;

enum { PIECE_COLUMNS = 16, PIECE_LINES = 32 };

// bfloat16, transposed: dot products of rows with rows.
static void dot_columns(const half_job *f, int64_t first, int64_t last) {
  const torus_product *g = f->wide;
  void (*dot)(int, int, int64_t, const float *, int64_t, const uint16_t *, int64_t, float *) =
      AT_LEVEL(dot);
  const float *A = g->A, *bias = g->col_bias, *row_bias = g->row_bias;
  float *C = g->C, sums[16];
  const int64_t step = g->m == 1 ? 8 : 4;
  for (int64_t j = first; j < last; j += step) {
    const int n = (int)least(step, last - j);
    for (int64_t i = 0; i < g->m; i += 4) {
      const int m = (int)least(4, g->m - i);
      dot(m, n, g->k, A + i * g->lda, g->lda, f->B + j * f->ldb, f->ldb, sums);
      for (int r = 0; r < m; r++)
        for (int q = 0; q < n; q++) {
          float *c = C + (i + r) * g->ldc + j + q;
          float value = (float)g->alpha * sums[r * n + q];
          if (bias) value += bias[j + q];
          if (row_bias) value += row_bias[i + r];
          *c = g->beta == 0 ? value : value + (float)g->beta * *c;
        }
    }
  }
}

// bfloat16 as it lies: sums of the matrix's rows.
static void add_lines(const half_job *f, int64_t first, int64_t last) {
  const torus_product *g = f->wide;
  void (*add)(int64_t, const float *, const uint16_t *, int64_t, float *) = AT_LEVEL(add);
  const float *A = g->A, *bias = g->col_bias, *row_bias = g->row_bias;
  float *C = g->C;
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = first; j < last; j++) {
      float *c = C + i * g->ldc + j;
      *c = (g->beta == 0 ? 0 : (float)g->beta * *c) + (bias ? bias[j] : 0) +
           (row_bias ? row_bias[i] : 0);
    }
  int64_t p = 0;
  for (; p + 8 <= g->k; p += 8)
    for (int64_t i = 0; i < g->m; i++) {
      float x[8];
      for (int q = 0; q < 8; q++) x[q] = (float)g->alpha * A[i * g->lda + p + q];
      add(last - first, x, f->B + p * f->ldb + first, f->ldb, C + i * g->ldc + first);
    }
  for (; p < g->k; p++)
    for (int64_t i = 0; i < g->m; i++) {
      const float x = (float)g->alpha * A[i * g->lda + p];
      for (int64_t j = first; j < last; j++)
        C[i * g->ldc + j] += x * widened(f->B[p * f->ldb + j]);
    }
}

// float16: widened a piece at a time, which stays in the second cache.
static void widen_pieces(const half_job *f, int64_t first, int64_t last) {
  const torus_product *g = f->wide;
  const int64_t lines = g->transB ? PIECE_COLUMNS : PIECE_LINES;
  const int64_t width = g->transB ? g->k : last - first;
  const size_t bytes = (size_t)(lines * width) * sizeof(float);
  float *piece = torus_alloc(bytes);
  torus_product part = *g;
  part.B = piece;
  part.ldb = width;
  if (g->transB)
    for (int64_t j = first; j < last; j += lines) {
      part.n = least(lines, last - j);
      for (int64_t q = 0; q < part.n; q++)
        torus_widen(f->dtype, f->B + (j + q) * f->ldb, piece + q * width, width);
      part.C = (float *)g->C + j;
      part.col_bias = g->col_bias ? (const float *)g->col_bias + j : 0;
      torus_product_run(TORUS_F32, &part);
    }
  else
    for (int64_t p = 0; p < g->k; p += lines) {
      part.n = width;
      part.k = least(lines, g->k - p);
      for (int64_t q = 0; q < part.k; q++)
        torus_widen(f->dtype, f->B + (p + q) * f->ldb + first, piece + q * width, width);
      part.A = (const float *)g->A + p;
      part.C = (float *)g->C + first;
      part.col_bias = p == 0 && g->col_bias ? (const float *)g->col_bias + first : 0;
      part.row_bias = p == 0 ? g->row_bias : 0;
      if (p > 0) part.beta = 1;
      torus_product_run(TORUS_F32, &part);
    }
  torus_free(piece, bytes);
}

static void half_body(int64_t begin, int64_t end, void *context) {
  const half_job *f = context;
  const int64_t first = begin * f->unit, last = least(f->wide->n, end * f->unit);
  if (f->dtype == TORUS_F16) widen_pieces(f, first, last);
  else if (f->wide->transB) dot_columns(f, first, last);
  else add_lines(f, first, last);
}

bool torus_half_rows_fit(const torus_product *g) {
  return g->m <= 8 && !g->transA && g->k >= 64 && g->n >= 64;
}

// Pieces do not depend on the pool's size, and so neither do the sums.
void torus_half_rows(torus_dtype dtype, const torus_product *wide, const uint16_t *B, int64_t ldb) {
  const half_job f = {.dtype = dtype, .wide = wide, .B = B, .ldb = ldb,
                      .unit = wide->transB ? PIECE_COLUMNS : 256};
  const int64_t pieces = (wide->n + f.unit - 1) / f.unit;
  const bool alone = torus_in_parallel() || wide->n * wide->k < 1 << 16;
  torus_parallel_for(pieces, alone ? pieces : wide->transB ? 8 : 1, half_body, (void *)&f);
}
