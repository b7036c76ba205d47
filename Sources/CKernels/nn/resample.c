#include "../include/torus_resample.h"

typedef struct torus_resampling {
  int64_t in, out, inner, taps;
  const int64_t *indices;
  const void *weights;
  const void *x;
  void *y;
} torus_resampling;

#define REAL float
#define NAMED(x) x##_f32
#include "resample_real.h"
#undef REAL
#undef NAMED

#define REAL double
#define NAMED(x) x##_f64
#include "resample_real.h"

static torus_status run(torus_dtype dtype, int64_t outer, torus_resampling *job, torus_body f32,
                        torus_body f64) {
  if (dtype != TORUS_F32 && dtype != TORUS_F64) return TORUS_UNSUPPORTED;
  int64_t work = (job->in + job->out * job->taps) * job->inner;
  int64_t grain = work > 0 ? 32768 / work + 1 : 1;
  torus_parallel_for(outer, grain, dtype == TORUS_F32 ? f32 : f64, job);
  return TORUS_OK;
}

torus_status torus_resample(torus_dtype dtype, int64_t outer, int64_t in, int64_t out,
                            int64_t inner, int64_t taps, const int64_t *indices,
                            const void *weights, const void *x, void *y) {
  torus_resampling job = {in, out, inner, taps, indices, weights, x, y};
  return run(dtype, outer, &job, resample_f32, resample_f64);
}

torus_status torus_resample_backward(torus_dtype dtype, int64_t outer, int64_t in, int64_t out,
                                     int64_t inner, int64_t taps, const int64_t *indices,
                                     const void *weights, const void *dy, void *dx) {
  torus_resampling job = {in, out, inner, taps, indices, weights, dy, dx};
  return run(dtype, outer, &job, resample_back_f32, resample_back_f64);
}
