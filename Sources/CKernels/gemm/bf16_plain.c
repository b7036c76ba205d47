// Blocks of bfloat16 products in plain C.
#include <string.h>

#include "bf16.h"

static float value(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float out;
  memcpy(&out, &wide, 4);
  return out;
}

static void pack_rows(const uint16_t *a, int64_t lda, bool trans, int64_t m, int64_t k, int tiles,
                      uint16_t *out) {
  for (int64_t p = 0; p < k; p += TORUS_BF16_STEP)
    for (int64_t i = 0; i < tiles * TORUS_BF16_EDGE; i++)
      for (int64_t q = p; q < p + TORUS_BF16_STEP; q++)
        *out++ = i >= m || q >= k ? 0 : trans ? a[q * lda + i] : a[i * lda + q];
}

static void pack_columns(const uint16_t *b, int64_t ldb, bool trans, int64_t n, int64_t k,
                         int tiles, uint16_t *out) {
  for (int64_t p = 0; p < k; p += TORUS_BF16_STEP)
    for (int64_t t = 0; t < tiles * TORUS_BF16_EDGE; t += TORUS_BF16_EDGE)
      for (int64_t pair = p; pair < p + TORUS_BF16_STEP; pair += 2)
        for (int64_t j = t; j < t + TORUS_BF16_EDGE; j++)
          for (int64_t q = pair; q < pair + 2; q++)
            *out++ = j >= n || q >= k ? 0 : trans ? b[j * ldb + q] : b[q * ldb + j];
}

static void block(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                  const torus_bf16_tiles_at *columns, int column_tiles, bool add, float *sums) {
  for (int r = 0; r < row_tiles; r++)
    for (int c = 0; c < column_tiles; c++)
      for (int i = 0; i < TORUS_BF16_EDGE; i++)
        for (int j = 0; j < TORUS_BF16_EDGE; j++) {
          float *sum = sums + ((r * 2 + c) * TORUS_BF16_EDGE + i) * TORUS_BF16_EDGE + j;
          float total = add ? *sum : 0;
          for (int64_t s = 0; s < steps; s++) {
            const uint16_t *x = torus_bf16_step_at(rows, s) + r * rows->tile + i * rows->line;
            const uint16_t *y = torus_bf16_step_at(columns, s) + c * columns->tile + j * 2;
            for (int p = 0; p < 32; p++)
              total += value(x[p]) * value(y[p / 2 * columns->line + p % 2]);
          }
          *sum = total;
        }
}

static void put(const torus_bf16_target *to, const float *sums, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; i++) {
    float row[TORUS_BF16_BLOCK], before[TORUS_BF16_BLOCK];
    uint16_t *narrow = (uint16_t *)to->c + i * to->ldc;
    float *wide = (float *)to->c + i * to->ldc;
    if (to->beta != 0 && !to->wide) torus_widen(TORUS_BF16, narrow, before, n);
    for (int64_t j = 0; j < n; j++) {
      float x = to->alpha * sums[((i / 16 * 2 + j / 16) * 16 + i % 16) * 16 + j % 16];
      if (to->row_bias) x += to->row_bias[i];
      if (to->col_bias) x += to->col_bias[j];
      if (to->beta != 0) x += to->beta * (to->wide ? wide[j] : before[j]);
      row[j] = x;
    }
    if (to->wide) memcpy(wide, row, (size_t)n * sizeof(float));
    else torus_narrow(TORUS_BF16, row, narrow, n);
  }
}

static void put_runs(const float *sums, int64_t m, const float *row_bias, uint16_t *c, int64_t ldc,
                     const torus_bf16_run *runs, int64_t count) {
  for (int64_t i = 0; i < m; i++, c += ldc) {
    float row[TORUS_BF16_BLOCK];
    uint16_t narrow[TORUS_BF16_BLOCK];
    for (int64_t j = 0; j < TORUS_BF16_BLOCK; j++)
      row[j] = sums[((i / 16 * 2 + j / 16) * 16 + i % 16) * 16 + j % 16] +
               (row_bias ? row_bias[i] : 0);
    torus_narrow(TORUS_BF16, row, narrow, TORUS_BF16_BLOCK);
    for (int64_t r = 0; r < count; r++)
      for (int64_t j = 0; j < TORUS_BF16_BLOCK; j++)
        if (runs[r].lanes >> j & 1) c[runs[r].to + j] = narrow[j];
  }
}

static void interleave(const uint16_t *first, const uint16_t *second, int64_t stride, int64_t n,
                       uint16_t *out) {
  for (int64_t i = 0; i < n; i++) {
    out[2 * i] = first[i * stride];
    out[2 * i + 1] = second[i * stride];
  }
}

const torus_bf16_kernels torus_bf16_plain = {
    .pack_rows = pack_rows, .pack_columns = pack_columns, .block = block, .put = put,
    .put_runs = put_runs, .interleave = interleave,
};
