// Products of bfloat16 matrices: blocks of 32 × 32 results over packed operands.
//
// Both operands are packed in tiles of 1 KiB, two of which lie side by side for every 32 steps of k:
//
//   rows     [step][tile][16 rows][32 values along k]
//   columns  [step][tile][16 pairs along k][16 columns][the pair's two values]
//
// A pair is what the processor multiplies and adds at once, by tiles (AMX) or by vectors
// (AVX512-BF16). What is past an operand's edge is zero. Sums are float32; an element's sum has one
// order, whatever the size of the blocks around it and whoever computes them.
//
// Products of float32 matrices by tiles: each value is the sum of three of bfloat16, x = x₁ + x₂ + x₃,
// each the nearest to what is left (24 bits in all, so that nothing is lost above 2^-110), and
//
//   x·y ≈ x₁y₁ + (x₁y₂ + x₂y₁) + (x₁y₃ + x₂y₂ + x₃y₁)
//
// What is left out is below 2^-25 of the product, half of what rounding it to float32 may cost. Operands
// are packed as above, [step][part][tile]…, and sums stay in float32 (Henry, Tang and Heinecke,
// "Leveraging the bfloat16 artificial intelligence datatype for higher-precision computations", 2019).
#pragma once
#include "internal.h"

enum {
  TORUS_BF16_EDGE = 16,                      // rows or columns of a tile
  TORUS_BF16_STEP = 32,                      // of k, a tile holds
  TORUS_BF16_TILE = 16 * 32,                 // values of a tile
  TORUS_BF16_BLOCK = 2 * TORUS_BF16_EDGE,    // rows and columns of a block
  TORUS_BF16_SUMS = 4 * 16 * 16,             // of a block: [row tile][column tile][16][16]
  TORUS_BF16_PARTS = 3,                      // of a float32
};

// The products of parts that are added up in a step, smallest first: each shares an operand with the one
// before it.
enum { TORUS_BF16_PRODUCTS = 6 };
static const int torus_bf16_products[TORUS_BF16_PRODUCTS][2] = {{0, 2}, {0, 1}, {1, 1},
                                                               {1, 0}, {2, 0}, {0, 0}};

// Where a block's results go: c ← alpha·sums + biases + beta·c, of which m × n are inside.
typedef struct torus_bf16_target {
  float alpha, beta;
  const float *row_bias, *col_bias;  // of the block, or NULL
  void *c;
  int64_t ldc;
  bool wide;  // c is float32
} torus_bf16_target;

// Where a step's tiles lie: tile t of step s at base + (at ? at[s] : s · step) + t · tile, its 16 lines
// `line` values apart. Of rows a line is one row's 32 values along k, of columns 16 pairs. Of float32 in
// parts, the tiles of part i lie i · part further on.
typedef struct torus_bf16_tiles_at {
  const uint16_t *base;
  const int64_t *at;
  int64_t step, tile, line, part;
  bool streams;  // comes from the second cache
} torus_bf16_tiles_at;

// Packed tiles, `tiles` side by side for every step.
static inline torus_bf16_tiles_at torus_bf16_packed(const uint16_t *base, int tiles) {
  return (torus_bf16_tiles_at){.base = base, .step = tiles * TORUS_BF16_TILE,
                               .tile = TORUS_BF16_TILE, .line = TORUS_BF16_STEP};
}

// Packed tiles of `parts` parts.
static inline torus_bf16_tiles_at torus_bf16_packed_parts(const uint16_t *base, int tiles, int parts) {
  torus_bf16_tiles_at at = torus_bf16_packed(base, tiles);
  at.part = at.step;
  at.step *= parts;
  return at;
}

static inline const uint16_t *torus_bf16_step_at(const torus_bf16_tiles_at *t, int64_t s) {
  return t->base + (t->at ? t->at[s] : s * t->step);
}

// Some of a block's 32 columns and where they go: lane j of row i to c + i · ldc + to + j.
typedef struct torus_bf16_run {
  uint32_t lanes;
  int64_t to;
} torus_bf16_run;

typedef struct torus_bf16_kernels {
  bool rows_lie;  // rows along k are as good where they lie as packed
  // `m` ≤ 32 rows and k steps of op(A), in `tiles` tiles side by side.
  void (*pack_rows)(const uint16_t *a, int64_t lda, bool trans, int64_t m, int64_t k, int tiles,
                    uint16_t *out);
  // `n` ≤ 32 columns and k steps of op(B).
  void (*pack_columns)(const uint16_t *b, int64_t ldb, bool trans, int64_t n, int64_t k, int tiles,
                       uint16_t *out);
  // sums ← (add ? sums : 0) + rows · columns, over `steps` steps of tiles.
  void (*block)(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                const torus_bf16_tiles_at *columns, int column_tiles, bool add, float *sums);
  // The same three of float32 in parts; NULL where plain float32 is faster.
  void (*split_rows)(const float *a, int64_t lda, bool trans, int64_t m, int64_t k, int tiles,
                     uint16_t *out);
  void (*split_columns)(const float *b, int64_t ldb, bool trans, int64_t n, int64_t k, int tiles,
                        uint16_t *out);
  void (*split_block)(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                      const torus_bf16_tiles_at *columns, int column_tiles, bool add, float *sums);
  // Whether all sums of a block are finite numbers.
  bool (*finite)(const float *sums, int row_tiles, int column_tiles);
  void (*put)(const torus_bf16_target *to, const float *sums, int64_t m, int64_t n);
  // c ← sums + row_bias (or NULL), narrowed, of `m` rows and the columns of `runs`.
  void (*put_runs)(const float *sums, int64_t m, const float *row_bias, uint16_t *c, int64_t ldc,
                   const torus_bf16_run *runs, int64_t count);
  // out[2i] ← first[i · stride], out[2i + 1] ← second[i · stride]: `n` pairs.
  void (*interleave)(const uint16_t *first, const uint16_t *second, int64_t stride, int64_t n,
                     uint16_t *out);
  // Around any number of blocks on one thread; may be NULL.
  void (*begin)(void);
  void (*end)(void);
} torus_bf16_kernels;

// In plain C, for every processor: what the others are compared with.
extern const torus_bf16_kernels torus_bf16_plain;

// By vectors of AVX512-BF16, and by tiles of AMX; NULL where the processor or the system lacks them.
const torus_bf16_kernels *torus_bf16_vectors(void);
const torus_bf16_kernels *torus_bf16_tiles(void);

// The latter where they have been asked for before: no system call.
const torus_bf16_kernels *torus_bf16_tiles_granted(void);

// The kernels in use; NULL where widening to float32 is faster.
const torus_bf16_kernels *torus_bf16_engine(void);

// A product of bfloat16 A and B with the engine in use; biases are float32. C is float32 (`wide`) or
// bfloat16. Spread over the pool where that pays.
void torus_bf16_product(const torus_product *product, bool wide);

// The kernels that compute float32's products in parts; NULL where float32 itself is multiplied.
const torus_bf16_kernels *torus_split_engine(void);

// Whether a product of float32 is better computed in parts, and that product. Blocks with a result that
// is no number or infinite are computed again in float32, which tells infinities from overflow and makes
// NaN only where float32 does.
bool torus_split_fits(const torus_product *product);
void torus_split_product(const torus_product *product);
