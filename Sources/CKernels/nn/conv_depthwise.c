// Depthwise convolution: each input channel has its own filters, so there is no product to speak
// of. A result row is a sum of shifted rows of a padded copy, taken as vectors; strides read
// planes into which the columns were dealt out.
#include "conv.h"

#include <math.h>

#define KERNELS "../nn/conv_depthwise_kernels.h"
#include "../core/each_real.h"

enum { MOST_TAPS = 225 };

bool torus_conv_depthwise(const conv_job *s) {
  const torus_conv *c = s->shape;
  return s->ins == 1 && s->outs <= 4 && c->groups > 1 && c->in_depth == 1 &&
         c->kernel_depth == 1 && c->pad_depth == 0 &&
         c->kernel_height * c->kernel_width <= MOST_TAPS;
}

// How a padded plane is laid out and where each tap reads it.
typedef struct depth_plan {
  int64_t rows, pitch, step, phases, row_step, taps;
  int64_t at[MOST_TAPS];
} depth_plan;

static depth_plan make_plan(const torus_conv *c, int64_t size) {
  depth_plan p = {.phases = c->stride_width};
  const int64_t span = (c->out_width - 1) * c->stride_width +
                       c->dilation_width * (c->kernel_width - 1) + 1;
  p.rows = (c->out_height - 1) * c->stride_height + c->dilation_height * (c->kernel_height - 1) + 1;
  p.pitch = (span + p.phases - 1) / p.phases;
  // The last vector of a row may reach into the next, and behind the last row.
  p.step = p.rows * p.pitch + 128 / size + c->dilation_width * c->kernel_width;
  p.row_step = c->stride_height * p.pitch;
  for (int64_t y = 0; y < c->kernel_height; y++)
    for (int64_t x = 0; x < c->kernel_width; x++) {
      const int64_t q = x * c->dilation_width;
      p.at[p.taps++] = y * c->dilation_height * p.pitch + q % p.phases * p.step + q / p.phases;
    }
  return p;
}

typedef struct depth_job {
  const conv_job *s;
  const torus_conv *shape;
  const void *x, *w, *bias, *dy;
  void *y;
  // The image is spread out by zeros and shifted when a gradient is made by a forward pass.
  int64_t spread, top, left, channels_out;
  depth_plan plan;
} depth_job;

static void forward_body(int64_t begin, int64_t end, void *context) {
  const depth_job *j = context;
  const torus_conv *c = j->shape;
  const depth_plan *p = &j->plan;
  const torus_dtype dtype = j->s->dtype;
  const int64_t size = j->s->engine->bytes, outs = j->channels_out;
  const int64_t in_plane = c->in_height * c->in_width, out_plane = c->out_height * c->out_width;
  const size_t bytes = (size_t)(p->phases * p->step * size);
  void *padded = torus_alloc(bytes);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t channel = unit % c->groups;
    RUN(dtype, deal_plane, torus_at(j->x, unit * in_plane, size), c->in_height, c->in_width, j->top,
        j->left, j->spread, p->phases, padded, p->rows, p->pitch, p->step);
    for (int64_t o = 0; o < outs; o++) {
      double bias = 0;
      const void *b = torus_at(j->bias, channel * outs + o, size);
      if (b) bias = dtype == TORUS_F64 ? *(const double *)b : (double)*(const float *)b;
      RUN(dtype, depth_rows, padded, p->row_step,
          torus_at(j->w, (channel * outs + o) * p->taps, size), p->at, p->taps, bias,
          torus_at(j->y, (unit * outs + o) * out_plane, size), c->out_height, c->out_width);
    }
  }
  torus_free(padded, bytes);
}

void torus_conv_depthwise_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  depth_job j = {.s = s, .shape = c, .x = s->x, .w = s->w, .bias = s->bias, .y = s->y, .spread = 1,
                 .top = c->pad_height, .left = c->pad_width, .channels_out = s->outs,
                 .plan = make_plan(c, s->engine->bytes)};
  torus_parallel_for(c->batch * c->groups, torus_grain(s->positions * s->k * s->outs / 4),
                     forward_body, &j);
}

// dx, for one output channel a group: dy with zeros between its elements, under the turned filter.
bool torus_conv_depthwise_input(const conv_job *s) {
  const torus_conv *c = s->shape;
  if (!torus_conv_depthwise(s) || s->outs != 1 || c->stride_height != c->stride_width) return false;
  const int64_t size = s->engine->bytes, taps = s->k;
  torus_conv back = *c;
  back.in_height = c->out_height, back.in_width = c->out_width;
  back.out_height = c->in_height, back.out_width = c->in_width;
  back.stride_height = back.stride_width = 1;
  const size_t bytes = (size_t)(c->groups * taps * size);
  char *turned = torus_alloc(bytes);
  for (int64_t g = 0; g < c->groups; g++)
    for (int64_t t = 0; t < taps; t++)
      __builtin_memcpy(turned + (g * taps + taps - 1 - t) * size,
                       torus_at(s->w, g * taps + t, size), (size_t)size);
  depth_job j = {.s = s, .shape = &back, .x = s->x, .w = turned, .y = s->y,
                 .spread = c->stride_width, .channels_out = 1, .plan = make_plan(&back, size)};
  j.top = c->dilation_height * (c->kernel_height - 1) - c->pad_height;
  j.left = c->dilation_width * (c->kernel_width - 1) - c->pad_width;
  torus_parallel_for(c->batch * c->groups,
                     torus_grain(back.out_height * back.out_width * taps / 4), forward_body, &j);
  torus_free(turned, bytes);
  return true;
}

static void weight_body(int64_t begin, int64_t end, void *context) {
  const depth_job *j = context;
  const torus_conv *c = j->shape;
  const depth_plan *p = &j->plan;
  const torus_dtype dtype = j->s->dtype;
  const int64_t size = j->s->engine->bytes, outs = j->s->outs;
  const int64_t in_plane = c->in_height * c->in_width, out_plane = c->out_height * c->out_width;
  const int64_t dy_step = (c->out_width + 15) / 16 * 16;
  const size_t bytes = (size_t)(p->phases * p->step * size);
  const size_t dy_bytes = (size_t)(c->out_height * dy_step * size);
  void *padded = torus_alloc(bytes), *grads = torus_alloc(dy_bytes);
  for (int64_t g = begin; g < end; g++) {
    char *dw = torus_at(j->y, g * outs * p->taps, size);
    __builtin_memset(dw, 0, (size_t)(outs * p->taps * size));
    for (int64_t i = 0; i < c->batch; i++) {
      RUN(dtype, deal_plane, torus_at(j->x, (i * c->groups + g) * in_plane, size), c->in_height,
          c->in_width, c->pad_height, c->pad_width, 1, p->phases, padded, p->rows, p->pitch,
          p->step);
      for (int64_t o = 0; o < outs; o++) {
        const int64_t at = ((i * c->groups + g) * outs + o) * out_plane;
        RUN(dtype, deal_plane, torus_at(j->dy, at, size), c->out_height, c->out_width, 0, 0, 1, 1,
            grads, c->out_height, dy_step, c->out_height * dy_step);
        RUN(dtype, depth_weights, padded, p->row_step, (const void *)grads, dy_step, p->at,
            p->taps, c->out_height, c->out_width, (void *)(dw + o * p->taps * size));
      }
    }
  }
  torus_free(padded, bytes);
  torus_free(grads, dy_bytes);
}

void torus_conv_depthwise_weight(const conv_job *s, const void *x, void *dw) {
  const torus_conv *c = s->shape;
  depth_job j = {.s = s, .shape = c, .x = x, .dy = s->x, .y = dw,
                 .plan = make_plan(c, s->engine->bytes)};
  torus_parallel_for(c->groups, torus_grain(c->batch * s->positions * s->k * s->outs / 4),
                     weight_body, &j);
}
