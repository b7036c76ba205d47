// The product engine for one element type and one level.
//
// Scheme: a tile of ROWS × two vectors of sums stays in registers while the product runs along
// k; the row values are broadcast and the columns are read as vectors. Columns are packed as
// [k][COLS], rows that lie across k as [k][ROWS], so that both are read in order (Goto and van de
// Geijn, "Anatomy of high-performance matrix multiplication", 2008); rows along k are copied side
// by side. Rows are packed tile by tile as they are wanted, and while a tile runs along k, it asks
// memory for the rows that come next and for its own place in C: little is then waited for even
// where nothing is cached.

// Rows of a full tile, by the number of vector registers: 32 of AVX-512, 16 before it; and 32 of
// NEON and other 16-byte vectors.
#if LEVEL == TORUS_V4
#define ROWS 14
#elif defined(__x86_64__)
#define ROWS 6
#else
#define ROWS 12
#endif

enum {
  NAME(COLS) = 2 * LANES,
  NAME(LINE) = 64 / sizeof(REAL),
  NAME(K_BLOCK) = 1536 / sizeof(REAL),        // a panel of rows stays in the first cache
  NAME(STRIDE) = NAME(K_BLOCK) + NAME(LINE),  // of copied rows, which lie in different sets of it
};

static inline int64_t NAME(least)(int64_t a, int64_t b) { return a < b ? a : b; }

#include "tile_kernels.h"
#include "pack_kernels.h"
#include "tiled_kernels.h"
#include "unpacked_kernels.h"

// The scheme depends on the whole product, so that a part of it, on another thread, is summed in
// the same order.
static int NAME(plan)(const torus_product *g) {
  if (g->k <= 0) return TORUS_PLAN_SMALL;
  if (g->transB && !g->transA && g->m <= 12 && g->k >= 2 * LANES) return TORUS_PLAN_DOT;
  if (!g->transA && !g->transB && g->m <= 4 && g->n >= 8 * LANES && g->k >= 64)
    return TORUS_PLAN_ROWS;
  // Rows that meet few columns are not worth packing, but long power-of-two strides collide in
  // the first cache.
  const bool collide = !g->transA && g->m > 4 && g->k > 64 && g->lda * sizeof(REAL) % 1024 == 0;
  const bool small = g->k <= NAME(K_BLOCK) && g->m * g->k * (int64_t)sizeof(REAL) <= 64 << 10;
  const bool narrow = g->n <= 2 * NAME(COLS) && g->k <= 16 * NAME(K_BLOCK);
  return (small || narrow) && !collide ? TORUS_PLAN_SMALL : TORUS_PLAN_PACKED;
}

static void NAME(product)(const torus_product *g) {
  if (g->m <= 0 || g->n <= 0) return;
  const int plan = g->plan ? g->plan : NAME(plan)(g);
  if (plan == TORUS_PLAN_DOT) NAME(product_dot)(g);
  else if (plan == TORUS_PLAN_ROWS) NAME(product_rows)(g);
  else if (plan == TORUS_PLAN_SMALL) NAME(product_small)(g);
  else NAME(product_packed)(g);
}

static const torus_gemm_level NAME(gemm) = {
    .rows = ROWS, .cols = NAME(COLS), .bytes = sizeof(REAL), .k_block = NAME(K_BLOCK),
    .tile = NAME(tile), .pack_rows = NAME(pack_rows), .pack_cols = NAME(pack_cols),
    .pack_all = NAME(pack_all),
    .plan = NAME(plan), .product = NAME(product),
};

#undef ROWS
