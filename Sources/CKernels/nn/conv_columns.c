// Windows of images as columns, and what biases add and get.
#include "conv.h"

#include <math.h>

#define KERNELS "../nn/conv_kernels.h"
#include "../core/each_real.h"

torus_status torus_im2col(torus_dtype dtype, const torus_conv *shape, const void *x,
                          void *columns) {
  const int64_t ins = shape->in_channels * shape->in_depth * shape->in_height * shape->in_width;
  const int64_t outs = shape->in_channels * shape->kernel_depth * shape->kernel_height *
                       shape->kernel_width * shape->out_depth * shape->out_height *
                       shape->out_width;
  if (torus_is_half(dtype)) {
    float *fx = torus_half_read(dtype, x, ins), *fc = torus_half_room(columns, outs);
    torus_im2col(TORUS_F32, shape, fx, fc);
    torus_half_write(dtype, fc, columns, outs);
    torus_half_drop(fx, ins);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  RUN(dtype, take_columns, shape, x, columns);
  return TORUS_OK;
}

torus_status torus_col2im(torus_dtype dtype, const torus_conv *shape, const void *columns,
                          void *x) {
  const int64_t ins = shape->in_channels * shape->in_depth * shape->in_height * shape->in_width;
  const int64_t outs = shape->in_channels * shape->kernel_depth * shape->kernel_height *
                       shape->kernel_width * shape->out_depth * shape->out_height *
                       shape->out_width;
  if (torus_is_half(dtype)) {
    float *fx = torus_half_room(x, ins), *fc = torus_half_read(dtype, columns, outs);
    torus_col2im(TORUS_F32, shape, fc, fx);
    torus_half_write(dtype, fx, x, ins);
    torus_half_drop(fc, outs);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  __builtin_memset(x, 0, (size_t)(ins * torus_element_size(dtype)));
  RUN(dtype, add_columns, shape, columns, x);
  return TORUS_OK;
}

torus_status torus_add_channel_bias(torus_dtype dtype, const void *x, const void *bias, void *y,
                                    int64_t n, int64_t channels, int64_t spatial) {
  const int64_t count = n * channels * spatial;
  if (torus_is_half(dtype)) {
    float *fx = torus_half_read(dtype, x, count), *fb = torus_half_read(dtype, bias, channels);
    torus_add_channel_bias(TORUS_F32, fx, fb, fx, n, channels, spatial);
    torus_half_write(dtype, fx, y, count);
    torus_half_drop(fb, channels);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  RUN(dtype, add_bias, x, bias, y, n, channels, spatial);
  return TORUS_OK;
}

typedef struct sums_job {
  torus_dtype dtype;
  const void *dy;
  void *sums;
  int64_t n, channels, spatial;
} sums_job;

static void sums_body(int64_t begin, int64_t end, void *context) {
  const sums_job *s = context;
  RUN(s->dtype, channel_sums, s->dy, s->sums, begin, end, s->n, s->channels, s->spatial);
}

torus_status torus_channel_sums(torus_dtype dtype, const void *dy, void *sums, int64_t n,
                                int64_t channels, int64_t spatial) {
  const int64_t count = n * channels * spatial;
  if (torus_is_half(dtype)) {
    float *fg = torus_half_read(dtype, dy, count), *fs = torus_half_room(sums, channels);
    torus_channel_sums(TORUS_F32, fg, fs, n, channels, spatial);
    torus_half_write(dtype, fs, sums, channels);
    torus_half_drop(fg, count);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  sums_job s = {dtype, dy, sums, n, channels, spatial};
  torus_parallel_for(channels, torus_grain(n * spatial), sums_body, &s);
  return TORUS_OK;
}
