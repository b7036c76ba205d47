// Softmax cross-entropy, forward and backward in one pass each.
#include <math.h>

#include "../kernels/table.h"
#include "internal.h"
#include "torus_nn.h"

typedef struct cross_entropy_job {
  torus_dtype dtype;
  const void *logits;
  const int64_t *targets;
  const void *weight;
  int64_t ignore, classes;
  double smoothing;
  void *loss, *lse;
  const void *g;
  int64_t grad_step;
  double scale;
  void *dx;
} cross_entropy_job;

#define WITH_HALVES
#define KERNELS "../nn/cross_entropy_kernels.h"
#include "../core/each_real.h"

static void forward_body(int64_t begin, int64_t end, void *context) {
  const cross_entropy_job *s = context;
  RUN_STORED(s->dtype, cross_entropy, s, begin, end);
}

static void backward_body(int64_t begin, int64_t end, void *context) {
  const cross_entropy_job *s = context;
  const size_t bytes = torus_is_half(s->dtype) ? (size_t)s->classes * sizeof(float) : 0;
  float *room = bytes ? torus_alloc(bytes) : 0;
  RUN_STORED(s->dtype, cross_entropy_back, s, begin, end, (void *)room);
  torus_free(room, bytes);
}

// [outer, classes, inner] ↔ [outer, inner, classes]: rows are what the kernels read.
static void swap_inner(torus_dtype dtype, const void *in, void *out, int64_t outer, int64_t rows,
                       int64_t cols) {
  const int64_t size = torus_element_size(dtype);
  for (int64_t i = 0; i < outer; i++)
    elementwise()->transpose[__builtin_ctzll((uint64_t)size)](
        rows, cols, torus_at(out, i * rows * cols, size), rows, torus_at(in, i * rows * cols, size),
        cols);
}

int64_t torus_cross_entropy(torus_dtype dtype, const void *logits, const int64_t *targets,
                            const void *weight, int64_t ignore_index, double label_smoothing,
                            int64_t outer, int64_t classes, int64_t inner, void *loss, void *lse) {
  const int64_t count = outer * inner, n = count * classes;
  const bool half = torus_is_half(dtype);
  if (!half && !torus_is_real(dtype)) return -1;
  for (int64_t i = 0; i < count; i++)
    if (targets[i] != ignore_index && (targets[i] < 0 || targets[i] >= classes)) return i + 1;
  if (n == 0) return 0;
  const size_t bytes = inner == 1 ? 0 : (size_t)(n * torus_element_size(dtype));
  void *rows = bytes ? torus_alloc(bytes) : 0;
  if (rows) swap_inner(dtype, logits, rows, outer, classes, inner);
  cross_entropy_job s = {.dtype = dtype, .logits = rows ? rows : logits, .targets = targets,
                         .weight = weight, .ignore = ignore_index, .classes = classes,
                         .smoothing = label_smoothing, .loss = loss, .lse = lse};
  float *wide = half ? torus_half_read(dtype, weight, classes) : 0;
  if (half) s.weight = wide;
  torus_parallel_for(count, torus_grain(classes), forward_body, &s);
  torus_half_drop(wide, classes);
  torus_free(rows, bytes);
  return 0;
}

double torus_cross_entropy_total(torus_dtype dtype, const int64_t *targets, const void *weight,
                                 int64_t ignore_index, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) {
    if (targets[i] == ignore_index) continue;
    float value = 1;
    if (!weight) sum += 1;
    else if (dtype == TORUS_F64) sum += ((const double *)weight)[targets[i]];
    else if (dtype == TORUS_F32) sum += ((const float *)weight)[targets[i]];
    else {
      torus_widen(dtype, (const uint16_t *)weight + targets[i], &value, 1);
      sum += value;
    }
  }
  return sum;
}

torus_status torus_cross_entropy_backward(torus_dtype dtype, const void *logits,
                                          const int64_t *targets, const void *weight,
                                          int64_t ignore_index, double label_smoothing,
                                          int64_t outer, int64_t classes, int64_t inner,
                                          const void *lse, const void *g, int64_t grad_step,
                                          double scale, void *dx) {
  const int64_t count = outer * inner, n = count * classes;
  if (n == 0) return TORUS_OK;
  const bool half = torus_is_half(dtype);
  if (!half && !torus_is_real(dtype)) return TORUS_UNSUPPORTED;
  const size_t bytes = inner == 1 ? 0 : (size_t)(n * torus_element_size(dtype));
  void *rows = bytes ? torus_alloc(bytes) : 0, *grads = bytes ? torus_alloc(bytes) : 0;
  if (rows) swap_inner(dtype, logits, rows, outer, classes, inner);
  cross_entropy_job s = {.dtype = dtype, .logits = rows ? rows : logits, .targets = targets,
                         .weight = weight, .ignore = ignore_index, .classes = classes,
                         .smoothing = label_smoothing, .lse = (void *)lse, .g = g,
                         .grad_step = grad_step, .scale = scale, .dx = grads ? grads : dx};
  float *wide = half ? torus_half_read(dtype, weight, classes) : 0;
  if (half) s.weight = wide;
  torus_parallel_for(count, torus_grain(classes), backward_body, &s);
  torus_half_drop(wide, classes);
  if (grads) swap_inner(dtype, grads, dx, outer, inner, classes);
  torus_free(rows, bytes);
  torus_free(grads, bytes);
  return TORUS_OK;
}
