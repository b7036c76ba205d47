#include "tiles.h"

#include <string.h>

#define GATHER(T)                                                            \
  {                                                                          \
    T *to = out;                                                             \
    for (int64_t i = 0; i < n; i++) to[i] = *(const T *)(a + i * step);      \
  }                                                                          \
  break;

void tile_gather(int64_t n, int64_t size, void *out, const char *a, int64_t step) {
  if (step == size) {
    memcpy(out, a, (size_t)(n * size));
    return;
  }
  switch (size) {
  case 1: GATHER(uint8_t)
  case 2: GATHER(uint16_t)
  case 4: GATHER(uint32_t)
  default: GATHER(uint64_t)
  }
}

#define SCATTER(T)                                                           \
  {                                                                          \
    const T *from = a;                                                       \
    for (int64_t i = 0; i < n; i++) *(T *)(out + i * step) = from[i];        \
  }                                                                          \
  break;

void tile_scatter(int64_t n, int64_t size, char *out, int64_t step, const void *a) {
  if (step == size) {
    memcpy(out, a, (size_t)(n * size));
    return;
  }
  switch (size) {
  case 1: SCATTER(uint8_t)
  case 2: SCATTER(uint16_t)
  case 4: SCATTER(uint32_t)
  default: SCATTER(uint64_t)
  }
}

#define FILL(T)                                                              \
  {                                                                          \
    T *to = out, one = *(const T *)value;                                    \
    for (int64_t i = 0; i < n; i++) to[i] = one;                             \
  }                                                                          \
  break;

void tile_fill(int64_t n, int64_t size, void *out, const void *value) {
  switch (size) {
  case 1: memset(out, *(const uint8_t *)value, (size_t)n); break;
  case 2: FILL(uint16_t)
  case 4: FILL(uint32_t)
  default: FILL(uint64_t)
  }
}

const void *tile_load(
  const elementwise_table *table, torus_dtype dtype, int64_t n, const char *a, int64_t step,
  tile *t) {
  int64_t size = torus_element_size(dtype);
  torus_dtype target = compute_dtype(dtype);
  if (step == 0) {
    _Alignas(8) char one[8];
    table->convert[target][dtype](1, one, a);
    tile_fill(n, torus_element_size(target), t->bytes, one);
    return t->bytes;
  }
  if (step == size) {
    if (target == dtype) return a;
    table->convert[target][dtype](n, t->bytes, a);
    return t->bytes;
  }
  if (target == dtype) {
    tile_gather(n, size, t->bytes, a, step);
  } else {
    tile raw;
    tile_gather(n, size, raw.bytes, a, step);
    table->convert[target][dtype](n, t->bytes, raw.bytes);
  }
  return t->bytes;
}

void tile_store(
  const elementwise_table *table, torus_dtype dtype, int64_t n, char *out, int64_t step,
  const void *t) {
  int64_t size = torus_element_size(dtype);
  torus_dtype source = compute_dtype(dtype);
  if (source == dtype) {
    if ((const char *)t != out) tile_scatter(n, size, out, step, t);
  } else if (step == size) {
    table->convert[dtype][source](n, out, t);
  } else {
    tile raw;
    table->convert[dtype][source](n, raw.bytes, t);
    tile_scatter(n, size, out, step, raw.bytes);
  }
}
