// Products of bfloat16 matrices over packed blocks, and the choice of what computes them.
//
// Columns are packed in panels of 32. Where all rows fit the second cache together (a weight's
// gradient, a batch of activations), each panel is packed by whoever meets it, just before; otherwise
// all panels are packed first and each piece of rows, once packed, passes by all of them. Within a
// piece the runs of k are short enough for a panel to stay in the first cache while the rows stream
// from the second.
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "bf16.h"
#include "torus_gemm.h"

enum {
  EDGE = TORUS_BF16_EDGE,
  STEP = TORUS_BF16_STEP,
  TILE = TORUS_BF16_TILE,
  BLOCK = TORUS_BF16_BLOCK,
  RUN_STEPS = 16,          // a panel's run of 512 steps of k: 32 KiB
  CHUNK_STEPS = 64,        // steps between which sums leave for memory: 2048 of k
  PIECE_BYTES = 768 << 10, // of packed rows
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t parts(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }
static int tiles(int64_t n) { return n > EDGE ? 2 : 1; }

typedef struct job {
  const torus_product *g;
  const torus_bf16_kernels *kernels;
  bool wide;
  int64_t panels, blocks;       // of columns and of rows
  int64_t piece_blocks, pieces; // rows are taken by pieces
  int64_t groups;               // of panels, into which a piece's work is divided
  // The chunk of k under way.
  int64_t first, steps;
  bool begins, ends;
  uint16_t *columns;  // all panels of the chunk; NULL where each is packed when it is met
  uint16_t *rows;     // all rows of the chunk; NULL where each piece packs its own
  float *sums;        // [panel][block][TORUS_BF16_SUMS] from chunk to chunk; NULL for a single one
} job;

static int64_t chunk_k(const job *s) { return least(s->steps * STEP, s->g->k - s->first * STEP); }

static void pack_panel(const job *s, int64_t panel, uint16_t *out) {
  const torus_product *g = s->g;
  const int64_t j = panel * BLOCK, n = least(BLOCK, g->n - j), p = s->first * STEP;
  const uint16_t *b = (const uint16_t *)g->B + (g->transB ? j * g->ldb + p : p * g->ldb + j);
  s->kernels->pack_columns(b, g->ldb, g->transB, n, chunk_k(s), tiles(n), out);
}

static void pack_block(const job *s, int64_t block, uint16_t *out) {
  const torus_product *g = s->g;
  const int64_t i = block * BLOCK, m = least(BLOCK, g->m - i), p = s->first * STEP;
  const uint16_t *a = (const uint16_t *)g->A + (g->transA ? p * g->lda + i : i * g->lda + p);
  s->kernels->pack_rows(a, g->lda, g->transA, m, chunk_k(s), tiles(m), out);
}

static void columns_body(int64_t begin, int64_t end, void *context) {
  const job *s = context;
  for (int64_t q = begin; q < end; q++) pack_panel(s, q, s->columns + q * s->steps * 2 * TILE);
}

static void rows_body(int64_t begin, int64_t end, void *context) {
  const job *s = context;
  for (int64_t i = begin; i < end; i++) pack_block(s, i, s->rows + i * s->steps * 2 * TILE);
}

static void put(const job *s, const float *sums, int64_t block, int64_t panel) {
  const torus_product *g = s->g;
  const int64_t i = block * BLOCK, j = panel * BLOCK;
  const torus_bf16_target to = {
      .alpha = (float)g->alpha, .beta = (float)g->beta, .ldc = g->ldc, .wide = s->wide,
      .row_bias = g->row_bias ? (const float *)g->row_bias + i : 0,
      .col_bias = g->col_bias ? (const float *)g->col_bias + j : 0,
      .c = (char *)g->C + (i * g->ldc + j) * (s->wide ? 4 : 2)};
  s->kernels->put(&to, sums, least(BLOCK, g->m - i), least(BLOCK, g->n - j));
}

// Asks for a block's place in C, which is far from the last one's, while its sums are computed.
static void expect(const job *s, int64_t block, int64_t panel) {
  const torus_product *g = s->g;
  const int64_t i = block * BLOCK, m = least(BLOCK, g->m - i), size = s->wide ? 4 : 2;
  const char *c = (const char *)g->C + (i * g->ldc + panel * BLOCK) * size;
  for (int64_t r = 0; r < m; r++, c += g->ldc * size) {
    __builtin_prefetch(c, 1);
    if (s->wide) __builtin_prefetch(c + 64, 1);
  }
}

// A piece of rows against one panel.
static void meet(const job *s, int64_t block, int64_t count, const uint16_t *rows, int64_t panel,
                 const uint16_t *columns, float *room) {
  const torus_product *g = s->g;
  const int column_tiles = tiles(g->n - panel * BLOCK);
  float *sums = s->sums ? s->sums + (panel * s->blocks + block) * TORUS_BF16_SUMS : room;
  for (int64_t p = 0; p < s->steps; p += RUN_STEPS) {
    const int64_t steps = least(RUN_STEPS, s->steps - p);
    for (int64_t i = 0; i < count; i++) {
      const int row_tiles = tiles(g->m - (block + i) * BLOCK);
      if (s->ends && p + steps == s->steps) expect(s, block + i, panel);
      const torus_bf16_tiles_at a =
          torus_bf16_packed(rows + (i * s->steps * 2 + p * row_tiles) * TILE, row_tiles);
      const torus_bf16_tiles_at b =
          torus_bf16_packed(columns + p * column_tiles * TILE, column_tiles);
      s->kernels->block(steps, &a, row_tiles, &b, column_tiles, p > 0 || !s->begins,
                        sums + i * TORUS_BF16_SUMS);
      if (s->ends && p + steps == s->steps) put(s, sums + i * TORUS_BF16_SUMS, block + i, panel);
    }
  }
}

static void product_body(int64_t begin, int64_t end, void *context) {
  const job *s = context;
  const size_t panel_bytes = s->columns ? 0 : (size_t)(s->steps * 2 * TILE) * sizeof(uint16_t);
  const size_t row_bytes =
      s->rows ? 0 : (size_t)(s->piece_blocks * s->steps * 2 * TILE) * sizeof(uint16_t);
  const size_t room_bytes = s->sums ? 0 : (size_t)(s->piece_blocks * TORUS_BF16_SUMS) * sizeof(float);
  uint16_t *panel = panel_bytes ? torus_alloc(panel_bytes) : 0;
  uint16_t *own = row_bytes ? torus_alloc(row_bytes) : 0;
  float *room = room_bytes ? torus_alloc(room_bytes) : 0;
  if (s->kernels->begin) s->kernels->begin();
  int64_t packed = -1;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t piece = unit / s->groups, group = unit % s->groups;
    const int64_t block = piece * s->piece_blocks;
    const int64_t count = least(s->piece_blocks, s->blocks - block);
    if (own && packed != piece) {
      for (int64_t i = 0; i < count; i++) pack_block(s, block + i, own + i * s->steps * 2 * TILE);
      packed = piece;
    }
    const uint16_t *rows = own ? own : s->rows + block * s->steps * 2 * TILE;
    const int64_t from = s->panels * group / s->groups, to = s->panels * (group + 1) / s->groups;
    for (int64_t j = from; j < to; j++) {
      if (panel) pack_panel(s, j, panel);
      meet(s, block, count, rows, j, panel ? panel : s->columns + j * s->steps * 2 * TILE, room);
    }
  }
  if (s->kernels->end) s->kernels->end();
  torus_free(panel, panel_bytes);
  torus_free(own, row_bytes);
  torus_free(room, room_bytes);
}

void torus_bf16_product(const torus_product *g, bool wide) {
  if (g->m <= 0 || g->n <= 0) return;
  const torus_bf16_kernels *kernels = torus_bf16_engine();
  job s = {.g = g, .kernels = kernels ? kernels : &torus_bf16_plain, .wide = wide};
  if (g->k <= 0) {
    // Nothing to add up: biases and what is there.
    const float none[TORUS_BF16_SUMS] = {0};
    for (int64_t i = 0; i * BLOCK < g->m; i++)
      for (int64_t j = 0; j * BLOCK < g->n; j++) put(&s, none, i, j);
    return;
  }
  const int64_t all = parts(g->k, STEP), chunk = least(all, CHUNK_STEPS);
  const int64_t threads = torus_in_parallel() ? 1 : torus_threads();
  const bool alone = threads == 1 || g->m * g->n * g->k < 1 << 21;
  s.panels = parts(g->n, BLOCK);
  s.blocks = parts(g->m, BLOCK);
  const int64_t block_bytes = chunk * 2 * TILE * (int64_t)sizeof(uint16_t);
  s.piece_blocks = least(s.blocks, PIECE_BYTES / block_bytes);
  s.pieces = parts(s.blocks, s.piece_blocks);
  s.piece_blocks = parts(s.blocks, s.pieces);
  s.pieces = parts(s.blocks, s.piece_blocks);
  const bool single = s.pieces == 1;
  // As many units as pieces of the pool's work, where rows alone do not give them.
  s.groups = alone ? 1 : least(s.panels, parts(4 * threads, s.pieces));
  const size_t column_bytes = single ? 0 : (size_t)(s.panels * block_bytes);
  const size_t row_bytes = single ? (size_t)(s.blocks * block_bytes) : 0;
  const size_t sum_bytes =
      all > chunk ? (size_t)(s.panels * s.blocks * TORUS_BF16_SUMS) * sizeof(float) : 0;
  s.columns = column_bytes ? torus_alloc(column_bytes) : 0;
  s.rows = row_bytes ? torus_alloc(row_bytes) : 0;
  s.sums = sum_bytes ? torus_alloc(sum_bytes) : 0;
  for (s.first = 0; s.first < all; s.first += chunk) {
    s.steps = least(chunk, all - s.first);
    s.begins = s.first == 0;
    s.ends = s.first + s.steps == all;
    const int64_t packed = single ? s.blocks : s.panels, units = s.pieces * s.groups;
    torus_body pack = single ? rows_body : columns_body;
    torus_parallel_for(packed, alone ? packed : parts(1 << 10, s.steps), pack, &s);
    torus_parallel_for(units, alone ? units : 1, product_body, &s);
  }
  torus_free(s.columns, column_bytes);
  torus_free(s.rows, row_bytes);
  torus_free(s.sums, sum_bytes);
}

// ---- What computes them ----------------------------------------------------------------------

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Whether bfloat16 vectors beat float32 by far. The processors that have them do twice as much with
// them or half as much, so that a quarter decides alike whatever else runs.
static bool vectors_pay(const torus_bf16_kernels *vectors) {
  enum { STEPS = 16, TURNS = 5 };
  const size_t half = STEPS * 2 * TILE * sizeof(uint16_t), wide = BLOCK * STEPS * STEP * sizeof(float);
  uint16_t *a = torus_alloc_zeroed(half), *b = torus_alloc_zeroed(half);
  float *x = torus_alloc_zeroed(wide), *y = torus_alloc_zeroed(wide);
  float *sums = torus_alloc_zeroed(TORUS_BF16_SUMS * sizeof(float));
  const torus_product g = {.m = BLOCK, .n = BLOCK, .k = STEPS * STEP, .lda = STEPS * STEP,
                           .ldb = BLOCK, .ldc = BLOCK, .alpha = 1, .A = x, .B = y, .C = sums};
  const torus_bf16_tiles_at rows = torus_bf16_packed(a, 2), columns = torus_bf16_packed(b, 2);
  double by_vectors = 1, by_floats = 1;
  for (int turn = 0; turn < TURNS; turn++) {
    double start = seconds();
    vectors->block(STEPS, &rows, 2, &columns, 2, false, sums);
    const double spent = seconds() - start;
    if (spent < by_vectors) by_vectors = spent;
    start = seconds();
    torus_product_run(TORUS_F32, &g);
    const double widened = seconds() - start;
    if (widened < by_floats) by_floats = widened;
  }
  torus_free(a, half);
  torus_free(b, half);
  torus_free(x, wide);
  torus_free(y, wide);
  torus_free(sums, TORUS_BF16_SUMS * sizeof(float));
  return by_vectors * 5 < by_floats * 4;
}

static _Atomic int32_t path_in_use = -1;

static const torus_bf16_kernels *kernels_of(torus_bf16_path path) {
  switch (path) {
    case TORUS_BF16_PLAIN: return &torus_bf16_plain;
    case TORUS_BF16_VECTORS: return torus_bf16_vectors();
    case TORUS_BF16_TILES: return torus_bf16_tiles();
    default: return 0;
  }
}

torus_bf16_path torus_bf16_path_used(void) {
  int32_t path = atomic_load_explicit(&path_in_use, memory_order_relaxed);
  if (path >= 0) return (torus_bf16_path)path;
  const torus_bf16_kernels *vectors = torus_bf16_vectors();
  path = torus_bf16_tiles() ? TORUS_BF16_TILES
         : vectors && vectors_pay(vectors) ? TORUS_BF16_VECTORS
                                           : TORUS_BF16_WIDENED;
  int32_t none = -1;
  // Whoever measured first decides for all threads.
  if (!atomic_compare_exchange_strong(&path_in_use, &none, path)) path = none;
  return (torus_bf16_path)path;
}

bool torus_bf16_use(torus_bf16_path path) {
  if (path != TORUS_BF16_WIDENED && !kernels_of(path)) return false;
  atomic_store(&path_in_use, path);
  return true;
}

const torus_bf16_kernels *torus_bf16_engine(void) {
  const torus_bf16_path path = torus_bf16_path_used();
  // Asked for at every product: no system call here.
  static const torus_bf16_kernels *_Atomic found[4];
  if (path == TORUS_BF16_WIDENED) return 0;
  const torus_bf16_kernels *kernels = atomic_load_explicit(&found[path], memory_order_acquire);
  if (!kernels) {
    kernels = kernels_of(path);
    atomic_store_explicit(&found[path], kernels, memory_order_release);
  }
  return kernels;
}
