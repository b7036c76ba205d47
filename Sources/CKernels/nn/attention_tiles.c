// Scaled dot-product attention by tiles: of bfloat16, and of float32 in three parts.
//
// As in attention.c a block of queries meets all keys that it may see, and backward makes the weights
// again. Every operand is packed once, and no product waits for another packing: softmax takes scores as
// the product left them, in tiles, and writes weights as the next product reads them. Backward computes
// scores turned round, keys × queries, since weights are then the rows of dv = Pᵀ·dout and slopes those
// of dk = Sᵀ·q as they are; for dq, which is made as (Kᵀ·Sᵀ)ᵀ, they are columns. Weights and slopes are
// rounded to bfloat16 where that is what is multiplied, as PyTorch rounds them; sums are float32.
#include <math.h>
#include <string.h>

#include "attention_tiles.h"

enum {
  LONG = 128,  // queries and keys from which float32 is faster in parts,
  WIDE = 48,   // and their dimensions
  BLOCK = TORUS_BF16_BLOCK,
  STEP = TORUS_BF16_STEP,
  SUMS = TORUS_BF16_SUMS,
  CHUNK = 128,  // queries that a block of keys meets before dk and dv go back to memory
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t blocks_of(int64_t n) { return (n + BLOCK - 1) / BLOCK; }

typedef struct attention_job {
  const torus_attention *shape, *grads;
  const torus_bf16_kernels *products;
  const torus_attention_kernels *kernels;
  int parts;
  int64_t size;  // bytes of an element
  const char *q, *k, *v, *out, *dout;
  const float *mask, *lse;
  char *to, *dq, *dk, *dv;
  float *to_lse, *dmask;
  int64_t splits;    // of a head's queries
  _Atomic bool failed;  // a float32 result is no finite number
} attention_job;

// An operand packed in blocks of 32 rows or columns, each of all steps of k.
typedef struct packed {
  uint16_t *at;
  size_t bytes;
  int64_t step, block;  // values
} packed;

static packed room_for(const attention_job *j, int64_t n, int64_t k) {
  packed p = {.step = torus_attention_step(j->parts)};
  p.block = blocks_of(k) * p.step;
  p.bytes = (size_t)(blocks_of(n) * p.block) * sizeof(uint16_t);
  p.at = torus_alloc(p.bytes);
  return p;
}

static void drop(packed p) { torus_free(p.at, p.bytes); }

static torus_bf16_tiles_at tiles_at(const attention_job *j, const packed *p, int64_t block, int64_t step) {
  return torus_bf16_packed_parts(p->at + block * p->block + step * p->step, 2, j->parts);
}

// Asks memory for lines of n values, which lie too far apart for the processor to see what comes next.
static void ask(const attention_job *j, const void *from, int64_t ld, int64_t lines, int64_t n) {
  const char *at = from;
  for (int64_t i = 0; i < lines; i++, at += ld * j->size)
    for (int64_t byte = 0; byte < n * j->size; byte += 64) __builtin_prefetch(at + byte, 0, 2);
}

// The same for lines that will be written.
static void ask_to_write(const attention_job *j, void *from, int64_t ld, int64_t lines, int64_t n) {
  char *at = from;
  for (int64_t i = 0; i < lines; i++, at += ld * j->size)
    for (int64_t byte = 0; byte < n * j->size; byte += 64) __builtin_prefetch(at + byte, 1);
}

// Packs n rows, or columns, of k steps. `along` says that each lies as a line of its own.
static void pack(const attention_job *j, const packed *p, bool rows, const void *from, int64_t ld,
                 bool along, int64_t n, int64_t k) {
  const torus_bf16_kernels *e = j->products;
  const bool trans = rows != along;
  for (int64_t i = 0; i < n; i += BLOCK) {
    const char *at = (const char *)from + i * (along ? ld : 1) * j->size;
    uint16_t *to = p->at + i / BLOCK * p->block;
    const int64_t ahead = least(n, i + 3 * BLOCK) - (i + 2 * BLOCK);
    if (along) ask(j, at + 2 * BLOCK * ld * j->size, ld, ahead, k);
    if (j->parts == 1)
      (rows ? e->pack_rows : e->pack_columns)((const uint16_t *)at, ld, trans, least(BLOCK, n - i), k, 2, to);
    else
      (rows ? e->split_rows : e->split_columns)((const float *)at, ld, trans, least(BLOCK, n - i), k, 2, to);
  }
}

static void multiply(const attention_job *j, int64_t steps, torus_bf16_tiles_at rows,
                     torus_bf16_tiles_at columns, bool add, float *sums) {
  (j->parts == 1 ? j->products->block : j->products->split_block)(steps, &rows, 2, &columns, 2, add, sums);
}

// How many keys each of 32 queries from i0 sees, none past the last of `rows`; the most is returned.
static int64_t find_seen(const torus_attention *s, int64_t i0, int64_t rows, int32_t *seen) {
  for (int64_t r = 0; r < BLOCK; r++)
    seen[r] = r >= rows ? 0 : (int32_t)(s->causal ? least(i0 + r + 1, s->keys) : s->keys);
  return seen[rows - 1];
}

static void forward_unit(attention_job *j, int64_t b, int64_t h, int64_t first, int64_t last) {
  const torus_attention *s = j->shape;
  const int64_t kv = h / (s->heads / s->kv_heads), keys = s->causal ? least(s->keys, last) : s->keys;
  const packed q = room_for(j, BLOCK, s->dim), k = room_for(j, keys, s->dim);
  const packed v = room_for(j, s->value_dim, keys), weights = room_for(j, BLOCK, keys);
  const size_t score_bytes = (size_t)(blocks_of(keys) * TORUS_SCORE_BLOCK) * sizeof(float);
  float *scores = torus_alloc(score_bytes), sums[BLOCK], results[SUMS] __attribute__((aligned(64)));
  int32_t seen[BLOCK];
  bool finite = true;
  pack(j, &k, false, torus_at(j->k, b * s->k_batch + kv * s->k_head, j->size), s->k_time, true, keys, s->dim);
  pack(j, &v, false, torus_at(j->v, b * s->v_batch + kv * s->v_head, j->size), s->v_time, false,
       s->value_dim, keys);
  if (j->products->begin) j->products->begin();
  for (int64_t i = first; i < last; i += BLOCK) {
    const int64_t rows = least(BLOCK, last - i), blocks = blocks_of(find_seen(s, i, rows, seen));
    pack(j, &q, true, torus_at(j->q, b * s->q_batch + h * s->q_head + i * s->q_time, j->size), s->q_time,
         true, rows, s->dim);
    const int64_t to = b * s->out_batch + h * s->out_head + i * s->out_time;
    ask(j, torus_at(j->q, b * s->q_batch + h * s->q_head + (i + BLOCK) * s->q_time, j->size), s->q_time,
        least(BLOCK, last - i - BLOCK), s->dim);
    ask_to_write(j, j->to + to * j->size, s->out_time, rows, s->value_dim);
    for (int64_t c = 0; c < blocks; c++)
      multiply(j, blocks_of(s->dim), tiles_at(j, &q, 0, 0), tiles_at(j, &k, c, 0), false, scores + c * TORUS_SCORE_BLOCK);
    const int64_t mask_at = b * s->mask_batch + h * s->mask_head + i * s->mask_query;
    const torus_attention_rows r = {
        .scores = scores, .blocks = blocks, .rows = rows, .seen = seen, .scale = (float)s->scale,
        .mask = j->mask ? j->mask + mask_at : 0, .mask_query = s->mask_query, .mask_key = s->mask_key,
        .parts = j->parts};
    if (rows < BLOCK) memset(weights.at, 0, weights.bytes);
    j->kernels->weigh(&r, weights.at, sums,
                      j->to_lse ? j->to_lse + (b * s->heads + h) * s->queries + i : 0);
    for (int64_t n = 0; n < rows; n++) sums[n] = sums[n] == 0 ? 0 : 1 / sums[n];
    for (int64_t c = 0; c < s->value_dim; c += BLOCK) {
      multiply(j, blocks, tiles_at(j, &weights, 0, 0), tiles_at(j, &v, c / BLOCK, 0), false, results);
      finite &= j->kernels->put_scaled(results, rows, least(BLOCK, s->value_dim - c), sums,
                                       j->to + (to + c) * j->size, s->out_time, j->parts > 1);
    }
  }
  if (j->products->end) j->products->end();
  if (!finite) j->failed = true;
  drop(q);
  drop(k);
  drop(v);
  drop(weights);
  torus_free(scores, score_bytes);
}

static void forward_body(int64_t begin, int64_t end, void *context) {
  attention_job *j = context;
  const torus_attention *s = j->shape;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t part = unit % j->splits, head = unit / j->splits, blocks = blocks_of(s->queries);
    // Whole blocks to each part, so that no sum depends on their number.
    const int64_t first = blocks * part / j->splits * BLOCK;
    const int64_t last = least(s->queries, blocks * (part + 1) / j->splits * BLOCK);
    if (last > first) forward_unit(j, head / s->heads, head % s->heads, first, last);
  }
}

// What backward packs and adds up for a head of keys and values, and for a chunk of queries.
typedef struct backward_rooms {
  packed k, v, k_turned;                        // rows of scores', weights' and dq's products
  packed q_columns, dout_columns, q, dout;      // columns of scores' and weights', dk's and dv's
  packed weights, slopes;                       // rows: a block of keys by the chunk
  packed turned;                                // columns: a block of queries by all keys
  float *scores, *dk, *dv;                      // [block of keys][block of dim][SUMS]
  size_t dk_bytes, dv_bytes;
  int32_t seen[CHUNK];
  float lse[CHUNK], delta[CHUNK];
} backward_rooms;

// Queries i to i + rows of a head: dq, and their share of dk and dv.
static bool backward_chunk(const attention_job *j, backward_rooms *m, int64_t b, int64_t h, int64_t i,
                           int64_t rows) {
  const torus_attention *s = j->shape, *g = j->grads;
  const int64_t row = (b * s->heads + h) * s->queries + i, many = blocks_of(rows);
  const int64_t dims = blocks_of(s->dim), widths = blocks_of(s->value_dim);
  const int64_t shared = s->heads / s->kv_heads, kv = h / shared;
  const bool last = i + rows == s->queries && (h + 1) % shared == 0;
  const char *q = torus_at(j->q, b * s->q_batch + h * s->q_head + i * s->q_time, j->size);
  const int64_t at = b * s->out_batch + h * s->out_head + i * s->out_time;
  const char *out = torus_at(j->out, at, j->size), *dout = torus_at(j->dout, at, j->size);
  pack(j, &m->q_columns, false, q, s->q_time, true, rows, s->dim);
  pack(j, &m->dout_columns, false, dout, s->out_time, true, rows, s->value_dim);
  pack(j, &m->q, false, q, s->q_time, false, s->dim, rows);
  pack(j, &m->dout, false, dout, s->out_time, false, s->value_dim, rows);
  int64_t limits[CHUNK / BLOCK];
  for (int64_t c = 0; c < many; c++)
    limits[c] = find_seen(s, i + c * BLOCK, least(BLOCK, rows - c * BLOCK), m->seen + c * BLOCK);
  for (int64_t r = 0; r < many * BLOCK; r++) {
    const bool there = r < rows;
    m->lse[r] = there && j->lse[row + r] != -INFINITY ? j->lse[row + r] : INFINITY;
    const int64_t line = r * s->out_time * j->size;
    m->delta[r] = there ? j->kernels->dot(out + line, dout + line, s->value_dim, j->parts > 1) : 0;
  }
  float *scores = m->scores, *grads = m->scores + SUMS;
  for (int64_t key = 0; key < limits[many - 1]; key += BLOCK) {
    if (last) {
      const int64_t count = least(BLOCK, s->keys - key), to_k = b * g->k_batch + kv * g->k_head + key * g->k_time;
      const int64_t to_v = b * g->v_batch + kv * g->v_head + key * g->v_time;
      ask_to_write(j, j->dk + to_k * j->size, g->k_time, count, s->dim);
      ask_to_write(j, j->dv + to_v * j->size, g->v_time, count, s->value_dim);
    }
    const int64_t next = least(BLOCK, s->queries - i - CHUNK - key);
    if (key < CHUNK && next > 0) {
      ask(j, q + (CHUNK + key) * s->q_time * j->size, s->q_time, next, s->dim);
      ask(j, dout + (CHUNK + key) * s->out_time * j->size, s->out_time, next, s->value_dim);
      ask(j, out + (CHUNK + key) * s->out_time * j->size, s->out_time, next, s->value_dim);
    }
    int64_t first = 0;  // the first block of queries that sees any of these keys
    while (limits[first] <= key) first++;
    for (int64_t c = first; c < many; c++) {
      multiply(j, dims, tiles_at(j, &m->k, key / BLOCK, 0), tiles_at(j, &m->q_columns, c, 0), false, scores);
      multiply(j, widths, tiles_at(j, &m->v, key / BLOCK, 0), tiles_at(j, &m->dout_columns, c, 0), false,
               grads);
      const int64_t mask_at = b * s->mask_batch + h * s->mask_head + (i + c * BLOCK) * s->mask_query;
      const torus_attention_turned t = {
          .scores = scores, .grads = grads, .key = (int32_t)key, .seen = m->seen + c * BLOCK,
          .lse = m->lse + c * BLOCK, .delta = m->delta + c * BLOCK, .scale = (float)s->scale,
          .mask = j->mask ? j->mask + mask_at + key * s->mask_key : 0, .mask_query = s->mask_query,
          .mask_key = s->mask_key,
          .dmask = j->dmask ? j->dmask + (row + c * BLOCK) * s->keys + key : 0, .dmask_query = s->keys,
          .parts = j->parts};
      j->kernels->weigh_back(&t, m->weights.at + c * m->weights.step, m->slopes.at + c * m->slopes.step,
                             m->turned.at + c * m->turned.block + key / BLOCK * m->turned.step);
    }
    for (int64_t d = 0; d < widths; d++)
      multiply(j, many - first, tiles_at(j, &m->weights, 0, first), tiles_at(j, &m->dout, d, first), true,
               m->dv + (key / BLOCK * widths + d) * SUMS);
    for (int64_t d = 0; d < dims; d++)
      multiply(j, many - first, tiles_at(j, &m->slopes, 0, first), tiles_at(j, &m->q, d, first), true,
               m->dk + (key / BLOCK * dims + d) * SUMS);
  }
  bool finite = true;
  for (int64_t c = 0; c < many; c++) {
    const int64_t to = b * g->q_batch + h * g->q_head + (i + c * BLOCK) * g->q_time;
    ask_to_write(j, j->dq + to * j->size, g->q_time, least(BLOCK, rows - c * BLOCK), s->dim);
    for (int64_t d = 0; d < dims; d++) {
      multiply(j, blocks_of(limits[c]), tiles_at(j, &m->k_turned, d, 0), tiles_at(j, &m->turned, c, 0), false,
               scores);
      finite &= j->kernels->put_turned(scores, least(BLOCK, s->dim - d * BLOCK), least(BLOCK, rows - c * BLOCK),
                                       j->dq + (to + d * BLOCK) * j->size, g->q_time, j->parts > 1);
    }
  }
  return finite;
}

// The sums of dk or dv to where they belong.
static bool put_sums(const attention_job *j, const float *sums, int64_t dim, char *to, int64_t ld) {
  bool finite = true;
  const int64_t keys = j->shape->keys;
  for (int64_t key = 0; key < keys; key += BLOCK) {
    for (int64_t d = 0; d < dim; d += BLOCK, sums += SUMS) {
      const torus_bf16_target target = {.alpha = 1, .c = to + (key * ld + d) * j->size, .ldc = ld,
                                        .wide = j->parts > 1};
      if (j->parts > 1) finite &= j->products->finite(sums, 2, 2);
      j->products->put(&target, sums, least(BLOCK, keys - key), least(BLOCK, dim - d));
    }
  }
  return finite;
}

static void backward_body(int64_t begin, int64_t end, void *context) {
  attention_job *j = context;
  const torus_attention *s = j->shape, *g = j->grads;
  const int64_t keys = s->keys, dim = s->dim, width = s->value_dim, queries = least(CHUNK, s->queries);
  const int64_t shared = s->heads / s->kv_heads, blocks = blocks_of(keys);
  backward_rooms m = {
      .k = room_for(j, keys, dim), .v = room_for(j, keys, width), .k_turned = room_for(j, dim, keys),
      .q_columns = room_for(j, queries, dim), .dout_columns = room_for(j, queries, width),
      .q = room_for(j, dim, queries), .dout = room_for(j, width, queries),
      .weights = room_for(j, BLOCK, queries), .slopes = room_for(j, BLOCK, queries),
      .turned = room_for(j, queries, keys),
      .dk_bytes = (size_t)(blocks * blocks_of(dim) * SUMS) * sizeof(float),
      .dv_bytes = (size_t)(blocks * blocks_of(width) * SUMS) * sizeof(float)};
  m.scores = torus_alloc(2 * SUMS * sizeof(float));
  m.dk = torus_alloc(m.dk_bytes);
  m.dv = torus_alloc(m.dv_bytes);
  bool finite = true;
  if (j->products->begin) j->products->begin();
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t b = unit / s->kv_heads, kv = unit % s->kv_heads;
    const void *k = torus_at(j->k, b * s->k_batch + kv * s->k_head, j->size);
    const void *v = torus_at(j->v, b * s->v_batch + kv * s->v_head, j->size);
    pack(j, &m.k, true, k, s->k_time, true, keys, dim);
    pack(j, &m.v, true, v, s->v_time, true, keys, width);
    pack(j, &m.k_turned, true, k, s->k_time, false, dim, keys);
    memset(m.dk, 0, m.dk_bytes);
    memset(m.dv, 0, m.dv_bytes);
    for (int64_t h = kv * shared; h < (kv + 1) * shared; h++)
      for (int64_t i = 0; i < s->queries; i += CHUNK)
        finite &= backward_chunk(j, &m, b, h, i, least(CHUNK, s->queries - i));
    finite &= put_sums(j, m.dk, dim, torus_at(j->dk, b * g->k_batch + kv * g->k_head, j->size), g->k_time);
    finite &= put_sums(j, m.dv, width, torus_at(j->dv, b * g->v_batch + kv * g->v_head, j->size), g->v_time);
  }
  if (j->products->end) j->products->end();
  if (!finite) j->failed = true;
  const packed all[] = {m.k, m.v, m.k_turned, m.q_columns, m.dout_columns, m.q, m.dout, m.weights, m.slopes,
                        m.turned};
  for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) drop(all[i]);
  torus_free(m.scores, 2 * SUMS * sizeof(float));
  torus_free(m.dk, m.dk_bytes);
  torus_free(m.dv, m.dv_bytes);
}

// ---- Choice ----------------------------------------------------------------------------------

static const torus_bf16_kernels *engine(torus_dtype dtype) {
  return dtype == TORUS_BF16 ? torus_bf16_engine() : dtype == TORUS_F32 ? torus_split_engine() : 0;
}

bool torus_attention_by_tiles(torus_dtype dtype, const torus_attention *s) {
  if (s->keys <= 0 || s->dim <= 0 || s->value_dim <= 0 || s->keys > INT32_MAX) return false;
  if (dtype == TORUS_BF16) return s->queries >= 8 && engine(dtype);
  return dtype == TORUS_F32 && least(s->queries, s->keys) >= LONG && least(s->dim, s->value_dim) >= WIDE &&
         engine(dtype);
}

static attention_job job_of(torus_dtype dtype, const torus_attention *s) {
  const torus_bf16_kernels *products = engine(dtype);
  return (attention_job){
      .shape = s, .products = products, .parts = dtype == TORUS_BF16 ? 1 : TORUS_BF16_PARTS,
      .kernels = products == &torus_bf16_plain ? &torus_attention_plain : torus_attention_vectors(),
      .size = dtype == TORUS_BF16 ? 2 : 4, .splits = 1};
}

bool torus_attention_tiles_forward(torus_dtype dtype, const torus_attention *s, const void *q,
                                   const void *k, const void *v, const float *mask, void *out,
                                   float *lse) {
  attention_job j = job_of(dtype, s);
  j.q = q, j.k = k, j.v = v, j.mask = mask, j.to = out, j.to_lse = lse;
  const int64_t heads = s->batch * s->heads, blocks = blocks_of(s->queries);
  // Few heads are split, a good number of blocks to each part: keys are packed for every one.
  if (heads < torus_threads()) j.splits = torus_max(1, least(blocks / 4, torus_threads() / heads));
  const int64_t work = s->queries * (s->keys + 1) * (s->dim + s->value_dim) / j.splits;
  torus_parallel_for(heads * j.splits, (1 << 19) / (work + 1) + 1, forward_body, &j);
  return j.parts == 1 || !j.failed;
}

bool torus_attention_tiles_backward(torus_dtype dtype, const torus_attention *s,
                                    const torus_attention *grads, const void *q, const void *k,
                                    const void *v, const float *mask, const void *out,
                                    const float *lse, const void *dout, void *dq, void *dk, void *dv,
                                    float *dmask) {
  attention_job j = job_of(dtype, s);
  j.grads = grads, j.q = q, j.k = k, j.v = v, j.mask = mask, j.out = out, j.lse = lse, j.dout = dout;
  j.dq = dq, j.dk = dk, j.dv = dv, j.dmask = dmask;
  if (dmask)
    memset(dmask, 0, (size_t)(s->batch * s->heads * s->queries * s->keys) * sizeof(float));
  const int64_t work = s->queries * (s->keys + 1) * (s->dim + s->value_dim);
  torus_parallel_for(s->batch * s->kv_heads, (1 << 18) / (work + 1) + 1, backward_body, &j);
  return j.parts == 1 || !j.failed;
}
