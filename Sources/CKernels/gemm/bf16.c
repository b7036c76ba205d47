// Products of bfloat16 matrices, and of float32 ones in three parts, over blocks, and the choice of what
// computes them.
//
// One operand is packed first, the *stream*; the other, the *held* one, is taken block by block, and
// passes by the stream's blocks with a run of k that stays in the first cache, while the stream comes
// from the second: a group of its blocks has room there. Rows are held, and read where they lie if their
// tiles are whole, unless the columns are the longer side.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bf16.h"
#include "torus_gemm.h"

enum {
  EDGE = TORUS_BF16_EDGE,
  STEP = TORUS_BF16_STEP,
  TILE = TORUS_BF16_TILE,
  BLOCK = TORUS_BF16_BLOCK,
  PARTS = TORUS_BF16_PARTS,
  RUN_STEPS = 16,           // a held run of 512 steps of k: 32 KiB
  SPLIT_RUN_STEPS = 6,      // the same in parts: 36 KiB
  CHUNK_STEPS = 64,         // steps between which sums leave for memory: 2048 of k
  SPLIT_CHUNK_STEPS = 12,   // the same in parts: 384 of k
  ABREAST = 8,              // blocks that are packed together
  GROUP_BYTES = 1 << 20,    // of the stream's blocks
  SLICE_BYTES = 8 << 20,    // of it, packed at a time
  SUM_BYTES = 16 << 20,     // that wait between chunks
  LONG_ROWS = 4096,         // of C
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t parts(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }
static int tiles(int64_t n) { return n > EDGE ? 2 : 1; }

typedef struct job {
  const torus_product *g;
  const torus_bf16_kernels *kernels;
  bool wide;
  int parts;                   // of a value: of float32 operands three
  bool rows_held;              // else the columns are
  int64_t held, stream;        // blocks of 32 rows or columns
  int64_t group, groups;       // of the stream's blocks
  // The chunk of k under way, and the slice of the stream.
  int64_t first, steps;
  bool begins, ends;
  int64_t from, to;
  int64_t held_from, held_to;  // the held blocks under way
  uint16_t *packed;  // the slice's blocks
  float *sums;  // [held under way][stream][TORUS_BF16_SUMS] from chunk to chunk; NULL for a single one
} job;

static int64_t chunk_k(const job *s) { return least(s->steps * STEP, s->g->k - s->first * STEP); }

// Values that a block of the chunk takes, packed.
static int64_t block_values(const job *s) { return s->steps * 2 * TILE * s->parts; }

// Packs steps `from` to `to` of a block of columns, or of rows.
static void pack_steps(const job *s, bool rows, int64_t block, int64_t from, int64_t to, uint16_t *out) {
  const torus_product *g = s->g;
  const torus_bf16_kernels *kernels = s->kernels;
  const int64_t at = block * BLOCK, n = least(BLOCK, (rows ? g->m : g->n) - at);
  const int64_t p = (s->first + from) * STEP, k = least((to - from) * STEP, g->k - p);
  const int64_t ld = rows ? g->lda : g->ldb;
  const bool trans = rows ? g->transA : g->transB;
  const int64_t begin = rows == trans ? p * ld + at : at * ld + p;
  out += from * tiles(n) * s->parts * TILE;
  if (s->parts == 1)
    (rows ? kernels->pack_rows : kernels->pack_columns)((const uint16_t *)(rows ? g->A : g->B) + begin,
                                                        ld, trans, n, k, tiles(n), out);
  else
    (rows ? kernels->split_rows : kernels->split_columns)((const float *)(rows ? g->A : g->B) + begin,
                                                          ld, trans, n, k, tiles(n), out);
}

// Packs blocks; those of which every step is a line of its own side by side, so that lines are read on.
static void pack(const job *s, bool rows, int64_t block, int64_t count, uint16_t *out) {
  const bool across = rows == (rows ? s->g->transA : s->g->transB);
  const int64_t step = across ? 1 : s->steps;
  for (int64_t p = 0; p < s->steps; p += step)
    for (int64_t i = 0; i < count; i++)
      pack_steps(s, rows, block + i, p, p + step, out + i * block_values(s));
}

static void stream_body(int64_t begin, int64_t end, void *context) {
  const job *s = context;
  for (int64_t i = begin; i < end; i += ABREAST)
    pack(s, !s->rows_held, s->from + i, least(ABREAST, end - i), s->packed + i * block_values(s));
}

// A block of a float32 product as float32 multiplies it.
static void compute_again(const torus_product *g, int64_t i, int64_t j) {
  const torus_gemm_level *engine = torus_gemm_engine(TORUS_F32);
  torus_product part = *g;
  part.m = least(BLOCK, g->m - i);
  part.n = least(BLOCK, g->n - j);
  part.A = (const float *)g->A + (g->transA ? i : i * g->lda);
  part.B = (const float *)g->B + (g->transB ? j * g->ldb : j);
  part.C = (float *)g->C + i * g->ldc + j;
  if (g->row_bias) part.row_bias = (const float *)g->row_bias + i;
  if (g->col_bias) part.col_bias = (const float *)g->col_bias + j;
  part.plan = engine->plan(g);
  engine->product(&part);
}

static void put(const job *s, const float *sums, int64_t row_block, int64_t column_block) {
  const torus_product *g = s->g;
  const int64_t i = row_block * BLOCK, j = column_block * BLOCK;
  if (s->parts > 1 && !s->kernels->finite(sums, tiles(g->m - i), tiles(g->n - j))) {
    compute_again(g, i, j);
    return;
  }
  const torus_bf16_target to = {
      .alpha = (float)g->alpha, .beta = (float)g->beta, .ldc = g->ldc, .wide = s->wide,
      .row_bias = g->row_bias ? (const float *)g->row_bias + i : 0,
      .col_bias = g->col_bias ? (const float *)g->col_bias + j : 0,
      .c = (char *)g->C + (i * g->ldc + j) * (s->wide ? 4 : 2)};
  s->kernels->put(&to, sums, least(BLOCK, g->m - i), least(BLOCK, g->n - j));
}

// Asks for a block's place in C, which is far from the last one's, while its sums are computed.
static void expect(const job *s, int64_t row_block, int64_t column_block) {
  const torus_product *g = s->g;
  const int64_t i = row_block * BLOCK, m = least(BLOCK, g->m - i), size = s->wide ? 4 : 2;
  const char *c = (const char *)g->C + (i * g->ldc + column_block * BLOCK) * size;
  for (int64_t r = 0; r < m; r++, c += g->ldc * size) {
    __builtin_prefetch(c, 1);
    if (s->wide) __builtin_prefetch(c + 64, 1);
  }
}

// Whether a block's rows are read where they lie: whole tiles that run along k.
static bool lie_ready(const job *s, int64_t block) {
  const torus_product *g = s->g;
  return s->rows_held && s->parts == 1 && s->kernels->rows_lie && !g->transA &&
         (block + 1) * BLOCK <= g->m && chunk_k(s) == s->steps * STEP;
}

// The tiles of a block from a step of the chunk on, of which `packed` holds all.
static torus_bf16_tiles_at tiles_from(const job *s, const uint16_t *packed, int tiles, int64_t step) {
  return torus_bf16_packed_parts(packed + step * tiles * s->parts * TILE, tiles, s->parts);
}

static torus_bf16_tiles_at rows_from(const job *s, int64_t block, int64_t step) {
  const torus_product *g = s->g;
  return (torus_bf16_tiles_at){
      .base = (const uint16_t *)g->A + block * BLOCK * g->lda + (s->first + step) * STEP,
      .step = STEP, .tile = EDGE * g->lda, .line = g->lda};
}

// A held block passes by a group of the stream's. `packed` is NULL where its rows are read where they lie.
static void pass(const job *s, int64_t held, const uint16_t *packed, int64_t from, int64_t to, float *room) {
  const torus_product *g = s->g;
  const int64_t run = s->parts == 1 ? RUN_STEPS : SPLIT_RUN_STEPS;
  const int held_tiles = tiles((s->rows_held ? g->m : g->n) - held * BLOCK);
  for (int64_t p = 0; p < s->steps; p += run) {
    const int64_t steps = least(run, s->steps - p);
    const bool add = p > 0 || !s->begins, last = s->ends && p + steps == s->steps;
    const torus_bf16_tiles_at mine = packed ? tiles_from(s, packed, held_tiles, p) : rows_from(s, held, p);
    for (int64_t i = from; i < to; i++) {
      const int64_t row = s->rows_held ? held : i, column = s->rows_held ? i : held;
      const int stream_tiles = tiles((s->rows_held ? g->n : g->m) - i * BLOCK);
      torus_bf16_tiles_at passed = tiles_from(s, s->packed + (i - s->from) * block_values(s), stream_tiles, p);
      passed.streams = true;
      // Sums that stay for a next run or chunk have a place of their own.
      float *sums = s->sums ? s->sums + ((held - s->held_from) * s->stream + i) * TORUS_BF16_SUMS
                            : room + (s->steps > run ? i - from : 0) * TORUS_BF16_SUMS;
      if (last) expect(s, row, column);
      (s->parts == 1 ? s->kernels->block : s->kernels->split_block)(
          steps, s->rows_held ? &mine : &passed, s->rows_held ? held_tiles : stream_tiles,
          s->rows_held ? &passed : &mine, s->rows_held ? stream_tiles : held_tiles, add, sums);
      if (last) put(s, sums, row, column);
    }
  }
}

static void product_body(int64_t begin, int64_t end, void *context) {
  const job *s = context;
  const size_t own_bytes = (size_t)(ABREAST * block_values(s)) * sizeof(uint16_t);
  const size_t room_bytes = s->sums ? 0 : (size_t)(s->group * TORUS_BF16_SUMS) * sizeof(float);
  uint16_t *own = torus_alloc(own_bytes);
  float *room = room_bytes ? torus_alloc(room_bytes) : 0;
  if (s->kernels->begin) s->kernels->begin();
  int64_t first = -1, last = -1;  // the units whose blocks are packed
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t many = s->held_to - s->held_from;
    const int64_t group = unit / many, held = s->held_from + unit % many;
    const bool ready = lie_ready(s, held);
    if (!ready && unit > last) {
      const int64_t count = least(ABREAST, least(end - unit, s->held_to - held));
      pack(s, s->rows_held, held, count, own);
      first = unit;
      last = unit + count - 1;
    }
    const int64_t from = s->from + group * s->group, to = least(s->to, from + s->group);
    pass(s, held, ready ? 0 : own + (unit - first) * block_values(s), from, to, room);
  }
  if (s->kernels->end) s->kernels->end();
  torus_free(own, own_bytes);
  torus_free(room, room_bytes);
}

static void run(job s) {
  const torus_product *g = s.g;
  const int64_t all = parts(g->k, STEP);
  const int64_t chunk = least(all, s.parts == 1 ? CHUNK_STEPS : SPLIT_CHUNK_STEPS);
  const int64_t threads = torus_in_parallel() ? 1 : torus_threads();
  const bool alone = threads == 1 || g->m * g->n * g->k < 1 << 21;
  // Going down the columns of a C with long rows would meet another page at every row.
  s.rows_held = g->m * 2 >= g->n || g->n > LONG_ROWS;
  s.held = parts(s.rows_held ? g->m : g->n, BLOCK);
  s.stream = parts(s.rows_held ? g->n : g->m, BLOCK);
  s.steps = chunk;
  const int64_t block_bytes = block_values(&s) * (int64_t)sizeof(uint16_t);
  const int64_t slice = least(s.stream, SLICE_BYTES / block_bytes);
  s.group = least(slice, GROUP_BYTES / block_bytes);
  // As many units as pieces of the pool's work, where held blocks alone do not give them.
  if (!alone) s.group = least(s.group, parts(slice, parts(4 * threads, s.held)));
  const size_t packed_bytes = (size_t)(slice * block_bytes);
  // Sums that wait for the next chunk of k are as large as C: so many blocks at a time.
  const int64_t line_bytes = s.stream * TORUS_BF16_SUMS * (int64_t)sizeof(float);
  const int64_t many = all > chunk ? least(s.held, parts(SUM_BYTES, line_bytes)) : s.held;
  const size_t sum_bytes = all > chunk ? (size_t)(many * line_bytes) : 0;
  s.packed = torus_alloc(packed_bytes);
  s.sums = sum_bytes ? torus_alloc(sum_bytes) : 0;
  for (s.held_from = 0; s.held_from < s.held; s.held_from += many) {
    s.held_to = least(s.held, s.held_from + many);
    for (s.first = 0; s.first < all; s.first += chunk) {
      s.steps = least(chunk, all - s.first);
      s.begins = s.first == 0;
      s.ends = s.first + s.steps == all;
      for (s.from = 0; s.from < s.stream; s.from += slice) {
        s.to = least(s.stream, s.from + slice);
        s.groups = parts(s.to - s.from, s.group);
        const int64_t blocks = s.to - s.from, units = (s.held_to - s.held_from) * s.groups;
        torus_parallel_for(blocks, alone ? blocks : parts(1 << 10, s.steps), stream_body, &s);
        torus_parallel_for(units, alone ? units : 1, product_body, &s);
      }
    }
  }
  torus_free(s.packed, packed_bytes);
  torus_free(s.sums, sum_bytes);
}

void torus_bf16_product(const torus_product *g, bool wide) {
  if (g->m <= 0 || g->n <= 0) return;
  const torus_bf16_kernels *kernels = torus_bf16_engine();
  const job s = {.g = g, .kernels = kernels ? kernels : &torus_bf16_plain, .wide = wide, .parts = 1};
  if (g->k > 0) {
    run(s);
    return;
  }
  // Nothing to add up: biases and what is there.
  const float none[TORUS_BF16_SUMS] = {0};
  for (int64_t i = 0; i * BLOCK < g->m; i++)
    for (int64_t j = 0; j * BLOCK < g->n; j++) put(&s, none, i, j);
}

// Packing has to be earned back: with a single block of rows or columns it was not, or by less than is
// lost where tiles are slow (docs/mixed-precision.md).
bool torus_split_fits(const torus_product *g) {
  return !g->plan && g->m >= 2 * BLOCK && g->n >= 2 * BLOCK && g->k >= BLOCK &&
         g->m * g->n * g->k >= 128 * 128 * 64 && torus_split_engine();
}

void torus_split_product(const torus_product *g) {
  run((job){.g = g, .kernels = torus_split_engine(), .wide = true, .parts = PARTS});
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

// ---- The same of float32 in parts ------------------------------------------------------------

static _Atomic int32_t split_path = -1;

torus_bf16_path torus_split_path_used(void) {
  int32_t path = atomic_load_explicit(&split_path, memory_order_relaxed);
  if (path < 0) {
    const char *asked = getenv("TORUS_FLOAT32_TILES");
    const bool forbidden = asked && strcmp(asked, "0") == 0;
    path = !forbidden && torus_bf16_tiles() ? TORUS_BF16_TILES : TORUS_BF16_WIDENED;
    atomic_store(&split_path, path);
  }
  // Who chose the kernels of a lesser instruction set wants what these compute.
  const bool lesser = path == TORUS_BF16_TILES && torus_current_level() != TORUS_V4;
  return lesser ? TORUS_BF16_WIDENED : (torus_bf16_path)path;
}

bool torus_split_use(torus_bf16_path path) {
  if (path == TORUS_BF16_VECTORS || (path == TORUS_BF16_TILES && !torus_bf16_tiles())) return false;
  atomic_store(&split_path, path);
  return true;
}

const torus_bf16_kernels *torus_split_engine(void) {
  switch (torus_split_path_used()) {
    case TORUS_BF16_PLAIN: return &torus_bf16_plain;
    case TORUS_BF16_TILES: return torus_bf16_tiles_granted();
    default: return 0;
  }
}
