// Cross-entropy over rows of logits.
#include "row_exp.h"

// The log-sum-exp of each row.
static void NAME(log_sum_exp)(const REAL *x, REAL *lse, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++, x += n) {
    const REAL most = NAME(row_max)(x, n);
    // A row of -∞ alone has no finite shift.
    lse[r] = most == -INFINITY ? -INFINITY : most + (REAL)log(NAME(row_exp)(x, 0, n, most));
  }
}

// dx = exp(x - lse)·scale.
static void NAME(scaled_exp)(const REAL *x, REAL *dx, int64_t n, REAL lse, REAL scale) {
  int64_t i = 0;
  const vec shift = SPLAT(lse), factor = SPLAT(scale);
  for (; i + LANES <= n; i += LANES)
    NAME(store)(dx + i, NAME(vexp)(NAME(load)(x + i) - shift) * factor);
  if (i < n)
    NAME(store_part)(dx + i, n - i,
                     NAME(vexp)(NAME(load_part)(x + i, n - i, 0) - shift) * factor);
}

// Losses of rows r0 ..< r1. The smoothing's part is S/classes · Σ w·(lse - x).
static void NAME(cross_entropy)(const cross_entropy_job *s, int64_t begin, int64_t end) {
  const REAL *x = s->logits, *weight = s->weight;
  REAL *loss = s->loss, *lse = s->lse;
  const int64_t n = s->classes;
  const REAL smooth = (REAL)(s->smoothing / (double)n), plain = (REAL)(1 - s->smoothing);
  NAME(log_sum_exp)(x + begin * n, lse + begin, end - begin, n);
  for (int64_t r = begin; r < end; r++) {
    const int64_t t = s->targets[r];
    if (t == s->ignore || t < 0 || t >= n) {
      loss[r] = 0;
      continue;
    }
    const REAL *row = x + r * n;
    REAL value = plain * (weight ? weight[t] : 1) * (lse[r] - row[t]);
    if (smooth != 0) {
      REAL sum = 0;
      for (int64_t j = 0; j < n; j++) sum += (weight ? weight[j] : 1) * (lse[r] - row[j]);
      value += smooth * sum;
    }
    loss[r] = value;
  }
}

static void NAME(cross_entropy_back)(const cross_entropy_job *s, int64_t begin, int64_t end) {
  const REAL *weight = s->weight, *lse = s->lse, *g = s->g;
  const int64_t n = s->classes;
  const REAL smooth = (REAL)(s->smoothing / (double)n), plain = (REAL)(1 - s->smoothing);
  REAL weights = (REAL)n;
  if (weight) {
    weights = 0;
    for (int64_t j = 0; j < n; j++) weights += weight[j];
  }
  for (int64_t r = begin; r < end; r++) {
    const REAL *row = (const REAL *)s->logits + r * n;
    REAL *dx = (REAL *)s->dx + r * n;
    const int64_t t = s->targets[r];
    if (t == s->ignore || t < 0 || t >= n) {
      for (int64_t j = 0; j < n; j++) dx[j] = 0;
      continue;
    }
    const REAL upstream = (REAL)s->scale * (g ? g[r * s->grad_step] : 1);
    const REAL own = plain * (weight ? weight[t] : 1) * upstream;
    NAME(scaled_exp)(row, dx, n, lse[r], own + smooth * weights * upstream);
    if (smooth != 0)
      for (int64_t j = 0; j < n; j++) dx[j] -= smooth * upstream * (weight ? weight[j] : 1);
    dx[t] -= own;
  }
}
