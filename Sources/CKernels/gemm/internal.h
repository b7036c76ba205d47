// What the kernels share of the product engine: tiles, packing and single-threaded products at
// one CPU level. Nothing here is seen outside CKernels.
#pragma once
#include <stdint.h>

#include "../core/levels.h"

// One tile of a product: c[i, j] ← alpha·Σ a·b + beta·c over `taps` runs of k steps each. Step p
// of run t reads row values a[a_taps[t] + i·a_row + p·a_step] and a vector of columns at
// b[b_taps[t] + p·b_step]. Either a_row or a_step is 1.
// With b_offsets, a_row is 1 and there are two vectors.
typedef struct torus_tile {
  int64_t taps;
  const int64_t *a_taps, *b_taps;  // read only where taps is not 1
  int64_t k, a_row, a_step, b_step;
  const int64_t *b_offsets;  // or NULL: where step p reads its columns, in place of p · b_step
  double alpha, beta;
  const void *row_bias, *col_bias;  // what the sums start from, or NULL
  // What is asked of memory meanwhile, one line every TORUS_FETCH_STEPS steps: next[offset] for
  // each of the offsets, and the tile's place in C. Nothing where next is NULL.
  const void *next;
  const int64_t *next_offsets;
  int64_t next_lines;
} torus_tile;

enum { TORUS_FETCH_STEPS = 4 };

enum { TORUS_PLAN_DOT = 1, TORUS_PLAN_ROWS, TORUS_PLAN_SMALL, TORUS_PLAN_PACKED };

// A product C ← alpha·op(A)·op(B) + beta·C, row-major, with optional biases over rows or columns
// (only where alpha is 1 and beta is 0).
typedef struct torus_product {
  bool transA, transB;
  int64_t m, n, k, lda, ldb, ldc;
  double alpha, beta;
  const void *A, *B;
  void *C;
  const void *row_bias, *col_bias;
  int plan;  // 0 chooses by the shape
  // Or, in the place of B: all columns of a whole product as tiles read them, and which of them come here.
  const void *columns;
  int64_t all_columns, first_column;
} torus_product;

typedef struct torus_gemm_level {
  int rows;          // rows of a full tile
  int cols;          // columns of a full tile: two vectors
  int bytes;         // of an element
  int64_t k_block;   // steps summed before C is touched
  // A tile of m ≤ rows by `vectors` (1 or 2) whole vectors.
  void (*tile)(int m, int vectors, const torus_tile *tile, const void *a, const void *b, void *c,
               int64_t ldc);
  // Rows i0 ..< i0 + m of op(A), steps p0 ..< p0 + k, as [k][rows] with zeros past m.
  void (*pack_rows)(const void *a, int64_t lda, bool trans, int64_t m, int64_t k, void *out);
  // Up to `cols` columns and k steps of op(B) as [k][cols] with zeros past n.
  void (*pack_cols)(const void *b, int64_t ldb, bool trans, int64_t n, int64_t k, void *out);
  // n columns of op(B) and all its k steps, as `columns` of a product has them.
  void (*pack_all)(const void *b, int64_t ldb, bool trans, int64_t n, int64_t k, void *out);
  int (*plan)(const torus_product *product);
  // A whole product on the calling thread.
  void (*product)(const torus_product *product);
} torus_gemm_level;

// A product of few rows with B of half type, all else in float32: whether it is one, and the product.
bool torus_half_rows_fit(const torus_product *product);
void torus_half_rows(torus_dtype dtype, const torus_product *wide, const uint16_t *B, int64_t ldb);

// The engine for F32 or F64 at the CPU level in use.
const torus_gemm_level *torus_gemm_engine(torus_dtype dtype);

// A product of F32 or F64 on the calling thread, or spread over the pool where that pays.
void torus_product_run(torus_dtype dtype, const torus_product *product);
void torus_product_spread(torus_dtype dtype, const torus_product *product);

// Converts n contiguous BF16 or F16 elements to float, and back, rounding to nearest even.
void torus_widen(torus_dtype dtype, const void *in, float *out, int64_t n);
void torus_narrow(torus_dtype dtype, const float *in, void *out, int64_t n);

// out[j·ldo + i] = in[i·ldi + j], rows × cols of 4- or 8-byte elements.
void torus_transpose_block(int bytes, const void *in, int64_t ldi, void *out, int64_t ldo,
                           int64_t rows, int64_t cols);
