// The half types as float: tile by tile, or in scratch as a whole.
#include <string.h>

#include "internal.h"

// Floats of a tile, of all operands together: 16 KiB, which the first cache holds beside the halves.
#define TILE_FLOATS 4096

static int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

static void half_range(const void *job, size_t bytes, const torus_half_operand *list, int operands,
                       int64_t first, int64_t last, torus_body body) {
  _Alignas(16) char local[TORUS_HALF_JOB];
  const torus_dtype dtype = *(const torus_dtype *)job;
  char *const *at[8];
  int64_t each = 0;
  if (bytes > sizeof local) __builtin_trap();
  memcpy(local, job, bytes);
  *(torus_dtype *)local = TORUS_F32;
  for (int i = 0; i < operands; i++) {
    at[i] = (char *const *)((const char *)job + list[i].field);
    if (*at[i]) each += list[i].each;
  }
  int64_t tile = torus_max(each ? TILE_FLOATS / each : TILE_FLOATS, 1);
  tile = torus_min(tile, last - first);
  size_t room = 0;
  for (int i = 0; i < operands; i++) room += *at[i] ? (size_t)padded(list[i].each * tile) : 0;
  float *scratch = torus_alloc(room * sizeof(float));
  for (int64_t begin = first; begin < last; begin += tile) {
    const int64_t end = torus_min(begin + tile, last);
    float *next = scratch;
    for (int i = 0; i < operands; i++) {
      if (!*at[i]) continue;
      const int64_t one = list[i].each, n = one * (end - begin);
      if (!list[i].out) torus_widen(dtype, *at[i] + 2 * begin * one, next, n);
      const uintptr_t start = (uintptr_t)next - (uintptr_t)(begin * one) * sizeof(float);
      memcpy(local + list[i].field, &start, sizeof start);
      next += padded(one * tile);
    }
    body(begin, end, local);
    next = scratch;
    for (int i = 0; i < operands; i++) {
      if (!*at[i]) continue;
      const int64_t one = list[i].each;
      if (list[i].out) torus_narrow(dtype, next, *at[i] + 2 * begin * one, one * (end - begin));
      next += padded(one * tile);
    }
  }
  torus_free(scratch, room * sizeof(float));
}

typedef struct tiles {
  const void *job;
  size_t bytes;
  const torus_half_operand *list;
  int operands;
  torus_body body;
} tiles;

static void tiles_body(int64_t begin, int64_t end, void *context) {
  const tiles *t = context;
  half_range(t->job, t->bytes, t->list, t->operands, begin, end, t->body);
}

void torus_half_tiles(const void *job, size_t bytes, const torus_half_operand *list, int operands,
                      int64_t count, torus_body body) {
  tiles t = {job, bytes, list, operands, body};
  int64_t each = 0;
  for (int i = 0; i < operands; i++) each += list[i].each;
  torus_parallel_for(count, torus_grain(each), tiles_body, &t);
}

typedef struct convert {
  torus_dtype dtype;
  const void *in;
  void *out;
} convert;

static void widen_body(int64_t begin, int64_t end, void *context) {
  const convert *c = context;
  torus_widen(c->dtype, (const uint16_t *)c->in + begin, (float *)c->out + begin, end - begin);
}

static void narrow_body(int64_t begin, int64_t end, void *context) {
  const convert *c = context;
  torus_narrow(c->dtype, (const float *)c->in + begin, (uint16_t *)c->out + begin, end - begin);
}

float *torus_half_read(torus_dtype dtype, const void *in, int64_t n) {
  if (!in) return 0;
  convert c = {dtype, in, torus_alloc((size_t)n * sizeof(float))};
  torus_parallel_for(n, 65536, widen_body, &c);
  return c.out;
}

float *torus_half_room(const void *out, int64_t n) {
  return out ? torus_alloc((size_t)n * sizeof(float)) : 0;
}

void torus_half_write(torus_dtype dtype, float *scratch, void *out, int64_t n) {
  if (!scratch) return;
  convert c = {dtype, scratch, out};
  torus_parallel_for(n, 65536, narrow_body, &c);
  torus_half_drop(scratch, n);
}

void torus_half_drop(float *scratch, int64_t n) {
  if (scratch) torus_free(scratch, (size_t)n * sizeof(float));
}
