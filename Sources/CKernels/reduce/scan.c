// Running reductions along a dimension. Totals run in f64 or i64 (PyTorch too sums in f64).
#include <math.h>
#include <stdlib.h>

#include "../elementwise/tiles.h"
#include "../elementwise/walk.h"
#include "../include/torus_reduce.h"

enum {
  /// Lines that run side by side.
  LINES = 64,
};

typedef union number {
  double real;
  int64_t whole;
} number;

typedef struct scan {
  torus_scan_op op;
  torus_dtype dtype;
  bool real;
  int64_t length;
  /// Steps along the dimension in bytes: of the input, the output and the indices.
  int64_t a_step, out_step, index_step;
  bool has_indices, reverse;
  /// Bytes between neighbouring lines, for those walked side by side.
  int64_t a_line, out_line, index_line;
  int64_t lines;
} scan;

/// What a line carries from place to place.
typedef struct carry {
  number value;
  int64_t index;
} carry;

static inline double log_add_exp(double x, double y) {
  double high = fmax(x, y), low = fmin(x, y);
  if (isnan(x) || isnan(y)) return x + y;
  return isinf(high) ? high : high + log1p(exp(low - high));
}

/// The first element starts a line; each further one is combined.
static inline void step(const scan *s, carry *c, number x, int64_t index, bool first) {
  if (first) {
    c->value = x;
    c->index = index;
    return;
  }
  switch (s->op) {
  case TORUS_CUMSUM:
    if (s->real) {
      c->value.real += x.real;
    } else {
      c->value.whole = (int64_t)((uint64_t)c->value.whole + (uint64_t)x.whole);
    }
    break;
  case TORUS_CUMPROD:
    if (s->real) {
      c->value.real *= x.real;
    } else {
      c->value.whole = (int64_t)((uint64_t)c->value.whole * (uint64_t)x.whole);
    }
    break;
  case TORUS_LOGCUMSUMEXP: c->value.real = log_add_exp(c->value.real, x.real); break;
  case TORUS_CUMMAX:
  case TORUS_CUMMIN: {
    bool max = s->op == TORUS_CUMMAX, better;
    if (s->real) {
      double v = c->value.real;
      better = isnan(x.real) || (!isnan(v) && (max ? x.real >= v : x.real <= v));
    } else {
      better = max ? x.whole >= c->value.whole : x.whole <= c->value.whole;
    }
    if (better) {
      c->value = x;
      c->index = index;
    }
    break;
  }
  }
}

typedef struct scan_tiles {
  number in[TILE], out[TILE];
  int64_t indices[TILE];
  tile raw;
} scan_tiles;

/// Elements as numbers.
static void load(const scan *s, int64_t n, const char *a, int64_t stride, scan_tiles *t) {
  const elementwise_table *table = elementwise();
  torus_dtype wide = s->real ? TORUS_F64 : TORUS_I64;
  int64_t size = torus_element_size(s->dtype);
  if (stride != size) {
    tile_gather(n, size, t->raw.bytes, a, stride);
    a = t->raw.bytes;
  }
  table->convert[wide][s->dtype](n, t->in, a);
}

static void store(const scan *s, int64_t n, char *out, int64_t stride, scan_tiles *t) {
  torus_dtype wide = s->real ? TORUS_F64 : TORUS_I64;
  int64_t size = torus_element_size(s->dtype);
  bool together = stride == size;
  elementwise()->convert[s->dtype][wide](n, together ? out : t->raw.bytes, t->out);
  if (!together) tile_scatter(n, size, out, stride, t->raw.bytes);
}

/// Sums have loops of their own: the common case.
static void scan_tile(const scan *s, int64_t n, carry *c, int64_t at, scan_tiles *t) {
  if (s->op == TORUS_CUMSUM && s->real && at > 0) {
    double sum = c->value.real;
    for (int64_t i = 0; i < n; i++) t->out[i].real = sum += t->in[i].real;
    c->value.real = sum;
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    int64_t place = s->reverse ? s->length - 1 - (at + i) : at + i;
    step(s, c, t->in[i], place, at + i == 0);
    t->out[i] = c->value;
    t->indices[i] = c->index;
  }
}

static void scan_line(const scan *s, const char *a, char *out, char *indices) {
  scan_tiles t;
  carry c = {{0}, 0};
  for (int64_t at = 0; at < s->length;) {
    // The first element alone, so that the rest may take the short loop.
    int64_t n = at == 0 ? 1 : s->length - at < TILE ? s->length - at : TILE;
    load(s, n, a + at * s->a_step, s->a_step, &t);
    scan_tile(s, n, &c, at, &t);
    store(s, n, out + at * s->out_step, s->out_step, &t);
    if (indices) tile_scatter(n, 8, indices + at * s->index_step, s->index_step, t.indices);
    at += n;
  }
}

static void scan_lines(
  const scan *s, int64_t lines, const char *a, char *out, char *indices) {
  scan_tiles t;
  carry c[LINES];
  for (int64_t at = 0; at < s->length; at++) {
    load(s, lines, a + at * s->a_step, s->a_line, &t);
    int64_t place = s->reverse ? s->length - 1 - at : at;
    if (s->op == TORUS_CUMSUM && s->real && at > 0) {
      for (int64_t i = 0; i < lines; i++) t.out[i].real = c[i].value.real += t.in[i].real;
    } else {
      for (int64_t i = 0; i < lines; i++) {
        step(s, &c[i], t.in[i], place, at == 0);
        t.out[i] = c[i].value;
        t.indices[i] = c[i].index;
      }
    }
    store(s, lines, out + at * s->out_step, s->out_line, &t);
    if (indices) {
      tile_scatter(lines, 8, indices + at * s->index_step, s->index_line, t.indices);
    }
  }
}

static void scan_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  scan s = *(const scan *)context;
  s.out_line = steps[0];
  s.a_line = steps[1];
  s.index_line = s.has_indices ? steps[2] : 0;
  int64_t group = llabs(s.a_line) < llabs(s.a_step) ? LINES : 1;
  for (int64_t i = 0; i < n; i += group) {
    int64_t lines = n - i < group ? n - i : group;
    char *out = data[0] + i * steps[0], *indices = s.has_indices ? data[2] + i * steps[2] : NULL;
    const char *a = data[1] + i * steps[1];
    if (lines > 1) {
      scan_lines(&s, lines, a, out, indices);
    } else {
      scan_line(&s, a, out, indices);
    }
  }
}

torus_status torus_scan(
  torus_scan_op op, bool reverse, torus_dtype dtype, int32_t rank, const int64_t *shape,
  int32_t dim, const void *a, const int64_t *a_strides, void *out, const int64_t *out_strides,
  int64_t *indices, const int64_t *indices_strides) {
  bool real = torus_is_float(dtype);
  if (op == TORUS_LOGCUMSUMEXP && !real) return TORUS_UNSUPPORTED;
  bool sums = op == TORUS_CUMSUM || op == TORUS_CUMPROD;
  if (sums && !real && dtype != TORUS_I64 && dtype != TORUS_I32) return TORUS_UNSUPPORTED;
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t size = torus_element_size(dtype), lines_shape[TORUS_MAX_RANK];
  scan s = {.op = op, .dtype = dtype, .real = real, .length = 1, .reverse = reverse};
  s.has_indices = indices && (op == TORUS_CUMMAX || op == TORUS_CUMMIN);
  static const int64_t none[TORUS_MAX_RANK] = {0};
  // Without indices the output's strides stand in, never followed.
  if (!s.has_indices) indices_strides = out_strides;
  for (int32_t d = 0; d < rank; d++) lines_shape[d] = d == dim ? 1 : shape[d];
  const char *from = a;
  char *to = out, *index_to = (char *)indices;
  if (rank > 0) {
    s.length = shape[dim];
    s.a_step = a_strides[dim] * size;
    s.out_step = out_strides[dim] * size;
    s.index_step = indices_strides[dim] * 8;
    if (reverse && s.length > 0) {
      // Backwards is forwards from the last element with the steps turned round.
      from += (s.length - 1) * s.a_step;
      to += (s.length - 1) * s.out_step;
      if (s.has_indices) index_to += (s.length - 1) * s.index_step;
      s.a_step = -s.a_step;
      s.out_step = -s.out_step;
      s.index_step = -s.index_step;
    }
  } else {
    s.a_step = s.out_step = size;
    s.index_step = 8;
    a_strides = out_strides = indices_strides = none;
  }
  if (s.length == 0) return TORUS_OK;
  operand list[3] = {
    {to, out_strides, size}, {from, a_strides, size}, {index_to, indices_strides, 8}};
  walk w;
  torus_status status =
    walk_prepare(&w, rank, lines_shape, s.has_indices ? 3 : 2, list, false);
  if (status != TORUS_OK) return status;
  int64_t grain = GRAIN / 4 / s.length;
  walk_rows(&w, grain < LINES ? LINES : grain, scan_row, &s);
  return TORUS_OK;
}
