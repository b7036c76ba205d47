// How one value enters a place that holds one, for every type.
#pragma once
#include <string.h>

#include "../include/torus_index.h"

/// Writes `value` (an element of the type) into `place`, as `op` says.
typedef void (*torus_write)(void *place, const void *value, double alpha);

/// The function for an operation and a type; null where there is none.
torus_write torus_write_function(torus_write_op op, torus_dtype dtype);

/// Copies one element of `size` bytes.
static inline void torus_copy_element(void *to, const void *from, int64_t size) {
  switch (size) {
    case 1: *(uint8_t *)to = *(const uint8_t *)from; break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    default: memcpy(to, from, 8); break;
  }
}

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
