// Copies, fills and ranges.
#include <string.h>

#include "tiles.h"
#include "walk.h"

typedef struct copy_context {
  convert_loop convert;
  int64_t out_size, size;
} copy_context;

/// Rows of one type.
static void move_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  int64_t size = ((const copy_context *)context)->size;
  if (steps[0] == size && steps[1] == size) {
    memcpy(data[0], data[1], (size_t)(n * size));
    return;
  }
  if (steps[0] == size && steps[1] != 0) {
    tile_gather(n, size, data[0], data[1], steps[1]);
  } else if (steps[0] == size) {
    tile_fill(n, size, data[0], data[1]);
  } else if (steps[1] == size) {
    tile_scatter(n, size, data[0], steps[0], data[1]);
  } else {
    tile t;
    for (int64_t start = 0; start < n; start += TILE) {
      int64_t m = n - start < TILE ? n - start : TILE;
      tile_gather(m, size, t.bytes, data[1] + start * steps[1], steps[1]);
      tile_scatter(m, size, data[0] + start * steps[0], steps[0], t.bytes);
    }
  }
}

/// Rows with conversion.
static void convert_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const copy_context *c = context;
  bool together_out = steps[0] == c->out_size, together = steps[1] == c->size;
  if (together_out && together) {
    c->convert(n, data[0], data[1]);
    return;
  }
  tile in, out;
  for (int64_t start = 0; start < n; start += TILE) {
    int64_t m = n - start < TILE ? n - start : TILE;
    char *to = data[0] + start * steps[0];
    const char *from = data[1] + start * steps[1];
    if (!together) {
      tile_gather(m, c->size, in.bytes, from, steps[1]);
      from = in.bytes;
    }
    c->convert(m, together_out ? to : out.bytes, from);
    if (!together_out) tile_scatter(m, c->out_size, to, steps[0], out.bytes);
  }
}

// MARK: Transposes

typedef struct transpose_context {
  void (*block)(int64_t, int64_t, void *, int64_t, const void *, int64_t);
  const walk *w;
  /// The dimension that is contiguous in the source.
  int32_t across;
  int64_t size;
  /// Slabs: this many places along `across` are written together.
  int64_t slab, slabs;
} transpose_context;

static void transpose_slabs(int64_t begin, int64_t end, void *context) {
  const transpose_context *c = context;
  const walk *w = c->w;
  int32_t inner = w->rank - 1;
  for (int64_t piece = begin; piece < end; piece++) {
    int64_t rest = piece / c->slabs, first = piece % c->slabs * c->slab;
    char *to = w->data[0] + first * w->strides[0][c->across];
    const char *from = w->data[1] + first * w->strides[1][c->across];
    for (int32_t d = inner - 1; d >= 0; d--) {
      if (d == c->across) continue;
      int64_t i = rest % w->shape[d];
      rest /= w->shape[d];
      to += i * w->strides[0][d];
      from += i * w->strides[1][d];
    }
    int64_t left = w->shape[c->across] - first;
    c->block(
      w->shape[inner], left < c->slab ? left : c->slab, to, w->strides[0][c->across] / c->size,
      from, w->strides[1][inner] / c->size);
  }
}

/// Whether the copy is a transpose worth blocking; then does it.
static bool copy_transposed(const walk *w, int64_t size) {
  int32_t inner = w->rank - 1, across = -1;
  if (w->strides[0][inner] != size || w->strides[1][inner] == size) return false;
  for (int32_t d = 0; d < inner; d++) {
    if (w->strides[1][d] == size) across = d;
  }
  if (across < 0 || w->shape[inner] < 4 || w->shape[across] < 4) return false;
  int64_t slab = 64 / size;
  transpose_context c = {
    elementwise()->transpose[__builtin_ctzll((uint64_t)size)], w, across, size, slab,
    (w->shape[across] + slab - 1) / slab};
  int64_t pieces = w->count / (w->shape[inner] * w->shape[across]) * c.slabs;
  int64_t grain = GRAIN / (w->shape[inner] * slab);
  torus_parallel_for(pieces, grain, transpose_slabs, &c);
  return true;
}

torus_status torus_copy(
  int32_t rank, const int64_t *shape,
  torus_dtype out_dtype, void *out, const int64_t *out_strides,
  torus_dtype a_dtype, const void *a, const int64_t *a_strides) {
  int64_t out_size = torus_element_size(out_dtype), size = torus_element_size(a_dtype);
  operand list[2] = {{out, out_strides, out_size}, {a, a_strides, size}};
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 2, list, false);
  if (status != TORUS_OK || w.count == 0) return status;
  copy_context c = {elementwise()->convert[out_dtype][a_dtype], out_size, size};
  if (out_dtype != a_dtype) {
    walk_rows(&w, GRAIN, convert_row, &c);
  } else if (!copy_transposed(&w, size)) {
    walk_rows(&w, GRAIN, move_row, &c);
  }
  return TORUS_OK;
}

// MARK: Fills

typedef struct fill_context {
  int64_t size;
  bool one_byte;
  const void *value;
} fill_context;

static void fill_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const fill_context *c = context;
  if (steps[0] == c->size) {
    if (c->one_byte) {
      memset(data[0], *(const uint8_t *)c->value, (size_t)(n * c->size));
    } else {
      tile_fill(n, c->size, data[0], c->value);
    }
    return;
  }
  for (int64_t i = 0; i < n; i++) memcpy(data[0] + i * steps[0], c->value, (size_t)c->size);
}

torus_status torus_fill(
  torus_dtype dtype, int32_t rank, const int64_t *shape, void *out, const int64_t *out_strides,
  torus_dtype number_dtype, const void *number) {
  int64_t size = torus_element_size(dtype);
  _Alignas(8) uint8_t value[8];
  elementwise()->convert[dtype][number_dtype](1, value, number);
  operand list[1] = {{out, out_strides, size}};
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 1, list, false);
  if (status != TORUS_OK) return status;
  bool one_byte = true;
  for (int64_t i = 1; i < size; i++) one_byte &= value[i] == value[0];
  fill_context c = {size, one_byte, value};
  walk_rows(&w, GRAIN, fill_row, &c);
  return TORUS_OK;
}

torus_status torus_arange(torus_dtype dtype, int64_t n, void *out, double start, double step) {
  const elementwise_table *table = elementwise();
  bool whole = !torus_is_float(dtype);
  torus_dtype from = whole ? TORUS_I64 : TORUS_F64;
  int64_t first = (int64_t)start, stride = (int64_t)step, size = torus_element_size(dtype);
  union { int64_t whole[TILE]; double real[TILE]; } t;
  for (int64_t begin = 0; begin < n; begin += TILE) {
    int64_t m = n - begin < TILE ? n - begin : TILE;
    for (int64_t i = 0; i < m; i++) {
      if (whole) {
        t.whole[i] = first + (begin + i) * stride;
      } else {
        t.real[i] = start + (double)(begin + i) * step;
      }
    }
    table->convert[dtype][from](m, (char *)out + begin * size, &t);
  }
  return TORUS_OK;
}
