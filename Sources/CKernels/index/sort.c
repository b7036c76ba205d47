// Sorting, the k best and the k-th along a dimension.
#include <string.h>

#include "../elementwise/tiles.h"
#include "../elementwise/walk.h"
#include "keys.h"

typedef enum sort_task { TASK_STABLE, TASK_SORT, TASK_TOP, TASK_KTH } sort_task;

typedef struct sorting {
  sort_task task;
  torus_dtype dtype;
  bool inverted, ordered, packs, has_values, has_indices;
  int64_t length, k;
  int64_t a_step, value_step, index_step;
} sorting;

static void write_place(
  const sorting *s, int64_t at, int64_t place, const char *a, char *values, char *indices) {
  if (s->has_values) {
    int64_t size = torus_element_size(s->dtype);
    memcpy(values + at * s->value_step, a + place * s->a_step, (size_t)size);
  }
  if (s->has_indices) memcpy(indices + at * s->index_step, &place, 8);
}

#define RUN_TASK(kind)                                                            \
  {                                                                               \
    kind##_key *line = keys;                                                      \
    make_##kind##_keys(s->dtype, n, a, s->a_step, s->inverted, line);             \
    switch (s->task) {                                                            \
    case TASK_STABLE: stable_sort_##kind(line, scratch, n, key_bits(s->dtype)); break; \
    case TASK_SORT: unstable_sort_##kind(line, n); break;                         \
    case TASK_TOP: top_##kind(line, n, k, s->ordered); break;                     \
    case TASK_KTH: kth_##kind(line, n, k); break;                                 \
    }                                                                             \
  }

static void sort_line(
  const sorting *s, const char *a, char *values, char *indices, void *keys, void *scratch) {
  int64_t n = s->length, k = s->k;
  if (s->packs) RUN_TASK(packed) else RUN_TASK(wide)
  // The k-th alone goes to place 0, else k in order.
  int64_t first = s->task == TASK_KTH ? k - 1 : 0;
  for (int64_t i = first; i < k; i++) {
    int64_t place = s->packs ? (int64_t)(((packed_key *)keys)[i] & UINT32_MAX)
                             : ((wide_key *)keys)[i].place;
    write_place(s, i - first, place, a, values, indices);
  }
}

static void sort_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const sorting *s = context;
  size_t bytes = (size_t)s->length * (s->packs ? sizeof(packed_key) : sizeof(wide_key));
  char *keys = torus_alloc(2 * bytes);
  for (int64_t i = 0; i < n; i++) {
    sort_line(
      s, data[1] + i * steps[1], data[0] + i * steps[0], data[2] + i * steps[2], keys,
      keys + bytes);
  }
  torus_free(keys, 2 * bytes);
}

static torus_status run(
  sorting *s, int32_t rank, const int64_t *shape, int32_t dim, const void *a,
  const int64_t *a_strides, void *values, const int64_t *values_strides, int64_t *indices,
  const int64_t *indices_strides) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t size = torus_element_size(s->dtype), lines[TORUS_MAX_RANK];
  // An absent output follows the input's strides and is never written.
  s->has_values = values != NULL;
  s->has_indices = indices != NULL;
  if (!values) values_strides = a_strides;
  if (!indices) indices_strides = a_strides;
  for (int32_t d = 0; d < rank; d++) lines[d] = d == dim ? 1 : shape[d];
  s->length = rank > 0 ? shape[dim] : 1;
  s->a_step = rank > 0 ? a_strides[dim] * size : size;
  s->value_step = rank > 0 ? values_strides[dim] * size : size;
  s->index_step = rank > 0 ? indices_strides[dim] * 8 : 8;
  s->packs = keys_pack(s->dtype, s->length);
  if (s->task <= TASK_SORT) s->k = s->length;
  if (s->k == 0) return TORUS_OK;
  operand list[3] = {
    {values, values_strides, size}, {a, a_strides, size}, {indices, indices_strides, 8}};
  walk w;
  torus_status status = walk_prepare(&w, rank, lines, 3, list, true);
  if (status == TORUS_OK) walk_rows(&w, GRAIN / 16 / s->length, sort_row, s);
  return status;
}

torus_status torus_sort(
  bool descending, bool stable, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides) {
  sorting s = {
    .task = stable ? TASK_STABLE : TASK_SORT, .dtype = dtype, .inverted = descending};
  return run(
    &s, rank, shape, dim, a, a_strides, values, values_strides, indices, indices_strides);
}

torus_status torus_topk(
  int64_t k, bool largest, bool sorted, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides) {
  sorting s = {
    .task = TASK_TOP, .dtype = dtype, .inverted = largest, .ordered = sorted, .k = k};
  return run(
    &s, rank, shape, dim, a, a_strides, values, values_strides, indices, indices_strides);
}

torus_status torus_kth_value(
  int64_t k, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides) {
  sorting s = {.task = TASK_KTH, .dtype = dtype, .k = k};
  return run(
    &s, rank, shape, dim, a, a_strides, values, values_strides, indices, indices_strides);
}
