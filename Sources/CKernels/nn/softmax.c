// Softmax and log softmax.
#include <math.h>

#include "internal.h"
#include "torus_nn.h"

#define KERNELS "../nn/softmax_kernels.h"
#include "../core/each_real.h"

typedef struct softmax_job {
  torus_dtype dtype;
  bool log_form;
  const void *y, *in;  // in: x forward, dy backward; y only backward
  void *out;
  int64_t dim, inner, groups;
} softmax_job;

static int64_t lanes(torus_dtype dtype) {
  return torus_vector_bytes() / torus_element_size(dtype);
}

static void rows_body(int64_t begin, int64_t end, void *context) {
  const softmax_job *s = context;
  const int64_t size = torus_element_size(s->dtype), at = begin * s->dim;
  if (s->y)
    RUN(s->dtype, softmax_rows_back, s->log_form, torus_at(s->y, at, size),
        torus_at(s->in, at, size), torus_at(s->out, at, size), end - begin, s->dim);
  else
    RUN(s->dtype, softmax_rows, s->log_form, torus_at(s->in, at, size),
        torus_at(s->out, at, size), end - begin, s->dim);
}

static void columns_body(int64_t begin, int64_t end, void *context) {
  const softmax_job *s = context;
  const int64_t size = torus_element_size(s->dtype), width = lanes(s->dtype);
  for (int64_t part = begin; part < end; part++) {
    const int64_t first = part % s->groups * width;
    const int64_t at = part / s->groups * s->dim * s->inner + first;
    const int64_t count = torus_min(width, s->inner - first);
    if (s->y)
      RUN(s->dtype, softmax_columns_back, s->log_form, torus_at(s->y, at, size),
          torus_at(s->in, at, size), torus_at(s->out, at, size), s->dim, s->inner, count);
    else
      RUN(s->dtype, softmax_columns, s->log_form, torus_at(s->in, at, size),
          torus_at(s->out, at, size), s->dim, s->inner, count);
  }
}

// All columns of the items begin ..< end of the outer dimensions.
static void outer_body(int64_t begin, int64_t end, void *context) {
  const softmax_job *s = context;
  columns_body(begin * s->groups, end * s->groups, context);
}

// The most elements of a row, or of columns side by side, that are widened into the cache at a time.
#define TORUS_SOFTMAX_TILE 262144

static torus_status run(softmax_job *s, int64_t outer) {
  const int64_t n = outer * s->dim * s->inner;
  if (n == 0) return TORUS_OK;
  if (torus_is_half(s->dtype) && s->dim * s->inner <= TORUS_SOFTMAX_TILE) {
    const int64_t each = s->dim * s->inner;
    const torus_half_operand list[] = {
      TORUS_READ(softmax_job, in, each), TORUS_READ(softmax_job, y, each),
      TORUS_WRITTEN(softmax_job, out, each)};
    s->groups = (s->inner + lanes(TORUS_F32) - 1) / lanes(TORUS_F32);
    torus_half_tiles(s, sizeof *s, list, 3, outer, s->inner == 1 ? rows_body : outer_body);
    return TORUS_OK;
  }
  if (torus_is_half(s->dtype)) {
    // Columns that no cache holds are read in strips, for which they are widened as a whole.
    softmax_job wide = *s;
    float *in = torus_half_read(s->dtype, s->in, n), *y = torus_half_read(s->dtype, s->y, n);
    float *out = torus_half_room(s->out, n);
    wide.dtype = TORUS_F32, wide.in = in, wide.y = y, wide.out = out;
    run(&wide, outer);
    torus_half_write(s->dtype, out, s->out, n);
    torus_half_drop(in, n);
    torus_half_drop(y, n);
    return TORUS_OK;
  }
  if (!torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
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
