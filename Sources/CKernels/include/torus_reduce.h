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

typedef enum torus_reduce_op : int32_t {
  TORUS_REDUCE_SUM,            ///< floats → the same type or F32 or F64; integers, BOOL → I64
  TORUS_REDUCE_MEAN,           ///< floats → the same type or F32 or F64
  TORUS_REDUCE_PROD,           ///< floats → the same type; integers, BOOL → I64
  TORUS_REDUCE_MAX,            ///< every type → the same; NaN propagates; empty: -inf or lowest
  TORUS_REDUCE_MIN,            ///< every type → the same; NaN propagates; empty: +inf or highest
  TORUS_REDUCE_ANY,            ///< every type → BOOL
  TORUS_REDUCE_ALL,            ///< every type → BOOL
  TORUS_REDUCE_COUNT_NONZERO,  ///< every type → I64
  TORUS_REDUCE_NAN_SUM,        ///< sum without the NaNs (floats)
  TORUS_REDUCE_SUM_ABS,        ///< Σ|a| (floats)
  TORUS_REDUCE_SUM_SQUARES,    ///< Σa² (floats)
  TORUS_REDUCE_SUM_ABS_POW,    ///< Σ|a|^p0 (floats)
  TORUS_REDUCE_MAX_ABS,        ///< max |a| (floats)
  TORUS_REDUCE_MIN_ABS,        ///< min |a| (floats)
  TORUS_REDUCE_NORM2,          ///< √Σa² (floats)
  TORUS_REDUCE_LOG_SUM_EXP,    ///< log Σexp(a), stable; -inf where all are -inf (floats)
  TORUS_REDUCE_OP_COUNT
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

/// Mean and variance: Σ(a - mean)² ÷ max(0, n - correction), in two passes. Outputs are of type `dtype` (floats), or F32 where `out_dtype` says
/// so; either may be null.
torus_status torus_var_mean(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  uint64_t reduced, double correction, torus_dtype out_dtype,
  void *variance, const int64_t *variance_strides, void *mean, const int64_t *mean_strides);

// MARK: Scans

typedef enum torus_scan_op : int32_t {
  TORUS_CUMSUM,         ///< floats, I64, I32 (others: cast first)
  TORUS_CUMPROD,        ///< floats, I64, I32
  TORUS_CUMMAX,         ///< every type; with indices (the last index of equals, as PyTorch)
  TORUS_CUMMIN,         ///< every type; with indices
  TORUS_LOGCUMSUMEXP,   ///< floats
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
