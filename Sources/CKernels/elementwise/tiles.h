// Tiles: short contiguous runs in a compute type, into which rows of any stride and type are
// loaded, and from which they are stored.
#pragma once
#include "../kernels/table.h"

enum {
  TILE = 512,
  /// Elements per piece of work of a thread.
  GRAIN = 32768,
};

typedef struct tile {
  _Alignas(64) char bytes[TILE * 8];
} tile;

/// The type whose loops serve a type, as a type of storage.
static inline torus_dtype compute_dtype(torus_dtype dtype) {
  static const torus_dtype types[COMPUTE_TYPES] = {TORUS_F32, TORUS_F64, TORUS_I32, TORUS_I64};
  return types[compute_of(dtype)];
}

/// Brings `n` elements of size `size`, `step` bytes apart, together.
void tile_gather(int64_t n, int64_t size, void *out, const char *a, int64_t step);
/// The reverse.
void tile_scatter(int64_t n, int64_t size, char *out, int64_t step, const void *a);
/// Fills `n` elements with the one at `value`.
void tile_fill(int64_t n, int64_t size, void *out, const void *value);

/// The loop that reads a half type as it is stored; null for other types.
#define READING(loops, dtype) (torus_is_half(dtype) ? (loops)[reading(dtype)] : NULL)

/// `n` ≤ TILE elements of `dtype` as its compute type: the place itself where they lie together
/// already, else `t`.
const void *tile_load(
  const elementwise_table *table, torus_dtype dtype, int64_t n, const char *a, int64_t step,
  tile *t);

/// Stores a tile of the compute type of `dtype`: `n` ≤ TILE elements.
void tile_store(
  const elementwise_table *table, torus_dtype dtype, int64_t n, char *out, int64_t step,
  const void *t);
