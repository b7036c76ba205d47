// The sizes of blocks that the caching allocator keeps.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  LARGE_SHIFT = 21,
  // Four classes per doubling from 256 up; below that every multiple of 64.
  SMALL_CLASSES = 64,
  // Eight classes per doubling from 2 MiB to 2^48.
  LARGE_CLASSES = 8 * 28,
};
static const size_t large_size = (size_t)1 << LARGE_SHIFT;

/// Class of a size with `steps` (a power of two) classes per doubling, counted from 0 at sizes up
/// to `base`, itself a power of two; and the size of a class.
static inline int32_t class_index(size_t size, int32_t base_shift, int32_t step_shift) {
  if (size <= (size_t)1 << base_shift) return 0;
  int32_t high = 63 - __builtin_clzll(size - 1);
  int32_t step = (int32_t)((size - 1) >> (high - step_shift)) & ((1 << step_shift) - 1);
  return ((high - base_shift) << step_shift) + step + 1;
}

static inline size_t class_size(int32_t index, int32_t base_shift, int32_t step_shift) {
  if (index == 0) return (size_t)1 << base_shift;
  int32_t high = ((index - 1) >> step_shift) + base_shift;
  size_t step = (size_t)((index - 1) & ((1 << step_shift) - 1)) + 1;
  return ((size_t)1 << high) + (step << (high - step_shift));
}

/// Small classes: 64, 128, 192, 256, then four per doubling (all multiples of 64) to 2 MiB.
static inline int32_t small_class(size_t bytes) {
  if (bytes <= 256) return bytes == 0 ? 0 : (int32_t)((bytes - 1) >> 6);
  return class_index(bytes, 8, 2) + 3;
}

static inline size_t small_class_size(int32_t index) {
  return index < 4 ? (size_t)(index + 1) << 6 : class_size(index - 3, 8, 2);
}

static inline int32_t large_class(size_t bytes) { return class_index(bytes, LARGE_SHIFT, 3); }

/// Large classes are whole pages, but not whole huge pages: of 3 MiB the system would give 4.
static inline size_t large_class_size(int32_t index) { return class_size(index, LARGE_SHIFT, 3); }
