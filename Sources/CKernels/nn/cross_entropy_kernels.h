// Cross-entropy over rows of logits.
#include "row_exp.h"

// The log-sum-exp of each row.
static void NAME(log_sum_exp)(const ELEMENT *x, REAL *lse, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++, x += n) {
    const REAL most = NAME(row_max)(x, n);
    // A row of -∞ alone has no finite shift.
    lse[r] = most == -INFINITY ? -INFINITY : most + (REAL)log(NAME(row_exp)(x, 0, n, most));
  }
}

// dx = exp(x - lse)·scale.
static void NAME(scaled_exp)(const ELEMENT *x, REAL *dx, int64_t n, REAL lse, REAL scale) {
  int64_t i = 0;
  const vec shift = SPLAT(lse), factor = SPLAT(scale);
  for (; i + LANES <= n; i += LANES)
    NAME(store)(dx + i, NAME(vexp)(NAME(read)(x + i) - shift) * factor);
  if (i < n)
    NAME(store_part)(dx + i, n - i,
                     NAME(vexp)(NAME(read_part)(x + i, n - i, 0) - shift) * factor);
}

// Losses of rows r0 ..< r1. The smoothing's part is S/classes · Σ w·(lse - x).
static void NAME(cross_entropy)(const cross_entropy_job *s, int64_t begin, int64_t end) {
  const ELEMENT *x = s->logits;
  const REAL *weight = s->weight;
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
    const ELEMENT *row = x + r * n;
    REAL value = plain * (weight ? weight[t] : 1) * (lse[r] - NAME(read_one)(row + t));
    if (smooth != 0) {
      REAL sum = 0;
      for (int64_t j = 0; j < n; j++) sum += (weight ? weight[j] : 1) * (lse[r] - NAME(read_one)(row + j));
      value += smooth * sum;
    }
    loss[r] = value;
  }
}

// The gradients of a row of half types are made in `room` and rounded from there.
static void NAME(cross_entropy_back)(const cross_entropy_job *s, int64_t begin, int64_t end,
                                     REAL *room) {
  const REAL *weight = s->weight, *lse = s->lse, *g = s->g;
  const int64_t n = s->classes;
  const REAL smooth = (REAL)(s->smoothing / (double)n), plain = (REAL)(1 - s->smoothing);
  REAL weights = (REAL)n;
  if (weight) {
    weights = 0;
    for (int64_t j = 0; j < n; j++) weights += weight[j];
  }
  for (int64_t r = begin; r < end; r++) {
    const ELEMENT *row = (const ELEMENT *)s->logits + r * n;
    ELEMENT *const out = (ELEMENT *)s->dx + r * n;
#ifdef HALF
    REAL *const dx = room;
#else
    REAL *const dx = out;
    (void)room;
#endif
    const int64_t t = s->targets[r];
    if (t == s->ignore || t < 0 || t >= n) {
      __builtin_memset(out, 0, (size_t)n * sizeof *out);
      continue;
    }
    const REAL upstream = (REAL)s->scale * (g ? g[r * s->grad_step] : 1);
    const REAL own = plain * (weight ? weight[t] : 1) * upstream;
    NAME(scaled_exp)(row, dx, n, lse[r], own + smooth * weights * upstream);
    if (smooth != 0)
      for (int64_t j = 0; j < n; j++) dx[j] -= smooth * upstream * (weight ? weight[j] : 1);
    dx[t] -= own;
#ifdef HALF
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES)
      NAME(write_pair)(out + i, NAME(load)(dx + i), NAME(load)(dx + i + LANES));
    for (; i + LANES <= n; i += LANES) NAME(write)(out + i, NAME(load)(dx + i));
    if (i < n) NAME(write_part)(out + i, n - i, NAME(load_part)(dx + i, n - i, 0));
#endif
  }
}
