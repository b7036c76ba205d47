// Padded copies of images, in which each tap of a filter reads at one fixed distance.
//
// Positions of the result count in lines of the copy: position l · width + x is pixel (l, x). A tap finds
// what it reads there plus its offset, so that neighbouring positions lie side by side for every tap, over
// the ends of lines and of images; what is computed between lines and between images is dropped. Lines
// and images share their margins of zeros where these suffice. With a stride the copy consists of phases,
// the pixels that the same taps meet.
#pragma once
#include "conv.h"

typedef struct planes {
  int64_t width, height;                // of one image in the copy
  int64_t taps, phases;
  int64_t lines, bands, images, blocks; // a copy holds a band of lines of one image, or several images
  int64_t reach;                        // the farthest tap's offset
  int64_t *offset, *phase;              // of each tap
  int64_t *phase_y, *phase_x;           // of each phase: the first pixel's place among the stride's
} planes;

// How the positions are cut. `position_bytes`: what a copy takes for a position, all channels together;
// `bytes`: what it may take; `few`: as many positions, at least, are looked for.
planes torus_conv_planes(const conv_job *s, int64_t position_bytes, int64_t bytes, int64_t few);
void torus_conv_planes_drop(planes *p);

// Cuts on until there are `units` copies, where that is possible.
void torus_conv_planes_cut(const conv_job *s, planes *p, int64_t units);

// How many positions a copy of so many images and lines has, those dropped included.
static inline int64_t planes_positions(const conv_job *s, const planes *p, int64_t images,
                                       int64_t lines) {
  return ((images - 1) * p->height + lines - 1) * p->width + s->shape->out_width;
}

// A line of a phase's copy: `zeros` pixels of margin, `pixels` from `from` on at the stride, and margin.
typedef struct plane_line {
  const uint16_t *from;
  int64_t zeros, pixels;
} plane_line;

static inline int64_t planes_ceil(int64_t n, int64_t unit) {
  return n <= 0 ? 0 : (n + unit - 1) / unit;
}

// Line `row` of a phase in the copy of a band that begins with `line0`, from a channel's image.
static inline plane_line planes_line(const conv_job *s, const planes *p, int64_t phase, int64_t line0,
                                     int64_t row, const uint16_t *image) {
  const torus_conv *c = s->shape;
  const int64_t y = (line0 + row) * c->stride_height + p->phase_y[phase] - c->pad_height;
  if (y < 0 || y >= c->in_height) return (plane_line){.zeros = p->width};
  const int64_t before = c->pad_width - p->phase_x[phase];
  const int64_t first = torus_min(planes_ceil(before, c->stride_width), p->width);
  const int64_t last = torus_min(planes_ceil(c->in_width + before, c->stride_width), p->width);
  return (plane_line){.from = image + y * c->in_width + first * c->stride_width - before,
                      .zeros = first, .pixels = torus_max(0, last - first)};
}
