// Convolution of small images in large batches.
//
// Rows of a few positions make poor vectors, so images do: with the batch last, each position of
// the result is a tile of channels times images, over the taps that lie inside the image. No
// padding is read and nothing is gathered. The weights' gradient sums over images with channels
// last instead: each tap is a product over images and over the positions that it joins.
#include "conv.h"

enum { SMALL_POSITIONS = 100 };

static int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

bool torus_conv_small(const conv_job *s) {
  const torus_conv *c = s->shape;
  const int64_t lanes = s->engine->cols / 2;
  const int64_t inside = c->in_depth * c->in_height * c->in_width;
  return s->positions <= SMALL_POSITIONS && c->batch >= lanes &&
         (s->ins * inside + s->outs * s->positions) * s->engine->cols * s->engine->bytes <=
             (1 << 20);
}

int64_t torus_conv_source(const torus_conv *c, int64_t out, int64_t tap) {
  const int64_t kx = tap % c->kernel_width, ky = tap / c->kernel_width % c->kernel_height;
  const int64_t kz = tap / (c->kernel_width * c->kernel_height);
  const int64_t ox = out % c->out_width, oy = out / c->out_width % c->out_height;
  const int64_t oz = out / (c->out_width * c->out_height);
  const int64_t ix = ox * c->stride_width - c->pad_width + kx * c->dilation_width;
  const int64_t iy = oy * c->stride_height - c->pad_height + ky * c->dilation_height;
  const int64_t iz = oz * c->stride_depth - c->pad_depth + kz * c->dilation_depth;
  if (ix < 0 || ix >= c->in_width || iy < 0 || iy >= c->in_height || iz < 0 || iz >= c->in_depth)
    return -1;
  return (iz * c->in_height + iy) * c->in_width + ix;
}

// ---- Forward ---------------------------------------------------------------------------------

typedef struct small_job {
  const conv_job *s;
  int64_t width, tall, panels;  // images a unit; channels of a panel of weights
  const char *weights;          // [groups][panels][taps][ins][rows]
  int64_t *counts, *a_taps, *b_taps;  // for each position: its taps inside
} small_job;

static void forward_body(int64_t begin, int64_t end, void *context) {
  const small_job *j = context;
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t size = e->bytes, width = j->width, taps = s->k / s->ins;
  const int64_t inside = c->in_depth * c->in_height * c->in_width;
  const size_t in_bytes = (size_t)(s->ins * inside * width * size);
  const size_t out_bytes = (size_t)(s->outs * s->positions * width * size);
  char *in = torus_alloc(in_bytes), *out = torus_alloc(out_bytes);
  torus_tile t = {.k = s->ins, .a_row = 1, .a_step = e->rows, .b_step = inside * width, .alpha = 1};
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t g = unit % c->groups, first = unit / c->groups * width;
    const int64_t images = torus_min(width, c->batch - first);
    if (images < width) __builtin_memset(in, 0, in_bytes);
    torus_transpose_block((int)size,
                          torus_at(s->x, (first * c->in_channels + g * s->ins) * inside, size),
                          c->in_channels * inside, in, width, images, s->ins * inside);
    for (int64_t o = 0; o < s->outs; o += j->tall) {
      const int m = (int)torus_min(j->tall, s->outs - o);
      const char *w = j->weights + (g * j->panels + o / j->tall) * taps * s->ins * e->rows * size;
      t.row_bias = torus_at(s->bias, g * s->outs + o, size);
      for (int64_t p = 0; p < s->positions; p++) {
        t.a_taps = j->a_taps + p * taps;
        t.b_taps = j->b_taps + p * taps;
        t.taps = j->counts[p];
        // The tile takes a single run without its offsets.
        const int64_t a = t.taps == 1 ? t.a_taps[0] : 0, b = t.taps == 1 ? t.b_taps[0] : 0;
        e->tile(m, width == e->cols ? 2 : 1, &t, w + a * size, in + b * size,
                out + (o * s->positions + p) * width * size, s->positions * width);
      }
    }
    torus_transpose_block((int)size, out, width,
                          torus_at(s->y, (first * c->out_channels + g * s->outs) * s->positions,
                                   size),
                          c->out_channels * s->positions, s->outs * s->positions, images);
  }
  torus_free(in, in_bytes);
  torus_free(out, out_bytes);
}

void torus_conv_small_forward(const conv_job *s) {
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t size = e->bytes, taps = s->k / s->ins;
  const int64_t tiles = (s->outs + e->rows - 1) / e->rows;
  small_job j = {.s = s, .tall = (s->outs + tiles - 1) / tiles};
  j.panels = (s->outs + j.tall - 1) / j.tall;
  j.width = c->batch >= e->cols * torus_threads() ? e->cols : e->cols / 2;
  // Panels of the weights with the taps outermost: each is a run over channels.
  const size_t weight_bytes = (size_t)(c->groups * j.panels * s->k * e->rows * size);
  const size_t turned_bytes = (size_t)(s->outs * s->k * size);
  const size_t table_bytes = (size_t)(s->positions * (2 * taps + 1)) * sizeof(int64_t);
  char *weights = torus_alloc(weight_bytes), *turned = torus_alloc(turned_bytes);
  for (int64_t g = 0; g < c->groups; g++) {
    const char *w = torus_at(s->w, g * s->outs * s->k, size);
    for (int64_t o = 0; o < s->outs; o++)
      torus_transpose_block((int)size, w + o * s->k * size, taps, turned + o * s->k * size, s->ins,
                            s->ins, taps);
    for (int64_t o = 0; o < s->outs; o += j.tall)
      e->pack_rows(turned + o * s->k * size, s->k, false, torus_min(j.tall, s->outs - o), s->k,
                   weights + (g * j.panels + o / j.tall) * s->k * e->rows * size);
  }
  j.weights = weights;
  j.counts = torus_alloc(table_bytes);
  j.a_taps = j.counts + s->positions;
  j.b_taps = j.a_taps + s->positions * taps;
  for (int64_t p = 0; p < s->positions; p++) {
    int64_t count = 0;
    for (int64_t tap = 0; tap < taps; tap++) {
      const int64_t from = torus_conv_source(c, p, tap);
      if (from < 0) continue;
      j.a_taps[p * taps + count] = tap * s->ins * e->rows;
      j.b_taps[p * taps + count++] = from * j.width;
    }
    j.counts[p] = count;
  }
  const int64_t units = (c->batch + j.width - 1) / j.width * c->groups;
  torus_parallel_for(units, (1 << 18) / (s->outs * s->k * s->positions * j.width + 1) + 1,
                     forward_body, &j);
  torus_free(weights, weight_bytes);
  torus_free(turned, turned_bytes);
  torus_free(j.counts, table_bytes);
}

// ---- Gradient of the weights -----------------------------------------------------------------

typedef struct small_weight {
  const conv_job *s;
  const char *x;
  int64_t images, in_ld, out_ld;  // images of a chunk
  bool swapped;                   // output channels are the vectors
  char *sums;                     // [chunks][groups][taps][outs][in_ld], or […][ins][out_ld]
} small_weight;

// [images][channels][positions] → [positions][images][ld], zeros behind the channels.
static void channels_last(int64_t size, const char *from, int64_t image_step, int64_t images,
                          int64_t channels, int64_t positions, char *to, int64_t ld) {
  if (ld > channels) __builtin_memset(to, 0, (size_t)(positions * images * ld * size));
  for (int64_t i = 0; i < images; i++)
    torus_transpose_block((int)size, from + i * image_step * size, positions, to + i * ld * size,
                          images * ld, channels, positions);
}

static void weight_body(int64_t begin, int64_t end, void *context) {
  const small_weight *j = context;
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t size = e->bytes, taps = s->k / s->ins, lanes = e->cols / 2;
  const int64_t inside = c->in_depth * c->in_height * c->in_width;
  const size_t x_bytes = (size_t)((inside * j->images * j->in_ld + 64) * size);
  const size_t dy_bytes = (size_t)((s->positions * j->images * j->out_ld + 64) * size);
  const size_t table_bytes = (size_t)(2 * s->positions) * sizeof(int64_t);
  char *x = torus_alloc(x_bytes), *dy = torus_alloc(dy_bytes);
  int64_t *x_runs = torus_alloc(table_bytes), *dy_runs = x_runs + s->positions;
  const int64_t tall_side = j->swapped ? s->ins : s->outs;
  const int64_t wide_side = j->swapped ? j->out_ld : j->in_ld;
  const int64_t tiles = (tall_side + e->rows - 1) / e->rows;
  const int64_t tall = (tall_side + tiles - 1) / tiles;
  torus_tile t = {.a_row = 1, .alpha = 1};
  t.a_taps = j->swapped ? x_runs : dy_runs;
  t.b_taps = j->swapped ? dy_runs : x_runs;
  t.a_step = j->swapped ? j->in_ld : j->out_ld;
  t.b_step = j->swapped ? j->out_ld : j->in_ld;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t g = unit % c->groups, first = unit / c->groups * j->images;
    const int64_t images = torus_min(j->images, c->batch - first);
    channels_last(size, j->x + (first * c->in_channels + g * s->ins) * inside * size,
                  c->in_channels * inside, images, s->ins, inside, x, j->in_ld);
    channels_last(size, torus_at(s->x, (first * c->out_channels + g * s->outs) * s->positions, size),
                  c->out_channels * s->positions, images, s->outs, s->positions, dy, j->out_ld);
    char *sums = j->sums + unit * taps * tall_side * wide_side * size;
    t.k = images;
    for (int64_t tap = 0; tap < taps; tap++, sums += tall_side * wide_side * size) {
      int64_t count = 0;
      for (int64_t p = 0; p < s->positions; p++) {
        const int64_t from = torus_conv_source(c, p, tap);
        if (from < 0) continue;
        x_runs[count] = from * images * j->in_ld;
        dy_runs[count++] = p * images * j->out_ld;
      }
      t.taps = count;
      const char *a = j->swapped ? x : dy, *b = j->swapped ? dy : x;
      if (count == 1) {
        a += t.a_taps[0] * size;
        b += t.b_taps[0] * size;
      }
      for (int64_t i = 0; i < tall_side; i += tall)
        for (int64_t q = 0; q < wide_side; q += e->cols)
          e->tile((int)torus_min(tall, tall_side - i), wide_side - q > lanes ? 2 : 1, &t,
                  a + i * size, b + q * size, sums + (i * wide_side + q) * size, wide_side);
    }
  }
  torus_free(x, x_bytes);
  torus_free(dy, dy_bytes);
  torus_free(x_runs, table_bytes);
}

// Adds the chunks in their order and puts each sum where it belongs in dw.
#define GATHER(NAME, REAL)                                                                     \
  static void NAME(const small_weight *j, int64_t chunks, REAL *dw) {                          \
    const conv_job *s = j->s;                                                                  \
    const int64_t taps = s->k / s->ins, groups = s->shape->groups;                             \
    const int64_t each = taps * (j->swapped ? s->ins * j->out_ld : s->outs * j->in_ld);        \
    REAL *sums = (REAL *)(void *)j->sums;                                                      \
    for (int64_t q = 1; q < chunks; q++)                                                       \
      for (int64_t i = 0; i < groups * each; i++) sums[i] += sums[q * groups * each + i];      \
    for (int64_t g = 0; g < groups; g++)                                                       \
      for (int64_t o = 0; o < s->outs; o++)                                                    \
        for (int64_t i = 0; i < s->ins; i++)                                                   \
          for (int64_t t = 0; t < taps; t++)                                                   \
            dw[((g * s->outs + o) * s->ins + i) * taps + t] =                                  \
                sums[g * each + (j->swapped ? (t * s->ins + i) * j->out_ld + o                 \
                                            : (t * s->outs + o) * j->in_ld + i)];              \
  }
GATHER(gather_f32, float)
GATHER(gather_f64, double)

void torus_conv_small_weight(const conv_job *s, const void *x, void *dw) {
  const torus_conv *c = s->shape;
  const int64_t size = s->engine->bytes, lanes = s->engine->cols / 2, taps = s->k / s->ins;
  small_weight j = {.s = s, .x = x, .swapped = s->ins < lanes && s->ins < s->outs};
  j.in_ld = j.swapped ? s->ins : up(s->ins, lanes);
  j.out_ld = up(s->outs, lanes);
  // At most four chunks, whatever the number of threads, and long runs over images.
  j.images = torus_max((c->batch + 3) / 4, 16);
  const int64_t chunks = (c->batch + j.images - 1) / j.images;
  const int64_t each = taps * (j.swapped ? s->ins * j.out_ld : s->outs * j.in_ld);
  const size_t bytes = (size_t)(chunks * c->groups * each * size);
  j.sums = torus_alloc(bytes);
  torus_parallel_for(chunks * c->groups,
                     (1 << 18) / (j.images * s->positions * s->k * s->outs + 1) + 1, weight_body,
                     &j);
  if (size == 4) gather_f32(&j, chunks, dw);
  else gather_f64(&j, chunks, dw);
  torus_free(j.sums, bytes);
}
