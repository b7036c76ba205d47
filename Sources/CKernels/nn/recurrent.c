// LSTM and GRU cells, and the bias of a row.
#include <math.h>

#include "internal.h"
#include "torus_nn.h"

typedef struct cell_job {
  torus_dtype dtype;
  int64_t hidden;
  void *gates, *h, *c, *saved, *dgates, *dc_prev, *dgx, *dgh, *dh_prev;
  const void *c_prev, *h_prev, *dh, *dc, *gx, *gh;
} cell_job;

#define KERNELS "../nn/recurrent_kernels.h"
#include "../core/each_real.h"

#define BODY(name)                                                      \
  static void name##_body(int64_t begin, int64_t end, void *context) {  \
    const cell_job *s = context;                                        \
    RUN(s->dtype, name, s, begin, end);                                 \
  }
BODY(lstm)
BODY(lstm_back)
BODY(gru)
BODY(gru_back)
BODY(row_bias)

static torus_status run(cell_job *s, torus_body body, int64_t n) {
  if (!torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  torus_parallel_for(n, torus_grain(8 * s->hidden), body, s);
  return TORUS_OK;
}

torus_status torus_lstm_cell(torus_dtype dtype, void *gates, const void *c_prev, void *h, void *c,
                             int64_t n, int64_t hidden) {
  const int64_t one = n * hidden;
  if (torus_is_half(dtype)) {
    float *fg = torus_half_read(dtype, gates, 4 * one), *fp = torus_half_read(dtype, c_prev, one);
    float *fh = torus_half_room(h, one), *fc = torus_half_room(c, one);
    torus_lstm_cell(TORUS_F32, fg, fp, fh, fc, n, hidden);
    torus_half_write(dtype, fg, gates, 4 * one);
    torus_half_write(dtype, fh, h, one);
    torus_half_write(dtype, fc, c, one);
    torus_half_drop(fp, one);
    return TORUS_OK;
  }
  cell_job s = {.dtype = dtype, .hidden = hidden, .gates = gates, .c_prev = c_prev, .h = h, .c = c};
  return run(&s, lstm_body, n);
}

torus_status torus_lstm_cell_backward(torus_dtype dtype, const void *gates, const void *c_prev,
                                      const void *c, const void *dh, const void *dc, void *dgates,
                                      void *dc_prev, int64_t n, int64_t hidden) {
  const int64_t one = n * hidden;
  if (torus_is_half(dtype)) {
    float *fg = torus_half_read(dtype, gates, 4 * one), *fp = torus_half_read(dtype, c_prev, one);
    float *fc = torus_half_read(dtype, c, one), *gh = torus_half_read(dtype, dh, one);
    float *gc = torus_half_read(dtype, dc, one), *out = torus_half_room(dgates, 4 * one);
    float *back = torus_half_room(dc_prev, one);
    torus_lstm_cell_backward(TORUS_F32, fg, fp, fc, gh, gc, out, back, n, hidden);
    torus_half_write(dtype, out, dgates, 4 * one);
    torus_half_write(dtype, back, dc_prev, one);
    torus_half_drop(fg, 4 * one);
    torus_half_drop(fp, one);
    torus_half_drop(fc, one);
    torus_half_drop(gh, one);
    torus_half_drop(gc, one);
    return TORUS_OK;
  }
  cell_job s = {.dtype = dtype, .hidden = hidden, .gates = (void *)gates, .c_prev = c_prev,
                .c = (void *)c, .dh = dh, .dc = dc, .dgates = dgates, .dc_prev = dc_prev};
  return run(&s, lstm_back_body, n);
}

torus_status torus_gru_cell(torus_dtype dtype, const void *gx, const void *gh, const void *h_prev,
                            void *h, void *saved, int64_t n, int64_t hidden) {
  const int64_t one = n * hidden;
  if (torus_is_half(dtype)) {
    float *fx = torus_half_read(dtype, gx, 3 * one), *fg = torus_half_read(dtype, gh, 3 * one);
    float *fp = torus_half_read(dtype, h_prev, one), *fh = torus_half_room(h, one);
    float *fs = torus_half_room(saved, 4 * one);
    torus_gru_cell(TORUS_F32, fx, fg, fp, fh, fs, n, hidden);
    torus_half_write(dtype, fh, h, one);
    torus_half_write(dtype, fs, saved, 4 * one);
    torus_half_drop(fx, 3 * one);
    torus_half_drop(fg, 3 * one);
    torus_half_drop(fp, one);
    return TORUS_OK;
  }
  cell_job s = {.dtype = dtype, .hidden = hidden, .gx = gx, .gh = gh, .h_prev = h_prev, .h = h,
                .saved = saved};
  return run(&s, gru_body, n);
}

torus_status torus_gru_cell_backward(torus_dtype dtype, const void *saved, const void *h_prev,
                                     const void *dh, void *dgx, void *dgh, void *dh_prev,
                                     int64_t n, int64_t hidden) {
  const int64_t one = n * hidden;
  if (torus_is_half(dtype)) {
    float *fs = torus_half_read(dtype, saved, 4 * one), *fp = torus_half_read(dtype, h_prev, one);
    float *fd = torus_half_read(dtype, dh, one), *ox = torus_half_room(dgx, 3 * one);
    float *og = torus_half_room(dgh, 3 * one), *op = torus_half_room(dh_prev, one);
    torus_gru_cell_backward(TORUS_F32, fs, fp, fd, ox, og, op, n, hidden);
    torus_half_write(dtype, ox, dgx, 3 * one);
    torus_half_write(dtype, og, dgh, 3 * one);
    torus_half_write(dtype, op, dh_prev, one);
    torus_half_drop(fs, 4 * one);
    torus_half_drop(fp, one);
    torus_half_drop(fd, one);
    return TORUS_OK;
  }
  cell_job s = {.dtype = dtype, .hidden = hidden, .saved = (void *)saved, .h_prev = h_prev,
                .dh = dh, .dgx = dgx, .dgh = dgh, .dh_prev = dh_prev};
  return run(&s, gru_back_body, n);
}

torus_status torus_add_row_bias(torus_dtype dtype, const void *x, const void *bias, void *y,
                                int64_t rows, int64_t cols) {
  const int64_t n = rows * cols;
  if (torus_is_half(dtype)) {
    float *fx = torus_half_read(dtype, x, n), *fb = torus_half_read(dtype, bias, cols);
    torus_add_row_bias(TORUS_F32, fx, fb, fx, rows, cols);
    torus_half_write(dtype, fx, y, n);
    torus_half_drop(fb, cols);
    return TORUS_OK;
  }
  cell_job s = {.dtype = dtype, .hidden = cols, .gx = x, .gh = bias, .h = y};
  return run(&s, row_bias_body, rows);
}
