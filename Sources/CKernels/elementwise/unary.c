// Unary operations and predicates.
#include "choices.h"
#include "tiles.h"
#include "walk.h"

typedef struct unary_context {
  const elementwise_table *table;
  unary_loop loop;
  unary_loop reading;
  torus_dtype dtype;
  /// Predicates write BOOL, whatever `dtype` is.
  bool predicate;
  torus_dtype out_dtype;
  double p0, p1;
} unary_context;

/// A row of a half type that lies together.
static void unary_halves(
  const unary_context *c, int64_t n, char *to, int64_t out_step, const char *from) {
  const int64_t out_size = c->predicate ? 1 : 2;
  if (out_step == out_size) {
    c->reading(n, to, from, c->p0, c->p1);
    return;
  }
  tile out;
  for (int64_t m; n > 0; n -= m, to += m * out_step, from += m * 2) {
    m = n < TILE ? n : TILE;
    c->reading(m, out.bytes, from, c->p0, c->p1);
    tile_scatter(m, out_size, to, out_step, out.bytes);
  }
}

static void unary_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const unary_context *c = context;
  int64_t size = torus_element_size(c->dtype), out_size = torus_element_size(c->out_dtype);
  bool predicate = c->predicate;
  bool direct_out = steps[0] == out_size && (predicate || is_direct(c->dtype));
  if (direct_out && steps[1] == size && is_direct(c->dtype)) {
    c->loop(n, data[0], data[1], c->p0, c->p1);
    return;
  }
  if (c->reading && steps[1] == size) {
    unary_halves(c, n, data[0], steps[0], data[1]);
    return;
  }
  tile in, out;
  char *to = data[0];
  const char *from = data[1];
  for (int64_t start = 0; start < n; start += TILE) {
    int64_t m = n - start < TILE ? n - start : TILE;
    const void *a = tile_load(c->table, c->dtype, m, from, steps[1], &in);
    if (direct_out) {
      c->loop(m, to, a, c->p0, c->p1);
    } else {
      c->loop(m, out.bytes, a, c->p0, c->p1);
      if (predicate) {
        tile_scatter(m, 1, to, steps[0], out.bytes);
      } else {
        tile_store(c->table, c->dtype, m, to, steps[0], out.bytes);
      }
    }
    to += m * steps[0];
    from += m * steps[1];
  }
}

static torus_status run(
  unary_context *c, int32_t rank, const int64_t *shape, void *out, const int64_t *out_strides,
  const void *a, const int64_t *a_strides) {
  operand list[2] = {
    {out, out_strides, torus_element_size(c->out_dtype)},
    {a, a_strides, torus_element_size(c->dtype)},
  };
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 2, list, false);
  if (status == TORUS_OK) walk_rows(&w, GRAIN, unary_row, c);
  return status;
}

/// What BOOL means by an operation that integers would do otherwise.
static torus_unary_op bool_operation(torus_unary_op op) {
  switch (op) {
  case TORUS_ABS:
  case TORUS_SIGN:
  case TORUS_SQUARE:
  case TORUS_RELU:
  case TORUS_FLOOR:
  case TORUS_CEIL:
  case TORUS_ROUND:
  case TORUS_TRUNC: return TORUS_ABS;
  case TORUS_CLAMP:
  case TORUS_BITWISE_NOT: return op;
  default: return TORUS_UNARY_COUNT;
  }
}

torus_status torus_unary(
  torus_unary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  double p0, double p1) {
  if ((uint32_t)op >= TORUS_UNARY_COUNT) return TORUS_UNSUPPORTED;
  const elementwise_table *table = elementwise();
  if (dtype == TORUS_BOOL) {
    op = bool_operation(op);
    if (op == TORUS_UNARY_COUNT) return TORUS_UNSUPPORTED;
    if (op == TORUS_BITWISE_NOT) {
      return torus_predicate(TORUS_LOGICAL_NOT, dtype, rank, shape, out, out_strides, a, a_strides);
    }
  }
  op = unary_choice(op, dtype, &p0);
  unary_context c = {
    table, table->unary[op][compute_of(dtype)], READING(table->unary[op], dtype), dtype, false,
    dtype, p0, p1};
  if (!c.loop) return TORUS_UNSUPPORTED;
  return run(&c, rank, shape, out, out_strides, a, a_strides);
}

torus_status torus_predicate(
  torus_predicate_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides) {
  if ((uint32_t)op >= TORUS_PREDICATE_COUNT) return TORUS_UNSUPPORTED;
  const elementwise_table *table = elementwise();
  unary_context c = {
    table, table->predicate[op][compute_of(dtype)], READING(table->predicate[op], dtype), dtype,
    true, TORUS_BOOL, 0, 0};
  return run(&c, rank, shape, out, out_strides, a, a_strides);
}
