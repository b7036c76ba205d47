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

#define WITH_HALVES
#define KERNELS "../nn/layer_norm_kernels.h"
#include "../core/each_real.h"

static void forward_body(int64_t begin, int64_t end, void *context) {
  const row_norm *s = context;
  RUN_STORED(s->dtype, layer_norm, s, begin, end);
}

static void backward_body(int64_t begin, int64_t end, void *context) {
  const row_norm *s = context;
  for (int64_t chunk = begin; chunk < end; chunk++) {
    const int64_t first = chunk * s->chunk_rows;
    RUN_STORED(s->dtype, layer_norm_back, s, first, torus_min(first + s->chunk_rows, s->rows));
  }
}

static torus_status forward(row_norm *s) {
  const bool half = torus_is_half(s->dtype);
  if (s->rows * s->cols == 0) return TORUS_OK;
  if (!half && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  float *gamma = half ? torus_half_read(s->dtype, s->gamma, s->cols) : 0;
  float *beta = half ? torus_half_read(s->dtype, s->beta, s->cols) : 0;
  if (half) s->gamma = gamma, s->beta = beta;
  torus_parallel_for(s->rows, torus_grain(s->cols), forward_body, s);
  torus_half_drop(gamma, s->cols);
  torus_half_drop(beta, s->cols);
  return TORUS_OK;
}

static torus_status backward(row_norm *s, void *dgamma, void *dbeta) {
  const int64_t cols = s->cols;
  const bool half = torus_is_half(s->dtype);
  if (!half && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  float *wide = half ? torus_half_read(s->dtype, s->gamma, cols) : 0;
  float *dg = half ? torus_half_room(dgamma, cols) : 0, *db = half ? torus_half_room(dbeta, cols) : 0;
  if (half) s->gamma = wide;
  // At most 16 chunks, whatever the number of threads.
  const int64_t size = half ? 4 : torus_element_size(s->dtype);
  s->chunk_rows = (torus_max(torus_max(s->rows / 16, torus_grain(cols)), 8) + 3) / 4 * 4;
  const int64_t chunks = (s->rows + s->chunk_rows - 1) / s->chunk_rows;
  const size_t bytes = dgamma || dbeta ? (size_t)(chunks * 2 * cols * size) : 0;
  s->sums = bytes ? torus_alloc(bytes) : 0;
  torus_parallel_for(chunks, 1, backward_body, s);
  if (half && (dgamma || dbeta)) AT_LEVEL(layer_norm_sums_f32)(s, chunks, dg, db);
  else if (dgamma || dbeta) RUN(s->dtype, layer_norm_sums, s, chunks, dgamma, dbeta);
  torus_free(s->sums, bytes);
  torus_half_write(s->dtype, dg, dgamma, cols);
  torus_half_write(s->dtype, db, dbeta, cols);
  torus_half_drop(wide, cols);
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
