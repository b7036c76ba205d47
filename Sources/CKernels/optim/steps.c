// Optimizer steps and norms over flat parameters.
#include <math.h>

#include "../nn/internal.h"
#include "torus_optim.h"

#define KERNELS "../optim/kernels.h"
#include "../core/each_real.h"

enum { GRAIN = 16384 };

typedef struct step {
  torus_dtype dtype;
  // Parameter, gradient and up to three of state; NULL where the rule has none.
  void *at[5];
  bool writes[5];
  const void *options;
  double number;
} step;

typedef void (*step_body)(const step *s, void *const at[5], int64_t n);

typedef struct step_job {
  const step *s;
  step_body body;
} step_job;

// Of all five operands together, what the first cache holds.
enum { HALF_CHUNK = 1024 };

static void spread_body(int64_t begin, int64_t end, void *context) {
  const step_job *job = context;
  const step *s = job->s;
  if (!torus_is_half(s->dtype)) {
    const int64_t size = torus_element_size(s->dtype);
    void *at[5];
    for (int q = 0; q < 5; q++) at[q] = torus_at(s->at[q], begin, size);
    job->body(s, at, end - begin);
    return;
  }
  float chunks[5][HALF_CHUNK];
  step wide = *s;
  wide.dtype = TORUS_F32;
  for (int64_t i = begin; i < end; i += HALF_CHUNK) {
    const int64_t count = torus_min(HALF_CHUNK, end - i);
    void *at[5];
    for (int q = 0; q < 5; q++) {
      at[q] = s->at[q] ? chunks[q] : 0;
      if (at[q]) torus_widen(s->dtype, (const uint16_t *)s->at[q] + i, chunks[q], count);
    }
    job->body(&wide, at, count);
    for (int q = 0; q < 5; q++)
      if (at[q] && s->writes[q])
        torus_narrow(s->dtype, chunks[q], (uint16_t *)s->at[q] + i, count);
  }
}

static torus_status run(const step *s, step_body body, int64_t n) {
  if (!torus_is_half(s->dtype) && !torus_is_real(s->dtype)) return TORUS_UNSUPPORTED;
  step_job job = {s, body};
  torus_parallel_for(n, GRAIN, spread_body, &job);
  return TORUS_OK;
}

static void sgd_body(const step *s, void *const at[5], int64_t n) {
  RUN(s->dtype, sgd, at[0], at[1], at[2], n, s->options);
}

torus_status torus_sgd_step(torus_dtype dtype, void *p, const void *grad, void *buffer, int64_t n,
                            const torus_sgd_options *options) {
  const step s = {.dtype = dtype, .at = {p, (void *)grad, options->momentum != 0 ? buffer : 0},
                  .writes = {true, false, true}, .options = options};
  return run(&s, sgd_body, n);
}

static void adam_body(const step *s, void *const at[5], int64_t n) {
  RUN(s->dtype, adam, at[0], at[1], at[2], at[3], at[4], n, s->options);
}

torus_status torus_adam_step(torus_dtype dtype, void *p, const void *grad, void *mean,
                             void *square, void *max_square, int64_t n,
                             const torus_adam_options *options) {
  const step s = {.dtype = dtype, .at = {p, (void *)grad, mean, square, max_square},
                  .writes = {true, false, true, true, true}, .options = options};
  return run(&s, adam_body, n);
}

static void adagrad_body(const step *s, void *const at[5], int64_t n) {
  RUN(s->dtype, adagrad, at[0], at[1], at[2], n, s->options);
}

torus_status torus_adagrad_step(torus_dtype dtype, void *p, const void *grad, void *sum, int64_t n,
                                const torus_adagrad_options *options) {
  const step s = {.dtype = dtype, .at = {p, (void *)grad, sum}, .writes = {true, false, true},
                  .options = options};
  return run(&s, adagrad_body, n);
}

static void rmsprop_body(const step *s, void *const at[5], int64_t n) {
  RUN(s->dtype, rmsprop, at[0], at[1], at[2], at[3], at[4], n, s->options);
}

torus_status torus_rmsprop_step(torus_dtype dtype, void *p, const void *grad, void *square,
                                void *average, void *buffer, int64_t n,
                                const torus_rmsprop_options *options) {
  const step s = {.dtype = dtype,
                  .at = {p, (void *)grad, square, average, options->momentum > 0 ? buffer : 0},
                  .writes = {true, false, true, true, true}, .options = options};
  return run(&s, rmsprop_body, n);
}

static void scale_body(const step *s, void *const at[5], int64_t n) {
  RUN(s->dtype, scale, at[0], n, s->number);
}

torus_status torus_scale(torus_dtype dtype, void *x, int64_t n, double factor) {
  const step s = {.dtype = dtype, .at = {x}, .writes = {true}, .number = factor};
  return run(&s, scale_body, n);
}

static void lerp_body(const step *s, void *const at[5], int64_t n) {
  RUN(s->dtype, average, at[0], at[1], n, s->number);
}

torus_status torus_lerp(torus_dtype dtype, void *average, const void *x, int64_t n,
                        double weight) {
  const step s = {.dtype = dtype, .at = {average, (void *)x}, .writes = {true}, .number = weight};
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
#define EITHER(name) (dtype == TORUS_F64 ? AT_LEVEL(name##_f64)(x, n) : AT_LEVEL(name##_f32)(x, n))
  switch (which) {
    case SQUARES: return EITHER(squares);
    case ABSOLUTES: return EITHER(absolutes);
    case MOST: return EITHER(most);
    case NONFINITE: return EITHER(nonfinite);
  }
#undef EITHER
  return 0;
}

static void fold_body(int64_t begin, int64_t end, void *context) {
  const fold *f = context;
  for (int64_t block = begin; block < end; block++) {
    const int64_t first = block * BLOCK, count = torus_min(BLOCK, f->n - first);
    if (torus_is_half(f->dtype)) {
      float *wide = torus_alloc(BLOCK * sizeof(float));
      torus_widen(f->dtype, (const uint16_t *)f->x + first, wide, count);
      f->blocks[block] = one_block(TORUS_F32, f->kind, wide, count);
      torus_free(wide, BLOCK * sizeof(float));
    } else {
      const void *x = torus_at(f->x, first, torus_element_size(f->dtype));
      f->blocks[block] = one_block(f->dtype, f->kind, x, count);
    }
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
