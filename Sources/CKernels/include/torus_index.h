/// Indexing, sorting and counting kernels.
///
/// Conventions as in torus_elementwise.h. Indices are I64. An index out of range stops the work
/// with TORUS_INDEX_OUT_OF_RANGE and the index in `*bad` (the output is then unspecified); indices
/// are checked before anything is written outside. Negative indices count from the end only where
/// said. Repeated indices accumulate in index order: results do not depend on threads.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Along one dimension

/// out[i…] = a[i… with position `dim` replaced by index[i…]]. `shape` is that of index and out;
/// `a_dim_size` the size of a in `dim`.
torus_status torus_gather(
  torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  int64_t a_dim_size, const int64_t *index, const int64_t *index_strides, int64_t *bad);

/// How a value enters a place that holds one.
typedef enum TORUS_KERNELS torus_write_op : int32_t {
  TORUS_WRITE_SET TORUS_CASE(set),  ///< the last write wins
  TORUS_WRITE_ADD TORUS_CASE(add),  ///< + alpha · value (BOOL: or)
  TORUS_WRITE_MUL TORUS_CASE(mul),
  TORUS_WRITE_MAX TORUS_CASE(max),  ///< NaN propagates
  TORUS_WRITE_MIN TORUS_CASE(min),  ///< NaN propagates
} torus_write_op;

/// self[i… with position `dim` replaced by index[i…]] ⊕= src[i…]. `shape` is that of index;
/// src may have strides 0 (a scalar). scatter_reduce without the own values, and its mean, need
/// the counts that `TORUS_WRITE_ADD` of ones gives. alpha applies to ADD.
torus_status torus_scatter(
  torus_write_op op, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *self, const int64_t *self_strides, int64_t self_dim_size,
  const int64_t *index, const int64_t *index_strides,
  const void *src, const int64_t *src_strides, double alpha, int64_t *bad);

/// out = the slices index[0 ..< count] of a along `dim`. `shape` is that of a; out has `count` in
/// place of shape[dim].
torus_status torus_index_select(
  torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, const int64_t *index, int64_t index_stride,
  int64_t count, void *out, const int64_t *out_strides, int64_t *bad);

/// Slice index[i] of self along `dim` ⊕= slice i of src, in order (index_add, index_copy,
/// index_reduce; index_fill with src strides 0). `shape` is that of self; src has `count` in place
/// of shape[dim].
torus_status torus_index_write(
  torus_write_op op, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *self, const int64_t *self_strides, const int64_t *index, int64_t index_stride,
  int64_t count, const void *src, const int64_t *src_strides, double alpha, int64_t *bad);

// MARK: Advanced indexing

/// Describes x[…, i₀, i₁, …]: `count` dimensions of `data` are replaced by index tensors, all
/// broadcast to one shape (`index_rank`, `index_shape`); the dimensions left over are the slice.
/// The other side (the result, or the values to write) is described by strides for the index
/// dimensions and for the slice dimensions, so that they may come in any order. Negative indices
/// count from the end.
typedef struct torus_indexing {
  int32_t count;
  /// [count] sizes and strides of the indexed dimensions of data.
  const int64_t *sizes;
  const int64_t *data_strides;
  /// [count] index tensors, and [count · index_rank] their strides (broadcast by 0).
  const int64_t *const *indices;
  const int64_t *indices_strides;
  int32_t index_rank;
  const int64_t *index_shape;
  int32_t slice_rank;
  const int64_t *slice_shape;
  const int64_t *slice_data_strides;
  /// [index_rank] and [slice_rank] strides of the other side.
  const int64_t *other_index_strides;
  const int64_t *other_slice_strides;
} torus_indexing;

/// out = data[indices]. On an index out of range `*bad` is the index and `*bad_position` says
/// which index tensor held it.
torus_status torus_index_get(
  torus_dtype dtype, const torus_indexing *indexing, const void *data, void *out,
  int64_t *bad, int32_t *bad_position);

/// data[indices] ⊕= values (index_put; `values` may broadcast by strides 0), in index order.
torus_status torus_index_put(
  torus_write_op op, torus_dtype dtype, const torus_indexing *indexing, void *data,
  const void *values, int64_t *bad, int32_t *bad_position);

// MARK: Masks

/// How many elements are not 0.
int64_t torus_nonzero_count(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides);

/// The coordinates of the elements that are not 0, in row-major order: out is [count, rank],
/// contiguous, count as `torus_nonzero_count` gave it.
torus_status torus_nonzero(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  int64_t *out);

/// out (contiguous) = the elements of a where mask (BOOL) holds, in row-major order; out has
/// `torus_nonzero_count(mask)` elements.
torus_status torus_masked_select(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  const void *mask, const int64_t *mask_strides, void *out);

/// Where mask (BOOL) holds, self takes the next of the contiguous values, in row-major order.
torus_status torus_masked_scatter(
  torus_dtype dtype, int32_t rank, const int64_t *shape, void *self, const int64_t *self_strides,
  const void *mask, const int64_t *mask_strides, const void *values);

// MARK: Embedding

/// out[i] = weight[index[i]]: index contiguous of n, weight [rows, width] with rows
/// `weight_stride` apart, out [n, width] contiguous.
torus_status torus_embedding(
  torus_dtype dtype, const void *weight, int64_t rows, int64_t width, int64_t weight_stride,
  const int64_t *index, int64_t n, void *out, int64_t *bad);

/// grad_weight[index[i]] += grad[i] in order of i (f32 accumulation for BF16 and F16). grad is
/// [n, width] with rows `grad_stride` apart, grad_weight [rows, width] contiguous and zeroed by
/// the caller. Entries equal to `padding_index` are left out (-1: none). `scale_by_frequency`
/// divides by how often the index occurs.
torus_status torus_embedding_backward(
  torus_dtype dtype, const void *grad, int64_t grad_stride, const int64_t *index, int64_t n,
  int64_t rows, int64_t width, int64_t padding_index, bool scale_by_frequency,
  void *grad_weight, int64_t *bad);

/// out[i, index[i]] = 1, else 0: index contiguous of n, out [n, classes] contiguous, of `dtype`.
torus_status torus_one_hot(
  torus_dtype dtype, const int64_t *index, int64_t n, int64_t classes, void *out, int64_t *bad);

// MARK: Rearranging

/// out = a with the dimensions in the bit mask `flipped` reversed.
torus_status torus_flip(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  uint64_t flipped, void *out, const int64_t *out_strides);

/// out = a rolled by shifts[d] places along every dimension d (any integer; 0 for none).
torus_status torus_roll(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  const int64_t *shifts, void *out, const int64_t *out_strides);

/// out = a where column - row ≤ diagonal (tril), or with `upper` ≥ diagonal (triu), else 0, over
/// the last two dimensions. rank ≥ 2. out may be a.
torus_status torus_triangle(
  bool upper, int64_t diagonal, torus_dtype dtype, int32_t rank, const int64_t *shape,
  const void *a, const int64_t *a_strides, void *out, const int64_t *out_strides);

// MARK: Sorting and searching

/// Sort along `dim`; NaN counts as greater than every number. Equal elements keep their order, or,
/// not `stable`, take that of PyTorch's unstable sort. `values` (type `dtype`) or `indices` (I64) may
/// be null.
torus_status torus_sort(
  bool descending, bool stable, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides);

/// The k largest (or smallest) elements along `dim`, with `sorted` in order, NaN greatest; which of
/// equal ones is PyTorch's choice. 0 ≤ k ≤ shape[dim]; values and indices have k in place of
/// shape[dim].
torus_status torus_topk(
  int64_t k, bool largest, bool sorted, torus_dtype dtype, int32_t rank, const int64_t *shape,
  int32_t dim, const void *a, const int64_t *a_strides, void *values,
  const int64_t *values_strides, int64_t *indices, const int64_t *indices_strides);

/// The k-th smallest element along `dim` (k from 1) and its index, of equal ones PyTorch's choice.
/// NaN greatest. Outputs ignore the stride of `dim`.
torus_status torus_kth_value(
  int64_t k, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides);

/// out[r, j] = where values[r, j] would be inserted in the ascending row sorted[r]: before
/// equals, or with `right` after them. sorted is [rows, n] or, with `shared`, one row [n] for all;
/// values and out are [rows, m]; all contiguous.
torus_status torus_search_sorted(
  bool right, torus_dtype dtype, const void *sorted, int64_t n, bool shared,
  const void *values, int64_t rows, int64_t m, int64_t *out);

/// The distinct values of the contiguous a[n] in ascending order, or with `consecutive` in their own,
/// equal neighbours once; returns how many. `out` has room for n. `inverse` [n] gives each element's
/// place in out, `counts` [n] how often each occurs; either may be null. NaNs are all distinct.
int64_t torus_unique(
  bool consecutive, torus_dtype dtype, int64_t n, const void *a, void *out, int64_t *inverse,
  int64_t *counts);

/// The distinct rows of the contiguous a[rows, width], in ascending order (elements compared from
/// the first on), or with `consecutive` in their own, equal neighbours once. Returns how many; their
/// places go to `first`, each row's place among them to `inverse`, and how often each occurs to
/// `counts`, all with room for `rows`. A row with a NaN equals none.
int64_t torus_unique_rows(
  bool consecutive, torus_dtype dtype, int64_t rows, int64_t width, const void *a, int64_t *first,
  int64_t *inverse, int64_t *counts);

// MARK: Counting

/// out[v] = how often v occurs in the contiguous index[n] (out: I64 [bins], written whole), or with
/// `weights` (F32 or F64, contiguous) the sum of their weights (out: the weights' type).
torus_status torus_bincount(
  const int64_t *index, int64_t n, int64_t bins, const void *weights, torus_dtype weights_dtype,
  void *out, int64_t *bad);

/// Histogram of the contiguous a[n] (F32 or F64) over `bins` equal bins of [low, high] into out
/// (the same type, written whole); low < high. Elements outside, and NaN, are left out; high
/// belongs to the last bin.
torus_status torus_histc(
  torus_dtype dtype, const void *a, int64_t n, int64_t bins, double low, double high, void *out);

#ifdef __cplusplus
}
#endif
