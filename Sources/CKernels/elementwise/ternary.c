// Ternary operations and the choice by a condition.
#include "tiles.h"
#include "walk.h"

typedef struct ternary_context {
  const elementwise_table *table;
  ternary_loop loop;
  ternary_loop reading;
  torus_dtype dtype;
  double p0;
} ternary_context;

static void ternary_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const ternary_context *c = context;
  int64_t size = torus_element_size(c->dtype);
  bool direct_out = is_direct(c->dtype) && steps[0] == size;
  if (direct_out && steps[1] == size && steps[2] == size && steps[3] == size) {
    c->loop(n, data[0], data[1], data[2], data[3], c->p0);
    return;
  }
  if (c->reading && steps[1] == size && steps[2] == size && steps[3] == size) {
    if (steps[0] == size) {
      c->reading(n, data[0], data[1], data[2], data[3], c->p0);
      return;
    }
    tile out;
    for (int64_t start = 0; start < n; start += TILE) {
      int64_t m = n - start < TILE ? n - start : TILE;
      c->reading(
        m, out.bytes, data[1] + start * size, data[2] + start * size, data[3] + start * size, c->p0);
      tile_scatter(m, size, data[0] + start * steps[0], steps[0], out.bytes);
    }
    return;
  }
  tile in[3], out;
  const void *from[3] = {0};
  for (int64_t start = 0; start < n; start += TILE) {
    int64_t m = n - start < TILE ? n - start : TILE;
    for (int k = 0; k < 3; k++) {
      // A constant operand keeps the tile that the first round filled.
      if (start > 0 && steps[k + 1] == 0) continue;
      from[k] = tile_load(
        c->table, c->dtype, m, data[k + 1] + start * steps[k + 1], steps[k + 1], &in[k]);
    }
    char *to = data[0] + start * steps[0];
    c->loop(m, direct_out ? (void *)to : out.bytes, from[0], from[1], from[2], c->p0);
    if (!direct_out) tile_store(c->table, c->dtype, m, to, steps[0], out.bytes);
  }
}

torus_status torus_ternary(
  torus_ternary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides, const void *c, const int64_t *c_strides, double p0) {
  if ((uint32_t)op >= TORUS_TERNARY_COUNT) return TORUS_UNSUPPORTED;
  if (dtype == TORUS_BOOL && op != TORUS_CLAMP_TENSOR) return TORUS_UNSUPPORTED;
  const elementwise_table *table = elementwise();
  ternary_context context = {
    table, table->ternary[op][compute_of(dtype)], READING(table->ternary[op], dtype), dtype, p0};
  if (!context.loop) return TORUS_UNSUPPORTED;
  int64_t size = torus_element_size(dtype);
  operand list[4] = {
    {out, out_strides, size}, {a, a_strides, size}, {b, b_strides, size}, {c, c_strides, size}};
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 4, list, false);
  if (status == TORUS_OK) walk_rows(&w, GRAIN, ternary_row, &context);
  return status;
}

typedef struct where_context {
  where_loop loop;
  int64_t size;
} where_context;

static const void *together(
  int64_t n, int64_t size, const char *a, int64_t step, tile *t) {
  if (step == size) return a;
  if (step == 0) {
    tile_fill(n, size, t->bytes, a);
  } else {
    tile_gather(n, size, t->bytes, a, step);
  }
  return t->bytes;
}

static void where_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const where_context *c = context;
  int64_t size = c->size;
  if (steps[0] == size && steps[1] == 1 && steps[2] == size && steps[3] == size) {
    c->loop(n, data[0], data[1], data[2], data[3]);
    return;
  }
  tile in[3], out;
  const void *from[3] = {0};
  const int64_t sizes[3] = {1, size, size};
  bool direct_out = steps[0] == size;
  for (int64_t start = 0; start < n; start += TILE) {
    int64_t m = n - start < TILE ? n - start : TILE;
    for (int k = 0; k < 3; k++) {
      if (start > 0 && steps[k + 1] == 0) continue;
      from[k] = together(m, sizes[k], data[k + 1] + start * steps[k + 1], steps[k + 1], &in[k]);
    }
    char *to = data[0] + start * steps[0];
    c->loop(m, direct_out ? (void *)to : out.bytes, from[0], from[1], from[2]);
    if (!direct_out) tile_scatter(m, size, to, steps[0], out.bytes);
  }
}

torus_status torus_where(
  torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *condition, const int64_t *condition_strides,
  const void *a, const int64_t *a_strides, const void *b, const int64_t *b_strides) {
  int64_t size = torus_element_size(dtype);
  where_context c = {elementwise()->where[__builtin_ctzll((uint64_t)size)], size};
  operand list[4] = {
    {out, out_strides, size}, {condition, condition_strides, 1}, {a, a_strides, size},
    {b, b_strides, size}};
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 4, list, false);
  if (status == TORUS_OK) walk_rows(&w, GRAIN, where_row, &c);
  return status;
}
