// What attention by tiles does between products, in plain C: what attention_tiles_x86.c is compared with.
#include <math.h>

#include "attention_tiles.h"

enum { EDGE = TORUS_BF16_EDGE, BLOCK = TORUS_BF16_BLOCK, TILE = TORUS_BF16_TILE };

// Where row i and column j of a block of sums lie.
static int64_t sum_at(int64_t i, int64_t j) {
  return ((i / EDGE * 2 + j / EDGE) * EDGE + i % EDGE) * EDGE + j % EDGE;
}

// Writes a value in parts, as row i and step j of packed rows.
static void write(float x, int parts, uint16_t *rows, int64_t i, int64_t j) {
  rows += i * BLOCK + j;
  for (int part = 0; part < parts; part++, rows += 2 * TILE) {
    float nearest;
    torus_narrow(TORUS_BF16, &x, rows, 1);
    torus_widen(TORUS_BF16, rows, &nearest, 1);
    x -= nearest;
  }
}

static void weigh(const torus_attention_rows *r, uint16_t *weights, float *sums, float *lse) {
  for (int64_t i = 0; i < r->rows; i++) {
    float most = -INFINITY, sum = 0;
    for (int64_t j = 0; j < r->seen[i]; j++) {
      float *x = r->scores + j / BLOCK * TORUS_SCORE_BLOCK + sum_at(i, j % BLOCK);
      *x *= r->scale;
      if (r->mask) *x += r->mask[i * r->mask_query + j * r->mask_key];
      if (*x > most || isnan(*x)) most = *x;
    }
    for (int64_t j = 0; j < r->blocks * BLOCK; j++) {
      const float x = r->scores[j / BLOCK * TORUS_SCORE_BLOCK + sum_at(i, j % BLOCK)];
      const float p = j < r->seen[i] && most != -INFINITY ? expf(x - most) : 0;
      sum += p;
      write(p, r->parts, weights + j / BLOCK * torus_attention_step(r->parts), i, j % BLOCK);
    }
    sums[i] = sum;
    if (lse) lse[i] = most == -INFINITY ? most : most + logf(sum);
  }
}

static void weigh_back(const torus_attention_turned *t, uint16_t *weights, uint16_t *slopes,
                       uint16_t *turned) {
  for (int64_t i = 0; i < BLOCK; i++)
    for (int64_t j = 0; j < BLOCK; j++) {
      float p = 0, g = 0;
      if (t->key + i < t->seen[j]) {
        float x = t->scale * t->scores[sum_at(i, j)];
        if (t->mask) x += t->mask[j * t->mask_query + i * t->mask_key];
        p = expf(x - t->lse[j]);
        g = p * (t->grads[sum_at(i, j)] - t->delta[j]);
        if (t->dmask) t->dmask[j * t->dmask_query + i] = g;
      }
      write(p, t->parts, weights, i, j);
      write(g * t->scale, t->parts, slopes, i, j);
      for (int part = 0; part < t->parts; part++)
        turned[part * 2 * TILE + j / EDGE * TILE + i / 2 * BLOCK + j % EDGE * 2 + i % 2] =
            slopes[part * 2 * TILE + i * BLOCK + j];
    }
}

static float value(const void *from, int64_t i, bool wide) {
  if (wide) return ((const float *)from)[i];
  float x;
  torus_widen(TORUS_BF16, (const uint16_t *)from + i, &x, 1);
  return x;
}

static float dot(const void *a, const void *b, int64_t n, bool wide) {
  float sum = 0;
  for (int64_t i = 0; i < n; i++) sum += value(a, i, wide) * value(b, i, wide);
  return sum;
}

static bool put_one(float x, void *to, int64_t at, bool wide) {
  if (wide) ((float *)to)[at] = x;
  else torus_narrow(TORUS_BF16, &x, (uint16_t *)to + at, 1);
  return isfinite(x);
}

static bool put_scaled(const float *sums, int64_t m, int64_t n, const float *factors, void *to,
                       int64_t ld, bool wide) {
  bool finite = true;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++)
      finite &= put_one(factors[i] * sums[sum_at(i, j)], to, i * ld + j, wide);
  return finite;
}

static bool put_turned(const float *sums, int64_t m, int64_t n, void *to, int64_t ld, bool wide) {
  bool finite = true;
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) finite &= put_one(sums[sum_at(i, j)], to, j * ld + i, wide);
  return finite;
}

const torus_attention_kernels torus_attention_plain = {
    .weigh = weigh, .weigh_back = weigh_back, .dot = dot, .put_scaled = put_scaled,
    .put_turned = put_turned,
};
