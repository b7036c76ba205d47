#include "conv_bf16_planes.h"

static int64_t phase_of(planes *p, int64_t y, int64_t x) {
  for (int64_t q = 0; q < p->phases; q++)
    if (p->phase_y[q] == y && p->phase_x[q] == x) return q;
  p->phase_y[p->phases] = y;
  p->phase_x[p->phases] = x;
  return p->phases++;
}

// Pixels of a copy along one axis: margins are shared where the next line's zeros can stand for this
// one's.
static int64_t extent(int64_t in, int64_t out, int64_t stride, int64_t pad, int64_t far) {
  const int64_t real = planes_ceil(in + pad, stride), shared = pad > 0 ? pad / stride : 0;
  return real >= out + far ? out + far : torus_max(real, out + far - shared);
}

static void count_blocks(const conv_job *s, planes *p) {
  const torus_conv *c = s->shape;
  p->bands = (c->out_height + p->lines - 1) / p->lines;
  p->lines = (c->out_height + p->bands - 1) / p->bands;
  p->bands = (c->out_height + p->lines - 1) / p->lines;
  p->blocks = (c->batch + p->images - 1) / p->images;
  const int64_t far = (c->kernel_height - 1) * c->dilation_height / c->stride_height;
  p->height = p->bands > 1 ? p->lines + far
                           : extent(c->in_height, c->out_height, c->stride_height, c->pad_height, far);
}

planes torus_conv_planes(const conv_job *s, int64_t position_bytes, int64_t bytes, int64_t few) {
  const torus_conv *c = s->shape;
  planes p = {.taps = c->kernel_height * c->kernel_width, .lines = c->out_height, .images = 1};
  p.offset = torus_alloc((size_t)p.taps * 4 * sizeof(int64_t));
  p.phase = p.offset + p.taps;
  p.phase_y = p.phase + p.taps;
  p.phase_x = p.phase_y + p.taps;
  const int64_t far_y = (c->kernel_height - 1) * c->dilation_height / c->stride_height;
  const int64_t far_x = (c->kernel_width - 1) * c->dilation_width / c->stride_width;
  p.width = extent(c->in_width, c->out_width, c->stride_width, c->pad_width, far_x);
  p.reach = far_y * p.width + far_x;
  for (int64_t t = 0; t < p.taps; t++) {
    const int64_t y = t / c->kernel_width * c->dilation_height;
    const int64_t x = t % c->kernel_width * c->dilation_width;
    p.offset[t] = y / c->stride_height * p.width + x / c->stride_width;
    p.phase[t] = phase_of(&p, y % c->stride_height, x % c->stride_width);
  }
  const int64_t most = torus_max(few, bytes / position_bytes / p.phases);
  if ((p.lines + far_y) * p.width > most)
    p.lines = torus_max(1, torus_min(p.lines, most / p.width - far_y));
  count_blocks(s, &p);
  if (p.bands == 1)
    while (p.images < c->batch && p.images * p.height * p.width < few) p.images *= 2;
  p.images = torus_min(p.images, c->batch);
  count_blocks(s, &p);
  return p;
}

void torus_conv_planes_cut(const conv_job *s, planes *p, int64_t units) {
  while (p->blocks * p->bands < units && (p->images > 1 || p->lines * p->width > 64)) {
    if (p->images > 1) p->images /= 2;
    else if (p->lines > 1) p->lines = (p->lines + 1) / 2;
    else break;
    count_blocks(s, p);
  }
}

void torus_conv_planes_drop(planes *p) {
  torus_free(p->offset, (size_t)p->taps * 4 * sizeof(int64_t));
}
