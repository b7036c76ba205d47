// Layer and RMS norm over rows.
#include "norm_kernels.h"

// Several rows at a time, so that the sums that one waits for are made beside those of others.
static void NAME(layer_norm)(const row_norm *s, int64_t begin, int64_t end) {
  enum { ROWS = 8 };
  const REAL *gamma = s->gamma, *beta = s->beta;
  REAL *means = s->mean, *rstds = s->rstd;
  const int64_t n = s->cols;
  for (int64_t first = begin; first < end; first += ROWS) {
    const int64_t rows = torus_min(ROWS, end - first);
    const ELEMENT *x = (const ELEMENT *)s->x + first * n;
    ELEMENT *y = (ELEMENT *)s->y + first * n;
    REAL mean[ROWS], rstd[ROWS];
    for (int64_t q = 0; q < rows; q++)
      mean[q] = s->centred ? NAME(run_sum)(x + q * n, n) / (REAL)n : 0;
    for (int64_t q = 0; q < rows; q++) {
      const double square = (double)(NAME(run_square)(x + q * n, n, mean[q]) / (REAL)n);
      rstd[q] = (REAL)(1 / sqrt(square + s->eps));
      if (means) means[first + q] = mean[q];
      if (rstds) rstds[first + q] = rstd[q];
    }
    for (int64_t q = 0; q < rows; q++, x += n, y += n) {
      const vec m = SPLAT(mean[q]), k = SPLAT(rstd[q]);
      int64_t i = 0;
#define WRITE(VALUE)                                                                     \
  {                                                                                      \
    for (; i + 2 * LANES <= n; i += 2 * LANES)                                           \
      NAME(write_pair)(y + i, VALUE(WHOLE, i), VALUE(WHOLE, i + LANES));                 \
    for (; i + LANES <= n; i += LANES) NAME(write)(y + i, VALUE(WHOLE, i));              \
    if (i < n) NAME(write_part)(y + i, n - i, VALUE(PART, i));                           \
  }
#define WHOLE(kind, p) NAME(kind)(p)
#define PART(kind, p) NAME(kind##_part)(p, n - i, 0)
#define PLAIN(GET, i) ((GET(read, x + (i)) - m) * k)
#define SCALED(GET, i) (PLAIN(GET, i) * GET(load, gamma + (i)))
#define SHIFTED(GET, i) FMA(PLAIN(GET, i), GET(load, gamma + (i)), GET(load, beta + (i)))
#define MOVED(GET, i) (PLAIN(GET, i) + GET(load, beta + (i)))
      if (gamma && beta) WRITE(SHIFTED)
      else if (gamma) WRITE(SCALED)
      else if (beta) WRITE(MOVED)
      else WRITE(PLAIN)
#undef WRITE
#undef WHOLE
#undef PART
#undef PLAIN
#undef SCALED
#undef SHIFTED
#undef MOVED
    }
  }
}

// Rows of one chunk, whose sums for gamma and beta go to its own part of `sums`. Four rows at a time, so that the sums
// over rows are read and written once for four.
static void NAME(layer_norm_back)(const row_norm *s, int64_t first, int64_t last) {
  const int64_t n = s->cols, chunk = first / s->chunk_rows;
  const REAL *gamma = s->gamma, *means = s->mean, *rstds = s->rstd;
  REAL *dgamma = s->sums ? (REAL *)s->sums + chunk * 2 * n : 0, *dbeta = dgamma ? dgamma + n : 0;
  if (dgamma && first % s->chunk_rows == 0)
    for (int64_t i = 0; i < 2 * n; i++) dgamma[i] = 0;
  for (int64_t r = first; r < last; r += 4) {
    const int64_t rows = torus_min(4, last - r);
    const ELEMENT *x[4], *g[4];
    ELEMENT *dx[4];
    REAL mean[4], rstd[4], slope[4], shift[4];
    for (int64_t q = 0; q < 4; q++) {
      // Rows past the end repeat the last one with weight 0 and write nothing.
      const int64_t row = r + torus_min(q, rows - 1);
      x[q] = (const ELEMENT *)s->x + row * n;
      g[q] = (const ELEMENT *)s->dy + row * n;
      dx[q] = s->dx && q < rows ? (ELEMENT *)s->dx + row * n : 0;
      mean[q] = means ? means[row] : 0;
      rstd[q] = q < rows ? rstds[row] : 0;
      slope[q] = shift[q] = 0;
      if (!dx[q]) continue;
      vec a = SPLAT(0), b = a;
      const vec m = SPLAT(mean[q]);
      int64_t i = 0;
      for (; i + LANES <= n; i += LANES) {
        vec p = NAME(read)(g[q] + i);
        if (gamma) p *= NAME(load)(gamma + i);
        a += p;
        b = FMA(p, NAME(read)(x[q] + i) - m, b);
      }
      REAL sum = NAME(total)(a), product = NAME(total)(b);
      for (; i < n; i++) {
        const REAL p = NAME(read_one)(g[q] + i) * (gamma ? gamma[i] : 1);
        sum += p;
        product += p * (NAME(read_one)(x[q] + i) - mean[q]);
      }
      // dx = rstd·(g·gamma - mean(g·gamma) - x̂·mean(g·gamma·x̂)).
      slope[q] = -rstd[q] * rstd[q] * rstd[q] * product / (REAL)n;
      shift[q] = s->centred ? -rstd[q] * sum / (REAL)n : 0;
    }
    int64_t i = 0;
    // Two vectors of each row, or one.
#define ADD_UP(i, OUT)                                                                          \
  {                                                                                             \
    vec sum_gamma = dgamma ? NAME(load)(dgamma + (i)) : SPLAT(0);                               \
    vec sum_beta = dbeta ? NAME(load)(dbeta + (i)) : SPLAT(0);                                  \
    const vec by = gamma ? NAME(load)(gamma + (i)) : SPLAT(1);                                  \
    _Pragma("clang loop unroll(full)") for (int q = 0; q < 4; q++) {                            \
      const vec p = NAME(read)(g[q] + (i)), away = NAME(read)(x[q] + (i)) - mean[q];            \
      OUT[q] = FMA(p * by, SPLAT(rstd[q]), FMA(away, SPLAT(slope[q]), SPLAT(shift[q])));        \
      sum_gamma = FMA(p * rstd[q], away, sum_gamma);                                            \
      if (q < rows) sum_beta += p;                                                              \
    }                                                                                           \
    if (dgamma) {                                                                               \
      NAME(store)(dgamma + (i), sum_gamma);                                                     \
      NAME(store)(dbeta + (i), sum_beta);                                                       \
    }                                                                                           \
  }
    vec first[4], second[4];
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
      ADD_UP(i, first)
      ADD_UP(i + LANES, second)
#pragma clang loop unroll(full)
      for (int q = 0; q < 4; q++)
        if (dx[q]) NAME(write_pair)(dx[q] + i, first[q], second[q]);
    }
    for (; i + LANES <= n; i += LANES) {
      ADD_UP(i, first)
      for (int q = 0; q < 4; q++)
        if (dx[q]) NAME(write)(dx[q] + i, first[q]);
    }
#undef ADD_UP
    for (; i < n; i++)
      for (int64_t q = 0; q < rows; q++) {
        const REAL p = NAME(read_one)(g[q] + i), away = NAME(read_one)(x[q] + i) - mean[q];
        if (dx[q])
          NAME(write_one)(dx[q] + i, p * (gamma ? gamma[i] : 1) * rstd[q] +
                                         (away * slope[q] + shift[q]));
        if (dgamma) {
          dgamma[i] += p * rstd[q] * away;
          dbeta[i] += p;
        }
      }
  }
}

#ifndef HALF
// Adds the chunks' sums in their order.
static void NAME(layer_norm_sums)(const row_norm *s, int64_t chunks, REAL *dgamma, REAL *dbeta) {
  const REAL *sums = s->sums;
  for (int64_t i = 0; i < s->cols; i++) {
    REAL a = 0, b = 0;
    for (int64_t c = 0; c < chunks; c++) {
      a += sums[c * 2 * s->cols + i];
      b += sums[(c * 2 + 1) * s->cols + i];
    }
    if (dgamma) dgamma[i] = a;
    if (dbeta) dbeta[i] = b;
  }
}
#endif
