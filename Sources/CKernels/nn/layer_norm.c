// Layer norm and RMS norm.
#include <math.h>

#include "internal.h"
#include "torus_nn.h"

typedef struct row_norm {
  torus_dtype dtype;
  bool centred;  // layer norm; RMS norm takes no mean off
  const void *x, *gamma, *beta, *dy;
  void *y, *dx, *mean, *rstd, *sums;
  int64_t rows, cols, chunk_rows;
  double eps;
} row_norm;

#define KERNELS "layer_norm_kernels.h"
#include "each_level.h"

static void forward_body(int64_t begin, int64_t end, void *context) {
  const row_norm *s = context;
  RUN(s->dtype, layer_norm, s, begin, end);
}

static void backward_body(int64_t begin, int64_t end, void *context) {
  const row_norm *s = context;
  for (int64_t chunk = begin; chunk < end; chunk++) RUN(s->dtype, layer_norm_back, s, chunk);
}

static torus_status forward(row_norm *s) {
  const int64_t n = s->rows * s->cols;
  if (n == 0) return TORUS_OK;
  if (torus_is_half(s->dtype)) {
    row_norm wide = *s;
    float *x = torus_half_read(s->dtype, s->x, n), *y = torus_half_room(s->y, n);
    float *gamma = torus_half_read(s->dtype, s->gamma, s->cols);
    float *beta = torus_half_read(s->dtype, s->beta, s->cols);
    wide.dtype = TORUS_F32, wide.x = x, wide.y = y, wide.gamma = gamma, wide.beta = beta;
    forward(&wide);
    torus_half_write(s->dtype, y, s->y, n);
    torus_half_drop(x, n);
    torus_half_drop(gamma, s->cols);
    torus_half_drop(beta, s->cols);
    return TORUS_OK;
  }
  if (!torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  torus_parallel_for(s->rows, torus_grain(s->cols), forward_body, s);
  return TORUS_OK;
}

static torus_status backward(row_norm *s, void *dgamma, void *dbeta) {
  const int64_t n = s->rows * s->cols, cols = s->cols;
  if (torus_is_half(s->dtype)) {
    row_norm wide = *s;
    float *x = torus_half_read(s->dtype, s->x, n), *dy = torus_half_read(s->dtype, s->dy, n);
    float *gamma = torus_half_read(s->dtype, s->gamma, cols), *dx = torus_half_room(s->dx, n);
    float *dg = torus_half_room(dgamma, cols), *db = torus_half_room(dbeta, cols);
    wide.dtype = TORUS_F32, wide.x = x, wide.dy = dy, wide.gamma = gamma, wide.dx = dx;
    backward(&wide, dg, db);
    torus_half_write(s->dtype, dx, s->dx, n);
    torus_half_write(s->dtype, dg, dgamma, cols);
    torus_half_write(s->dtype, db, dbeta, cols);
    torus_half_drop(x, n);
    torus_half_drop(dy, n);
    torus_half_drop(gamma, cols);
    return TORUS_OK;
  }
  if (!torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  // At most 16 chunks, whatever the number of threads.
  const int64_t size = torus_element_size(s->dtype);
  s->chunk_rows = (torus_max(torus_max(s->rows / 16, torus_grain(cols)), 8) + 3) / 4 * 4;
  const int64_t chunks = (s->rows + s->chunk_rows - 1) / s->chunk_rows;
  const size_t bytes = dgamma || dbeta ? (size_t)(chunks * 2 * cols * size) : 0;
  s->sums = bytes ? torus_alloc(bytes) : 0;
  torus_parallel_for(chunks, 1, backward_body, s);
  if (dgamma || dbeta) RUN(s->dtype, layer_norm_sums, s, chunks, dgamma, dbeta);
  torus_free(s->sums, bytes);
  return TORUS_OK;
}

torus_status torus_layer_norm(torus_dtype dtype, const void *x, const void *gamma,
                              const void *beta, void *y, void *mean, void *rstd, int64_t rows,
                              int64_t cols, double eps) {
  row_norm s = {.dtype = dtype, .centred = true, .x = x, .gamma = gamma, .beta = beta, .y = y,
                .mean = mean, .rstd = rstd, .rows = rows, .cols = cols, .eps = eps};
  return forward(&s);
}

torus_status torus_layer_norm_backward(torus_dtype dtype, const void *dy, const void *x,
                                       const void *gamma, const void *mean, const void *rstd,
                                       void *dx, void *dgamma, void *dbeta, int64_t rows,
                                       int64_t cols) {
  row_norm s = {.dtype = dtype, .centred = true, .x = x, .gamma = gamma, .dy = dy, .dx = dx,
                .mean = (void *)mean, .rstd = (void *)rstd, .rows = rows, .cols = cols};
  return backward(&s, dgamma, dbeta);
}

torus_status torus_rms_norm(torus_dtype dtype, const void *x, const void *gamma, void *y,
                            void *rrms, int64_t rows, int64_t cols, double eps) {
  row_norm s = {.dtype = dtype, .x = x, .gamma = gamma, .y = y, .rstd = rrms, .rows = rows,
                .cols = cols, .eps = eps};
  return forward(&s);
}

torus_status torus_rms_norm_backward(torus_dtype dtype, const void *dy, const void *x,
                                     const void *gamma, const void *rrms, void *dx, void *dgamma,
                                     int64_t rows, int64_t cols) {
  row_norm s = {.dtype = dtype, .x = x, .gamma = gamma, .dy = dy, .dx = dx,
                .rstd = (void *)rrms, .rows = rows, .cols = cols};
  return backward(&s, dgamma, 0);
}
