// Batch norm and group norm.
#include <math.h>

#include "internal.h"
#include "torus_nn.h"

typedef struct batch_norm {
  torus_dtype dtype;
  bool training;
  const void *x, *dy, *gamma, *beta;
  void *y, *dx, *mean, *m2, *invstd, *sum_dy, *sum_dy_xmu, *dgamma, *dbeta;
  int64_t n, channels, spatial, groups;
  double eps, count;
} batch_norm;

#define WITH_HALVES
#define KERNELS "../nn/batch_norm_kernels.h"
#include "../core/each_real.h"

#define BODY(name)                                                      \
  static void name##_body(int64_t begin, int64_t end, void *context) {  \
    const batch_norm *s = context;                                      \
    RUN_STORED(s->dtype, name, s, begin, end);                          \
  }
BODY(batch_stats)
BODY(batch_apply)
BODY(batch_forward)
BODY(batch_reduce)
BODY(batch_input_gradient)
BODY(batch_backward)
BODY(group_forward)
BODY(group_backward)

// Runs `body` over channels (or rows of groups) on weights in the wide type, which half types have
// widened.
static torus_status run(batch_norm *s, torus_body body, int64_t items, int64_t each) {
  const int64_t c = s->channels;
  if (s->n * c * s->spatial == 0) return TORUS_OK;
  const bool half = torus_is_half(s->dtype);
  if (!half && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  batch_norm job = *s;
  float *gamma = 0, *beta = 0, *dgamma = 0, *dbeta = 0;
  if (half) {
    job.gamma = gamma = torus_half_read(s->dtype, s->gamma, c);
    job.beta = beta = torus_half_read(s->dtype, s->beta, c);
    job.dgamma = dgamma = torus_half_room(s->dgamma, c);
    job.dbeta = dbeta = torus_half_room(s->dbeta, c);
  }
  torus_parallel_for(items, torus_grain(each), body, &job);
  if (body == group_backward_body && (s->dgamma || s->dbeta)) {
    if (half) AT_LEVEL(group_sums_f32)(&job);
    else RUN(s->dtype, group_sums, &job);
  }
  torus_half_write(s->dtype, dgamma, s->dgamma, c);
  torus_half_write(s->dtype, dbeta, s->dbeta, c);
  torus_half_drop(gamma, c);
  torus_half_drop(beta, c);
  return TORUS_OK;
}

static int64_t wide_size(torus_dtype dtype) { return dtype == TORUS_F64 ? 8 : 4; }

torus_status torus_batch_norm(torus_dtype dtype, const void *x, const void *gamma,
                              const void *beta, void *y, void *mean, void *variance, void *invstd,
                              int64_t n, int64_t channels, int64_t spatial, double eps) {
  const size_t bytes = variance ? 0 : (size_t)(channels * wide_size(dtype));
  batch_norm s = {.dtype = dtype, .x = x, .gamma = gamma, .beta = beta, .y = y, .mean = mean,
                  .m2 = variance ? variance : torus_alloc(bytes), .invstd = invstd, .n = n,
                  .channels = channels, .spatial = spatial, .eps = eps};
  const torus_status status = run(&s, batch_forward_body, channels, n * spatial);
  if (!variance) torus_free(s.m2, bytes);
  return status;
}

torus_status torus_batch_norm_backward(torus_dtype dtype, const void *dy, const void *x,
                                       const void *gamma, const void *mean, const void *invstd,
                                       bool training, void *dx, void *dgamma, void *dbeta,
                                       int64_t n, int64_t channels, int64_t spatial) {
  const size_t bytes = (size_t)(2 * channels * wide_size(dtype));
  char *sums = torus_alloc(bytes);
  batch_norm s = {.dtype = dtype, .training = training, .x = x, .dy = dy, .gamma = gamma,
                  .mean = (void *)mean, .invstd = (void *)invstd, .sum_dy = sums,
                  .sum_dy_xmu = sums + bytes / 2, .dx = dx, .dgamma = dgamma, .dbeta = dbeta,
                  .n = n, .channels = channels, .spatial = spatial,
                  .count = (double)n * (double)spatial};
  const torus_status status = run(&s, batch_backward_body, channels, n * spatial);
  torus_free(sums, bytes);
  return status;
}

torus_status torus_batch_norm_stats(torus_dtype dtype, const void *x, void *mean, void *m2,
                                    int64_t n, int64_t channels, int64_t spatial) {
  batch_norm s = {.dtype = dtype, .x = x, .mean = mean, .m2 = m2, .n = n, .channels = channels,
                  .spatial = spatial};
  return run(&s, batch_stats_body, channels, n * spatial);
}

torus_status torus_batch_norm_apply(torus_dtype dtype, const void *x, const void *gamma,
                                    const void *beta, const void *mean, const void *invstd,
                                    void *y, int64_t n, int64_t channels, int64_t spatial) {
  batch_norm s = {.dtype = dtype, .x = x, .gamma = gamma, .beta = beta, .mean = (void *)mean,
                  .invstd = (void *)invstd, .y = y, .n = n, .channels = channels,
                  .spatial = spatial};
  return run(&s, batch_apply_body, channels, n * spatial);
}

torus_status torus_batch_norm_reduce(torus_dtype dtype, const void *dy, const void *x,
                                     const void *mean, void *sum_dy, void *sum_dy_xmu, int64_t n,
                                     int64_t channels, int64_t spatial) {
  batch_norm s = {.dtype = dtype, .x = x, .dy = dy, .mean = (void *)mean, .sum_dy = sum_dy,
                  .sum_dy_xmu = sum_dy_xmu, .n = n, .channels = channels, .spatial = spatial};
  return run(&s, batch_reduce_body, channels, n * spatial);
}

torus_status torus_batch_norm_input_gradient(torus_dtype dtype, const void *dy, const void *x,
                                             const void *gamma, const void *mean,
                                             const void *invstd, const void *sum_dy,
                                             const void *sum_dy_xmu, double count, void *dx,
                                             int64_t n, int64_t channels, int64_t spatial) {
  batch_norm s = {.dtype = dtype, .training = true, .x = x, .dy = dy, .gamma = gamma,
                  .mean = (void *)mean, .invstd = (void *)invstd, .sum_dy = (void *)sum_dy,
                  .sum_dy_xmu = (void *)sum_dy_xmu, .dx = dx, .n = n, .channels = channels,
                  .spatial = spatial, .count = count};
  return run(&s, batch_input_gradient_body, channels, n * spatial);
}

torus_status torus_group_norm(torus_dtype dtype, const void *x, const void *gamma,
                              const void *beta, void *y, void *mean, void *rstd, int64_t n,
                              int64_t channels, int64_t spatial, int64_t groups, double eps) {
  batch_norm s = {.dtype = dtype, .x = x, .gamma = gamma, .beta = beta, .y = y, .mean = mean,
                  .invstd = rstd, .n = n, .channels = channels, .spatial = spatial,
                  .groups = groups, .eps = eps};
  return run(&s, group_forward_body, n * groups, channels / groups * spatial);
}

torus_status torus_group_norm_backward(torus_dtype dtype, const void *dy, const void *x,
                                       const void *gamma, const void *mean, const void *rstd,
                                       void *dx, void *dgamma, void *dbeta, int64_t n,
                                       int64_t channels, int64_t spatial, int64_t groups) {
  const size_t bytes = (size_t)(2 * n * channels * wide_size(dtype));
  char *sums = torus_alloc(bytes);
  batch_norm s = {.dtype = dtype, .x = x, .dy = dy, .gamma = gamma, .mean = (void *)mean,
                  .invstd = (void *)rstd, .sum_dy = sums, .sum_dy_xmu = sums + bytes / 2,
                  .dx = dx, .dgamma = dgamma, .dbeta = dbeta, .n = n, .channels = channels,
                  .spatial = spatial, .groups = groups};
  const torus_status status = run(&s, group_backward_body, n * groups, channels / groups * spatial);
  torus_free(sums, bytes);
  return status;
}
