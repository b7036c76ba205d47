// Scaled dot-product attention, forward and backward.
//
// A block of queries meets all the keys it may see at once: scores, softmax and the product with
// the values stay in the second cache, and nothing of size queries × keys is kept. Backward makes
// the probabilities again from the saved log-sum-exps (Dao et al., "FlashAttention", 2022). All
// products are tiles of the product engine, on operands where they lie wherever their last
// dimension is made of whole vectors.
#include <math.h>
#include <string.h>

#include "attention_strided.h"
#include "attention_tiles.h"

#define KERNELS "../nn/attention_kernels.h"
#include "../core/each_real.h"

// Queries of a block: four full tiles.
enum { BLOCK = 56 };

static int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Rows of `n` elements at `step`, as they lie or copied to whole vectors.
typedef struct operand {
  char *at;
  int64_t step;
  void *copy;
  size_t bytes;
} operand;

static operand take(const void *from, int64_t rows, int64_t n, int64_t step, int64_t whole,
                    int64_t size) {
  if (n == whole) return (operand){(char *)from, step, 0, 0};
  operand o = {.step = whole, .bytes = (size_t)(rows * whole * size)};
  o.at = o.copy = torus_alloc(o.bytes);
  for (int64_t r = 0; r < rows; r++) {
    memcpy(o.at + r * whole * size, (const char *)from + r * step * size, (size_t)(n * size));
    memset(o.at + (r * whole + n) * size, 0, (size_t)((whole - n) * size));
  }
  return o;
}

static void drop(operand *o) {
  if (o->copy) torus_free(o->copy, o->bytes);
}

// Rows of a result, gathered in a copy where their width is no whole number of vectors.
static void put_back(const operand *o, void *to, int64_t rows, int64_t n, int64_t step,
                     int64_t size) {
  if (!o->copy) return;
  for (int64_t r = 0; r < rows; r++)
    memcpy((char *)to + r * step * size, o->at + r * o->step * size, (size_t)(n * size));
}

// c (m × n) = alpha·a·b + beta·c in tiles; b_panels is the distance between panels of columns.
static void multiply(const torus_gemm_level *e, torus_tile *t, int64_t m, int64_t n, const char *a,
                     int64_t a_row, const char *b, int64_t b_panels, char *c, int64_t ldc) {
  const int64_t size = e->bytes, lanes = e->cols / 2, tiles = (m + e->rows - 1) / e->rows;
  if (m <= 0) return;
  const int64_t tall = (m + tiles - 1) / tiles;
  for (int64_t i = 0; i < m; i += tall)
    for (int64_t j = 0; j < n; j += e->cols)
      e->tile((int)torus_min(tall, m - i), n - j > lanes ? 2 : 1, t, a + i * a_row * size,
              b + j / e->cols * b_panels * size, c + (i * ldc + j) * size, ldc);
}

typedef struct attention_job {
  torus_dtype dtype;
  const torus_attention *shape, *grads;
  const torus_gemm_level *engine;
  const char *q, *k, *v, *mask, *out, *dout;
  const char *lse;
  char *to, *to_lse, *dq, *dk, *dv, *dmask;
  int64_t parts;  // into which a head's queries are split
} attention_job;

// Panels of columns of the transpose of rows [n, dim]: what scores are computed against.
static void pack_panels(const torus_gemm_level *e, const void *rows, int64_t step, int64_t n,
                        int64_t dim, char *panels) {
  for (int64_t j = 0; j < n; j += e->cols)
    e->pack_cols(torus_at(rows, j * step, e->bytes), step, true, torus_min(e->cols, n - j), dim,
                 panels + j * dim * e->bytes);
}

// How many keys each of `rows` queries from i0 sees; the most of them is returned.
static int64_t find_seen(const torus_attention *s, int64_t i0, int64_t rows, int64_t *seen) {
  int64_t most = 0;
  for (int64_t r = 0; r < rows; r++) {
    seen[r] = s->causal ? torus_min(i0 + r + 1, s->keys) : s->keys;
    most = torus_max(most, seen[r]);
  }
  return most;
}

// Scores of a block, tile row by tile row, each only against the keys that its last query sees.
static void score(const attention_job *j, const char *q, int64_t q_time, const char *panels,
                  const int64_t *seen, int64_t rows, char *scores, int64_t ld, int64_t dim,
                  double scale) {
  const torus_gemm_level *e = j->engine;
  const int64_t tiles = (rows + e->rows - 1) / e->rows, tall = (rows + tiles - 1) / tiles;
  torus_tile t = {.taps = 1, .k = dim, .a_row = q_time, .a_step = 1, .b_step = e->cols,
                  .alpha = scale};
  for (int64_t i = 0; i < rows; i += tall) {
    const int64_t m = torus_min(tall, rows - i);
    multiply(e, &t, m, up(seen[i + m - 1], e->cols), q + i * q_time * e->bytes, q_time, panels,
             e->cols * dim, scores + i * ld * e->bytes, ld);
  }
}

static void forward_unit(const attention_job *j, int64_t b, int64_t h, int64_t first,
                         int64_t last) {
  const torus_attention *s = j->shape;
  const torus_gemm_level *e = j->engine;
  const int64_t size = e->bytes, lanes = e->cols / 2, kv = h / (s->heads / s->kv_heads);
  const int64_t whole = up(s->value_dim, lanes);
  const int64_t keys = s->causal ? torus_min(s->keys, last) : s->keys, ld = up(keys, e->cols);
  const void *k = torus_at(j->k, b * s->k_batch + kv * s->k_head, size);
  operand v = take(torus_at(j->v, b * s->v_batch + kv * s->v_head, size), keys, s->value_dim,
                   s->v_time, whole, size);
  const size_t panel_bytes = (size_t)(ld * s->dim * size);
  const size_t score_bytes = (size_t)(BLOCK * ld * size);
  const size_t out_bytes = (size_t)(BLOCK * whole * size);
  char *panels = torus_alloc(panel_bytes), *scores = torus_alloc(score_bytes);
  char *local = whole == s->value_dim ? 0 : torus_alloc(out_bytes);
  double sums[BLOCK];
  int64_t seen[BLOCK];
  pack_panels(e, k, s->k_time, keys, s->dim, panels);
  const int64_t count = last - first, blocks = (count + BLOCK - 1) / BLOCK;
  const int64_t block = (count + blocks - 1) / blocks;
  for (int64_t i = first; i < last; i += block) {
    const int64_t rows = torus_min(block, last - i), limit = find_seen(s, i, rows, seen);
    const char *q = torus_at(j->q, b * s->q_batch + h * s->q_head + i * s->q_time, size);
    score(j, q, s->q_time, panels, seen, rows, scores, ld, s->dim, s->scale);
    const int64_t mask_at = b * s->mask_batch + h * s->mask_head + i * s->mask_query;
    const int64_t row = (b * s->heads + h) * s->queries + i;
    RUN(j->dtype, attend_rows, (void *)scores, ld, rows, limit, seen,
        torus_at(j->mask, mask_at, size), s->mask_query, s->mask_key, (void *)sums,
        torus_at(j->to_lse, row, size));
    char *to = torus_at(j->to, b * s->out_batch + h * s->out_head + i * s->out_time, size);
    char *out = local ? local : to;
    const int64_t out_ld = local ? whole : s->out_time;
    torus_tile t = {.taps = 1, .k = limit, .a_row = ld, .a_step = 1, .b_step = v.step, .alpha = 1};
    multiply(e, &t, rows, whole, scores, ld, v.at, e->cols, out, out_ld);
    RUN(j->dtype, divide_rows, (void *)out, out_ld, rows, s->value_dim, (void *)sums);
    if (local)
      for (int64_t r = 0; r < rows; r++)
        memcpy(to + r * s->out_time * size, local + r * whole * size,
               (size_t)(s->value_dim * size));
  }
  drop(&v);
  torus_free(panels, panel_bytes);
  torus_free(scores, score_bytes);
  if (local) torus_free(local, out_bytes);
}

static void forward_body(int64_t begin, int64_t end, void *context) {
  const attention_job *j = context;
  const torus_attention *s = j->shape;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t part = unit % j->parts, head = unit / j->parts;
    const int64_t first = s->queries * part / j->parts, last = s->queries * (part + 1) / j->parts;
    if (last > first) forward_unit(j, head / s->heads, head % s->heads, first, last);
  }
}

// One query head of one batch item; its share of dk and dv is added to what is there.
static void backward_head(const attention_job *j, int64_t b, int64_t h, const operand *k,
                          const char *k_panels, const char *v_panels, const operand *dk,
                          const operand *dv) {
  const torus_attention *s = j->shape, *g = j->grads;
  const torus_gemm_level *e = j->engine;
  const int64_t size = e->bytes, lanes = e->cols / 2, ld = up(s->keys, e->cols);
  const int64_t whole = up(s->dim, lanes), value_whole = up(s->value_dim, lanes);
  operand q = take(torus_at(j->q, b * s->q_batch + h * s->q_head, size), s->queries, s->dim,
                   s->q_time, whole, size);
  operand dout = take(torus_at(j->dout, b * s->out_batch + h * s->out_head, size), s->queries,
                      s->value_dim, s->out_time, value_whole, size);
  const char *out = torus_at(j->out, b * s->out_batch + h * s->out_head, size);
  const size_t score_bytes = (size_t)(BLOCK * ld * size), dq_bytes = (size_t)(BLOCK * whole * size);
  char *scores = torus_alloc(score_bytes), *grads = torus_alloc(score_bytes);
  char *local = whole == s->dim ? 0 : torus_alloc(dq_bytes);
  double delta[BLOCK];
  int64_t seen[BLOCK];
  const int64_t blocks = (s->queries + BLOCK - 1) / BLOCK;
  const int64_t block = (s->queries + blocks - 1) / blocks;
  for (int64_t i = 0; i < s->queries; i += block) {
    const int64_t rows = torus_min(block, s->queries - i), limit = find_seen(s, i, rows, seen);
    const int64_t row = (b * s->heads + h) * s->queries + i;
    const char *qi = q.at + i * q.step * size, *gi = dout.at + i * dout.step * size;
    RUN(j->dtype, row_dots, torus_at(out, i * s->out_time, size), s->out_time, (const void *)gi,
        dout.step, rows, s->value_dim, (void *)delta);
    score(j, qi, q.step, k_panels, seen, rows, scores, ld, s->dim, s->scale);
    score(j, gi, dout.step, v_panels, seen, rows, grads, ld, s->value_dim, 1);
    const int64_t mask_at = b * s->mask_batch + h * s->mask_head + i * s->mask_query;
    RUN(j->dtype, attend_rows_back, (void *)scores, (void *)grads, ld, rows, limit, seen,
        torus_at(j->mask, mask_at, size), s->mask_query, s->mask_key,
        torus_at(j->lse, row, size), (const void *)delta, s->scale,
        torus_at(j->dmask, row * s->keys, size), s->keys);
    char *dq = torus_at(j->dq, b * g->q_batch + h * g->q_head + i * g->q_time, size);
    torus_tile t = {.taps = 1, .k = limit, .a_row = ld, .a_step = 1, .b_step = k->step, .alpha = 1};
    multiply(e, &t, rows, whole, grads, ld, k->at, e->cols, local ? local : dq,
             local ? whole : g->q_time);
    if (local)
      for (int64_t r = 0; r < rows; r++)
        memcpy(dq + r * g->q_time * size, local + r * whole * size, (size_t)(s->dim * size));
    // Transposed: keys are the rows, and run along each row of the block.
    t = (torus_tile){.taps = 1, .k = rows, .a_row = 1, .a_step = ld, .alpha = 1, .beta = 1};
    t.b_step = q.step;
    multiply(e, &t, limit, whole, grads, 1, qi, e->cols, dk->at, dk->step);
    t.b_step = dout.step;
    multiply(e, &t, limit, value_whole, scores, 1, gi, e->cols, dv->at, dv->step);
  }
  drop(&q);
  drop(&dout);
  torus_free(scores, score_bytes);
  torus_free(grads, score_bytes);
  if (local) torus_free(local, dq_bytes);
}

// Zeroed rows for sums: in place, or a copy of whole vectors.
static operand sums(void *to, int64_t rows, int64_t n, int64_t step, int64_t whole, int64_t size) {
  operand o = {.at = to, .step = step};
  if (n != whole) {
    o.bytes = (size_t)(rows * whole * size);
    o.step = whole;
    o.at = o.copy = torus_alloc(o.bytes);
  }
  for (int64_t r = 0; r < rows; r++) memset(o.at + r * o.step * size, 0, (size_t)(whole * size));
  return o;
}

static void backward_body(int64_t begin, int64_t end, void *context) {
  const attention_job *j = context;
  const torus_attention *s = j->shape, *g = j->grads;
  const torus_gemm_level *e = j->engine;
  const int64_t size = e->bytes, lanes = e->cols / 2, ld = up(s->keys, e->cols);
  const int64_t whole = up(s->dim, lanes), value_whole = up(s->value_dim, lanes);
  const size_t k_bytes = (size_t)(ld * s->dim * size), v_bytes = (size_t)(ld * s->value_dim * size);
  char *k_panels = torus_alloc(k_bytes), *v_panels = torus_alloc(v_bytes);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t b = unit / s->kv_heads, kv = unit % s->kv_heads;
    const void *from_k = torus_at(j->k, b * s->k_batch + kv * s->k_head, size);
    const void *from_v = torus_at(j->v, b * s->v_batch + kv * s->v_head, size);
    void *to_k = torus_at(j->dk, b * g->k_batch + kv * g->k_head, size);
    void *to_v = torus_at(j->dv, b * g->v_batch + kv * g->v_head, size);
    operand k = take(from_k, s->keys, s->dim, s->k_time, whole, size);
    operand dk = sums(to_k, s->keys, s->dim, g->k_time, whole, size);
    operand dv = sums(to_v, s->keys, s->value_dim, g->v_time, value_whole, size);
    pack_panels(e, from_k, s->k_time, s->keys, s->dim, k_panels);
    pack_panels(e, from_v, s->v_time, s->keys, s->value_dim, v_panels);
    const int64_t shared = s->heads / s->kv_heads;
    for (int64_t h = kv * shared; h < (kv + 1) * shared; h++)
      backward_head(j, b, h, &k, k_panels, v_panels, &dk, &dv);
    put_back(&dk, to_k, s->keys, s->dim, g->k_time, size);
    put_back(&dv, to_v, s->keys, s->value_dim, g->v_time, size);
    drop(&k);
    drop(&dk);
    drop(&dv);
  }
  torus_free(k_panels, k_bytes);
  torus_free(v_panels, v_bytes);
}

// ---- Half types ------------------------------------------------------------------------------

static torus_attention contiguous(const torus_attention *s) {
  torus_attention c = *s;
  c.q_time = c.k_time = s->dim;
  c.v_time = c.out_time = s->value_dim;
  c.q_head = s->queries * s->dim, c.k_head = s->keys * s->dim;
  c.v_head = s->keys * s->value_dim, c.out_head = s->queries * s->value_dim;
  c.q_batch = s->heads * c.q_head, c.out_batch = s->heads * c.out_head;
  c.k_batch = s->kv_heads * c.k_head, c.v_batch = s->kv_heads * c.v_head;
  return c;
}

static strided as_q(torus_dtype d, const torus_attention *s, const void *p) {
  return (strided){d, s->heads, s->queries, s->dim, s->q_batch, s->q_head, s->q_time,
                   (uint16_t *)p, 0, false};
}
static strided as_k(torus_dtype d, const torus_attention *s, const void *p) {
  return (strided){d, s->kv_heads, s->keys, s->dim, s->k_batch, s->k_head, s->k_time,
                   (uint16_t *)p, 0, false};
}
static strided as_v(torus_dtype d, const torus_attention *s, const void *p) {
  return (strided){d, s->kv_heads, s->keys, s->value_dim, s->v_batch, s->v_head, s->v_time,
                   (uint16_t *)p, 0, false};
}
static strided as_out(torus_dtype d, const torus_attention *s, const void *p) {
  return (strided){d, s->heads, s->queries, s->value_dim, s->out_batch, s->out_head, s->out_time,
                   (uint16_t *)p, 0, false};
}

static float *room(int64_t rows, int64_t dim) {
  return torus_alloc((size_t)(rows * dim) * sizeof(float));
}

torus_status torus_attention_forward(torus_dtype dtype, const torus_attention *shape,
                                     const void *q, const void *k, const void *v,
                                     const void *mask, void *out, void *lse) {
  const torus_attention *s = shape;
  if (s->batch * s->heads * s->queries == 0) return TORUS_OK;
  if (torus_attention_by_tiles(dtype, s) &&
      torus_attention_tiles_forward(dtype, s, q, k, v, mask, out, lse))
    return TORUS_OK;
  if (torus_is_half(dtype)) {
    const torus_attention c = contiguous(s);
    float *fq = move(as_q(dtype, s, q), s->batch), *fk = move(as_k(dtype, s, k), s->batch);
    float *fv = move(as_v(dtype, s, v), s->batch);
    float *fo = room(s->batch * s->heads * s->queries, s->value_dim);
    torus_attention_forward(TORUS_F32, &c, fq, fk, fv, mask, fo, lse);
    finish(as_out(dtype, s, out), fo, s->batch);
    torus_half_drop(fq, s->batch * c.q_batch);
    torus_half_drop(fk, s->batch * c.k_batch);
    torus_half_drop(fv, s->batch * c.v_batch);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  attention_job j = {.dtype = dtype, .shape = s, .engine = torus_gemm_engine(dtype), .q = q,
                     .k = k, .v = v, .mask = mask, .to = out, .to_lse = lse, .parts = 1};
  const int64_t heads = s->batch * s->heads;
  // Few heads are split, whole blocks to each part.
  if (heads < torus_threads())
    j.parts = torus_max(1, torus_min(s->queries / (2 * BLOCK), torus_threads() / heads));
  const int64_t work = s->queries * (s->keys + 1) * (s->dim + s->value_dim) / j.parts;
  torus_parallel_for(heads * j.parts, (1 << 18) / (work + 1) + 1, forward_body, &j);
  return TORUS_OK;
}

torus_status torus_attention_backward(torus_dtype dtype, const torus_attention *shape,
                                      const torus_attention *grads, const void *q, const void *k,
                                      const void *v, const void *mask, const void *out,
                                      const void *lse, const void *dout, void *dq, void *dk,
                                      void *dv, void *dmask) {
  const torus_attention *s = shape;
  if (s->batch * s->heads == 0) return TORUS_OK;
  const int64_t scores = s->batch * s->heads * s->queries * s->keys;
  if (torus_attention_by_tiles(dtype, s) &&
      torus_attention_tiles_backward(dtype, s, grads, q, k, v, mask, out, lse, dout, dq, dk, dv, dmask))
    return TORUS_OK;
  if (torus_is_half(dtype)) {
    const torus_attention c = contiguous(s);
    // Gradients have their own strides, of the shapes of q, k and v.
    torus_attention to = *grads;
    to.heads = s->heads, to.kv_heads = s->kv_heads, to.queries = s->queries, to.keys = s->keys;
    to.dim = s->dim, to.value_dim = s->value_dim;
    float *fq = move(as_q(dtype, s, q), s->batch), *fk = move(as_k(dtype, s, k), s->batch);
    float *fv = move(as_v(dtype, s, v), s->batch), *fo = move(as_out(dtype, s, out), s->batch);
    float *fg = move(as_out(dtype, s, dout), s->batch);
    float *gq = room(s->batch, c.q_batch), *gk = room(s->batch, c.k_batch);
    float *gv = room(s->batch, c.v_batch);
    torus_attention_backward(TORUS_F32, &c, &c, fq, fk, fv, mask, fo, lse, fg, gq, gk, gv, dmask);
    finish(as_q(dtype, &to, dq), gq, s->batch);
    finish(as_k(dtype, &to, dk), gk, s->batch);
    finish(as_v(dtype, &to, dv), gv, s->batch);
    torus_half_drop(fq, s->batch * c.q_batch);
    torus_half_drop(fk, s->batch * c.k_batch);
    torus_half_drop(fv, s->batch * c.v_batch);
    torus_half_drop(fo, s->batch * c.out_batch);
    torus_half_drop(fg, s->batch * c.out_batch);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  attention_job j = {.dtype = dtype, .shape = s, .grads = grads,
                     .engine = torus_gemm_engine(dtype), .q = q, .k = k, .v = v, .mask = mask,
                     .out = out, .lse = lse, .dout = dout, .dq = dq, .dk = dk, .dv = dv,
                     .dmask = dmask};
  // Keys that no query sees keep a gradient of zero.
  if (dmask) memset(dmask, 0, (size_t)(scores * torus_element_size(dtype)));
  const int64_t work = s->queries * (s->keys + 1) * (s->dim + s->value_dim);
  torus_parallel_for(s->batch * s->kv_heads, (1 << 17) / (work + 1) + 1, backward_body, &j);
  return TORUS_OK;
}
