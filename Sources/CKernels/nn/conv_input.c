// The gradient of a convolution with respect to its input.
#include "conv.h"

#include <math.h>

#define KERNELS "../nn/conv_kernels.h"
#include "../core/each_real.h"

// With stride 1: the convolution of dy with the weights turned round and their channels swapped.
torus_conv torus_conv_turned(const torus_conv *c) {
  torus_conv back = *c;
  back.in_channels = c->out_channels, back.out_channels = c->in_channels;
  back.in_depth = c->out_depth, back.in_height = c->out_height, back.in_width = c->out_width;
  back.out_depth = c->in_depth, back.out_height = c->in_height, back.out_width = c->in_width;
  back.pad_depth = c->dilation_depth * (c->kernel_depth - 1) - c->pad_depth;
  back.pad_height = c->dilation_height * (c->kernel_height - 1) - c->pad_height;
  back.pad_width = c->dilation_width * (c->kernel_width - 1) - c->pad_width;
  return back;
}

static void input_by_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  const torus_conv back = torus_conv_turned(c);
  const int64_t size = s->engine->bytes, taps = s->k / s->ins;
  const size_t bytes = (size_t)(c->groups * s->outs * s->k * size);
  void *flipped = torus_alloc(bytes);
  for (int64_t g = 0; g < c->groups; g++)
    RUN(s->dtype, flip_weights, torus_at(s->w, g * s->outs * s->k, size),
        torus_at(flipped, g * s->outs * s->k, size), s->outs, s->ins, taps);
  torus_conv_forward(s->dtype, &back, s->x, flipped, 0, s->y);
  torus_free(flipped, bytes);
}

typedef struct column_job {
  const conv_job *s;
} column_job;

// Otherwise: wᵀ·dy gives each tap's share of each position, and these are added where they came
// from.
static void columns_body(int64_t begin, int64_t end, void *context) {
  const conv_job *s = ((const column_job *)context)->s;
  const torus_conv *c = s->shape;
  const int64_t size = s->engine->bytes;
  const int64_t in_group = s->ins * c->in_depth * c->in_height * c->in_width;
  const size_t bytes = (size_t)(s->k * s->positions * size);
  void *columns = torus_alloc(bytes);
  torus_conv part = *c;
  part.in_channels = s->ins;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t g = unit % c->groups;
    const torus_product product = {
        .transA = true, .m = s->k, .n = s->positions, .k = s->outs, .lda = s->k,
        .ldb = s->positions, .ldc = s->positions, .alpha = 1,
        .A = torus_at(s->w, g * s->outs * s->k, size),
        .B = torus_at(s->x, unit * s->outs * s->positions, size), .C = columns};
    torus_product_spread(s->dtype, &product);
    char *to = torus_at(s->y, unit * in_group, size);
    __builtin_memset(to, 0, (size_t)(in_group * size));
    RUN(s->dtype, add_columns, &part, columns, (void *)to);
  }
  torus_free(columns, bytes);
}

torus_status torus_conv_backward_input(torus_dtype dtype, const torus_conv *shape, const void *dy,
                                       const void *w, void *dx) {
  const torus_conv_counts n = torus_conv_count(shape);
  if (dtype == TORUS_BF16 && n.x > 0 && !torus_conv_empty(shape)) {
    conv_job s = torus_conv_job(dtype, shape);
    s.x = dy, s.w = w, s.y = dx;
    if (torus_conv_bf16(&s)) {
      torus_conv_bf16_input(&s);
      return TORUS_OK;
    }
  }
  if (torus_is_half(dtype)) {
    float *fg = torus_half_read(dtype, dy, n.y), *fw = torus_half_read(dtype, w, n.w);
    float *fx = torus_half_room(dx, n.x);
    torus_conv_backward_input(TORUS_F32, shape, fg, fw, fx);
    torus_half_write(dtype, fx, dx, n.x);
    torus_half_drop(fg, n.y);
    torus_half_drop(fw, n.w);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  if (n.x == 0) return TORUS_OK;
  if (torus_conv_empty(shape)) {
    __builtin_memset(dx, 0, (size_t)(n.x * torus_element_size(dtype)));
    return TORUS_OK;
  }
  conv_job s = torus_conv_job(dtype, shape);
  s.x = dy, s.w = w, s.y = dx;
  if (torus_conv_depthwise_input(&s)) return TORUS_OK;
  if (torus_conv_split(&s) && torus_conv_split_input(&s)) return TORUS_OK;
  if (shape->stride_depth == 1 && shape->stride_height == 1 && shape->stride_width == 1) {
    input_by_forward(&s);
  } else {
    column_job job = {&s};
    torus_parallel_for(shape->batch * shape->groups, 1, columns_body, &job);
  }
  return TORUS_OK;
}

void torus_conv_add_columns(const torus_conv *shape, const float *columns, float *x) {
  RUN(TORUS_F32, add_columns, shape, (const void *)columns, (void *)x);
}
