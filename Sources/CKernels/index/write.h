// How one value enters a place that holds one, for every type.
#pragma once
#include <string.h>

#include "../include/torus_index.h"

/// Writes `value` (an element of the type) into `place`, as `op` says.
typedef void (*torus_write)(void *place, const void *value, double alpha);

/// The function for an operation and a type; null where there is none.
torus_write torus_write_function(torus_write_op op, torus_dtype dtype);

/// Writes a run of n values, each to the place that its index names: `along` elements an index, and
/// `step` elements from one value to the next. Strides are in elements. Returns false with the
/// index in `*bad` at the first that is not in [0, limit).
typedef bool (*torus_write_run)(
  int64_t n, void *self, int64_t step, int64_t along, const int64_t *index, int64_t index_step,
  int64_t limit, const void *src, int64_t src_step, double alpha, int64_t *bad);

/// The run's function for an operation and a type; null where there is none.
torus_write_run torus_write_run_function(torus_write_op op, torus_dtype dtype);

/// Counts through all positions of a shape but for one dimension's, keeping an offset per operand.
/// `skip` -1 leaves none out. Returns false after the last position.
static inline bool torus_advance(
  int32_t rank, const int64_t *shape, int32_t skip, int64_t *position, int32_t operands,
  int64_t *offsets, const int64_t *const *strides) {
  for (int32_t d = rank - 1; d >= 0; d--) {
    if (d == skip) continue;
    position[d]++;
    for (int32_t o = 0; o < operands; o++) offsets[o] += strides[o][d];
    if (position[d] < shape[d]) return true;
    for (int32_t o = 0; o < operands; o++) offsets[o] -= strides[o][d] * shape[d];
    position[d] = 0;
  }
  return false;
}

/// The number of elements of a shape without one dimension (-1: with all).
static inline int64_t torus_count_without(int32_t rank, const int64_t *shape, int32_t skip) {
  int64_t count = 1;
  for (int32_t d = 0; d < rank; d++) if (d != skip) count *= shape[d];
  return count;
}
