// Indexing by several index tensors.
#include "write.h"

// Calls a body for every position of the index dimensions with the offsets of both sides. Indices
// are checked first.
static torus_status check(const torus_indexing *w, int64_t *bad, int32_t *bad_position) {
  for (int32_t k = 0; k < w->count; k++) {
    const int64_t *strides = w->indices_strides + (int64_t)k * w->index_rank;
    int64_t position[TORUS_MAX_RANK] = {0}, offset = 0;
    if (torus_count_without(w->index_rank, w->index_shape, -1) == 0) continue;
    do {
      int64_t at = w->indices[k][offset];
      if (at < -w->sizes[k] || at >= w->sizes[k]) {
        *bad = at;
        *bad_position = k;
        return TORUS_INDEX_OUT_OF_RANGE;
      }
    } while (torus_advance(w->index_rank, w->index_shape, -1, position, 1, &offset, &strides));
  }
  return TORUS_OK;
}

// Goes through all positions; `into_data` says which side is written.
static torus_status walk(
  const torus_indexing *w, torus_write write, bool into_data, torus_dtype dtype, char *data,
  char *other, int64_t *bad, int32_t *bad_position) {
  if (w->index_rank > TORUS_MAX_RANK || w->slice_rank > TORUS_MAX_RANK || w->count > TORUS_MAX_RANK) {
    return TORUS_RANK_TOO_HIGH;
  }
  torus_status status = check(w, bad, bad_position);
  if (status != TORUS_OK) return status;
  int64_t size = torus_element_size(dtype);
  if (torus_count_without(w->index_rank, w->index_shape, -1) == 0) return TORUS_OK;
  if (torus_count_without(w->slice_rank, w->slice_shape, -1) == 0) return TORUS_OK;
  int64_t position[TORUS_MAX_RANK] = {0}, offsets[TORUS_MAX_RANK + 1] = {0};
  const int64_t *strides[TORUS_MAX_RANK + 1];
  for (int32_t k = 0; k < w->count; k++) {
    strides[k] = w->indices_strides + (int64_t)k * w->index_rank;
  }
  strides[w->count] = w->other_index_strides;
  const int64_t *slice_strides[2] = {w->slice_data_strides, w->other_slice_strides};
  do {
    int64_t at = 0;
    for (int32_t k = 0; k < w->count; k++) {
      int64_t i = w->indices[k][offsets[k]];
      at += (i < 0 ? i + w->sizes[k] : i) * w->data_strides[k];
    }
    int64_t slice_position[TORUS_MAX_RANK] = {0}, slice[2] = {at, offsets[w->count]};
    do {
      char *inside = data + slice[0] * size, *outside = other + slice[1] * size;
      write(into_data ? inside : outside, into_data ? outside : inside, 1);
    } while (torus_advance(
      w->slice_rank, w->slice_shape, -1, slice_position, 2, slice, slice_strides));
  } while (torus_advance(
    w->index_rank, w->index_shape, -1, position, w->count + 1, offsets, strides));
  return TORUS_OK;
}

torus_status torus_index_get(
  torus_dtype dtype, const torus_indexing *indexing, const void *data, void *out,
  int64_t *bad, int32_t *bad_position) {
  torus_write write = torus_write_function(TORUS_WRITE_SET, dtype);
  return walk(indexing, write, false, dtype, (char *)data, out, bad, bad_position);
}

torus_status torus_index_put(
  torus_write_op op, torus_dtype dtype, const torus_indexing *indexing, void *data,
  const void *values, int64_t *bad, int32_t *bad_position) {
  torus_write write = torus_write_function(op, dtype);
  if (!write) return TORUS_UNSUPPORTED;
  return walk(indexing, write, true, dtype, data, (char *)values, bad, bad_position);
}
