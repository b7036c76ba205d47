/// Reductions and scans over strided tensors.
///
/// Conventions as in torus_elementwise.h. `reduced` is a bit mask: bit d set means that dimension
/// d is reduced. Outputs are described by `rank` strides too, those of reduced dimensions being
/// ignored, so keepDim or not is the caller's matter. Sums of f32 run in many partial sums (errors
/// grow like log n, as in PyTorch), BF16 and F16 accumulate in f32, integers in i64. The result
/// never depends on the number of threads.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The rows of kernels/reductions.h, which say what types they take and give.
typedef enum TORUS_KERNELS torus_reduce_op : int32_t {
#define REDUCTION(op, name, first, second, finish, floats) op TORUS_CASE(name),
#include "../kernels/reductions.h"
#undef REDUCTION
  TORUS_REDUCE_OP_COUNT TORUS_CASE(count)
} torus_reduce_op;

/// Reduces `a` (type `dtype`) over the dimensions in `reduced` into `out` (type `out_dtype`, which
/// must be one of those named at the operation). `reduced` = 0 applies the operation to single
/// elements. Empty reductions give the neutral element (MEAN: NaN).
torus_status torus_reduce(
  torus_reduce_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  const void *a, const int64_t *a_strides, uint64_t reduced,
  torus_dtype out_dtype, void *out, const int64_t *out_strides, double p0);

/// The largest (or, with `smallest`, the smallest) element along `dim` and its first index; a NaN
/// wins over all numbers. `values` (type `dtype`) or `indices` (I64) may be null. shape[dim] must
/// be ≥ 1.
torus_status torus_arg_reduce(
  bool smallest, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides);

/// Mean and variance: Σ(a - mean)² ÷ max(0, n - correction), or its root, in two passes. What f32 cannot
/// hold of the squares, too large or too small, is summed once more in f64. Outputs are of type `dtype`
/// (floats), or F32 where `out_dtype` says so; either may be null.
torus_status torus_var_mean(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  uint64_t reduced, double correction, bool deviation, torus_dtype out_dtype,
  void *spread, const int64_t *spread_strides, void *mean, const int64_t *mean_strides);

// MARK: Scans

typedef enum TORUS_KERNELS torus_scan_op : int32_t {
  TORUS_CUMSUM TORUS_CASE(cumsum),    ///< floats, I64, I32 (others: cast first)
  TORUS_CUMPROD TORUS_CASE(cumprod),  ///< floats, I64, I32
  TORUS_CUMMAX TORUS_CASE(cummax),    ///< every type; with the last index of equals, as PyTorch
  TORUS_CUMMIN TORUS_CASE(cummin),    ///< every type; with indices
  TORUS_LOGCUMSUMEXP TORUS_CASE(logcumsumexp),  ///< floats
} torus_scan_op;

/// Running reduction along `dim`; `reverse` runs from the end (the gradient of cumsum). `indices`
/// (I64) serves CUMMAX and CUMMIN and may be null. `out` may be `a`.
torus_status torus_scan(
  torus_scan_op op, bool reverse, torus_dtype dtype, int32_t rank, const int64_t *shape,
  int32_t dim, const void *a, const int64_t *a_strides, void *out, const int64_t *out_strides,
  int64_t *indices, const int64_t *indices_strides);

#ifdef __cplusplus
}
#endif
