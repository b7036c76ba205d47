// What the parts of convolution share.
#pragma once
#include "internal.h"
#include "torus_nn.h"

typedef struct conv_job {
  torus_dtype dtype;
  const torus_conv *shape;
  const torus_gemm_level *engine;
  const void *x, *w, *bias;  // for gradients x is dy
  void *y;                   // for gradients dx
  int64_t ins, outs;         // channels of one group
  int64_t k;                 // ins · taps
  int64_t positions;         // of one result plane
  // The plan: rows at `pitch`, channels at `channel_step` in the padded copy; bands of rows.
  bool flat;
  int64_t pitch, channel_step, in_rows, band_rows, bands, images;
  // Packed weights: `panels` of `tall` channels a group.
  int64_t tall, panels;
  const void *weights;
  const int64_t *offsets;
} conv_job;

// Neighbouring positions of one row: where they are read, where they go in the panel and in the
// result of which image.
typedef struct conv_run {
  int64_t from, to, length, image, result;
} conv_run;

typedef struct torus_conv_counts {
  int64_t x, y, w;
} torus_conv_counts;

torus_conv_counts torus_conv_count(const torus_conv *shape);
conv_job torus_conv_job(torus_dtype dtype, const torus_conv *shape);

// Whether nothing is to be computed.
static inline bool torus_conv_empty(const torus_conv *c) {
  return c->batch * c->out_channels * c->out_depth * c->out_height * c->out_width == 0;
}

// Small images of large batches (see conv_small.c).
bool torus_conv_small(const conv_job *s);
void torus_conv_small_forward(const conv_job *s);
// dw from s->x (dy) and x.
void torus_conv_small_weight(const conv_job *s, const void *x, void *dw);

// The input position that output position `out` meets through a tap, or -1.
int64_t torus_conv_source(const torus_conv *shape, int64_t out, int64_t tap);

// float32 in three parts, small images side by side (see conv_split.c): whether that pays, and the three
// directions, which say whether they did it: what has results that are no finite numbers is left to float32.
bool torus_conv_split(const conv_job *s);
bool torus_conv_split_forward(const conv_job *s);
bool torus_conv_split_input(const conv_job *s);
bool torus_conv_split_weight(const conv_job *s, const void *x, void *dw);

// One input channel a group (see conv_depthwise.c). The gradients read dy from s->x; that of the
// input answers whether it took the case.
bool torus_conv_depthwise(const conv_job *s);
void torus_conv_depthwise_forward(const conv_job *s);
bool torus_conv_depthwise_input(const conv_job *s);
void torus_conv_depthwise_weight(const conv_job *s, const void *x, void *dw);

// Many channels under 3 × 3 filters (see conv_winograd.c).
bool torus_conv_winograd(const conv_job *s);
void torus_conv_winograd_forward(const conv_job *s);

// bfloat16 as products of columns, where those run on bfloat16 as it is (see conv_bf16.c): whether
// they are worth it, and the same three as above.
bool torus_conv_bf16(const conv_job *s);
void torus_conv_bf16_forward(const conv_job *s);
void torus_conv_bf16_input(const conv_job *s);
void torus_conv_bf16_weight(const conv_job *s, const void *x, void *dw);

// The same from padded copies of the images, without columns (see conv_bf16_direct.c).
bool torus_conv_bf16_direct(const conv_job *s);
void torus_conv_bf16_direct_forward(const conv_job *s);
void torus_conv_bf16_direct_weight(const conv_job *s, const void *x, void *dw);

// With stride 1, the shape of the convolution of dy that gives dx.
torus_conv torus_conv_turned(const torus_conv *shape);
// Adds columns [channel · tap][position] to the image they were taken from.
void torus_conv_add_columns(const torus_conv *shape, const float *columns, float *x);
