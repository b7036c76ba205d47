// One-hot rows, and elements in another order: flips, rolls, triangles.
#include <string.h>

#include "../elementwise/tiles.h"
#include "../include/torus_elementwise.h"
#include "../include/torus_index.h"

torus_status torus_one_hot(
  torus_dtype dtype, const int64_t *index, int64_t n, int64_t classes, void *out, int64_t *bad) {
  for (int64_t i = 0; i < n; i++) {
    if (index[i] >= 0 && index[i] < classes) continue;
    *bad = index[i];
    return TORUS_INDEX_OUT_OF_RANGE;
  }
  int64_t size = torus_element_size(dtype), whole = 1;
  _Alignas(8) char one[8];
  elementwise()->convert[dtype][TORUS_I64](1, one, &whole);
  memset(out, 0, (size_t)(n * classes * size));
  for (int64_t i = 0; i < n; i++) {
    memcpy((char *)out + (i * classes + index[i]) * size, one, (size_t)size);
  }
  return TORUS_OK;
}

torus_status torus_flip(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  uint64_t flipped, void *out, const int64_t *out_strides) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t strides[TORUS_MAX_RANK], size = torus_element_size(dtype);
  const char *from = a;
  for (int32_t d = 0; d < rank; d++) {
    if (shape[d] == 0) return TORUS_OK;
    bool flips = (flipped >> d) & 1;
    strides[d] = flips ? -a_strides[d] : a_strides[d];
    if (flips) from += (shape[d] - 1) * a_strides[d] * size;
  }
  return torus_copy(rank, shape, dtype, out, out_strides, dtype, from, strides);
}

torus_status torus_roll(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  const int64_t *shifts, void *out, const int64_t *out_strides) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t size = torus_element_size(dtype), shift[TORUS_MAX_RANK];
  int32_t rolled[TORUS_MAX_RANK], count = 0;
  for (int32_t d = 0; d < rank; d++) {
    if (shape[d] == 0) return TORUS_OK;
    shift[d] = ((shifts[d] % shape[d]) + shape[d]) % shape[d];
    if (shift[d]) rolled[count++] = d;
  }
  // Every rolled dimension falls into two stretches; their combinations are plain copies.
  for (uint64_t part = 0; part < (uint64_t)1 << count; part++) {
    int64_t sizes[TORUS_MAX_RANK];
    const char *from = a;
    char *to = out;
    memcpy(sizes, shape, (size_t)rank * sizeof *sizes);
    for (int32_t k = 0; k < count; k++) {
      int32_t d = rolled[k];
      bool wraps = (part >> k) & 1;
      sizes[d] = wraps ? shift[d] : shape[d] - shift[d];
      from += wraps ? (shape[d] - shift[d]) * a_strides[d] * size : 0;
      to += wraps ? 0 : shift[d] * out_strides[d] * size;
    }
    torus_status status = torus_copy(rank, sizes, dtype, to, out_strides, dtype, from, a_strides);
    if (status != TORUS_OK) return status;
  }
  return TORUS_OK;
}

typedef struct triangle {
  bool upper, in_place;
  int64_t diagonal, size;
  int32_t rank;
  const int64_t *shape, *a_strides, *out_strides;
  const char *a;
  char *out;
} triangle;

static void triangle_rows(int64_t begin, int64_t end, void *context) {
  const triangle *t = context;
  int32_t last = t->rank - 1;
  int64_t columns = t->shape[last], rows = t->shape[last - 1], size = t->size;
  int64_t out_step = t->out_strides[last], a_step = t->a_strides[last];
  const uint64_t zero = 0;
  for (int64_t r = begin; r < end; r++) {
    int64_t rest = r, from_at = 0, to_at = 0;
    for (int32_t d = last - 1; d >= 0; d--) {
      int64_t i = rest % t->shape[d];
      rest /= t->shape[d];
      from_at += i * t->a_strides[d];
      to_at += i * t->out_strides[d];
    }
    const char *a = t->a + from_at * size;
    char *out = t->out + to_at * size;
    // Columns first ..< end_column are kept.
    int64_t edge = r % rows + t->diagonal, first = 0, end_column = columns;
    if (t->upper) {
      first = edge < 0 ? 0 : edge > columns ? columns : edge;
    } else {
      end_column = edge + 1 < 0 ? 0 : edge + 1 > columns ? columns : edge + 1;
    }
    for (int64_t i = 0; i < first; i++) memcpy(out + i * out_step * size, &zero, (size_t)size);
    if (!t->in_place && end_column > first) {
      int64_t n = end_column - first;
      char *to = out + first * out_step * size;
      const char *from = a + first * a_step * size;
      if (out_step == 1) {
        tile_gather(n, size, to, from, a_step * size);
      } else {
        for (int64_t i = 0; i < n; i++) {
          memcpy(to + i * out_step * size, from + i * a_step * size, (size_t)size);
        }
      }
    }
    for (int64_t i = end_column; i < columns; i++) {
      memcpy(out + i * out_step * size, &zero, (size_t)size);
    }
  }
}

torus_status torus_triangle(
  bool upper, int64_t diagonal, torus_dtype dtype, int32_t rank, const int64_t *shape,
  const void *a, const int64_t *a_strides, void *out, const int64_t *out_strides) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t rows = 1;
  for (int32_t d = 0; d < rank - 1; d++) rows *= shape[d];
  if (rows == 0 || shape[rank - 1] == 0) return TORUS_OK;
  triangle t = {
    upper, a == out, diagonal, torus_element_size(dtype), rank, shape, a_strides, out_strides,
    a, out};
  torus_parallel_for(rows, GRAIN / shape[rank - 1], triangle_rows, &t);
  return TORUS_OK;
}
