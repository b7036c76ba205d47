// Softmax and log softmax.
#include <math.h>

#include "internal.h"
#include "torus_nn.h"

#define WITH_HALVES
#define KERNELS "../nn/softmax_kernels.h"
#include "../core/each_real.h"

typedef struct softmax_job {
  torus_dtype dtype;
  bool log_form;
  const void *y, *in;  // in: x forward, dy backward; y only backward
  void *out;
  int64_t dim, inner, groups;
} softmax_job;

// Neighbouring columns that are taken at once; half types are computed in float.
static int64_t lanes(torus_dtype dtype) { return torus_vector_bytes() / (dtype == TORUS_F64 ? 8 : 4); }

static void rows_body(int64_t begin, int64_t end, void *context) {
  const softmax_job *s = context;
  const int64_t size = torus_element_size(s->dtype), at = begin * s->dim;
  if (s->y) {
    RUN_STORED(s->dtype, softmax_rows_back, s->log_form, torus_at(s->y, at, size),
               torus_at(s->in, at, size), torus_at(s->out, at, size), end - begin, s->dim);
    return;
  }
  const size_t bytes = torus_is_half(s->dtype) && !s->log_form ? (size_t)s->dim * sizeof(float) : 0;
  float *room = bytes ? torus_alloc(bytes) : 0;
  RUN_STORED(s->dtype, softmax_rows, s->log_form, torus_at(s->in, at, size),
             torus_at(s->out, at, size), end - begin, s->dim, (void *)room);
  torus_free(room, bytes);
}

static void columns_body(int64_t begin, int64_t end, void *context) {
  const softmax_job *s = context;
  const int64_t size = torus_element_size(s->dtype), width = lanes(s->dtype);
  const size_t bytes =
      torus_is_half(s->dtype) && !s->y && !s->log_form ? (size_t)(s->dim * width) * sizeof(float) : 0;
  float *room = bytes ? torus_alloc(bytes) : 0;
  for (int64_t part = begin; part < end; part++) {
    const int64_t first = part % s->groups * width;
    const int64_t at = part / s->groups * s->dim * s->inner + first;
    const int64_t count = torus_min(width, s->inner - first);
    if (s->y)
      RUN_STORED(s->dtype, softmax_columns_back, s->log_form, torus_at(s->y, at, size),
                 torus_at(s->in, at, size), torus_at(s->out, at, size), s->dim, s->inner, count);
    else
      RUN_STORED(s->dtype, softmax_columns, s->log_form, torus_at(s->in, at, size),
                 torus_at(s->out, at, size), s->dim, s->inner, count, (void *)room);
  }
  torus_free(room, bytes);
}

static torus_status run(softmax_job *s, int64_t outer) {
  const bool half = torus_is_half(s->dtype);
  if (outer * s->dim * s->inner == 0) return TORUS_OK;
  if (!half && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  if (s->inner == 1) {
    torus_parallel_for(outer, torus_grain(s->dim), rows_body, s);
  } else {
    s->groups = (s->inner + lanes(s->dtype) - 1) / lanes(s->dtype);
    torus_parallel_for(outer * s->groups, torus_grain(s->dim * lanes(s->dtype)), columns_body, s);
  }
  return TORUS_OK;
}

torus_status torus_softmax(torus_dtype dtype, bool log, const void *x, void *y, int64_t outer,
                           int64_t dim, int64_t inner) {
  softmax_job s = {dtype, log, 0, x, y, dim, inner, 0};
  return run(&s, outer);
}

torus_status torus_softmax_backward(torus_dtype dtype, bool log, const void *y, const void *dy,
                                    void *dx, int64_t outer, int64_t dim, int64_t inner) {
  softmax_job s = {dtype, log, y, dy, dx, dim, inner, 0};
  return run(&s, outer);
}
