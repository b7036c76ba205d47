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

#define KERNELS "../nn/batch_norm_kernels.h"
#include "../core/each_real.h"

#define BODY(name)                                                      \
  static void name##_body(int64_t begin, int64_t end, void *context) {  \
    const batch_norm *s = context;                                      \
    RUN(s->dtype, name, s, begin, end);                                 \
  }
BODY(batch_stats)
BODY(batch_apply)
BODY(batch_forward)
BODY(batch_reduce)
BODY(batch_input_gradient)
BODY(batch_backward)
BODY(group_forward)
BODY(group_backward)

// A job in a half type, with what belongs to channels widened already, and its body.
typedef struct half_channels {
  const batch_norm *job;
  torus_body body;
  int64_t block;
} half_channels;

static void *shifted(const void *floats, int64_t by) { return torus_at(floats, by, sizeof(float)); }

// The channels of a block, widened side by side: as if there were no others.
static void half_channels_body(int64_t begin, int64_t end, void *context) {
  const half_channels *h = context;
  const batch_norm *s = h->job;
  const size_t most = (size_t)(s->n * h->block * s->spatial) * sizeof(float);
  float *x = s->x ? torus_alloc(most) : 0, *dy = s->dy ? torus_alloc(most) : 0;
  float *y = s->y ? torus_alloc(most) : 0, *dx = s->dx ? torus_alloc(most) : 0;
  for (int64_t b = begin; b < end; b++) {
    const int64_t c = b * h->block, count = torus_min(h->block, s->channels - c);
    const int64_t run = count * s->spatial, step = s->channels * s->spatial;
    for (int64_t i = 0; i < s->n; i++) {
      const int64_t at = i * step + c * s->spatial;
      if (x) torus_widen(s->dtype, (const uint16_t *)s->x + at, x + i * run, run);
      if (dy) torus_widen(s->dtype, (const uint16_t *)s->dy + at, dy + i * run, run);
    }
    batch_norm local = *s;
    local.dtype = TORUS_F32, local.channels = count;
    local.x = x, local.dy = dy, local.y = y, local.dx = dx;
    local.gamma = shifted(s->gamma, c), local.beta = shifted(s->beta, c);
    local.mean = shifted(s->mean, c), local.m2 = shifted(s->m2, c);
    local.invstd = shifted(s->invstd, c);
    local.sum_dy = shifted(s->sum_dy, c), local.sum_dy_xmu = shifted(s->sum_dy_xmu, c);
    local.dgamma = shifted(s->dgamma, c), local.dbeta = shifted(s->dbeta, c);
    h->body(0, count, &local);
    for (int64_t i = 0; i < s->n; i++) {
      const int64_t at = i * step + c * s->spatial;
      if (y) torus_narrow(s->dtype, y + i * run, (uint16_t *)s->y + at, run);
      if (dx) torus_narrow(s->dtype, dx + i * run, (uint16_t *)s->dx + at, run);
    }
  }
  torus_free(x, most);
  torus_free(dy, most);
  torus_free(y, most);
  torus_free(dx, most);
}

// Runs `body` over channels (or rows of groups), with half types widened around it, block by block.
static torus_status run(batch_norm *s, torus_body body, int64_t items, int64_t each) {
  const int64_t c = s->channels;
  if (s->n * c * s->spatial == 0) return TORUS_OK;
  const bool half = torus_is_half(s->dtype);
  if (!half && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  const bool sums = body == group_backward_body && (s->dgamma || s->dbeta);
  if (!half) {
    torus_parallel_for(items, torus_grain(each), body, s);
    if (sums) RUN(s->dtype, group_sums, s);
    return TORUS_OK;
  }
  batch_norm job = *s;
  float *gamma = torus_half_read(s->dtype, s->gamma, c);
  float *beta = torus_half_read(s->dtype, s->beta, c);
  float *dgamma = torus_half_room(s->dgamma, c), *dbeta = torus_half_room(s->dbeta, c);
  job.gamma = gamma, job.beta = beta, job.dgamma = dgamma, job.dbeta = dbeta;
  if (s->groups) {
    const torus_half_operand list[] = {
      TORUS_READ(batch_norm, x, each), TORUS_READ(batch_norm, dy, each),
      TORUS_WRITTEN(batch_norm, y, each), TORUS_WRITTEN(batch_norm, dx, each)};
    torus_half_tiles(&job, sizeof job, list, 4, items, body);
    if (sums) AT_LEVEL(group_sums_f32)(&job);
  } else {
    // Lone elements lie side by side: a cache line of them and more at a time.
    half_channels h = {&job, body, s->spatial == 1 ? 64 : 1};
    torus_parallel_for((c + h.block - 1) / h.block, torus_grain(each * h.block),
                       half_channels_body, &h);
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
