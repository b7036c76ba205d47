// Softmax over rows, and over columns where the dimension is not the last. The terms of half types are
// kept in `room` until they are divided.
#include "row_exp.h"

static void NAME(softmax_rows)(bool log_form, const ELEMENT *x, ELEMENT *y, int64_t rows, int64_t n,
                               REAL *room) {
  for (int64_t r = 0; r < rows; r++, x += n, y += n) {
    const REAL most = NAME(row_max)(x, n);
    if (log_form) {
      const vec shift = SPLAT(most + (REAL)log(NAME(row_exp)(x, 0, n, most)));
#define VALUES(read, i) (read(x + i) - shift)
      WRITE_RUN(y, n, VALUES, NAME(read_one)(x + i) - shift[0])
#undef VALUES
    } else {
#ifdef HALF
      REAL *const terms = room;
#else
      REAL *const terms = y;
      (void)room;
#endif
      const vec factor = SPLAT(1 / NAME(row_exp)(x, terms, n, most));
      int64_t i = 0;
      for (; i + 2 * LANES <= n; i += 2 * LANES)
        NAME(write_both)(y + i, NAME(load)(terms + i) * factor, NAME(load)(terms + i + LANES) * factor);
      for (; i + LANES <= n; i += LANES) NAME(write)(y + i, NAME(load)(terms + i) * factor);
      for (; i < n; i++) NAME(write_one)(y + i, terms[i] * factor[0]);
    }
  }
}

// Σ dy, or Σ dy·y.
INLINE REAL NAME(row_product)(bool log_form, const ELEMENT *y, const ELEMENT *dy, int64_t n) {
  vec sum = SPLAT(0), other = sum;
  int64_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const vec g = NAME(read_first)(dy + i), h = NAME(read_second)(dy + i);
    sum += log_form ? g : g * NAME(read_first)(y + i);
    other += log_form ? h : h * NAME(read_second)(y + i);
  }
  NAME(in_order)(&sum, &other);
  REAL total = NAME(total)(sum + other);
  for (; i < n; i++) {
    const REAL g = NAME(read_one)(dy + i);
    total += log_form ? g : g * NAME(read_one)(y + i);
  }
  return total;
}

// Several rows at a time, so that the sum that one waits for is made beside those of others.
static void NAME(softmax_rows_back)(bool log_form, const ELEMENT *y, const ELEMENT *dy, ELEMENT *dx,
                                    int64_t rows, int64_t n) {
  enum { ROWS = 4 };
  for (int64_t first = 0; first < rows; first += ROWS) {
    const int64_t count = torus_min(ROWS, rows - first);
    REAL totals[ROWS];
    for (int64_t r = 0; r < count; r++)
      totals[r] = NAME(row_product)(log_form, y + r * n, dy + r * n, n);
    for (int64_t r = 0; r < count; r++, y += n, dy += n, dx += n) {
      const vec total = SPLAT(totals[r]);
#define GRADIENT(a, g) (log_form ? (g) - NAME(vexp)(a) * total : (a) * ((g) - total))
      int64_t i = 0;
      for (; i + 2 * LANES <= n; i += 2 * LANES)
        NAME(write_both)(dx + i, GRADIENT(NAME(read_first)(y + i), NAME(read_first)(dy + i)),
                         GRADIENT(NAME(read_second)(y + i), NAME(read_second)(dy + i)));
      for (; i + LANES <= n; i += LANES)
        NAME(write)(dx + i, GRADIENT(NAME(read)(y + i), NAME(read)(dy + i)));
      if (i < n)
        NAME(write_part)(dx + i, n - i, GRADIENT(NAME(read_part)(y + i, n - i, 0),
                                                 NAME(read_part)(dy + i, n - i, 0)));
#undef GRADIENT
    }
  }
}

// Over columns: `count` ≤ LANES neighbouring positions at once, dim steps of `inner`; `room` has dim
// vectors.
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
