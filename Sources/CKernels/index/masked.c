// Selection and writing by a mask, in row-major order.
#include <string.h>

#include "../elementwise/tiles.h"
#include "../elementwise/walk.h"
#include "../include/torus_index.h"

typedef struct mask_context {
  int64_t size;
  /// Where the next selected element goes, or comes from.
  char *next;
} mask_context;

// Every element is written and the place moves on only where the mask holds: no branch.
#define SELECT(T)                                        \
  {                                                      \
    T *to = (T *)selected;                               \
    for (int64_t i = 0; i < m; i++) {                    \
      to[found] = *(const T *)(a + i * step);            \
      found += mask[i * mask_step] != 0;                 \
    }                                                    \
  }                                                      \
  break;

static void select_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  mask_context *c = context;
  int64_t step = steps[0], mask_step = steps[1];
  _Alignas(64) char selected[(TILE + 1) * 8];
  for (int64_t start = 0; start < n; start += TILE) {
    int64_t m = n - start < TILE ? n - start : TILE, found = 0;
    const char *a = data[0] + start * step, *mask = data[1] + start * mask_step;
    switch (c->size) {
    case 1: SELECT(uint8_t)
    case 2: SELECT(uint16_t)
    case 4: SELECT(uint32_t)
    default: SELECT(uint64_t)
    }
    memcpy(c->next, selected, (size_t)(found * c->size));
    c->next += found * c->size;
  }
}

torus_status torus_masked_select(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  const void *mask, const int64_t *mask_strides, void *out) {
  int64_t size = torus_element_size(dtype);
  operand list[2] = {{a, a_strides, size}, {mask, mask_strides, 1}};
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 2, list, true);
  if (status != TORUS_OK || w.count == 0) return status;
  mask_context c = {size, out};
  walk_in_order(&w, select_row, &c);
  return TORUS_OK;
}

static void scatter_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  mask_context *c = context;
  for (int64_t i = 0; i < n; i++) {
    if (!data[1][i * steps[1]]) continue;
    memcpy(data[0] + i * steps[0], c->next, (size_t)c->size);
    c->next += c->size;
  }
}

torus_status torus_masked_scatter(
  torus_dtype dtype, int32_t rank, const int64_t *shape, void *self, const int64_t *self_strides,
  const void *mask, const int64_t *mask_strides, const void *values) {
  int64_t size = torus_element_size(dtype);
  operand list[2] = {{self, self_strides, size}, {mask, mask_strides, 1}};
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, 2, list, true);
  if (status != TORUS_OK || w.count == 0) return status;
  mask_context c = {size, (char *)(uintptr_t)values};
  walk_in_order(&w, scatter_row, &c);
  return TORUS_OK;
}
