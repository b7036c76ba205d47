// Softmax over rows, of REAL, and over columns where the dimension is not the last.
#include "row_exp.h"

#ifndef HALF
static void NAME(softmax_rows)(bool log_form, const REAL *x, REAL *y, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++, x += n, y += n) {
    const REAL most = NAME(row_max)(x, n);
    int64_t i = 0;
    if (log_form) {
      const REAL shift = most + (REAL)log(NAME(row_exp)(x, 0, n, most));
      for (; i + LANES <= n; i += LANES) NAME(store)(y + i, NAME(load)(x + i) - shift);
      for (; i < n; i++) y[i] = x[i] - shift;
    } else {
      const REAL factor = 1 / NAME(row_exp)(x, y, n, most);
      for (; i + LANES <= n; i += LANES) NAME(store)(y + i, NAME(load)(y + i) * factor);
      for (; i < n; i++) y[i] *= factor;
    }
  }
}

static void NAME(softmax_rows_back)(bool log_form, const REAL *y, const REAL *dy, REAL *dx,
                                    int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++, y += n, dy += n, dx += n) {
    vec sum = SPLAT(0), other = sum;
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
      const vec g = NAME(load)(dy + i), h = NAME(load)(dy + i + LANES);
      sum += log_form ? g : g * NAME(load)(y + i);
      other += log_form ? h : h * NAME(load)(y + i + LANES);
    }
    REAL total = NAME(total)(sum + other);
    for (; i < n; i++) total += log_form ? dy[i] : dy[i] * y[i];
    i = 0;
    for (; i + LANES <= n; i += LANES) {
      const vec a = NAME(load)(y + i), g = NAME(load)(dy + i);
      NAME(store)(dx + i, log_form ? g - NAME(vexp)(a) * total : a * (g - total));
    }
    if (i < n) {
      const vec a = NAME(load_part)(y + i, n - i, 0), g = NAME(load_part)(dy + i, n - i, 0);
      NAME(store_part)(dx + i, n - i, log_form ? g - NAME(vexp)(a) * total : a * (g - total));
    }
  }
}
#endif

// Over columns: `count` ≤ LANES neighbouring positions at once, dim steps of `inner`. The terms of half
// types are kept in `room`, dim vectors, until they are divided.
#define AT(p, j) (count == LANES ? NAME(read)(p + (j) * inner) \
                                 : NAME(read_part)(p + (j) * inner, count, 0))
#define PUT(p, j, v)                                        \
  do {                                                      \
    if (count == LANES) NAME(write)(p + (j) * inner, v);    \
    else NAME(write_part)(p + (j) * inner, count, v);       \
  } while (0)
#ifdef HALF
#define KEEP(j, v) NAME(store)(room + (j) * LANES, v)
#define KEPT(j) NAME(load)(room + (j) * LANES)
#else
#define KEEP(j, v) PUT(y, j, v)
#define KEPT(j) AT(y, j)
#endif

static void NAME(softmax_columns)(bool log_form, const ELEMENT *x, ELEMENT *y, int64_t dim,
                                  int64_t inner, int64_t count, REAL *room) {
  (void)room;
  vec most = SPLAT(-INFINITY), sum = SPLAT(0);
  for (int64_t j = 0; j < dim; j++) most = NAME(larger)(most, AT(x, j));
  for (int64_t j = 0; j < dim; j++) {
    const vec e = NAME(vexp)(AT(x, j) - most);
    sum += e;
    if (!log_form) KEEP(j, e);
  }
  if (log_form) {
    REAL lanes[LANES];
    *(vec *)lanes = sum;
    for (int i = 0; i < LANES; i++) lanes[i] = (REAL)log(lanes[i]);
    const vec shift = most + *(const vec *)lanes;
    for (int64_t j = 0; j < dim; j++) PUT(y, j, AT(x, j) - shift);
  } else {
    const vec factor = SPLAT(1) / sum;
    for (int64_t j = 0; j < dim; j++) PUT(y, j, KEPT(j) * factor);
  }
}

static void NAME(softmax_columns_back)(bool log_form, const ELEMENT *y, const ELEMENT *dy, ELEMENT *dx,
                                       int64_t dim, int64_t inner, int64_t count) {
  vec sum = SPLAT(0);
  for (int64_t j = 0; j < dim; j++) sum += log_form ? AT(dy, j) : AT(dy, j) * AT(y, j);
  for (int64_t j = 0; j < dim; j++) {
    const vec a = AT(y, j), g = AT(dy, j);
    PUT(dx, j, log_form ? g - NAME(vexp)(a) * sum : a * (g - sum));
  }
}
#undef AT
#undef PUT
#undef KEEP
#undef KEPT
