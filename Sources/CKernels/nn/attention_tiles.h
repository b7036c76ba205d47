// Attention by tiles (gemm/bf16.h): of bfloat16, and of float32 whose values are split into three parts.
//
// Here: what is done to blocks of 32 × 32 scores between their products. Scores lie as products leave
// them, in tiles of 16 × 16 (TORUS_BF16_SUMS floats a block); weights and slopes are written as the next
// products read them, in `parts` parts: 1 for bfloat16, TORUS_BF16_PARTS for float32.
#pragma once
#include "../gemm/bf16.h"
#include "internal.h"
#include "torus_nn.h"

// Values of one step of packed operands: two tiles for each part.
static inline int64_t torus_attention_step(int parts) { return parts * 2 * TORUS_BF16_TILE; }

// From one block of scores to the next: no whole page, since writing a row of one block and reading the
// same row of the next would look like the same place to the processor.
enum { TORUS_SCORE_BLOCK = TORUS_BF16_SUMS + 16 };

// Scores of up to 32 queries (rows) against blocks of 32 keys (columns).
typedef struct torus_attention_rows {
  float *scores;        // TORUS_SCORE_BLOCK a block
  int64_t blocks, rows;
  const int32_t *seen;  // how many keys each query sees: the first ones
  float scale;
  const float *mask;    // of the first query and key, or NULL
  int64_t mask_query, mask_key;
  int parts;
} torus_attention_rows;

// Scores of a block of 32 keys (rows) and 32 queries (columns), and the gradients of their weights.
typedef struct torus_attention_turned {
  const float *scores, *grads;
  int32_t key;                // the first
  const int32_t *seen;        // of each query, 0 for those past the last
  const float *lse, *delta;   // of each query; a query that sees nothing has an lse of +∞
  float scale;
  const float *mask;          // of the first query and key, or NULL
  int64_t mask_query, mask_key;
  float *dmask;               // likewise
  int64_t dmask_query;
  int parts;
} torus_attention_turned;

typedef struct torus_attention_kernels {
  // weights ← exp(scale · scores + mask - its row's maximum), 0 for keys that are not seen, as rows
  // [block][part][2 tiles of rows][16][32 keys]. `sums` get the rows' sums and `lse`, or NULL, their
  // log-sum-exps. A row that sees nothing has a sum of 0 and an lse of -∞. Scores are overwritten.
  void (*weigh)(const torus_attention_rows *r, uint16_t *weights, float *sums, float *lse);
  // p = exp(scale · scores + mask - lse) and d = scale · p · (grads - delta), both 0 for keys that are not
  // seen; p to `weights` and d to `slopes` as rows [part][2 tiles of keys][16][32 queries], and d to
  // `turned` as columns [part][2 tiles of queries][16 pairs of keys][16][2]. d without the scale goes to
  // dmask where there is one.
  void (*weigh_back)(const torus_attention_turned *t, uint16_t *weights, uint16_t *slopes,
                     uint16_t *turned);
  // Σ a·b of n values, float32 (`wide`) or bfloat16.
  float (*dot)(const void *a, const void *b, int64_t n, bool wide);
  // to[i][j] ← factors[i] · sums, of m × n results; whether all are finite.
  bool (*put_scaled)(const float *sums, int64_t m, int64_t n, const float *factors, void *to,
                     int64_t ld, bool wide);
  // to[j][i] ← sums, of m × n sums; whether all are finite.
  bool (*put_turned)(const float *sums, int64_t m, int64_t n, void *to, int64_t ld, bool wide);
} torus_attention_kernels;

extern const torus_attention_kernels torus_attention_plain;

// By AVX512-BF16; NULL where the processor is of another kind.
const torus_attention_kernels *torus_attention_vectors(void);

// Whether attention of this type and shape is computed by tiles, and both directions, which say whether
// they did: float32 whose results are not all finite is left to float32 itself, which tells infinities
// from overflow. `mask`, `lse` and `dmask` are float32.
bool torus_attention_by_tiles(torus_dtype dtype, const torus_attention *shape);
bool torus_attention_tiles_forward(torus_dtype dtype, const torus_attention *shape, const void *q,
                                   const void *k, const void *v, const float *mask, void *out,
                                   float *lse);
bool torus_attention_tiles_backward(torus_dtype dtype, const torus_attention *shape,
                                    const torus_attention *grads, const void *q, const void *k,
                                    const void *v, const float *mask, const void *out,
                                    const float *lse, const void *dout, void *dq, void *dk, void *dv,
                                    float *dmask);
