// Strided half tensors as float copies, and the way back.
#pragma once
#include "internal.h"

// A float copy [batch, heads, time, dim] of a strided half tensor, and the way back.
typedef struct strided {
  torus_dtype dtype;
  int64_t heads, time, dim, batch_step, head_step, time_step;
  uint16_t *half;
  float *wide;
  bool out;
} strided;

static void move_body(int64_t begin, int64_t end, void *context) {
  const strided *s = context;
  for (int64_t row = begin; row < end; row++) {
    const int64_t t = row % s->time, h = row / s->time % s->heads, b = row / s->time / s->heads;
    uint16_t *half = s->half + b * s->batch_step + h * s->head_step + t * s->time_step;
    if (s->out) torus_narrow(s->dtype, s->wide + row * s->dim, half, s->dim);
    else torus_widen(s->dtype, half, s->wide + row * s->dim, s->dim);
  }
}

static float *move(strided s, int64_t batch) {
  const int64_t rows = batch * s.heads * s.time;
  if (!s.out) s.wide = torus_alloc((size_t)(rows * s.dim) * sizeof(float));
  torus_parallel_for(rows, torus_grain(s.dim), move_body, &s);
  if (s.out) torus_free(s.wide, (size_t)(rows * s.dim) * sizeof(float));
  return s.wide;
}

static void finish(strided s, float *wide, int64_t batch) {
  s.wide = wide;
  s.out = true;
  move(s, batch);
}
