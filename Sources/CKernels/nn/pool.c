// Max, average and adaptive pooling in up to three dimensions.
#include <math.h>

#include "internal.h"
#include "torus_nn.h"

typedef enum { MAX, MAX_2X2, MAX_BACK, AVERAGE, AVERAGE_BACK, ADAPTIVE_MAX } pool_kind;

typedef struct pool_job {
  torus_dtype dtype;
  pool_kind kind;
  const torus_pool *shape;
  bool adaptive, count_padding;
  int64_t divisor, ins, outs;  // elements of an input and of an output plane
  const void *in;
  void *out;
  int64_t *indices;
} pool_job;

#define KERNELS "../nn/pool_kernels.h"
#include "../core/each_real.h"

int64_t torus_pool_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                       bool ceil_mode) {
  const int64_t room = in + 2 * pad - dilation * (kernel - 1) - 1 + (ceil_mode ? stride - 1 : 0);
  int64_t out = (room >= 0 ? room / stride : -((-room + stride - 1) / stride)) + 1;
  if (ceil_mode && (out - 1) * stride >= in + pad) out--;
  return out;
}

static void body(int64_t begin, int64_t end, void *context) {
  const pool_job *s = context;
  const int64_t size = torus_element_size(s->dtype);
  const bool back = s->kind == MAX_BACK || s->kind == AVERAGE_BACK;
  for (int64_t plane = begin; plane < end; plane++) {
    const void *in = torus_at(s->in, plane * (back ? s->outs : s->ins), size);
    void *out = torus_at(s->out, plane * (back ? s->ins : s->outs), size);
    int64_t *indices = s->indices ? s->indices + plane * s->outs : 0;
    switch (s->kind) {
      case MAX: RUN(s->dtype, max_plane, s->shape, in, out, indices); break;
      case MAX_2X2: RUN(s->dtype, max_plane_2x2, s->shape, in, out, indices); break;
      case MAX_BACK: RUN(s->dtype, max_plane_back, indices, in, out, s->ins, s->outs); break;
      case AVERAGE: RUN(s->dtype, average_plane, s, in, out); break;
      case AVERAGE_BACK: RUN(s->dtype, average_plane_back, s, in, out); break;
      case ADAPTIVE_MAX: RUN(s->dtype, adaptive_max_plane, s, in, out, indices); break;
    }
  }
}

static torus_status run(pool_job *s, int64_t planes) {
  if (torus_is_half(s->dtype)) {
    const bool back = s->kind == MAX_BACK || s->kind == AVERAGE_BACK;
    const torus_half_operand list[] = {
      TORUS_READ(pool_job, in, back ? s->outs : s->ins),
      TORUS_WRITTEN(pool_job, out, back ? s->ins : s->outs)};
    torus_half_tiles(s, sizeof *s, list, 2, planes, body);
    return TORUS_OK;
  }
  if (!torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  torus_parallel_for(planes, torus_grain(s->ins + s->outs), body, s);
  return TORUS_OK;
}

static pool_job job(torus_dtype dtype, pool_kind kind, const torus_pool *p, const void *in,
                    void *out) {
  return (pool_job){.dtype = dtype, .kind = kind, .shape = p, .in = in, .out = out,
                    .ins = p->in_depth * p->in_height * p->in_width,
                    .outs = p->out_depth * p->out_height * p->out_width};
}

static bool two_by_two(const torus_pool *p) {
  return p->kernel_height == 2 && p->kernel_width == 2 && p->stride_height == 2 &&
         p->stride_width == 2 && p->kernel_depth == 1 && p->in_depth == 1 && p->pad_depth == 0 &&
         p->pad_height == 0 && p->pad_width == 0 && p->dilation_height == 1 &&
         p->dilation_width == 1 && 2 * p->out_height <= p->in_height &&
         2 * p->out_width <= p->in_width && p->in_height * p->in_width < INT32_MAX;
}

torus_status torus_max_pool(torus_dtype dtype, const torus_pool *shape, const void *x, void *y,
                            int64_t *indices) {
  pool_job s = job(dtype, two_by_two(shape) ? MAX_2X2 : MAX, shape, x, y);
  s.indices = indices;
  return run(&s, shape->planes);
}

torus_status torus_max_pool_backward(torus_dtype dtype, int64_t planes, int64_t in_size,
                                     int64_t out_size, const int64_t *indices, const void *dy,
                                     void *dx) {
  pool_job s = {.dtype = dtype, .kind = MAX_BACK, .in = dy, .out = dx, .ins = in_size,
                .outs = out_size, .indices = (int64_t *)indices};
  return run(&s, planes);
}

torus_status torus_avg_pool(torus_dtype dtype, const torus_pool *shape, bool count_include_pad,
                            int64_t divisor, const void *x, void *y) {
  pool_job s = job(dtype, AVERAGE, shape, x, y);
  s.count_padding = count_include_pad;
  s.divisor = divisor;
  return run(&s, shape->planes);
}

torus_status torus_avg_pool_backward(torus_dtype dtype, const torus_pool *shape,
                                     bool count_include_pad, int64_t divisor, const void *dy,
                                     void *dx) {
  pool_job s = job(dtype, AVERAGE_BACK, shape, dy, dx);
  s.count_padding = count_include_pad;
  s.divisor = divisor;
  return run(&s, shape->planes);
}

torus_status torus_adaptive_avg_pool(torus_dtype dtype, const torus_pool *shape, const void *x,
                                     void *y) {
  pool_job s = job(dtype, AVERAGE, shape, x, y);
  s.adaptive = true;
  return run(&s, shape->planes);
}

torus_status torus_adaptive_avg_pool_backward(torus_dtype dtype, const torus_pool *shape,
                                              const void *dy, void *dx) {
  pool_job s = job(dtype, AVERAGE_BACK, shape, dy, dx);
  s.adaptive = true;
  return run(&s, shape->planes);
}

torus_status torus_adaptive_max_pool(torus_dtype dtype, const torus_pool *shape, const void *x,
                                     void *y, int64_t *indices) {
  pool_job s = job(dtype, ADAPTIVE_MAX, shape, x, y);
  s.adaptive = true;
  s.indices = indices;
  return run(&s, shape->planes);
}
