// Convolution by Winograd's F(2 × 2, 3 × 3) (Lavin and Gray, "Fast algorithms for convolutional
// neural networks", 2016): sixteen products of transformed channels for each four results in the
// place of thirty-six, which pays where channels are many. Float only; the error stays within
// three times that of the plain sum.
#include "conv.h"

#include <math.h>

#define KERNELS "../nn/conv_winograd_kernels.h"
#include "../core/each_real.h"

enum { COMPONENTS = 16 };

static int64_t tile_count(const torus_conv *c) {
  return (c->out_height + 1) / 2 * ((c->out_width + 1) / 2);
}

bool torus_conv_winograd(const conv_job *s) {
  const torus_conv *c = s->shape;
  const bool fast = TORUS_LEVELS == 1 || torus_current_level() > TORUS_BASE;
  const bool fits = s->dtype == TORUS_F32 && fast && c->in_depth == 1 &&
                    c->kernel_depth == 1 && c->pad_depth == 0 && c->kernel_height == 3 &&
                    c->kernel_width == 3 && c->stride_height == 1 && c->stride_width == 1 &&
                    c->dilation_height == 1 && c->dilation_width == 1;
  // The filters' transform has to be earned back by enough tiles.
  return fits && s->ins >= 16 && s->outs >= 16 && s->positions >= 49 &&
         c->batch * tile_count(c) >= 64;
}

typedef struct winograd_job {
  const conv_job *s;
  int64_t tall, panels, tiles;  // channels of a panel of filters; tiles of the batch
  const char *filters;          // [groups][components][panels][ins][rows]
} winograd_job;

typedef struct tile_run {
  int64_t image, row, column, to, count;
} tile_run;

static void unit(const winograd_job *j, int64_t first, int64_t g, float *in, float *products) {
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t cols = e->cols, width = (c->out_width + 1) / 2, each = tile_count(c);
  const int64_t plane = c->in_height * c->in_width;
  // Rows of tiles that the panel covers.
  tile_run runs[64];
  int64_t count = 0;
  for (int64_t at = first, end = torus_min(first + cols, j->tiles); at < end; count++) {
    const int64_t row = at % each / width, column = at % width;
    runs[count] = (tile_run){at / each, row, column, at - first,
                             torus_min(width - column, end - at)};
    at += runs[count].count;
  }
  // A run's last vector may reach past its panel into the next channel's, written later.
  const int64_t step = s->ins * cols + cols;
  for (int64_t i = 0; i < s->ins; i++)
    for (int64_t r = 0; r < count; r++)
      AT_LEVEL(winograd_in_f32)((const float *)s->x + (runs[r].image * c->in_channels +
                                                        g * s->ins + i) * plane,
                                 c->in_height, c->in_width, 2 * runs[r].row - c->pad_height,
                                 2 * runs[r].column - c->pad_width, runs[r].count,
                                 in + i * cols + runs[r].to, step);
  torus_tile t = {.taps = 1, .k = s->ins, .a_row = 1, .a_step = e->rows, .b_step = cols, .alpha = 1};
  const int64_t out_step = e->rows * cols;
  for (int64_t o = 0; o < s->outs; o += j->tall) {
    const int64_t m = torus_min(j->tall, s->outs - o);
    for (int64_t q = 0; q < COMPONENTS; q++)
      e->tile((int)m, 2, &t,
              torus_at(j->filters, ((g * COMPONENTS + q) * j->panels + o / j->tall) * e->rows *
                                       s->ins, sizeof(float)),
              in + q * step, products + q * out_step, cols);
    for (int64_t i = 0; i < m; i++) {
      const int64_t channel = g * s->outs + o + i;
      const float bias = s->bias ? ((const float *)s->bias)[channel] : 0;
      for (int64_t r = 0; r < count; r++) {
        float *y = (float *)s->y + (runs[r].image * c->out_channels + channel) * s->positions +
                   2 * runs[r].row * c->out_width + 2 * runs[r].column;
        AT_LEVEL(winograd_out_f32)(products + i * cols + runs[r].to, out_step, runs[r].count, bias,
                                    y, c->out_width,
                                    torus_min(2, c->out_height - 2 * runs[r].row),
                                    c->out_width - 2 * runs[r].column);
      }
    }
  }
}

static void body(int64_t begin, int64_t end, void *context) {
  const winograd_job *j = context;
  const torus_gemm_level *e = j->s->engine;
  const size_t in_bytes =
      (size_t)(COMPONENTS * (j->s->ins + 1) * e->cols + e->cols) * sizeof(float);
  const size_t product_bytes = (size_t)(COMPONENTS * e->rows * e->cols + e->cols) * sizeof(float);
  float *in = torus_alloc(in_bytes), *products = torus_alloc(product_bytes);
  const int64_t groups = j->s->shape->groups;
  for (int64_t at = begin; at < end; at++)
    unit(j, at / groups * e->cols, at % groups, in, products);
  torus_free(in, in_bytes);
  torus_free(products, product_bytes);
}

// Packs and transforms the filters of one panel of output channels.
static void filter_body(int64_t begin, int64_t end, void *context) {
  const winograd_job *j = context;
  const conv_job *s = j->s;
  const torus_gemm_level *e = s->engine;
  const size_t bytes = (size_t)(s->k * e->rows) * sizeof(float);
  float *packed = torus_alloc(bytes);
  for (int64_t at = begin; at < end; at++) {
    const int64_t g = at / j->panels, panel = at % j->panels, o = panel * j->tall;
    e->pack_rows((const float *)s->w + (g * s->outs + o) * s->k, s->k, false,
                 torus_min(j->tall, s->outs - o), s->k, packed);
    AT_LEVEL(winograd_filter_f32)(packed, s->ins, e->rows,
                                   torus_at(j->filters,
                                            (g * COMPONENTS * j->panels + panel) * e->rows * s->ins,
                                            sizeof(float)),
                                   j->panels * e->rows * s->ins);
  }
  torus_free(packed, bytes);
}

void torus_conv_winograd_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t tiles = (s->outs + e->rows - 1) / e->rows;
  winograd_job j = {.s = s, .tall = (s->outs + tiles - 1) / tiles,
                    .tiles = c->batch * tile_count(c)};
  j.panels = (s->outs + j.tall - 1) / j.tall;
  const size_t bytes =
      (size_t)(c->groups * COMPONENTS * j.panels * e->rows * s->ins) * sizeof(float);
  char *filters = torus_alloc(bytes);
  j.filters = filters;
  torus_parallel_for(c->groups * j.panels, 4, filter_body, &j);
  torus_parallel_for((j.tiles + e->cols - 1) / e->cols * c->groups, 1, body, &j);
  torus_free(filters, bytes);
}
