// Convolution of bfloat16 by tiles that are read from padded copies of the images, without columns.
//
// Forward, the copy holds pairs of channels, [phase][pair][position][2]: 32 channels at 16 positions are
// a tile of columns as it lies there, and weights are the rows. For the weights' gradient positions are
// what is added over: the copy holds planes [phase][channel][position], 16 of which give the rows, and
// dy, with zeros between its lines, the columns. Each tile is read where it is; nothing is copied tap by
// tap.
#include <string.h>

#include "../gemm/bf16.h"
#include "conv_bf16_planes.h"

enum {
  EDGE = TORUS_BF16_EDGE,
  STEP = TORUS_BF16_STEP,
  TILE = TORUS_BF16_TILE,
  BLOCK = TORUS_BF16_BLOCK,
  SUMS = TORUS_BF16_SUMS,
  COPY_BYTES = 768 << 10,
  FEW_POSITIONS = 512,
  GROUP = 16,  // panels of 32 positions that pass by the weights of 32 outputs together
  MOST_RUNS = BLOCK + 2,
};

static int tiles(int64_t n) { return n > EDGE ? 2 : 1; }
static int64_t blocks_of(int64_t n) { return (n + BLOCK - 1) / BLOCK; }

// The next odd multiple of a cache line: planes one above the other then use all sets of a cache.
static int64_t odd_lines(int64_t values, int64_t line) {
  const int64_t lines = (values + line - 1) / line;
  return (lines | 1) * line;
}

bool torus_conv_bf16_direct(const conv_job *s) {
  const torus_conv *c = s->shape;
  if (!torus_bf16_engine() || s->ins < EDGE || s->outs < EDGE / 2) return false;
  if (c->in_depth != 1 || c->out_depth != 1 || c->kernel_depth != 1) return false;
  planes p = torus_conv_planes(s, 1, COPY_BYTES, FEW_POSITIONS);
  const int64_t computed = p.bands * p.lines * p.width;
  torus_conv_planes_drop(&p);
  return s->positions * 5 >= computed * 2;
}

static const uint16_t *image_at(const conv_job *s, const void *x, int64_t image, int64_t group) {
  const torus_conv *c = s->shape;
  return (const uint16_t *)x +
         (image * c->in_channels + group * s->ins) * c->in_height * c->in_width;
}

static int64_t result_at(const conv_job *s, int64_t image, int64_t group) {
  return (image * s->shape->out_channels + group * s->outs) * s->positions;
}

// ---- Forward ---------------------------------------------------------------------------------

typedef struct forward_job {
  const conv_job *s;
  const torus_bf16_kernels *kernels;
  planes planes;
  const float *bias;
  int64_t steps;      // blocks of 32 channels · taps
  int64_t plane;      // positions from one pair of channels to the next
  uint16_t *weights;  // [group][block of outputs][step][tile]
  int64_t *at;        // of each step in the copy
} forward_job;

static void weights_body(int64_t begin, int64_t end, void *context) {
  const forward_job *f = context;
  const conv_job *s = f->s;
  const int64_t taps = f->planes.taps, rows = blocks_of(s->outs);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t group = unit / rows, first = unit % rows * BLOCK;
    const int64_t m = torus_min(BLOCK, s->outs - first);
    const int row_tiles = tiles(m);
    uint16_t *out = f->weights + unit * f->steps * 2 * TILE;
    memset(out, 0, (size_t)(f->steps * row_tiles * TILE) * 2);
    for (int64_t i = 0; i < m; i++) {
      const uint16_t *w = (const uint16_t *)s->w + (group * s->outs + first + i) * s->k;
      uint16_t *line = out + i / EDGE * TILE + i % EDGE * STEP;
      for (int64_t q = 0; q < s->ins; q++)
        for (int64_t t = 0; t < taps; t++)
          line[(q / STEP * taps + t) * row_tiles * TILE + q % STEP] = *w++;
    }
  }
}

static void copy_pairs(const forward_job *f, int64_t image0, int64_t images, int64_t group,
                       int64_t line0, int64_t lines, const uint16_t *nothing, uint16_t *copy) {
  const conv_job *s = f->s;
  const planes *p = &f->planes;
  const torus_conv *c = s->shape;
  const int64_t pixels = c->in_height * c->in_width, pairs = blocks_of(s->ins) * EDGE;
  const int64_t far = (c->kernel_height - 1) * c->dilation_height / c->stride_height;
  const int64_t rows = p->bands > 1 ? lines + far : p->height;
  for (int64_t phase = 0; phase < p->phases; phase++)
    for (int64_t q = 0; q < s->ins; q += 2)
      for (int64_t i = 0; i < images; i++) {
        const uint16_t *image = image_at(s, s->x, image0 + i, group) + q * pixels;
        uint16_t *to = copy + ((phase * pairs + q / 2) * f->plane + i * p->height * p->width) * 2;
        for (int64_t r = 0; r < rows; r++, to += p->width * 2) {
          const plane_line l = planes_line(s, p, phase, line0, r, image);
          const int64_t after = p->width - l.zeros - l.pixels;
          memset(to, 0, (size_t)l.zeros * 4);
          if (l.pixels > 0)
            f->kernels->interleave(l.from, q + 1 < s->ins ? l.from + pixels : nothing,
                                   c->stride_width, l.pixels, to + l.zeros * 2);
          memset(to + (l.zeros + l.pixels) * 2, 0, (size_t)after * 4);
        }
      }
}

// What of 32 positions is inside, and where it goes.
static int64_t find_runs(const conv_job *s, const planes *p, int64_t first, int64_t images,
                         int64_t line0, int64_t lines, torus_bf16_run *runs) {
  const torus_conv *c = s->shape;
  int64_t count = 0;
  for (int64_t at = first; at < first + BLOCK;) {
    const int64_t row = at / p->width, x = at % p->width;
    const int64_t image = row / p->height, line = row % p->height;
    if (image >= images) break;
    if (x < c->out_width && line < lines) {
      const int64_t lane = at - first, length = torus_min(c->out_width - x, BLOCK - lane);
      runs[count++] = (torus_bf16_run){
          .lanes = (uint32_t)(((UINT64_C(1) << length) - 1) << lane),
          .to = image * c->out_channels * s->positions + (line0 + line) * c->out_width + x - lane};
    }
    at += p->width - x;
  }
  return count;
}

static void forward_body(int64_t begin, int64_t end, void *context) {
  const forward_job *f = context;
  const conv_job *s = f->s;
  const planes *p = &f->planes;
  const torus_conv *c = s->shape;
  const int64_t pairs = blocks_of(s->ins) * EDGE, rows = blocks_of(s->outs);
  const size_t bytes = (size_t)(p->phases * pairs * f->plane) * 4;
  const size_t line_bytes = (size_t)(c->in_width + 1) * 2 * (size_t)c->stride_width;
  uint16_t *copy = torus_alloc_zeroed(bytes), *nothing = torus_alloc_zeroed(line_bytes);
  float sums[SUMS] __attribute__((aligned(64)));
  torus_bf16_run runs[GROUP][MOST_RUNS];
  int64_t counts[GROUP];
  if (f->kernels->begin) f->kernels->begin();
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t band = unit % p->bands, group = unit / p->bands % c->groups;
    const int64_t image = unit / p->bands / c->groups * p->images;
    const int64_t images = torus_min(p->images, c->batch - image);
    const int64_t line0 = band * p->lines, lines = torus_min(p->lines, c->out_height - line0);
    copy_pairs(f, image, images, group, line0, lines, nothing, copy);
    const int64_t positions = planes_positions(s, p, images, lines), panels = blocks_of(positions);
    uint16_t *y = (uint16_t *)s->y + result_at(s, image, group);
    for (int64_t panel = 0; panel < panels; panel += GROUP) {
      const int64_t count = torus_min(GROUP, panels - panel);
      for (int64_t i = 0; i < count; i++)
        counts[i] = find_runs(s, p, (panel + i) * BLOCK, images, line0, lines, runs[i]);
      for (int64_t o = 0; o < rows; o++) {
        const int64_t m = torus_min(BLOCK, s->outs - o * BLOCK);
        const torus_bf16_tiles_at weights = torus_bf16_packed(
            f->weights + (group * rows + o) * f->steps * 2 * TILE, tiles(m));
        for (int64_t i = 0; i < count; i++) {
          const int64_t first = (panel + i) * BLOCK;
          const torus_bf16_tiles_at columns = {
              .base = copy + first * 2, .at = f->at, .tile = EDGE * 2, .line = f->plane * 2};
          uint16_t *to = y + o * BLOCK * s->positions;
          if (counts[i] > 0)
            for (int64_t r = 0; r < m; r++)
              __builtin_prefetch(to + r * s->positions + runs[i][0].to, 1);
          f->kernels->block(f->steps, &weights, tiles(m), &columns, tiles(positions - first), false,
                            sums);
          f->kernels->put_runs(sums, m, f->bias ? f->bias + group * s->outs + o * BLOCK : 0, to,
                               s->positions, runs[i], counts[i]);
        }
      }
    }
  }
  if (f->kernels->end) f->kernels->end();
  torus_free(copy, bytes);
  torus_free(nothing, line_bytes);
}

void torus_conv_bf16_direct_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  const int64_t channels = blocks_of(s->ins) * BLOCK;
  forward_job f = {.s = s, .kernels = torus_bf16_engine(),
                   .planes = torus_conv_planes(s, channels * 2, COPY_BYTES, FEW_POSITIONS),
                   .bias = torus_half_read(TORUS_BF16, s->bias, c->out_channels)};
  // Results do not depend on where positions are cut.
  torus_conv_planes_cut(s, &f.planes, (2 * torus_threads() + c->groups - 1) / c->groups);
  const planes *p = &f.planes;
  f.steps = channels / BLOCK * p->taps;
  const int64_t most = blocks_of(planes_positions(s, p, p->images, p->lines)) * BLOCK + p->reach;
  f.plane = odd_lines(torus_max(p->images * p->height * p->width, most), EDGE);
  const size_t weight_bytes = (size_t)(c->groups * blocks_of(s->outs) * f.steps * 2 * TILE) * 2;
  const size_t at_bytes = (size_t)f.steps * sizeof(int64_t);
  f.weights = torus_alloc(weight_bytes);
  f.at = torus_alloc(at_bytes);
  for (int64_t q = 0; q < channels / BLOCK; q++)
    for (int64_t t = 0; t < p->taps; t++)
      f.at[q * p->taps + t] =
          ((p->phase[t] * channels / 2 + q * EDGE) * f.plane + p->offset[t]) * 2;
  torus_parallel_for(c->groups * blocks_of(s->outs), 1, weights_body, &f);
  torus_parallel_for(p->blocks * c->groups * p->bands, 1, forward_body, &f);
  torus_free(f.weights, weight_bytes);
  torus_free(f.at, at_bytes);
  torus_half_drop((float *)f.bias, c->out_channels);
  torus_conv_planes_drop(&f.planes);
}

// ---- The weights' gradient -------------------------------------------------------------------

typedef struct weight_job {
  const conv_job *s;
  const torus_bf16_kernels *kernels;
  const void *x;
  planes planes;
  int64_t plane, dy_plane;  // values from one channel to the next
  uint16_t *copy, *dy, *columns;
  float *sums;  // [block of 32 inputs][tap][block of 32 outputs][SUMS]
  uint16_t *dw;
  // The block under way.
  int64_t group, image, images, line0, lines, steps;
  bool begins;
} weight_job;

static void copy_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const planes *p = &j->planes;
  const torus_conv *c = s->shape;
  const int64_t channels = blocks_of(s->ins) * BLOCK, pixels = c->in_height * c->in_width;
  const int64_t far = (c->kernel_height - 1) * c->dilation_height / c->stride_height;
  const int64_t rows = p->bands > 1 ? j->lines + far : p->height;
  for (int64_t q = begin; q < end; q++)
    for (int64_t phase = 0; phase < p->phases; phase++)
      for (int64_t i = 0; i < j->images; i++) {
        const uint16_t *image = image_at(s, j->x, j->image + i, j->group) + q * pixels;
        uint16_t *to = j->copy + (phase * channels + q) * j->plane + i * p->height * p->width;
        for (int64_t r = 0; r < rows; r++, to += p->width) {
          const plane_line l = planes_line(s, p, phase, j->line0, r, image);
          memset(to, 0, (size_t)l.zeros * 2);
          if (l.pixels > 0 && c->stride_width == 1)
            memcpy(to + l.zeros, l.from, (size_t)l.pixels * 2);
          else
            for (int64_t x = 0; x < l.pixels; x++) to[l.zeros + x] = l.from[x * c->stride_width];
          memset(to + l.zeros + l.pixels, 0, (size_t)(p->width - l.zeros - l.pixels) * 2);
        }
      }
}

static void columns_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const planes *p = &j->planes;
  const int64_t width = s->shape->out_width, k = j->steps * STEP;
  for (int64_t b = begin; b < end; b++) {
    const int64_t first = b * BLOCK, n = torus_min(BLOCK, s->outs - first);
    uint16_t *dy = j->dy + first * j->dy_plane;
    for (int64_t o = 0; o < n; o++) {
      uint16_t *to = dy + o * j->dy_plane;
      memset(to, 0, (size_t)k * 2);
      for (int64_t i = 0; i < j->images; i++) {
        const uint16_t *from = (const uint16_t *)s->x + result_at(s, j->image + i, j->group) +
                               (first + o) * s->positions + j->line0 * width;
        uint16_t *line = to + i * p->height * p->width;
        for (int64_t l = 0; l < j->lines; l++, line += p->width, from += width)
          memcpy(line, from, (size_t)width * 2);
      }
    }
    j->kernels->pack_columns(dy, j->dy_plane, true, n, k, tiles(n), j->columns + first * k);
  }
}

static void products_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const planes *p = &j->planes;
  const int64_t channels = blocks_of(s->ins) * BLOCK, outs = blocks_of(s->outs);
  if (j->kernels->begin) j->kernels->begin();
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t q = unit / p->taps * BLOCK, t = unit % p->taps;
    const torus_bf16_tiles_at rows = {
        .base = j->copy + (p->phase[t] * channels + q) * j->plane + p->offset[t], .step = STEP,
        .tile = EDGE * j->plane, .line = j->plane};
    for (int64_t b = 0; b < outs; b++) {
      const int column_tiles = tiles(s->outs - b * BLOCK);
      const torus_bf16_tiles_at columns =
          torus_bf16_packed(j->columns + b * BLOCK * j->steps * STEP, column_tiles);
      j->kernels->block(j->steps, &rows, tiles(s->ins - q), &columns, column_tiles, !j->begins,
                        j->sums + (unit * outs + b) * SUMS);
    }
  }
  if (j->kernels->end) j->kernels->end();
}

// dw of one output of the group from the sums.
static void gather_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const int64_t taps = j->planes.taps, outs = blocks_of(s->outs);
  const size_t bytes = (size_t)s->k * sizeof(float);
  float *line = torus_alloc(bytes);
  for (int64_t o = begin; o < end; o++) {
    const int64_t b = o / BLOCK, c = o % BLOCK;
    for (int64_t q = 0; q < s->ins; q++) {
      const int64_t r = q % BLOCK;
      const int64_t place = ((r / EDGE * 2 + c / EDGE) * EDGE + r % EDGE) * EDGE + c % EDGE;
      for (int64_t t = 0; t < taps; t++)
        line[q * taps + t] = j->sums[((q / BLOCK * taps + t) * outs + b) * SUMS + place];
    }
    torus_narrow(TORUS_BF16, line, j->dw + (j->group * s->outs + o) * s->k, s->k);
  }
  torus_free(line, bytes);
}

// dw from s->x (dy) and x. Blocks of positions are added up one behind the other, cut by the shape
// alone; threads share out the weights.
void torus_conv_bf16_direct_weight(const conv_job *s, const void *x, void *dw) {
  const torus_conv *c = s->shape;
  const int64_t channels = blocks_of(s->ins) * BLOCK, outs = blocks_of(s->outs);
  weight_job j = {
      .s = s, .kernels = torus_bf16_engine(), .x = x, .dw = dw,
      .planes = torus_conv_planes(s, channels * 2 + outs * BLOCK * 2, COPY_BYTES, FEW_POSITIONS)};
  const planes *p = &j.planes;
  const int64_t most = blocks_of(planes_positions(s, p, p->images, p->lines)) * BLOCK;
  j.dy_plane = odd_lines(most, STEP);
  j.plane = odd_lines(torus_max(p->images * p->height * p->width, most + p->reach), STEP);
  const size_t copy_bytes = (size_t)(p->phases * channels * j.plane) * 2;
  const size_t dy_bytes = (size_t)(outs * BLOCK * j.dy_plane) * 2;
  const size_t sum_bytes = (size_t)(channels / BLOCK * p->taps * outs * SUMS) * sizeof(float);
  // What no image fills stays zero.
  j.copy = torus_alloc_zeroed(copy_bytes);
  j.dy = torus_alloc(dy_bytes);
  j.columns = torus_alloc(dy_bytes);
  j.sums = torus_alloc(sum_bytes);
  for (j.group = 0; j.group < c->groups; j.group++) {
    j.begins = true;
    for (int64_t block = 0; block < p->blocks * p->bands; block++, j.begins = false) {
      j.image = block / p->bands * p->images;
      j.images = torus_min(p->images, c->batch - j.image);
      j.line0 = block % p->bands * p->lines;
      j.lines = torus_min(p->lines, c->out_height - j.line0);
      j.steps = blocks_of(planes_positions(s, p, j.images, j.lines));
      torus_parallel_for(s->ins, 4, copy_body, &j);
      torus_parallel_for(outs, 1, columns_body, &j);
      torus_parallel_for(channels / BLOCK * p->taps, 1, products_body, &j);
    }
    torus_parallel_for(s->outs, 8, gather_body, &j);
  }
  torus_free(j.copy, copy_bytes);
  torus_free(j.dy, dy_bytes);
  torus_free(j.columns, dy_bytes);
  torus_free(j.sums, sum_bytes);
  torus_conv_planes_drop(&j.planes);
}
