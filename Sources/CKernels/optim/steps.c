// Optimizer steps and norms over flat parameters.
#include <math.h>

#include "../nn/internal.h"
#include "torus_optim.h"

#define WITH_HALVES
#define KERNELS "../optim/kernels.h"
#include "../core/each_real.h"

enum { GRAIN = 16384 };

typedef struct step {
  torus_dtype dtype;
  // Parameter, gradient and up to three of state; NULL where the rule has none.
  void *at[5];
  const void *options;
  double number;
} step;

typedef void (*step_body)(const step *s, void *const at[5], int64_t n);

typedef struct step_job {
  const step *s;
  step_body body;
} step_job;

static void spread_body(int64_t begin, int64_t end, void *context) {
  const step_job *job = context;
  const step *s = job->s;
  const int64_t size = torus_element_size(s->dtype);
  void *at[5];
  for (int q = 0; q < 5; q++) at[q] = torus_at(s->at[q], begin, size);
  job->body(s, at, end - begin);
}

static torus_status run(const step *s, step_body body, int64_t n) {
  if (!torus_is_half(s->dtype) && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  step_job job = {s, body};
  torus_parallel_for(n, GRAIN, spread_body, &job);
  return TORUS_OK;
}

static void sgd_body(const step *s, void *const at[5], int64_t n) {
  RUN_STORED(s->dtype, sgd, at[0], at[1], at[2], n, s->options);
}

torus_status torus_sgd_step(torus_dtype dtype, void *p, const void *grad, void *buffer, int64_t n,
                            const torus_sgd_options *options) {
  const step s = {.dtype = dtype, .at = {p, (void *)grad, options->momentum != 0 ? buffer : 0},
                  .options = options};
  return run(&s, sgd_body, n);
}

static void adam_body(const step *s, void *const at[5], int64_t n) {
  RUN_STORED(s->dtype, adam, at[0], at[1], at[2], at[3], at[4], n, s->options);
}

torus_status torus_adam_step(torus_dtype dtype, void *p, const void *grad, void *mean,
                             void *square, void *max_square, int64_t n,
                             const torus_adam_options *options) {
  const step s = {.dtype = dtype, .at = {p, (void *)grad, mean, square, max_square},
                  .options = options};
  return run(&s, adam_body, n);
}

static void adagrad_body(const step *s, void *const at[5], int64_t n) {
  RUN_STORED(s->dtype, adagrad, at[0], at[1], at[2], n, s->options);
}

torus_status torus_adagrad_step(torus_dtype dtype, void *p, const void *grad, void *sum, int64_t n,
                                const torus_adagrad_options *options) {
  const step s = {.dtype = dtype, .at = {p, (void *)grad, sum}, .options = options};
  return run(&s, adagrad_body, n);
}

static void rmsprop_body(const step *s, void *const at[5], int64_t n) {
  RUN_STORED(s->dtype, rmsprop, at[0], at[1], at[2], at[3], at[4], n, s->options);
}

torus_status torus_rmsprop_step(torus_dtype dtype, void *p, const void *grad, void *square,
                                void *average, void *buffer, int64_t n,
                                const torus_rmsprop_options *options) {
  const step s = {.dtype = dtype,
                  .at = {p, (void *)grad, square, average, options->momentum > 0 ? buffer : 0},
                  .options = options};
  return run(&s, rmsprop_body, n);
}

static void scale_body(const step *s, void *const at[5], int64_t n) {
  RUN_STORED(s->dtype, scale, at[0], n, s->number);
}

torus_status torus_scale(torus_dtype dtype, void *x, int64_t n, double factor) {
  const step s = {.dtype = dtype, .at = {x}, .number = factor};
  return run(&s, scale_body, n);
}

static void lerp_body(const step *s, void *const at[5], int64_t n) {
  RUN_STORED(s->dtype, average, at[0], at[1], n, s->number);
}

torus_status torus_lerp(torus_dtype dtype, void *average, const void *x, int64_t n,
                        double weight) {
  const step s = {.dtype = dtype, .at = {average, (void *)x}, .number = weight};
  return run(&s, lerp_body, n);
}

// ---- Sums ------------------------------------------------------------------------------------

// Blocks of one size, whatever the number of threads, are summed each by itself and then in order.
enum { BLOCK = 16384 };

typedef enum { SQUARES, ABSOLUTES, MOST, NONFINITE } kind;

typedef struct fold {
  torus_dtype dtype;
  kind kind;
  const void *x;
  int64_t n;
  double *blocks;
} fold;

static double one_block(torus_dtype dtype, kind which, const void *x, int64_t n) {
  double result = 0;
  switch (which) {
    case SQUARES: RUN_STORED(dtype, squares, x, n, &result); break;
    case ABSOLUTES: RUN_STORED(dtype, absolutes, x, n, &result); break;
    case MOST: RUN_STORED(dtype, most, x, n, &result); break;
    case NONFINITE: RUN_STORED(dtype, nonfinite, x, n, &result); break;
  }
  return result;
}

static void fold_body(int64_t begin, int64_t end, void *context) {
  const fold *f = context;
  const int64_t size = torus_element_size(f->dtype);
  for (int64_t block = begin; block < end; block++) {
    const int64_t first = block * BLOCK, count = torus_min(BLOCK, f->n - first);
    f->blocks[block] = one_block(f->dtype, f->kind, torus_at(f->x, first, size), count);
  }
}

static double folded(torus_dtype dtype, kind which, const void *x, int64_t n) {
  if (n == 0 || dtype > TORUS_F16) return 0;
  const int64_t blocks = (n + BLOCK - 1) / BLOCK;
  double local[64];
  const size_t bytes = (size_t)blocks * sizeof(double);
  fold f = {dtype, which, x, n, blocks <= 64 ? local : torus_alloc(bytes)};
  torus_parallel_for(blocks, 2, fold_body, &f);
  double result = 0;
  for (int64_t i = 0; i < blocks; i++) {
    const double value = f.blocks[i];
    if (which != MOST) result += value;
    else if (!(result >= value) && result == result) result = value;
  }
  if (f.blocks != local) torus_free(f.blocks, bytes);
  return result;
}

double torus_sum_squares(torus_dtype dtype, const void *x, int64_t n) {
  return folded(dtype, SQUARES, x, n);
}
double torus_sum_abs(torus_dtype dtype, const void *x, int64_t n) {
  return folded(dtype, ABSOLUTES, x, n);
}
double torus_max_abs(torus_dtype dtype, const void *x, int64_t n) {
  return folded(dtype, MOST, x, n);
}
bool torus_has_nonfinite(torus_dtype dtype, const void *x, int64_t n) {
  return folded(dtype, NONFINITE, x, n) != 0;
}

bool torus_scale_check(torus_dtype dtype, void *x, int64_t n, double factor) {
  const bool bad = torus_has_nonfinite(dtype, x, n);
  torus_scale(dtype, x, n, factor);
  return bad;
}
