// Binary operations and comparisons.
#include <stdatomic.h>

#include "choices.h"
#include "tiles.h"
#include "walk.h"

typedef struct binary_context {
  const elementwise_table *table;
  binary_entry entry;
  binary_loop reading;
  torus_dtype dtype;
  /// Comparisons write BOOL, whatever `dtype` is.
  bool compares;
  torus_dtype out_dtype;
  bool direct;
  double p0, p1;
  _Atomic bool divided_by_zero;
} binary_context;

/// One operand of a row as the loops take it: in place, a single element, or tile by tile.
typedef struct source {
  const char *at;
  int64_t step;
  bool in_place, constant;
  tile t;
} source;

static void open_source(
  source *s, const binary_context *c, const char *at, int64_t step, int64_t n) {
  s->at = at;
  s->step = step;
  s->constant = step == 0;
  s->in_place = c->direct && step == torus_element_size(c->dtype);
  // A constant is spread over the tile once; loops that take single elements read the first.
  if (s->constant) tile_load(c->table, c->dtype, n < TILE ? n : TILE, at, 0, &s->t);
}

static const void *next_source(source *s, const binary_context *c, int64_t n) {
  if (s->constant) return s->t.bytes;
  const char *at = s->at;
  s->at += n * s->step;
  return s->in_place ? at : tile_load(c->table, c->dtype, n, at, s->step, &s->t);
}

static __attribute__((noinline)) bool binary_tiles(
  const binary_context *c, int64_t n, char *const data[], const int64_t steps[]) {
  bool zero = false, compares = c->compares;
  bool direct_out =
    steps[0] == torus_element_size(c->out_dtype) && (compares || is_direct(c->dtype));
  source a, b;
  tile out;
  open_source(&a, c, data[1], steps[1], n);
  open_source(&b, c, data[2], steps[2], n);
  char *to = data[0];
  for (int64_t start = 0; start < n; start += TILE) {
    int64_t m = n - start < TILE ? n - start : TILE;
    const void *x = next_source(&a, c, m), *y = next_source(&b, c, m);
    void *target = direct_out ? (void *)to : out.bytes;
    zero |= c->entry.loop(FORM_VV, m, target, x, y, c->p0, c->p1);
    if (!direct_out) {
      if (compares) {
        tile_scatter(m, 1, to, steps[0], out.bytes);
      } else {
        tile_store(c->table, c->dtype, m, to, steps[0], out.bytes);
      }
    }
    to += m * steps[0];
  }
  return zero;
}

/// A row of a half type whose operands lie together, but for one that may be a single element.
static __attribute__((noinline)) void binary_halves(
  const binary_context *c, operand_form form, int64_t n, char *const data[],
  const int64_t steps[]) {
  char *to = data[0];
  const char *a = data[1], *b = data[2];
  const int64_t out_size = c->compares ? 1 : 2;
  if (steps[0] == out_size) {
    c->reading(form, n, to, a, b, c->p0, c->p1);
    return;
  }
  tile out;
  for (int64_t m; n > 0; n -= m, to += m * steps[0], a += m * steps[1], b += m * steps[2]) {
    m = n < TILE ? n : TILE;
    c->reading(form, m, out.bytes, a, b, c->p0, c->p1);
    tile_scatter(m, out_size, to, steps[0], out.bytes);
  }
}

static void binary_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  binary_context *c = context;
  int64_t size = torus_element_size(c->dtype);
  bool zero;
  if (c->reading && (steps[1] == size || steps[2] == size)) {
    bool forms = c->entry.takes_forms;
    if (steps[1] == steps[2]) {
      binary_halves(c, FORM_VV, n, data, steps);
      return;
    }
    if (forms && (steps[1] == 0 || steps[2] == 0)) {
      binary_halves(c, steps[1] == 0 ? FORM_SV : FORM_VS, n, data, steps);
      return;
    }
  }
  if (c->direct && steps[0] == torus_element_size(c->out_dtype)) {
    if (steps[1] == size && steps[2] == size) {
      zero = c->entry.loop(FORM_VV, n, data[0], data[1], data[2], c->p0, c->p1);
    } else if (steps[1] == size && steps[2] == 0 && c->entry.takes_forms) {
      zero = c->entry.loop(FORM_VS, n, data[0], data[1], data[2], c->p0, c->p1);
    } else if (steps[1] == 0 && steps[2] == size && c->entry.takes_forms) {
      zero = c->entry.loop(FORM_SV, n, data[0], data[1], data[2], c->p0, c->p1);
    } else {
      zero = binary_tiles(c, n, data, steps);
    }
  } else {
    zero = binary_tiles(c, n, data, steps);
  }
  if (zero) atomic_store_explicit(&c->divided_by_zero, true, memory_order_relaxed);
}

static torus_status run(
  binary_context *c, int32_t rank, const int64_t *shape, void *out, const int64_t *out_strides,
  const void *a, const int64_t *a_strides, const void *b, const int64_t *b_strides) {
  operand list[3] = {
    {out, out_strides, torus_element_size(c->out_dtype)},
    {a, a_strides, torus_element_size(c->dtype)},
    {b, b_strides, torus_element_size(c->dtype)},
  };
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 3, list, false);
  if (status != TORUS_OK) return status;
  walk_rows(&w, GRAIN, binary_row, c);
  return atomic_load(&c->divided_by_zero) ? TORUS_DIVISION_BY_ZERO : TORUS_OK;
}

/// What BOOL means by an operation, among those that keep 0 and 1.
static torus_binary_op bool_operation(torus_binary_op op) {
  switch (op) {
  case TORUS_ADD:
  case TORUS_MAXIMUM:
  case TORUS_FMAX: return TORUS_BITWISE_OR;
  case TORUS_MUL:
  case TORUS_MINIMUM:
  case TORUS_FMIN: return TORUS_BITWISE_AND;
  case TORUS_BITWISE_AND:
  case TORUS_BITWISE_OR:
  case TORUS_BITWISE_XOR:
  case TORUS_HEAVISIDE: return op;
  default: return TORUS_BINARY_COUNT;
  }
}

torus_status torus_binary(
  torus_binary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides, double p0, double p1) {
  if (dtype == TORUS_BOOL) op = bool_operation(op);
  if ((uint32_t)op >= TORUS_BINARY_COUNT) return TORUS_UNSUPPORTED;
  p0 = binary_choice(op, dtype, p0);
  const elementwise_table *table = elementwise();
  binary_context c = {
    .table = table, .entry = table->binary[op][compute_of(dtype)],
    .reading = torus_is_half(dtype) ? table->binary[op][reading(dtype)].loop : NULL, .dtype = dtype,
    .out_dtype = dtype, .direct = is_direct(dtype), .p0 = p0, .p1 = p1};
  if (!c.entry.loop) return TORUS_UNSUPPORTED;
  return run(&c, rank, shape, out, out_strides, a, a_strides, b, b_strides);
}

torus_status torus_compare(
  torus_compare_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides) {
  if ((uint32_t)op >= TORUS_COMPARE_COUNT) return TORUS_UNSUPPORTED;
  const elementwise_table *table = elementwise();
  binary_context c = {
    .table = table, .entry = {table->compare[op][compute_of(dtype)], true},
    .reading = READING(table->compare[op], dtype), .dtype = dtype,
    .compares = true, .out_dtype = TORUS_BOOL, .direct = is_direct(dtype)};
  return run(&c, rank, shape, out, out_strides, a, a_strides, b, b_strides);
}
