// The sizes of small blocks that the caching allocator keeps.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  // Four classes per doubling from 256 up; below that every multiple of 64.
  SMALL_CLASSES = 64,
};
/// Blocks of so many bytes and more are large.
static const size_t large_size = (size_t)1 << 21;

/// Classes: 64, 128, 192, 256, then four per doubling (all multiples of 64) to 2 MiB.
static inline int32_t small_class(size_t bytes) {
  if (bytes <= 256) return bytes == 0 ? 0 : (int32_t)((bytes - 1) >> 6);
  int32_t high = 63 - __builtin_clzll(bytes - 1);
  int32_t step = (int32_t)((bytes - 1) >> (high - 2)) & 3;
  return ((high - 8) << 2) + step + 4;
}

static inline size_t small_class_size(int32_t index) {
  if (index < 4) return (size_t)(index + 1) << 6;
  int32_t high = ((index - 4) >> 2) + 8;
  size_t step = (size_t)((index - 4) & 3) + 1;
  return ((size_t)1 << high) + (step << (high - 2));
}
