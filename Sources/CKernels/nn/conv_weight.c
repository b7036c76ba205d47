// Convolution: the gradient of the weights.
//
// With channels last in both operands, each tap's gradient is a product dyᵀ·x over positions: its
// rows and columns are read where they lie, row of the image by row, in tiles of the product
// engine that stay in registers over all positions. With few input channels the sides are
// swapped, and a row of taps times channels, which is contiguous, meets vectors of output
// channels.
#include "conv.h"

typedef struct weight_job {
  const conv_job *s;
  const void *dy, *x;
  bool swapped;
  int64_t images, in_ld, out_ld, each;  // images of a chunk; leading dimensions; sums of a group
  char *sums;                           // [chunks][groups][each]
} weight_job;

static int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// One image's channels of one group, channels last, with `rows` padded rows from row0 on.
static void pad_last(const weight_job *j, const char *x, int64_t planes, int64_t row0,
                     int64_t rows, char *out) {
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const int64_t size = s->engine->bytes, plane = c->in_height * c->in_width;
  const int64_t left = torus_max(0, c->pad_width), skip = torus_max(0, -c->pad_width);
  const int64_t inside = torus_max(0, torus_min(c->in_width - skip, s->pitch - left));
  const size_t row_bytes = (size_t)(s->pitch * j->in_ld * size);
  for (int64_t z = 0; z < planes; z++)
    for (int64_t r = 0; r < rows; r++, out += row_bytes) {
      const int64_t iz = z - c->pad_depth, iy = row0 + r - c->pad_height;
      if (iz < 0 || iz >= c->in_depth || iy < 0 || iy >= c->in_height || inside == 0) {
        __builtin_memset(out, 0, row_bytes);
        continue;
      }
      if (inside < s->pitch || j->in_ld > s->ins) __builtin_memset(out, 0, row_bytes);
      torus_transpose_block((int)size, x + (iz * plane + iy * c->in_width + skip) * size,
                            c->in_depth * plane, out + left * j->in_ld * size, j->in_ld, s->ins,
                            inside);
    }
}

typedef struct row_tables {
  int64_t *dy, *x;
} row_tables;

// Adds one band of one image and group.
static void add_band(const weight_job *j, const char *x, const char *dy, int64_t rows,
                     int64_t in_rows, row_tables at, char *sums, bool first) {
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const torus_gemm_level *e = s->engine;
  const int64_t size = e->bytes, lanes = e->cols / 2, width = c->out_width;
  int64_t count = 0;
  for (int64_t z = 0; z < c->out_depth; z++)
    for (int64_t y = 0; y < rows; y++, count++) {
      at.dy[count] = count * width * j->out_ld;
      at.x[count] = (z * c->stride_depth * in_rows + y * c->stride_height) * s->pitch * j->in_ld;
    }
  torus_tile t = {.taps = count, .k = width, .a_row = 1, .alpha = 1, .beta = first ? 0 : 1};
  const int64_t taps_wide = j->swapped ? 1 : c->kernel_width;
  const int64_t tall_side = j->swapped ? c->kernel_width * s->ins : s->outs;
  const int64_t wide_side = j->swapped ? j->out_ld : j->in_ld;
  const int64_t tiles = (tall_side + e->rows - 1) / e->rows;
  const int64_t tall = (tall_side + tiles - 1) / tiles;
  t.a_taps = j->swapped ? at.x : at.dy;
  t.b_taps = j->swapped ? at.dy : at.x;
  t.a_step = j->swapped ? c->stride_width * j->in_ld : j->out_ld;
  t.b_step = j->swapped ? j->out_ld : c->stride_width * j->in_ld;
  for (int64_t kz = 0; kz < c->kernel_depth; kz++)
    for (int64_t ky = 0; ky < c->kernel_height; ky++)
      for (int64_t kx = 0; kx < taps_wide; kx++) {
        const int64_t shift = (kz * c->dilation_depth * in_rows + ky * c->dilation_height) *
                                  s->pitch + kx * c->dilation_width;
        const char *from = x + shift * j->in_ld * size;
        for (int64_t i = 0; i < tall_side; i += tall, sums += tall * wide_side * size) {
          const int m = (int)torus_min(tall, tall_side - i);
          for (int64_t q = 0; q < wide_side; q += e->cols) {
            const char *a = (j->swapped ? from : dy) + i * size;
            const char *b = (j->swapped ? dy : from) + q * size;
            e->tile(m, wide_side - q > lanes ? 2 : 1, &t, a, b, sums + q * size, wide_side);
          }
        }
        // The last tile of a tap may be lower than the others.
        sums -= (tiles * tall - tall_side) * wide_side * size;
      }
}

enum { BAND_BYTES = 384 << 10 };

static void chunk_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const int64_t size = s->engine->bytes, plane = c->in_height * c->in_width;
  const int64_t planes = (c->out_depth - 1) * c->stride_depth +
                         c->dilation_depth * (c->kernel_depth - 1) + 1;
  const int64_t reach = c->dilation_height * (c->kernel_height - 1) + 1;
  const int64_t row_bytes = (planes * c->stride_height * s->pitch * j->in_ld +
                             c->out_depth * c->out_width * j->out_ld) * size;
  const int64_t band = torus_min(c->out_height, torus_max(1, BAND_BYTES / row_bytes));
  const int64_t in_rows = (band - 1) * c->stride_height + reach;
  // Whole vectors are read at the last position too.
  const size_t x_bytes = (size_t)((planes * in_rows * s->pitch * j->in_ld + 64) * size);
  const size_t dy_bytes = (size_t)((c->out_depth * band * c->out_width * j->out_ld + 64) * size);
  const size_t table_bytes = (size_t)(c->out_depth * band) * sizeof(int64_t);
  char *x = torus_alloc(x_bytes), *dy = torus_alloc(dy_bytes);
  const row_tables at = {torus_alloc(table_bytes), torus_alloc(table_bytes)};
  for (int64_t chunk = begin; chunk < end; chunk++) {
    const int64_t last = torus_min((chunk + 1) * j->images, c->batch);
    for (int64_t g = 0; g < c->groups; g++)
      for (int64_t i = chunk * j->images; i < last; i++) {
        const char *from = torus_at(j->x, (i * c->in_channels + g * s->ins) * c->in_depth * plane,
                                    size);
        const char *grads = torus_at(j->dy, (i * c->out_channels + g * s->outs) * s->positions,
                                     size);
        for (int64_t row0 = 0; row0 < c->out_height; row0 += band) {
          const int64_t rows = torus_min(band, c->out_height - row0);
          pad_last(j, from, planes, row0 * c->stride_height, in_rows, x);
          for (int64_t z = 0; z < c->out_depth; z++) {
            char *to = dy + z * rows * c->out_width * j->out_ld * size;
            if (j->out_ld > s->outs)
              __builtin_memset(to, 0, (size_t)(rows * c->out_width * j->out_ld * size));
            torus_transpose_block((int)size,
                                  grads + (z * c->out_height + row0) * c->out_width * size,
                                  s->positions, to, j->out_ld, s->outs, rows * c->out_width);
          }
          add_band(j, x, dy, rows, in_rows, at,
                   j->sums + (chunk * c->groups + g) * j->each * size,
                   i == chunk * j->images && row0 == 0);
        }
      }
  }
  torus_free(x, x_bytes);
  torus_free(dy, dy_bytes);
  torus_free(at.dy, table_bytes);
  torus_free(at.x, table_bytes);
}

// Adds the chunks in their order and puts each sum where it belongs in dw.
#define GATHER(NAME, REAL)                                                                      \
  static void NAME(const weight_job *j, int64_t chunks, REAL *dw) {                             \
    const conv_job *s = j->s;                                                                   \
    const torus_conv *c = s->shape;                                                             \
    const int64_t rows = c->kernel_depth * c->kernel_height, wide = c->kernel_width;            \
    const int64_t all = c->groups * j->each;                                                    \
    REAL *sums = (REAL *)(void *)j->sums;                                                       \
    for (int64_t q = 1; q < chunks; q++)                                                        \
      for (int64_t i = 0; i < all; i++) sums[i] += sums[q * all + i];                           \
    for (int64_t g = 0; g < c->groups; g++)                                                     \
      for (int64_t o = 0; o < s->outs; o++)                                                     \
        for (int64_t i = 0; i < s->ins; i++)                                                    \
          for (int64_t r = 0; r < rows; r++)                                                    \
            for (int64_t x = 0; x < wide; x++) {                                                \
              const int64_t from = j->swapped ? ((r * wide + x) * s->ins + i) * j->out_ld + o   \
                                              : ((r * wide + x) * s->outs + o) * j->in_ld + i;  \
              dw[(((g * s->outs + o) * s->ins + i) * rows + r) * wide + x] =                    \
                  sums[g * j->each + from];                                                     \
            }                                                                                   \
  }
GATHER(gather_f32, float)
GATHER(gather_f64, double)

torus_status torus_conv_backward_weight(torus_dtype dtype, const torus_conv *shape, const void *dy,
                                        const void *x, void *dw, void *dbias) {
  const torus_conv_counts n = torus_conv_count(shape);
  if (dtype == TORUS_BF16 && n.w > 0 && n.y > 0) {
    conv_job s = torus_conv_job(dtype, shape);
    s.x = dy;
    if (torus_conv_bf16(&s)) {
      if (dbias)
        torus_channel_sums(dtype, dy, dbias, shape->batch, shape->out_channels, s.positions);
      torus_conv_bf16_weight(&s, x, dw);
      return TORUS_OK;
    }
  }
  if (torus_is_half(dtype)) {
    float *fg = torus_half_read(dtype, dy, n.y), *fx = torus_half_read(dtype, x, n.x);
    float *fw = torus_half_room(dw, n.w), *fb = torus_half_room(dbias, shape->out_channels);
    torus_conv_backward_weight(TORUS_F32, shape, fg, fx, fw, fb);
    torus_half_write(dtype, fw, dw, n.w);
    torus_half_write(dtype, fb, dbias, shape->out_channels);
    torus_half_drop(fg, n.y);
    torus_half_drop(fx, n.x);
    return TORUS_OK;
  }
  if (!torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  conv_job s = torus_conv_job(dtype, shape);
  const int64_t size = s.engine->bytes, lanes = s.engine->cols / 2;
  if (dbias) torus_channel_sums(dtype, dy, dbias, shape->batch, shape->out_channels, s.positions);
  if (n.w == 0) return TORUS_OK;
  if (n.y == 0) {
    __builtin_memset(dw, 0, (size_t)(n.w * size));
    return TORUS_OK;
  }
  if (torus_conv_depthwise(&s)) {
    s.x = dy;
    torus_conv_depthwise_weight(&s, x, dw);
    return TORUS_OK;
  }
  if (torus_conv_split(&s)) {
    s.x = dy;
    if (torus_conv_split_weight(&s, x, dw)) return TORUS_OK;
  }
  if (torus_conv_small(&s)) {
    s.x = dy;
    torus_conv_small_weight(&s, x, dw);
    return TORUS_OK;
  }
  s.pitch = (shape->out_width - 1) * shape->stride_width +
            shape->dilation_width * (shape->kernel_width - 1) + 1;
  weight_job j = {.s = &s, .dy = dy, .x = x};
  j.swapped = shape->dilation_width == 1 && s.ins < lanes && s.ins < s.outs;
  j.in_ld = j.swapped ? s.ins : up(s.ins, lanes);
  j.out_ld = up(s.outs, lanes);
  const int64_t taps = s.k / s.ins;
  j.each = j.swapped ? taps * s.ins * j.out_ld : taps * s.outs * j.in_ld;
  // At most 8 chunks, whatever the number of threads.
  j.images = (shape->batch + 7) / 8;
  const int64_t chunks = (shape->batch + j.images - 1) / j.images;
  const size_t bytes = (size_t)(chunks * shape->groups * j.each * size);
  j.sums = torus_alloc(bytes);
  const int64_t work = j.images * s.positions * s.k * shape->out_channels;
  torus_parallel_for(chunks, (1 << 18) / (work + 1) + 1, chunk_body, &j);
  if (dtype == TORUS_F32) gather_f32(&j, chunks, dw);
  else gather_f64(&j, chunks, dw);
  torus_free(j.sums, bytes);
  return TORUS_OK;
}
