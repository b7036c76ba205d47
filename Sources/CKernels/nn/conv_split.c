// Convolution of float32 in three parts by tiles (gemm/bf16.h), for small images in large batches.
//
// As in conv_small.c the batch comes last: 32 images are the columns of a product, each position of the
// result is a sum of products of channels over the taps that lie inside the image, and no padding is read.
// Tables say where each step's tiles lie, so that a block's sums stay in the tiles over all taps and
// channels. The gradient of the input is the same with the weights' sides changed, for any stride; that of
// the weights adds over images and over the positions that a tap joins.
#include <math.h>
#include <string.h>

#include "../gemm/bf16.h"
#include "conv.h"

enum {
  BLOCK = TORUS_BF16_BLOCK,
  EDGE = TORUS_BF16_EDGE,
  STEP = TORUS_BF16_STEP,
  SUMS = TORUS_BF16_SUMS,
  PART = 2 * TORUS_BF16_TILE,
  VALUES = TORUS_BF16_PARTS * PART,  // of a step of 32 rows or columns
  MOST_POSITIONS = 256,              // of an image
  WINDOW_BYTES = 1280 << 10,         // of what a row of positions reads, before channels are cut
  BAND = 64,                         // positions of dy whose tiles stay in the second cache
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t blocks_of(int64_t n) { return (n + BLOCK - 1) / BLOCK; }

typedef struct split_job {
  const conv_job *s;
  const torus_bf16_kernels *kernels;
  bool backward;               // to the input
  int64_t ins, outs;           // channels of a group that are read and that are written
  int64_t inside, positions;   // of an image that is read and of one that is written
  int64_t taps;
  uint16_t *weights;           // [block of outs][tap][block of ins]: steps of rows
  uint16_t *x;                 // [position][block of ins]: steps of columns
  int64_t chunk, chunks;       // blocks of ins whose sums are added up at a time
  int64_t *begins;             // [chunks · positions + 1], of each position's steps in:
  int64_t *weights_at, *x_at;  // where a step's tiles lie
  float *turned;               // weights as [out channel][tap][in channel]
  int64_t group, image, images;
  _Atomic bool failed;         // a result is no finite number
} split_job;

static int64_t inside_of(const torus_conv *c) { return c->in_depth * c->in_height * c->in_width; }

static torus_bf16_tiles_at spread_tiles(const uint16_t *base, const int64_t *at) {
  return (torus_bf16_tiles_at){.base = base, .at = at, .tile = TORUS_BF16_TILE, .line = STEP, .part = PART};
}

// 32 images of up to 32 channels as [channel][position][32 images], zeros behind the last image.
static void images_last(const float *from, int64_t image_step, int64_t images, int64_t rows, float *to) {
  if (images < BLOCK) memset(to, 0, (size_t)(rows * BLOCK) * sizeof(float));
  torus_transpose_block(4, from, image_step, to, BLOCK, images, rows);
}

// ---- Forward, and the gradient of the input --------------------------------------------------

static void weights_body(int64_t begin, int64_t end, void *context) {
  const split_job *j = context;
  const int64_t blocks = blocks_of(j->ins), line = j->taps * j->s->ins;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t o = unit / j->taps * BLOCK, tap = unit % j->taps, m = least(BLOCK, j->outs - o);
    const float *from = j->turned + tap * j->s->ins + (j->backward ? o : o * line);
    j->kernels->split_rows(from, line, j->backward, m, j->ins, 2, j->weights + unit * blocks * VALUES);
  }
}

static void read_body(int64_t begin, int64_t end, void *context) {
  const split_job *j = context;
  const int64_t blocks = blocks_of(j->ins), all = j->ins * j->s->shape->groups;
  const size_t bytes = (size_t)(BLOCK * j->inside * BLOCK) * sizeof(float);
  float *turned = torus_alloc(bytes);
  for (int64_t b = begin; b < end; b++) {
    const int64_t channels = least(BLOCK, j->ins - b * BLOCK);
    const float *x = (const float *)j->s->x + (j->image * all + j->group * j->ins + b * BLOCK) * j->inside;
    images_last(x, all * j->inside, j->images, channels * j->inside, turned);
    for (int64_t p = 0; p < j->inside; p++)
      j->kernels->split_columns(turned + p * BLOCK, j->inside * BLOCK, false, BLOCK, channels, 2,
                                j->x + (p * blocks + b) * VALUES);
  }
  torus_free(turned, bytes);
}

static void products_body(int64_t begin, int64_t end, void *context) {
  split_job *j = context;
  const int64_t blocks = blocks_of(j->ins), all = j->outs * j->s->shape->groups;
  const size_t bytes = (size_t)(BLOCK * j->positions * BLOCK) * sizeof(float);
  const size_t sum_bytes = (size_t)((j->chunks > 1 ? j->positions : 1) * SUMS) * sizeof(float);
  float *results = torus_alloc(bytes), *sums = torus_alloc(sum_bytes);
  bool finite = true;
  if (j->kernels->begin) j->kernels->begin();
  for (int64_t b = begin; b < end; b++) {
    const int64_t m = least(BLOCK, j->outs - b * BLOCK), channel = j->group * j->outs + b * BLOCK;
    for (int64_t unit = 0; unit < j->chunks * j->positions; unit++) {
      const int64_t chunk = unit / j->positions, p = unit % j->positions, first = j->begins[unit];
      const torus_bf16_tiles_at rows =
          spread_tiles(j->weights + b * j->taps * blocks * VALUES, j->weights_at + first);
      const torus_bf16_tiles_at columns = spread_tiles(j->x, j->x_at + first);
      float *to = sums + (j->chunks > 1 ? p : 0) * SUMS;
      j->kernels->split_block(j->begins[unit + 1] - first, &rows, 2, &columns, 2, chunk > 0, to);
      if (chunk + 1 < j->chunks) continue;
      finite &= j->kernels->finite(to, 2, 2);
      const torus_bf16_target target = {
          .alpha = 1, .row_bias = j->s->bias ? (const float *)j->s->bias + channel : 0,
          .c = results + p * BLOCK, .ldc = j->positions * BLOCK, .wide = true};
      j->kernels->put(&target, to, m, BLOCK);
    }
    torus_transpose_block(4, results, BLOCK, (float *)j->s->y + (j->image * all + channel) * j->positions,
                          all * j->positions, m * j->positions, j->images);
  }
  if (j->kernels->end) j->kernels->end();
  if (!finite) j->failed = true;
  torus_free(results, bytes);
  torus_free(sums, sum_bytes);
}

// The steps of every position's sum in every chunk, tap by tap.
static void list_steps(split_job *j) {
  const int64_t outside = j->backward ? j->inside : j->positions, blocks = blocks_of(j->ins);
  const int64_t sums = j->chunks * j->positions;
  memset(j->begins, 0, (size_t)(sums + 1) * sizeof(int64_t));
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t tap = 0; tap < j->taps; tap++)
      for (int64_t p = 0; p < outside; p++) {
        const int64_t source = torus_conv_source(j->s->shape, p, tap);
        if (source < 0) continue;
        const int64_t to = j->backward ? source : p, from = j->backward ? p : source;
        for (int64_t b = 0; b < blocks; b++) {
          const int64_t at = j->begins[b / j->chunk * j->positions + to]++;
          if (pass == 0) continue;
          j->weights_at[at] = (tap * blocks + b) * VALUES;
          j->x_at[at] = (from * blocks + b) * VALUES;
        }
      }
    // Counts become beginnings, and where the last step was put becomes the next one's beginning.
    int64_t before = 0;
    for (int64_t i = 0; i <= sums; i++) {
      const int64_t mine = j->begins[i];
      j->begins[i] = before;
      before = pass == 0 ? before + mine : mine;
    }
  }
}

static bool run(split_job *j) {
  const conv_job *s = j->s;
  const torus_conv *c = s->shape;
  const int64_t ins = blocks_of(j->ins), outs = blocks_of(j->outs), steps = j->taps * ins;
  const int64_t most = steps * torus_max(j->positions, j->inside);
  // Cut so that what a row of positions reads stays in the second cache.
  const int64_t window = c->kernel_height * (j->backward ? c->out_width : c->in_width) * VALUES * 2;
  j->chunk = torus_max(1, least(ins, WINDOW_BYTES / window));
  j->chunks = (ins + j->chunk - 1) / j->chunk;
  const size_t weight_bytes = (size_t)(outs * steps * VALUES) * sizeof(uint16_t);
  const size_t x_bytes = (size_t)(j->inside * ins * VALUES) * sizeof(uint16_t);
  const size_t table_bytes = (size_t)(2 * most + j->chunks * j->positions + 1) * sizeof(int64_t);
  const size_t turned_bytes = (size_t)(s->outs * s->k) * sizeof(float);
  j->weights = torus_alloc(weight_bytes);
  j->x = torus_alloc(x_bytes);
  j->begins = torus_alloc(table_bytes);
  j->weights_at = j->begins + j->chunks * j->positions + 1;
  j->x_at = j->weights_at + most;
  j->turned = torus_alloc(turned_bytes);
  list_steps(j);
  for (j->group = 0; j->group < c->groups; j->group++) {
    for (int64_t o = 0; o < s->outs; o++)
      torus_transpose_block(4, (const float *)s->w + (j->group * s->outs + o) * s->k, j->taps,
                            j->turned + o * s->k, s->ins, s->ins, j->taps);
    torus_parallel_for(outs * j->taps, 4, weights_body, j);
    for (j->image = 0; j->image < c->batch; j->image += BLOCK) {
      j->images = least(BLOCK, c->batch - j->image);
      torus_parallel_for(ins, 1, read_body, j);
      torus_parallel_for(outs, 1, products_body, j);
    }
  }
  torus_free(j->weights, weight_bytes);
  torus_free(j->x, x_bytes);
  torus_free(j->begins, table_bytes);
  torus_free(j->turned, turned_bytes);
  return !j->failed;
}

bool torus_conv_split_forward(const conv_job *s) {
  split_job j = {.s = s, .kernels = torus_split_engine(), .ins = s->ins, .outs = s->outs,
                 .inside = inside_of(s->shape), .positions = s->positions, .taps = s->k / s->ins};
  return run(&j);
}

bool torus_conv_split_input(const conv_job *s) {
  split_job j = {.s = s, .kernels = torus_split_engine(), .backward = true, .ins = s->outs, .outs = s->ins,
                 .inside = s->positions, .positions = inside_of(s->shape), .taps = s->k / s->ins};
  return run(&j);
}

// ---- The gradient of the weights -------------------------------------------------------------

typedef struct weight_job {
  const conv_job *s;
  const torus_bf16_kernels *kernels;
  const float *x;
  float *dw;
  int64_t inside, taps, bands;
  uint16_t *rows, *columns;  // of dy [block of outs][position] and x [block of ins][position]: steps
  int64_t *begins;           // [taps · bands + 1], of each one's steps in:
  int64_t *dy_at, *x_at;
  float *sums;               // [block of outs][block of ins][tap][SUMS]
  int64_t group, image, images, band;
  _Atomic bool failed;
} weight_job;

// Blocks of 32 channels of dy, and behind them those of x.
static void sides_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const int64_t outs = blocks_of(s->outs);
  const size_t bytes = (size_t)(BLOCK * torus_max(j->inside, s->positions) * BLOCK) * sizeof(float);
  float *turned = torus_alloc(bytes);
  for (int64_t unit = begin; unit < end; unit++) {
    const bool rows = unit < outs;
    const int64_t b = rows ? unit : unit - outs, each = rows ? s->outs : s->ins;
    const int64_t n = least(BLOCK, each - b * BLOCK), positions = rows ? s->positions : j->inside;
    const int64_t all = each * s->shape->groups, line = positions * BLOCK;
    const float *from = (rows ? (const float *)s->x : j->x) +
                        (j->image * all + j->group * each + b * BLOCK) * positions;
    images_last(from, all * positions, j->images, n * positions, turned);
    uint16_t *to = (rows ? j->rows : j->columns) + b * positions * VALUES;
    for (int64_t p = 0; p < positions; p++, to += VALUES)
      if (rows) j->kernels->split_rows(turned + p * BLOCK, line, false, n, BLOCK, 2, to);
      else j->kernels->split_columns(turned + p * BLOCK, line, true, n, BLOCK, 2, to);
  }
  torus_free(turned, bytes);
}

static void sums_body(int64_t begin, int64_t end, void *context) {
  const weight_job *j = context;
  const conv_job *s = j->s;
  const int64_t ins = blocks_of(s->ins);
  if (j->kernels->begin) j->kernels->begin();
  for (int64_t o = begin; o < end; o++)
    for (int64_t i = 0; i < ins; i++)
      for (int64_t tap = 0; tap < j->taps; tap++) {
        const int64_t *from = j->begins + j->band * j->taps + tap;
        const torus_bf16_tiles_at rows = spread_tiles(j->rows + o * s->positions * VALUES, j->dy_at + *from);
        const torus_bf16_tiles_at columns = spread_tiles(j->columns + i * j->inside * VALUES, j->x_at + *from);
        j->kernels->split_block(from[1] - *from, &rows, 2, &columns, 2, j->image > 0 || j->band > 0,
                                j->sums + ((o * ins + i) * j->taps + tap) * SUMS);
      }
  if (j->kernels->end) j->kernels->end();
}

// dw of a block of outputs from the sums.
static void gather_body(int64_t begin, int64_t end, void *context) {
  weight_job *j = context;
  const conv_job *s = j->s;
  const int64_t ins = blocks_of(s->ins), taps = j->taps;
  bool finite = true;
  for (int64_t b = begin; b < end; b++)
    for (int64_t i = 0; i < ins; i++) {
      const float *sums = j->sums + (b * ins + i) * taps * SUMS;
      const int64_t n = least(BLOCK, s->ins - i * BLOCK);
      for (int64_t tap = 0; tap < taps; tap++) finite &= j->kernels->finite(sums + tap * SUMS, 2, 2);
      for (int64_t r = 0; r < least(BLOCK, s->outs - b * BLOCK); r++) {
        float *to = j->dw + (j->group * s->outs + b * BLOCK + r) * s->k + i * BLOCK * taps;
        const float *from = sums + r / EDGE * 2 * EDGE * EDGE + r % EDGE * EDGE;
        for (int64_t c = 0; c < n; c += EDGE, from += EDGE * EDGE, to += EDGE * taps)
          torus_transpose_block(4, from, SUMS, to, taps, taps, least(EDGE, n - c));
      }
    }
  if (!finite) j->failed = true;
}

bool torus_conv_split_weight(const conv_job *s, const void *x, void *dw) {
  const torus_conv *c = s->shape;
  weight_job j = {.s = s, .kernels = torus_split_engine(), .x = x, .dw = dw, .inside = inside_of(c),
                  .taps = s->k / s->ins, .bands = (s->positions + BAND - 1) / BAND};
  const int64_t ins = blocks_of(s->ins), outs = blocks_of(s->outs), most = j.taps * s->positions;
  const size_t row_bytes = (size_t)(outs * s->positions * VALUES) * sizeof(uint16_t);
  const size_t column_bytes = (size_t)(ins * j.inside * VALUES) * sizeof(uint16_t);
  const size_t table_bytes = (size_t)(2 * most + j.taps * j.bands + 1) * sizeof(int64_t);
  const size_t sum_bytes = (size_t)(outs * ins * j.taps * SUMS) * sizeof(float);
  j.rows = torus_alloc(row_bytes);
  j.columns = torus_alloc(column_bytes);
  j.begins = torus_alloc(table_bytes);
  j.dy_at = j.begins + j.taps * j.bands + 1;
  j.x_at = j.dy_at + most;
  j.sums = torus_alloc(sum_bytes);
  int64_t count = 0, list = 0;
  for (int64_t band = 0; band < j.bands; band++)
    for (int64_t tap = 0; tap < j.taps; tap++) {
      j.begins[list++] = count;
      for (int64_t p = band * BAND; p < least(s->positions, (band + 1) * BAND); p++) {
        const int64_t source = torus_conv_source(c, p, tap);
        if (source < 0) continue;
        j.dy_at[count] = p * VALUES;
        j.x_at[count++] = source * VALUES;
      }
    }
  j.begins[list] = count;
  for (j.group = 0; j.group < c->groups; j.group++) {
    for (j.image = 0; j.image < c->batch; j.image += BLOCK) {
      j.images = least(BLOCK, c->batch - j.image);
      torus_parallel_for(outs + ins, 1, sides_body, &j);
      for (j.band = 0; j.band < j.bands; j.band++) torus_parallel_for(outs, 1, sums_body, &j);
    }
    torus_parallel_for(outs, 1, gather_body, &j);
  }
  torus_free(j.rows, row_bytes);
  torus_free(j.columns, column_bytes);
  torus_free(j.begins, table_bytes);
  torus_free(j.sums, sum_bytes);
  return !j.failed;
}

// ---- Choice ----------------------------------------------------------------------------------

bool torus_conv_split(const conv_job *s) {
  const torus_conv *c = s->shape;
  const int64_t whole = blocks_of(c->batch) * BLOCK, taps = s->k / torus_max(1, s->ins);
  return s->dtype == TORUS_F32 && s->ins >= BLOCK && s->outs >= BLOCK && taps > 1 &&
         c->batch * 4 >= whole * 3 && inside_of(c) <= MOST_POSITIONS && s->positions <= MOST_POSITIONS &&
         torus_split_engine();
}
