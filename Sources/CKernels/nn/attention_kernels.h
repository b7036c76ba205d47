// What attention does to rows of scores between its products.
#include "row_exp.h"

// Softmax of a block of scores in place, without the division: row r sees the first `seen[r]` keys;
// the rest up to `keys` becomes 0. Sums go to `sums` and log-sum-exps to `lse` (or NULL).
static void NAME(attend_rows)(REAL *scores, int64_t ld, int64_t rows, int64_t keys,
                              const int64_t *seen, const REAL *mask, int64_t mask_query,
                              int64_t mask_key, REAL *sums, REAL *lse) {
  for (int64_t r = 0; r < rows; r++, scores += ld) {
    const int64_t n = seen[r];
    if (mask) {
      const REAL *m = mask + r * mask_query;
      if (mask_key == 1)
        for (int64_t j = 0; j < n; j++) scores[j] += m[j];
      else
        for (int64_t j = 0; j < n; j++) scores[j] += m[j * mask_key];
    }
    const REAL most = n > 0 ? NAME(row_max)(scores, n) : -INFINITY;
    int64_t j = 0;
    if (most == -INFINITY) {
      // Nothing is visible: the row attends to nothing.
      sums[r] = 0;
      if (lse) lse[r] = -INFINITY;
    } else {
      const REAL sum = NAME(row_exp)(scores, scores, n, most);
      sums[r] = sum;
      if (lse) lse[r] = most + (REAL)log(sum);
      j = n;
    }
    for (; j < keys; j++) scores[j] = 0;
  }
}

// out[r] /= sums[r].
static void NAME(divide_rows)(REAL *out, int64_t ld, int64_t rows, int64_t n, const REAL *sums) {
  for (int64_t r = 0; r < rows; r++, out += ld) {
    const REAL factor = sums[r] == 0 ? 0 : 1 / sums[r];
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) NAME(store)(out + j, NAME(load)(out + j) * factor);
    for (; j < n; j++) out[j] *= factor;
  }
}

// scores → probabilities, and grads (the gradient of the probabilities) → that of the scores:
// p·(g - delta)·scale. The latter without the scale goes to `dmask`, or NULL.
static void NAME(attend_rows_back)(REAL *scores, REAL *grads, int64_t ld, int64_t rows,
                                   int64_t keys, const int64_t *seen, const REAL *mask,
                                   int64_t mask_query, int64_t mask_key, const REAL *lse,
                                   const REAL *delta, REAL scale, REAL *dmask, int64_t dmask_ld) {
  for (int64_t r = 0; r < rows; r++, scores += ld, grads += ld) {
    const int64_t n = lse[r] == -INFINITY ? 0 : seen[r];
    if (mask) {
      const REAL *m = mask + r * mask_query;
      for (int64_t j = 0; j < n; j++) scores[j] += m[j * mask_key];
    }
    const vec shift = SPLAT(lse[r]), less = SPLAT(delta[r]), by = SPLAT(scale);
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) {
      const vec p = NAME(vexp)(NAME(load)(scores + j) - shift);
      const vec g = p * (NAME(load)(grads + j) - less);
      NAME(store)(scores + j, p);
      if (dmask) NAME(store)(dmask + r * dmask_ld + j, g);
      NAME(store)(grads + j, g * by);
    }
    if (j < n) {
      const vec p = NAME(vexp)(NAME(load_part)(scores + j, n - j, 0) - shift);
      const vec g = p * (NAME(load_part)(grads + j, n - j, 0) - less);
      NAME(store_part)(scores + j, n - j, p);
      if (dmask) NAME(store_part)(dmask + r * dmask_ld + j, n - j, g);
      NAME(store_part)(grads + j, n - j, g * by);
    }
    for (j = n; j < keys; j++) scores[j] = grads[j] = 0;
  }
}

// delta[r] = Σ out·dout.
static void NAME(row_dots)(const REAL *out, int64_t out_ld, const REAL *dout, int64_t dout_ld,
                           int64_t rows, int64_t n, REAL *delta) {
  for (int64_t r = 0; r < rows; r++, out += out_ld, dout += dout_ld) {
    vec sum = SPLAT(0);
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) sum = FMA(NAME(load)(out + j), NAME(load)(dout + j), sum);
    if (j < n)
      sum = FMA(NAME(load_part)(out + j, n - j, 0), NAME(load_part)(dout + j, n - j, 0), sum);
    delta[r] = NAME(total)(sum);
  }
}
