#include "../include/torus_ctc.h"

#include <math.h>

#define REAL float
#define NAMED(x) x##_f32
#define EXP expf
#define LOG logf
#include "ctc_real.h"
#undef REAL
#undef NAMED
#undef EXP
#undef LOG

#define REAL double
#define NAMED(x) x##_f64
#define EXP exp
#define LOG log
#include "ctc_real.h"

torus_status torus_ctc_loss(torus_dtype dtype, const torus_ctc *shape, const void *log_probs,
                            void *alpha, void *loss) {
  if (dtype == TORUS_F32) {
    job_f32 job = {.shape = shape, .x = log_probs, .alpha = alpha, .loss = loss};
    torus_parallel_for(shape->batch, 1, forward_body_f32, &job);
  } else if (dtype == TORUS_F64) {
    job_f64 job = {.shape = shape, .x = log_probs, .alpha = alpha, .loss = loss};
    torus_parallel_for(shape->batch, 1, forward_body_f64, &job);
  } else {
    return TORUS_UNSUPPORTED;
  }
  return TORUS_OK;
}

torus_status torus_ctc_loss_backward(torus_dtype dtype, const torus_ctc *shape,
                                     const void *log_probs, const void *alpha, const void *loss,
                                     const void *dloss, bool zero_infinity, void *dx) {
  if (dtype == TORUS_F32) {
    job_f32 job = {shape, log_probs, dloss, (float *)alpha, (float *)loss, dx, zero_infinity};
    torus_parallel_for(shape->batch, 1, backward_body_f32, &job);
  } else if (dtype == TORUS_F64) {
    job_f64 job = {shape, log_probs, dloss, (double *)alpha, (double *)loss, dx, zero_infinity};
    torus_parallel_for(shape->batch, 1, backward_body_f64, &job);
  } else {
    return TORUS_UNSUPPORTED;
  }
  return TORUS_OK;
}
