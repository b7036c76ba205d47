// Blocks of bfloat16 products in plain C.
#include <math.h>
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

// ---- float32 in parts ------------------------------------------------------------------------

static uint16_t nearest(float x) {
  uint16_t bits;
  torus_narrow(TORUS_BF16, &x, &bits, 1);
  return bits;
}

// The parts of one value, `step` values apart.
static void split(float x, uint16_t *out, int64_t step) {
  for (int part = 0; part < TORUS_BF16_PARTS; part++) {
    out[part * step] = nearest(x);
    x -= value(out[part * step]);
  }
}

static void split_rows(const float *a, int64_t lda, bool trans, int64_t m, int64_t k, int tiles,
                       uint16_t *out) {
  const int64_t part = tiles * TORUS_BF16_TILE;
  for (int64_t p = 0; p < k; p += TORUS_BF16_STEP, out += (TORUS_BF16_PARTS - 1) * part)
    for (int64_t i = 0; i < tiles * TORUS_BF16_EDGE; i++)
      for (int64_t q = p; q < p + TORUS_BF16_STEP; q++)
        split(i >= m || q >= k ? 0 : trans ? a[q * lda + i] : a[i * lda + q], out++, part);
}

static void split_columns(const float *b, int64_t ldb, bool trans, int64_t n, int64_t k, int tiles,
                          uint16_t *out) {
  const int64_t part = tiles * TORUS_BF16_TILE;
  for (int64_t p = 0; p < k; p += TORUS_BF16_STEP, out += (TORUS_BF16_PARTS - 1) * part)
    for (int64_t t = 0; t < tiles * TORUS_BF16_EDGE; t += TORUS_BF16_EDGE)
      for (int64_t pair = p; pair < p + TORUS_BF16_STEP; pair += 2)
        for (int64_t j = t; j < t + TORUS_BF16_EDGE; j++)
          for (int64_t q = pair; q < pair + 2; q++)
            split(j >= n || q >= k ? 0 : trans ? b[j * ldb + q] : b[q * ldb + j], out++, part);
}

static void split_block(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                        const torus_bf16_tiles_at *columns, int column_tiles, bool add, float *sums) {
  if (steps == 0) block(0, rows, row_tiles, columns, column_tiles, add, sums);
  for (int64_t s = 0; s < steps; s++)
    for (int i = 0; i < TORUS_BF16_PRODUCTS; i++) {
      const int *parts = torus_bf16_products[i];
      const torus_bf16_tiles_at a = {.base = torus_bf16_step_at(rows, s) + parts[0] * rows->part,
                                     .tile = rows->tile, .line = rows->line};
      const torus_bf16_tiles_at b = {.base = torus_bf16_step_at(columns, s) + parts[1] * columns->part,
                                     .tile = columns->tile, .line = columns->line};
      // As a tile's instruction does, which adds up a step's products before it adds them.
      float step[TORUS_BF16_SUMS];
      block(1, &a, row_tiles, &b, column_tiles, false, step);
      const bool begins = !add && s == 0 && i == 0;
      for (int r = 0; r < row_tiles; r++)
        for (int j = r * 512; j < r * 512 + column_tiles * 256; j++)
          sums[j] = begins ? step[j] : sums[j] + step[j];
    }
}

static bool all_finite(const float *sums, int row_tiles, int column_tiles) {
  for (int i = 0; i < row_tiles * TORUS_BF16_EDGE; i++)
    for (int j = 0; j < column_tiles * TORUS_BF16_EDGE; j++)
      if (!isfinite(sums[((i / 16 * 2 + j / 16) * 16 + i % 16) * 16 + j % 16])) return false;
  return true;
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
    .split_rows = split_rows, .split_columns = split_columns, .split_block = split_block,
    .finite = all_finite,
};
