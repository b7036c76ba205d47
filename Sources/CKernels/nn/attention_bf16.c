// Scaled dot-product attention of bfloat16, where its products run on bfloat16 as it is.
//
// As in attention.c a block of queries meets all keys that it may see. Scores and softmax are float32;
// probabilities are rounded to bfloat16 for the products with values and gradients, as PyTorch rounds
// them. Gradients of keys and values are added up in float32.
#include <math.h>
#include <string.h>

#include "../gemm/bf16.h"
#include "attention_bf16.h"

#define KERNELS "../nn/attention_kernels.h"
#include "../core/each_real.h"

enum { BLOCK = 128 };

typedef struct attention_job {
  const torus_attention *shape, *grads;
  const uint16_t *q, *k, *v, *out, *dout;
  const float *mask, *lse;
  uint16_t *to, *dq, *dk, *dv;
  float *to_lse, *dmask;
  int64_t parts;  // into which a head's queries are split
} attention_job;

// How many keys each of `rows` queries from i0 sees; the most of them is returned.
static int64_t find_seen(const torus_attention *s, int64_t i0, int64_t rows, int64_t *seen) {
  int64_t most = 0;
  for (int64_t r = 0; r < rows; r++) {
    seen[r] = s->causal ? torus_min(i0 + r + 1, s->keys) : s->keys;
    most = torus_max(most, seen[r]);
  }
  return most;
}

// c (m × n, float32) ← alpha·a·bᵀ, whose rows run along k.
static void rows_by_rows(int64_t m, int64_t n, int64_t k, double alpha, const uint16_t *a,
                         int64_t lda, const uint16_t *b, int64_t ldb, float *c, int64_t ldc) {
  const torus_product g = {.transB = true, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb,
                           .ldc = ldc, .alpha = alpha, .A = a, .B = b, .C = c};
  torus_bf16_product(&g, true);
}

// c (m × n) ← a·b, or aᵀ·b that is added to float32.
static void product(bool turned, int64_t m, int64_t n, int64_t k, const uint16_t *a, int64_t lda,
                    const uint16_t *b, int64_t ldb, void *c, int64_t ldc, bool wide) {
  const torus_product g = {.transA = turned, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldb,
                           .ldc = ldc, .alpha = 1, .beta = turned ? 1 : 0, .A = a, .B = b, .C = c};
  torus_bf16_product(&g, wide);
}

static void narrow_rows(const float *in, int64_t ld, int64_t rows, int64_t n, uint16_t *out,
                        int64_t ldo) {
  for (int64_t r = 0; r < rows; r++) torus_narrow(TORUS_BF16, in + r * ld, out + r * ldo, n);
}

static void widen_rows(const uint16_t *in, int64_t ld, int64_t rows, int64_t n, float *out) {
  for (int64_t r = 0; r < rows; r++) torus_widen(TORUS_BF16, in + r * ld, out + r * n, n);
}

static void forward_unit(const attention_job *j, int64_t b, int64_t h, int64_t first,
                         int64_t last) {
  const torus_attention *s = j->shape;
  const int64_t kv = h / (s->heads / s->kv_heads), ld = torus_max(s->keys, 1);
  const uint16_t *k = j->k + b * s->k_batch + kv * s->k_head;
  const uint16_t *v = j->v + b * s->v_batch + kv * s->v_head;
  const size_t score_bytes = (size_t)(BLOCK * ld) * sizeof(float);
  const size_t out_bytes = (size_t)(BLOCK * s->value_dim) * sizeof(float);
  float *scores = torus_alloc(score_bytes), *out = torus_alloc(out_bytes);
  uint16_t *weights = torus_alloc(score_bytes / 2);
  float sums[BLOCK];
  int64_t seen[BLOCK];
  for (int64_t i = first; i < last; i += BLOCK) {
    const int64_t rows = torus_min(BLOCK, last - i), limit = find_seen(s, i, rows, seen);
    const uint16_t *q = j->q + b * s->q_batch + h * s->q_head + i * s->q_time;
    rows_by_rows(rows, limit, s->dim, s->scale, q, s->q_time, k, s->k_time, scores, ld);
    const int64_t mask_at = b * s->mask_batch + h * s->mask_head + i * s->mask_query;
    const int64_t row = (b * s->heads + h) * s->queries + i;
    RUN(TORUS_F32, attend_rows, (void *)scores, ld, rows, limit, seen,
        (const void *)(j->mask ? j->mask + mask_at : 0), s->mask_query, s->mask_key, (void *)sums,
        (void *)(j->to_lse ? j->to_lse + row : 0));
    narrow_rows(scores, ld, rows, limit, weights, ld);
    product(false, rows, s->value_dim, limit, weights, ld, v, s->v_time, out, s->value_dim, true);
    RUN(TORUS_F32, divide_rows, (void *)out, s->value_dim, rows, s->value_dim, (const void *)sums);
    narrow_rows(out, s->value_dim, rows, s->value_dim,
                j->to + b * s->out_batch + h * s->out_head + i * s->out_time, s->out_time);
  }
  torus_free(scores, score_bytes);
  torus_free(out, out_bytes);
  torus_free(weights, score_bytes / 2);
}

static void forward_body(int64_t begin, int64_t end, void *context) {
  const attention_job *j = context;
  const torus_attention *s = j->shape;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t part = unit % j->parts, head = unit / j->parts;
    // Whole blocks to each part, so that no sum depends on their number.
    const int64_t blocks = (s->queries + BLOCK - 1) / BLOCK;
    const int64_t first = blocks * part / j->parts * BLOCK;
    const int64_t last = torus_min(s->queries, blocks * (part + 1) / j->parts * BLOCK);
    if (last > first) forward_unit(j, head / s->heads, head % s->heads, first, last);
  }
}

// One query head of one batch item; its share of dk and dv is added to what is there.
static void backward_head(const attention_job *j, int64_t b, int64_t h, const uint16_t *k,
                          const uint16_t *v, float *dk, float *dv) {
  const torus_attention *s = j->shape, *g = j->grads;
  const int64_t ld = torus_max(s->keys, 1), width = s->value_dim;
  const uint16_t *q = j->q + b * s->q_batch + h * s->q_head;
  const uint16_t *dout = j->dout + b * s->out_batch + h * s->out_head;
  const uint16_t *out = j->out + b * s->out_batch + h * s->out_head;
  const size_t score_bytes = (size_t)(BLOCK * ld) * sizeof(float);
  const size_t row_bytes = (size_t)(BLOCK * width) * sizeof(float);
  float *scores = torus_alloc(score_bytes), *grads = torus_alloc(score_bytes);
  uint16_t *weights = torus_alloc(score_bytes / 2), *slopes = torus_alloc(score_bytes / 2);
  float *wide_out = torus_alloc(row_bytes), *wide_dout = torus_alloc(row_bytes), delta[BLOCK];
  int64_t seen[BLOCK];
  for (int64_t i = 0; i < s->queries; i += BLOCK) {
    const int64_t rows = torus_min(BLOCK, s->queries - i), limit = find_seen(s, i, rows, seen);
    const int64_t row = (b * s->heads + h) * s->queries + i;
    const uint16_t *qi = q + i * s->q_time, *gi = dout + i * s->out_time;
    widen_rows(out + i * s->out_time, s->out_time, rows, width, wide_out);
    widen_rows(gi, s->out_time, rows, width, wide_dout);
    RUN(TORUS_F32, row_dots, (const void *)wide_out, width, (const void *)wide_dout, width, rows,
        width, (void *)delta);
    rows_by_rows(rows, limit, s->dim, s->scale, qi, s->q_time, k, s->k_time, scores, ld);
    rows_by_rows(rows, limit, width, 1, gi, s->out_time, v, s->v_time, grads, ld);
    const int64_t mask_at = b * s->mask_batch + h * s->mask_head + i * s->mask_query;
    RUN(TORUS_F32, attend_rows_back, (void *)scores, (void *)grads, ld, rows, limit, seen,
        (const void *)(j->mask ? j->mask + mask_at : 0), s->mask_query, s->mask_key,
        (const void *)(j->lse + row), (const void *)delta, (float)s->scale,
        (void *)(j->dmask ? j->dmask + row * s->keys : 0), s->keys);
    narrow_rows(scores, ld, rows, limit, weights, ld);
    narrow_rows(grads, ld, rows, limit, slopes, ld);
    product(false, rows, s->dim, limit, slopes, ld, k, s->k_time,
            j->dq + b * g->q_batch + h * g->q_head + i * g->q_time, g->q_time, false);
    product(true, limit, s->dim, rows, slopes, ld, qi, s->q_time, dk, s->dim, true);
    product(true, limit, width, rows, weights, ld, gi, s->out_time, dv, width, true);
  }
  torus_free(scores, score_bytes);
  torus_free(grads, score_bytes);
  torus_free(weights, score_bytes / 2);
  torus_free(slopes, score_bytes / 2);
  torus_free(wide_out, row_bytes);
  torus_free(wide_dout, row_bytes);
}

static void backward_body(int64_t begin, int64_t end, void *context) {
  const attention_job *j = context;
  const torus_attention *s = j->shape, *g = j->grads;
  const size_t k_bytes = (size_t)(s->keys * s->dim) * sizeof(float);
  const size_t v_bytes = (size_t)(s->keys * s->value_dim) * sizeof(float);
  float *dk = torus_alloc(k_bytes), *dv = torus_alloc(v_bytes);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t b = unit / s->kv_heads, kv = unit % s->kv_heads;
    const int64_t shared = s->heads / s->kv_heads;
    memset(dk, 0, k_bytes);
    memset(dv, 0, v_bytes);
    for (int64_t h = kv * shared; h < (kv + 1) * shared; h++)
      backward_head(j, b, h, j->k + b * s->k_batch + kv * s->k_head,
                    j->v + b * s->v_batch + kv * s->v_head, dk, dv);
    narrow_rows(dk, s->dim, s->keys, s->dim, j->dk + b * g->k_batch + kv * g->k_head, g->k_time);
    narrow_rows(dv, s->value_dim, s->keys, s->value_dim,
                j->dv + b * g->v_batch + kv * g->v_head, g->v_time);
  }
  torus_free(dk, k_bytes);
  torus_free(dv, v_bytes);
}

bool torus_attention_bf16(const torus_attention *s) {
  return torus_bf16_engine() && s->queries >= 8 && s->keys > 0 && s->dim > 0 && s->value_dim > 0;
}

void torus_attention_bf16_forward(const torus_attention *s, const void *q, const void *k,
                                  const void *v, const float *mask, void *out, float *lse) {
  attention_job j = {.shape = s, .q = q, .k = k, .v = v, .mask = mask, .to = out, .to_lse = lse,
                     .parts = 1};
  const int64_t heads = s->batch * s->heads, blocks = (s->queries + BLOCK - 1) / BLOCK;
  if (heads < torus_threads())
    j.parts = torus_max(1, torus_min(blocks, torus_threads() / heads));
  const int64_t work = s->queries * (s->keys + 1) * (s->dim + s->value_dim) / j.parts;
  torus_parallel_for(heads * j.parts, (1 << 19) / (work + 1) + 1, forward_body, &j);
}

void torus_attention_bf16_backward(const torus_attention *s, const torus_attention *grads,
                                   const void *q, const void *k, const void *v, const float *mask,
                                   const void *out, const float *lse, const void *dout, void *dq,
                                   void *dk, void *dv, float *dmask) {
  attention_job j = {.shape = s, .grads = grads, .q = q, .k = k, .v = v, .mask = mask, .out = out,
                     .lse = lse, .dout = dout, .dq = dq, .dk = dk, .dv = dv, .dmask = dmask};
  if (dmask)
    memset(dmask, 0, (size_t)(s->batch * s->heads * s->queries * s->keys) * sizeof(float));
  const int64_t work = s->queries * (s->keys + 1) * (s->dim + s->value_dim);
  torus_parallel_for(s->batch * s->kv_heads, (1 << 18) / (work + 1) + 1, backward_body, &j);
}
