// Weighted sums along one dimension: what interpolation consists of, dimension by dimension.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/// y[o, i, r] = Σₖ weights[i, k] · x[o, indices[i, k], r] over x [outer, in, inner] and
/// y [outer, out, inner], with `taps` terms each; weights are in `dtype`. F32 and F64.
torus_status torus_resample(torus_dtype dtype, int64_t outer, int64_t in, int64_t out,
                            int64_t inner, int64_t taps, const int64_t *indices,
                            const void *weights, const void *x, void *y);

/// Its adjoint: dx [outer, in, inner] from dy [outer, out, inner].
torus_status torus_resample_backward(torus_dtype dtype, int64_t outer, int64_t in, int64_t out,
                                     int64_t inner, int64_t taps, const int64_t *indices,
                                     const void *weights, const void *dy, void *dx);

#ifdef __cplusplus
}
#endif
