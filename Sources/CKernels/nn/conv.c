// Convolution.
//
// A result's row of channels times a panel of positions is a tile of the product engine. Its
// columns come from a padded copy of the image: read where they lie, at an offset for each input
// channel and tap (rows with a junk column at their ends), where stride is 1 and rows are long;
// gathered into a panel otherwise.
#include "conv.h"

#include <math.h>

#define KERNELS "../nn/conv_kernels.h"
#include "../core/each_real.h"

int64_t torus_conv_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  const int64_t room = in + 2 * pad - dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

static int64_t span(int64_t out, int64_t stride, int64_t kernel, int64_t dilation) {
  return (out - 1) * stride + dilation * (kernel - 1) + 1;
}

static int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

enum { RUNS = 64 };

// Where each (channel, tap) step reads, relative to a position in the padded image.
static void fill_offsets(const conv_job *s, int64_t rows, int64_t *offsets) {
  const torus_conv *c = s->shape;
  int64_t k = 0;
  for (int64_t q = 0; q < s->ins; q++)
    for (int64_t z = 0; z < c->kernel_depth; z++)
      for (int64_t y = 0; y < c->kernel_height; y++)
        for (int64_t x = 0; x < c->kernel_width; x++)
          offsets[k++] = q * s->channel_step +
                         (z * c->dilation_depth * rows + y * c->dilation_height) * s->pitch +
                         x * c->dilation_width;
}

static void set_bias(const conv_job *s, torus_tile *t, int64_t channel) {
  t->row_bias = torus_at(s->bias, channel, s->engine->bytes);
}

// One band of rows of one image and group, with junk columns between the rows.
static void flat_unit(const conv_job *s, int64_t image, int64_t group, int64_t row0, int64_t rows) {
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t size = e->bytes, cols = e->cols;
  const int64_t in_plane = c->in_height * c->in_width;
  const void *x = torus_at(s->x, (image * c->in_channels + group * s->ins) * in_plane, size);
  char *y = torus_at(s->y, (image * c->out_channels + group * s->outs) * s->positions, size);
  const int64_t height = span(rows, 1, c->kernel_height, c->dilation_height);
  const int64_t positions = up(rows * s->pitch, cols);
  const size_t padded_bytes = (size_t)(s->ins * s->channel_step * size);
  const size_t sum_bytes = (size_t)(s->tall * positions * size);
  void *padded = torus_alloc(padded_bytes), *sums = torus_alloc(sum_bytes);
  RUN(s->dtype, pad_image, s, x, s->ins, 0, 1, row0, height, padded, s->channel_step);
  torus_tile t = {.taps = 1, .k = s->k, .a_row = 1, .a_step = e->rows, .alpha = 1,
                  .b_offsets = s->offsets};
  for (int64_t o = 0; o < s->outs; o += s->tall) {
    const int64_t m = torus_min(s->tall, s->outs - o);
    const int64_t panel = (group * s->panels + o / s->tall) * e->rows * s->k;
    set_bias(s, &t, group * s->outs + o);
    for (int64_t p = 0; p < positions; p += cols)
      e->tile((int)m, 2, &t, torus_at(s->weights, panel, size), torus_at(padded, p, size),
              torus_at(sums, p, size), positions);
    for (int64_t i = 0; i < m; i++)
      RUN(s->dtype, crop_rows, torus_at(sums, i * positions, size), s->pitch,
          torus_at(y, (o + i) * s->positions + row0 * c->out_width, size), c->out_width, rows);
  }
  torus_free(padded, padded_bytes);
  torus_free(sums, sum_bytes);
}

// The runs of positions p ..< end: each lies in one row of one image.
static int64_t find_runs(const conv_job *s, int64_t row0, int64_t rows, int64_t in_rows, int64_t p,
                         int64_t end, conv_run *runs) {
  const torus_conv *c = s->shape;
  const int64_t width = c->out_width, each = c->out_depth * rows * width;
  int64_t count = 0;
  for (int64_t to = 0; p < end; count++) {
    const int64_t image = p / each, rest = p % each;
    const int64_t z = rest / (rows * width), y = rest / width % rows, x = rest % width;
    const int64_t length = torus_min(width - x, end - p);
    runs[count] = (conv_run){
        .from = image * s->ins * s->channel_step +
                (z * c->stride_depth * in_rows + y * c->stride_height) * s->pitch +
                x * c->stride_width,
        .to = to, .length = length, .image = image,
        .result = (z * c->out_height + row0 + y) * width + x};
    to += length;
    p += length;
  }
  return count;
}

// Neighbouring images, or a band of rows of one, with positions gathered into panels.
static void gathered_unit(const conv_job *s, int64_t image0, int64_t images, int64_t group,
                          int64_t row0, int64_t rows) {
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t size = e->bytes, cols = e->cols;
  const int64_t in_image = c->in_channels * c->in_depth * c->in_height * c->in_width;
  const int64_t height = span(rows, c->stride_height, c->kernel_height, c->dilation_height);
  const int64_t planes = span(c->out_depth, c->stride_depth, c->kernel_depth, c->dilation_depth);
  const int64_t positions = images * c->out_depth * rows * c->out_width;
  const size_t padded_bytes = (size_t)(images * s->ins * s->channel_step * size);
  const size_t panel_bytes = (size_t)(s->k * cols * size);
  void *padded = torus_alloc(padded_bytes), *panel = torus_alloc(panel_bytes);
  for (int64_t i = 0; i < images; i++)
    RUN(s->dtype, pad_image, s,
        torus_at(s->x, (image0 + i) * in_image + group * s->ins * (in_image / c->in_channels),
                 size),
        s->ins, 0, planes, row0 * c->stride_height, height,
        torus_at(padded, i * s->ins * s->channel_step, size), s->channel_step);
  char *y = torus_at(s->y, (image0 * c->out_channels + group * s->outs) * s->positions, size);
  torus_tile t = {.taps = 1, .k = s->k, .a_row = 1, .a_step = e->rows, .b_step = cols, .alpha = 1};
  char tile[14 * 2 * 64] __attribute__((aligned(64)));
  conv_run runs[RUNS];
  for (int64_t p = 0; p < positions; p += cols) {
    const int64_t n = torus_min(cols, positions - p);
    const int64_t count = find_runs(s, row0, rows, height, p, p + n, runs);
    RUN(s->dtype, pack_positions, padded, s->offsets, s->k, runs, count, c->stride_width, cols,
        panel);
    // Runs that follow each other in the result are written in one piece.
    bool whole = n == cols;
    for (int64_t r = 1; r < count; r++)
      whole = whole && runs[r].image == runs[0].image &&
              runs[r].result == runs[0].result + runs[r].to;
    for (int64_t o = 0; o < s->outs; o += s->tall) {
      const int64_t m = torus_min(s->tall, s->outs - o);
      const void *w = torus_at(s->weights, (group * s->panels + o / s->tall) * e->rows * s->k, size);
      set_bias(s, &t, group * s->outs + o);
      if (whole) {
        e->tile((int)m, 2, &t, w, panel,
                y + ((runs[0].image * c->out_channels + o) * s->positions + runs[0].result) * size,
                s->positions);
        continue;
      }
      e->tile((int)m, n * 2 > cols ? 2 : 1, &t, w, panel, tile, cols);
      for (int64_t i = 0; i < m; i++)
        for (int64_t r = 0; r < count; r++) {
          const int64_t at = (runs[r].image * c->out_channels + o + i) * s->positions;
          RUN(s->dtype, copy_run, torus_at(tile, i * cols + runs[r].to, size),
              torus_at(y, at + runs[r].result, size), runs[r].length);
        }
    }
  }
  torus_free(padded, padded_bytes);
  torus_free(panel, panel_bytes);
}

static void forward_body(int64_t begin, int64_t end, void *context) {
  const conv_job *s = context;
  const torus_conv *c = s->shape;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t band = unit % s->bands, group = unit / s->bands % c->groups;
    const int64_t block = unit / s->bands / c->groups * s->images;
    const int64_t row0 = band * s->band_rows;
    const int64_t rows = torus_min(s->band_rows, c->out_height - row0);
    if (s->flat) flat_unit(s, block, group, row0, rows);
    else gathered_unit(s, block, torus_min(s->images, c->batch - block), group, row0, rows);
  }
}

// A kernel of one tap that meets each position once is a plain product for each image.
static bool pointwise(const torus_conv *c) {
  return c->kernel_depth * c->kernel_height * c->kernel_width == 1 && c->stride_depth == 1 &&
         c->stride_height == 1 && c->stride_width == 1 && c->pad_depth == 0 &&
         c->pad_height == 0 && c->pad_width == 0 && c->out_depth == c->in_depth &&
         c->out_height == c->in_height && c->out_width == c->in_width;
}

static void product_body(int64_t begin, int64_t end, void *context) {
  const conv_job *s = context;
  const torus_conv *c = s->shape;
  const int64_t size = s->engine->bytes;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t g = unit % c->groups;
    const torus_product product = {
        .m = s->outs, .n = s->positions, .k = s->ins, .lda = s->ins, .ldb = s->positions,
        .ldc = s->positions, .alpha = 1, .A = torus_at(s->w, g * s->outs * s->ins, size),
        .B = torus_at(s->x, unit * s->ins * s->positions, size),
        .C = torus_at(s->y, unit * s->outs * s->positions, size),
        .row_bias = torus_at(s->bias, g * s->outs, size)};
    torus_product_spread(s->dtype, &product);
  }
}

// How much of a band and its results should stay in the second cache.
enum { BAND_BYTES = 320 << 10 };

static void plan(conv_job *s) {
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t right = span(c->out_width, c->stride_width, c->kernel_width, c->dilation_width) -
                        c->pad_width - c->in_width;
  const bool planar = c->in_depth == 1 && c->kernel_depth == 1 && c->pad_depth == 0;
  s->pitch = span(c->out_width, c->stride_width, c->kernel_width, c->dilation_width);
  // Where rows are read flat, the padding behind one may be the padding before the next.
  const int64_t shared = c->pad_width + c->in_width;
  int64_t pitch = s->pitch;
  if (c->pad_width >= 0 && right <= c->pad_width && shared >= c->out_width)
    pitch = torus_min(pitch, shared);
  s->flat = planar && c->stride_width == 1 && c->stride_height == 1 &&
            pitch * 8 <= c->out_width * 9 && c->out_height * pitch >= 4 * e->cols;
  if (s->flat) s->pitch = pitch;
  const int64_t row_bytes = (s->ins + torus_min(s->outs, e->rows)) * s->pitch * e->bytes;
  s->band_rows = torus_min(c->out_height, torus_max(1, BAND_BYTES / row_bytes));
  if (!planar) s->band_rows = c->out_height;
  s->bands = (c->out_height + s->band_rows - 1) / s->band_rows;
  s->band_rows = (c->out_height + s->bands - 1) / s->bands;
  s->bands = (c->out_height + s->band_rows - 1) / s->band_rows;
  // Small images share panels: enough of them to fill some.
  s->images = 1;
  if (!s->flat && s->bands == 1)
    while (s->images < c->batch && s->images * s->positions < 4 * e->cols) s->images *= 2;
  const int64_t height = span(s->band_rows, c->stride_height, c->kernel_height, c->dilation_height);
  const int64_t planes = span(c->out_depth, c->stride_depth, c->kernel_depth, c->dilation_depth);
  s->in_rows = height;
  s->channel_step = planes * height * s->pitch;
  // The last panel's junk is read behind the last row.
  if (s->flat) s->channel_step += up(e->cols + c->dilation_width * (c->kernel_width - 1), 16);
}

static void forward(conv_job *s) {
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  if (pointwise(c)) {
    const int64_t units = c->batch * c->groups, work = s->outs * s->k * s->positions;
    // Few images are spread each by itself.
    if (units < torus_threads()) product_body(0, units, s);
    else torus_parallel_for(units, (1 << 18) / (work + 1) + 1, product_body, s);
    return;
  }
  if (torus_conv_depthwise(s)) {
    torus_conv_depthwise_forward(s);
    return;
  }
  if (torus_conv_split(s) && torus_conv_split_forward(s)) return;
  // Of small images, only those of many channels gain by Winograd's transforms.
  const bool small = torus_conv_small(s);
  if (torus_conv_winograd(s) && !(small && s->ins < 64)) {
    torus_conv_winograd_forward(s);
    return;
  }
  if (small) {
    torus_conv_small_forward(s);
    return;
  }
  plan(s);
  const int64_t tiles = (s->outs + e->rows - 1) / e->rows;
  s->tall = (s->outs + tiles - 1) / tiles;
  s->panels = (s->outs + s->tall - 1) / s->tall;
  const size_t weight_bytes = (size_t)(c->groups * s->panels * e->rows * s->k * e->bytes);
  const size_t offset_bytes = (size_t)s->k * sizeof(int64_t);
  char *weights = torus_alloc(weight_bytes);
  int64_t *offsets = torus_alloc(offset_bytes);
  for (int64_t g = 0; g < c->groups; g++)
    for (int64_t o = 0; o < s->outs; o += s->tall)
      e->pack_rows(torus_at(s->w, (g * s->outs + o) * s->k, e->bytes), s->k, false,
                   torus_min(s->tall, s->outs - o), s->k,
                   weights + (g * s->panels + o / s->tall) * e->rows * s->k * e->bytes);
  fill_offsets(s, s->in_rows, offsets);
  s->weights = weights;
  s->offsets = offsets;
  const int64_t units = (c->batch + s->images - 1) / s->images * c->groups * s->bands;
  const int64_t work = s->outs * s->k * s->images * c->out_depth * s->band_rows * c->out_width;
  torus_parallel_for(units, (1 << 18) / (work + 1) + 1, forward_body, s);
  torus_free(weights, weight_bytes);
  torus_free(offsets, offset_bytes);
}

conv_job torus_conv_job(torus_dtype dtype, const torus_conv *shape) {
  return (conv_job){
      .dtype = dtype, .shape = shape, .engine = torus_gemm_engine(dtype),
      .ins = shape->in_channels / shape->groups, .outs = shape->out_channels / shape->groups,
      .k = shape->in_channels / shape->groups * shape->kernel_depth * shape->kernel_height *
           shape->kernel_width,
      .positions = shape->out_depth * shape->out_height * shape->out_width};
}

torus_conv_counts torus_conv_count(const torus_conv *c) {
  return (torus_conv_counts){
      .x = c->batch * c->in_channels * c->in_depth * c->in_height * c->in_width,
      .y = c->batch * c->out_channels * c->out_depth * c->out_height * c->out_width,
      .w = c->out_channels * (c->in_channels / c->groups) * c->kernel_depth * c->kernel_height *
           c->kernel_width};
}

torus_status torus_conv_forward(torus_dtype dtype, const torus_conv *shape, const void *x,
                                const void *w, const void *bias, void *y) {
  if (dtype == TORUS_BF16 && !torus_conv_empty(shape)) {
    conv_job s = torus_conv_job(dtype, shape);
    s.x = x, s.w = w, s.bias = bias, s.y = y;
    if (torus_conv_bf16(&s)) {
      torus_conv_bf16_forward(&s);
      return TORUS_OK;
    }
  }
  if (torus_is_half(dtype)) {
    const torus_conv_counts n = torus_conv_count(shape);
    float *fx = torus_half_read(dtype, x, n.x), *fw = torus_half_read(dtype, w, n.w);
    float *fb = torus_half_read(dtype, bias, shape->out_channels), *fy = torus_half_room(y, n.y);
    torus_conv_forward(TORUS_F32, shape, fx, fw, fb, fy);
    torus_half_write(dtype, fy, y, n.y);
    torus_half_drop(fx, n.x);
    torus_half_drop(fw, n.w);
    torus_half_drop(fb, shape->out_channels);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  if (torus_conv_empty(shape)) return TORUS_OK;
  conv_job s = torus_conv_job(dtype, shape);
  s.x = x, s.w = w, s.bias = bias, s.y = y;
  forward(&s);
  return TORUS_OK;
}
