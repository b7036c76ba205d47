// Convolution of bfloat16 as products of columns (im2col), where those run on bfloat16 as it is.
//
// The columns of a band of lines, or of several small images side by side, stay in the second cache:
// one row for each input channel and tap, one column for each position of the result.
#include <string.h>

#include "../gemm/bf16.h"
#include "conv.h"

enum { COLUMN_BYTES = 768 << 10, FEW_POSITIONS = 256, MOST_CHUNKS = 8, CHUNK_SUMS = 4 << 20 };

// How a plane's positions are cut: bands of lines (rows of all planes) of one image, or images.
typedef struct cut {
  int64_t lines, bands, images, blocks;
} cut;

static cut cut_positions(const conv_job *s) {
  const torus_conv *c = s->shape;
  const int64_t lines = c->out_depth * c->out_height;
  const int64_t most = torus_max(FEW_POSITIONS, COLUMN_BYTES / 2 / s->k);
  cut t = {.lines = torus_max(1, torus_min(lines, most / c->out_width)), .images = 1};
  t.bands = (lines + t.lines - 1) / t.lines;
  t.lines = (lines + t.bands - 1) / t.bands;
  t.bands = (lines + t.lines - 1) / t.lines;
  if (t.bands == 1)
    while (t.images < c->batch && t.images * s->positions < FEW_POSITIONS) t.images *= 2;
  t.images = torus_min(t.images, c->batch);
  t.blocks = (c->batch + t.images - 1) / t.images;
  return t;
}

// One line of the result as one tap sees it.
static void take_line(const uint16_t *from, int64_t shift, int64_t stride, int64_t in_width,
                      int64_t out_width, uint16_t *to) {
  // ox · stride + shift lies inside from `first` to `last`.
  int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
  int64_t last = in_width - shift <= 0 ? 0 : (in_width - shift + stride - 1) / stride;
  if (first > out_width) first = out_width;
  if (last > out_width) last = out_width;
  if (last < first) last = first;
  for (int64_t x = 0; x < first; x++) to[x] = 0;
  if (stride == 1) memcpy(to + first, from + first + shift, (size_t)(last - first) * 2);
  else
    for (int64_t x = first; x < last; x++) to[x] = from[x * stride + shift];
  for (int64_t x = last; x < out_width; x++) to[x] = 0;
}

// Columns of `count` lines of one image and group, in rows at `ld`.
static void take_lines(const conv_job *s, const uint16_t *x, int64_t line0, int64_t count,
                       uint16_t *columns, int64_t ld) {
  const torus_conv *c = s->shape;
  const int64_t plane = c->in_height * c->in_width;
  for (int64_t q = 0; q < s->ins; q++, x += c->in_depth * plane)
    for (int64_t kz = 0; kz < c->kernel_depth; kz++)
      for (int64_t ky = 0; ky < c->kernel_height; ky++)
        for (int64_t kx = 0; kx < c->kernel_width; kx++, columns += ld)
          for (int64_t l = 0; l < count; l++) {
            const int64_t oz = (line0 + l) / c->out_height, oy = (line0 + l) % c->out_height;
            const int64_t iz = oz * c->stride_depth - c->pad_depth + kz * c->dilation_depth;
            const int64_t iy = oy * c->stride_height - c->pad_height + ky * c->dilation_height;
            uint16_t *to = columns + l * c->out_width;
            if (iz < 0 || iz >= c->in_depth || iy < 0 || iy >= c->in_height)
              memset(to, 0, (size_t)c->out_width * 2);
            else
              take_line(x + iz * plane + iy * c->in_width, kx * c->dilation_width - c->pad_width,
                        c->stride_width, c->in_width, c->out_width, to);
          }
}

static const uint16_t *input(const conv_job *s, const void *x, int64_t image, int64_t group) {
  const torus_conv *c = s->shape;
  const int64_t each = c->in_depth * c->in_height * c->in_width;
  return (const uint16_t *)x + (image * c->in_channels + group * s->ins) * each;
}

static int64_t result(const conv_job *s, int64_t image, int64_t group) {
  return (image * s->shape->out_channels + group * s->outs) * s->positions;
}

// ---- Forward ---------------------------------------------------------------------------------

typedef struct forward_job {
  const conv_job *s;
  const float *bias;
  cut cut;
} forward_job;

static void forward_body(int64_t begin, int64_t end, void *context) {
  const forward_job *f = context;
  const conv_job *s = f->s;
  const torus_conv *c = s->shape;
  const int64_t each = f->cut.lines * c->out_width, wide = f->cut.images * each;
  const size_t column_bytes = (size_t)(s->k * wide) * 2, sum_bytes = (size_t)(s->outs * wide) * 2;
  uint16_t *columns = torus_alloc(column_bytes);
  uint16_t *sums = f->cut.images > 1 ? torus_alloc(sum_bytes) : 0;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t band = unit % f->cut.bands, group = unit / f->cut.bands % c->groups;
    const int64_t image = unit / f->cut.bands / c->groups * f->cut.images;
    const int64_t images = torus_min(f->cut.images, c->batch - image);
    const int64_t line0 = band * f->cut.lines;
    const int64_t lines = torus_min(f->cut.lines, c->out_depth * c->out_height - line0);
    for (int64_t i = 0; i < images; i++)
      take_lines(s, input(s, s->x, image + i, group), line0, lines, columns + i * each, wide);
    const int64_t at = result(s, image, group) + line0 * c->out_width;
    const torus_product g = {
        .m = s->outs, .n = sums ? images * each : lines * c->out_width, .k = s->k, .lda = s->k,
        .ldb = wide, .ldc = sums ? wide : s->positions, .alpha = 1,
        .A = (const uint16_t *)s->w + group * s->outs * s->k, .B = columns,
        .C = sums ? sums : (uint16_t *)s->y + at,
        .row_bias = f->bias ? f->bias + group * s->outs : 0};
    torus_bf16_product(&g, false);
    if (sums)
      for (int64_t i = 0; i < images; i++)
        for (int64_t o = 0; o < s->outs; o++)
          memcpy((uint16_t *)s->y + result(s, image + i, group) + o * s->positions,
                 sums + o * wide + i * each, (size_t)s->positions * 2);
  }
  torus_free(columns, column_bytes);
  if (sums) torus_free(sums, sum_bytes);
}

bool torus_conv_bf16(const conv_job *s) {
  return torus_bf16_engine() && s->outs >= 8 && s->k >= 16 && s->ins > 1;
}

void torus_conv_bf16_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  if (torus_conv_bf16_direct(s)) {
    torus_conv_bf16_direct_forward(s);
    return;
  }
  forward_job f = {.s = s, .cut = cut_positions(s),
                   .bias = torus_half_read(TORUS_BF16, s->bias, c->out_channels)};
  const int64_t units = f.cut.blocks * c->groups * f.cut.bands;
  // A single unit's product is spread by itself.
  if (units < torus_threads()) forward_body(0, units, &f);
  else torus_parallel_for(units, 1, forward_body, &f);
  torus_half_drop((float *)f.bias, c->out_channels);
}

// ---- Gradients -------------------------------------------------------------------------------

// With stride 1: the convolution of dy with the weights turned round and their channels swapped.
static void input_by_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  torus_conv back = torus_conv_turned(c);
  const int64_t taps = s->k / s->ins;
  const size_t bytes = (size_t)(c->groups * s->outs * s->k) * 2;
  uint16_t *turned = torus_alloc(bytes);
  const uint16_t *w = s->w;
  for (int64_t g = 0; g < c->groups; g++, w += s->outs * s->k)
    for (int64_t q = 0; q < s->ins; q++)
      for (int64_t o = 0; o < s->outs; o++)
        for (int64_t t = 0; t < taps; t++)
          turned[((g * s->ins + q) * s->outs + o) * taps + t] =
              w[(o * s->ins + q) * taps + taps - 1 - t];
  conv_job j = torus_conv_job(TORUS_BF16, &back);
  j.x = s->x, j.w = turned, j.y = s->y;
  torus_conv_bf16_forward(&j);
  torus_free(turned, bytes);
}

// Otherwise: wᵀ·dy gives each tap's share of each position, and these are added where they came from.
static void input_body(int64_t begin, int64_t end, void *context) {
  const conv_job *s = context;
  const torus_conv *c = s->shape;
  const int64_t in_group = s->ins * c->in_depth * c->in_height * c->in_width;
  const size_t column_bytes = (size_t)(s->k * s->positions) * sizeof(float);
  const size_t image_bytes = (size_t)in_group * sizeof(float);
  float *columns = torus_alloc(column_bytes), *image = torus_alloc(image_bytes);
  torus_conv part = *c;
  part.in_channels = s->ins;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t g = unit % c->groups;
    const torus_product product = {
        .transA = true, .m = s->k, .n = s->positions, .k = s->outs, .lda = s->k,
        .ldb = s->positions, .ldc = s->positions, .alpha = 1,
        .A = (const uint16_t *)s->w + g * s->outs * s->k,
        .B = (const uint16_t *)s->x + unit * s->outs * s->positions, .C = columns};
    torus_bf16_product(&product, true);
    memset(image, 0, image_bytes);
    torus_conv_add_columns(&part, columns, image);
    torus_narrow(TORUS_BF16, image, (uint16_t *)s->y + unit * in_group, in_group);
  }
  torus_free(columns, column_bytes);
  torus_free(image, image_bytes);
}

void torus_conv_bf16_input(const conv_job *s) {
  const torus_conv *c = s->shape;
  if (c->stride_depth == 1 && c->stride_height == 1 && c->stride_width == 1) input_by_forward(s);
  else torus_parallel_for(c->batch * c->groups, 1, input_body, (void *)s);
}

typedef struct weight_job {
  const conv_job *s;
  const void *x;
  cut cut;
  int64_t blocks;  // of images, in a chunk
  float *sums;     // [chunk][group][outs · k]
} weight_job;

static void weight_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const int64_t each = j->cut.lines * c->out_width, wide = j->cut.images * each;
  const size_t column_bytes = (size_t)(s->k * wide) * 2, dy_bytes = (size_t)(s->outs * wide) * 2;
  uint16_t *columns = torus_alloc(column_bytes);
  uint16_t *gathered = j->cut.images > 1 ? torus_alloc(dy_bytes) : 0;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t chunk = unit / c->groups, group = unit % c->groups;
    const int64_t last = torus_min((chunk + 1) * j->blocks, j->cut.blocks);
    float *sums = j->sums + unit * s->outs * s->k;
    for (int64_t block = chunk * j->blocks; block < last; block++) {
      const int64_t image = block * j->cut.images;
      const int64_t images = torus_min(j->cut.images, c->batch - image);
      for (int64_t band = 0; band < j->cut.bands; band++) {
        const int64_t line0 = band * j->cut.lines;
        const int64_t lines = torus_min(j->cut.lines, c->out_depth * c->out_height - line0);
        for (int64_t i = 0; i < images; i++)
          take_lines(s, input(s, j->x, image + i, group), line0, lines, columns + i * each, wide);
        const uint16_t *dy = (const uint16_t *)s->x + result(s, image, group);
        if (gathered)
          for (int64_t i = 0; i < images; i++)
            for (int64_t o = 0; o < s->outs; o++)
              memcpy(gathered + o * wide + i * each,
                     (const uint16_t *)s->x + result(s, image + i, group) + o * s->positions,
                     (size_t)each * 2);
        const bool begins = block == chunk * j->blocks && band == 0;
        const torus_product g = {
            .transB = true, .m = s->outs, .n = s->k,
            .k = gathered ? images * each : lines * c->out_width,
            .lda = gathered ? wide : s->positions, .ldb = wide, .ldc = s->k, .alpha = 1,
            .beta = begins ? 0 : 1, .A = gathered ? gathered : dy + line0 * c->out_width,
            .B = columns, .C = sums};
        torus_bf16_product(&g, true);
      }
    }
  }
  torus_free(columns, column_bytes);
  if (gathered) torus_free(gathered, dy_bytes);
}

// dw from s->x (dy) and x. Images are added up in chunks, whose number depends on the shape alone.
void torus_conv_bf16_weight(const conv_job *s, const void *x, void *dw) {
  const torus_conv *c = s->shape;
  if (torus_conv_bf16_direct(s)) {
    torus_conv_bf16_direct_weight(s, x, dw);
    return;
  }
  weight_job j = {.s = s, .x = x, .cut = cut_positions(s)};
  const int64_t all = c->groups * s->outs * s->k;
  const int64_t most = torus_max(1, torus_min(MOST_CHUNKS, CHUNK_SUMS / all));
  j.blocks = (j.cut.blocks + most - 1) / most;
  const int64_t chunks = (j.cut.blocks + j.blocks - 1) / j.blocks;
  const size_t bytes = (size_t)(chunks * all) * sizeof(float);
  j.sums = torus_alloc(bytes);
  const int64_t units = chunks * c->groups;
  if (units < torus_threads()) weight_body(0, units, &j);
  else torus_parallel_for(units, 1, weight_body, &j);
  for (int64_t q = 1; q < chunks; q++)
    for (int64_t i = 0; i < all; i++) j.sums[i] += j.sums[q * all + i];
  torus_narrow(TORUS_BF16, j.sums, dw, all);
  torus_free(j.sums, bytes);
}
