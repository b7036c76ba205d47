// The layers' kernels: softmax, losses, normalisation, convolution, pooling, attention and
// recurrent cells, forward and backward.
//
// Tensors are contiguous and row-major unless strides are given; sizes and strides are int64
// elements. `dtype` is F32, F64, BF16 or F16: half types are computed in F32 and rounded once on
// writing. Statistics (means, inverse deviations, log-sum-exps, losses) are float for F32, BF16
// and F16 and double for F64; the comments call that the *wide* type. Parameters such as gamma
// and bias are in `dtype`. Pointers marked "or NULL" may be absent. Work is spread over the pool
// of torus_core.h in blocks that do not depend on the number of threads, so neither do results.
// Functions return TORUS_OK, or TORUS_UNSUPPORTED for a dtype that they do not take.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- Softmax and losses ----------------------------------------------------------------------

/// y = softmax(x), or log softmax where `log` is set, over the middle of outer × dim × inner.
torus_status torus_softmax(torus_dtype dtype, bool log, const void *x, void *y, int64_t outer,
                      int64_t dim, int64_t inner);

/// The gradient from the result y and its gradient dy. dx may be dy.
torus_status torus_softmax_backward(torus_dtype dtype, bool log, const void *y, const void *dy, void *dx,
                               int64_t outer, int64_t dim, int64_t inner);

/// Cross-entropy of logits [outer, classes, inner] with int64 targets [outer, inner], in one
/// pass over the logits.
///
/// With S = label_smoothing, w = weight (or ones), lse = log Σⱼ exp xⱼ:
/// loss = (1 - S)·w[t]·(lse - x[t]) + S/classes · Σⱼ w[j]·(lse - x[j]), and 0 where the target is
/// `ignore_index`. `loss` and `lse` ([outer, inner], wide type) are written; lse is what backward
/// needs.
/// - Returns: -1 for a dtype it does not take; 0 for success; otherwise 1 + the index of the first target that is
///   neither a class nor `ignore_index`.
int64_t torus_cross_entropy(torus_dtype dtype, const void *logits, const int64_t *targets,
                            const void *weight, int64_t ignore_index, double label_smoothing,
                            int64_t outer, int64_t classes, int64_t inner, void *loss, void *lse);

/// The sum of w[target] over targets that count (the divisor of the mean), in double.
double torus_cross_entropy_total(torus_dtype dtype, const int64_t *targets, const void *weight,
                                 int64_t ignore_index, int64_t count);

/// dx = (softmax(x) - onehot)·w[t]·g, with the smoothing's part, in one pass. The gradient of
/// position i is scale · g[i · grad_step] (wide type): grad_step 0 for a reduced loss, 1 for one
/// of each position; `g` or NULL for ones.
torus_status torus_cross_entropy_backward(torus_dtype dtype, const void *logits, const int64_t *targets,
                                     const void *weight, int64_t ignore_index,
                                     double label_smoothing, int64_t outer, int64_t classes,
                                     int64_t inner, const void *lse, const void *g,
                                     int64_t grad_step, double scale, void *dx);

// ---- Normalisation ---------------------------------------------------------------------------

/// y = (x - mean)·rstd·gamma + beta over rows of `cols`; writes mean and rstd = 1/√(var + eps)
/// (wide, one a row; each or NULL). gamma, beta or NULL.
torus_status torus_layer_norm(torus_dtype dtype, const void *x, const void *gamma, const void *beta,
                         void *y, void *mean, void *rstd, int64_t rows, int64_t cols, double eps);

/// dx, dgamma, dbeta: each or NULL.
torus_status torus_layer_norm_backward(torus_dtype dtype, const void *dy, const void *x, const void *gamma,
                                  const void *mean, const void *rstd, void *dx, void *dgamma,
                                  void *dbeta, int64_t rows, int64_t cols);

/// y = x·rrms·gamma with rrms = 1/√(mean(x²) + eps) (wide, one a row, or NULL).
torus_status torus_rms_norm(torus_dtype dtype, const void *x, const void *gamma, void *y, void *rrms,
                       int64_t rows, int64_t cols, double eps);
torus_status torus_rms_norm_backward(torus_dtype dtype, const void *dy, const void *x, const void *gamma,
                                const void *rrms, void *dx, void *dgamma, int64_t rows,
                                int64_t cols);

/// Batch norm in training over x [n, channels, spatial]: writes y and, for each channel (wide),
/// mean, the biased variance and invstd = 1/√(var + eps). gamma, beta, variance or NULL.
torus_status torus_batch_norm(torus_dtype dtype, const void *x, const void *gamma, const void *beta,
                         void *y, void *mean, void *variance, void *invstd, int64_t n,
                         int64_t channels, int64_t spatial, double eps);

/// Its gradients; dx, dgamma, dbeta (in `dtype`) or NULL. Where `training` is 0, mean and invstd
/// are constants and dx = dy·gamma·invstd.
torus_status torus_batch_norm_backward(torus_dtype dtype, const void *dy, const void *x, const void *gamma,
                                  const void *mean, const void *invstd, bool training, void *dx,
                                  void *dgamma, void *dbeta, int64_t n, int64_t channels,
                                  int64_t spatial);

// Its four parts, for statistics that are shared between workers.

/// Mean and Σ(x - mean)² of each channel (wide).
torus_status torus_batch_norm_stats(torus_dtype dtype, const void *x, void *mean, void *m2, int64_t n,
                               int64_t channels, int64_t spatial);

/// y = (x - mean)·invstd·gamma + beta. Also inference.
torus_status torus_batch_norm_apply(torus_dtype dtype, const void *x, const void *gamma, const void *beta,
                               const void *mean, const void *invstd, void *y, int64_t n,
                               int64_t channels, int64_t spatial);

/// Σ dy and Σ dy·(x - mean) of each channel (wide).
torus_status torus_batch_norm_reduce(torus_dtype dtype, const void *dy, const void *x, const void *mean,
                                void *sum_dy, void *sum_dy_xmu, int64_t n, int64_t channels,
                                int64_t spatial);

/// dx = (dy - sum_dy/count - (x - mean)·invstd²·sum_dy_xmu/count)·invstd·gamma, with sums over
/// `count` elements (of all workers).
torus_status torus_batch_norm_input_gradient(torus_dtype dtype, const void *dy, const void *x,
                                        const void *gamma, const void *mean, const void *invstd,
                                        const void *sum_dy, const void *sum_dy_xmu, double count,
                                        void *dx, int64_t n, int64_t channels, int64_t spatial);

/// Group norm over x [n, channels, spatial], `groups` dividing channels; mean and rstd of
/// [n, groups] (wide). Instance norm is groups = channels.
torus_status torus_group_norm(torus_dtype dtype, const void *x, const void *gamma, const void *beta,
                         void *y, void *mean, void *rstd, int64_t n, int64_t channels,
                         int64_t spatial, int64_t groups, double eps);
torus_status torus_group_norm_backward(torus_dtype dtype, const void *dy, const void *x, const void *gamma,
                                  const void *mean, const void *rstd, void *dx, void *dgamma,
                                  void *dbeta, int64_t n, int64_t channels, int64_t spatial,
                                  int64_t groups);

// ---- Convolution -----------------------------------------------------------------------------

/// The shape of a convolution in up to three spatial dimensions; a missing dimension (depth in
/// 2-D, depth and height in 1-D) has size, kernel, stride and dilation 1 and padding 0.
///
/// x is [batch, in_channels, depth, height, width], w [out_channels, in_channels/groups, kernel…],
/// y [batch, out_channels, out…]. Padding is that at the start; the padding at the end follows
/// from the output's size, so it may differ.
typedef struct torus_conv {
  int64_t batch, in_channels, out_channels, groups;
  int64_t in_depth, in_height, in_width;
  int64_t out_depth, out_height, out_width;
  int64_t kernel_depth, kernel_height, kernel_width;
  int64_t stride_depth, stride_height, stride_width;
  int64_t pad_depth, pad_height, pad_width;
  int64_t dilation_depth, dilation_height, dilation_width;
} torus_conv;

/// (in + 2·pad - dilation·(kernel - 1) - 1) / stride + 1, rounded down.
int64_t torus_conv_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation);

/// y = x ⋆ w + bias (bias or NULL).
torus_status torus_conv_forward(torus_dtype dtype, const torus_conv *shape, const void *x, const void *w,
                           const void *bias, void *y);

/// dx from dy. Also the forward of a transposed convolution, whose x plays dy here (bias added
/// apart, with torus_add_channel_bias).
torus_status torus_conv_backward_input(torus_dtype dtype, const torus_conv *shape, const void *dy,
                                  const void *w, void *dx);

/// dw from dy and x, and dbias (or NULL).
torus_status torus_conv_backward_weight(torus_dtype dtype, const torus_conv *shape, const void *dy,
                                   const void *x, void *dw, void *dbias);

/// y[n, c, s] = x[n, c, s] + bias[c]. y may be x.
torus_status torus_add_channel_bias(torus_dtype dtype, const void *x, const void *bias, void *y, int64_t n,
                               int64_t channels, int64_t spatial);

/// dbias[c] = Σ dy[n, c, s].
torus_status torus_channel_sums(torus_dtype dtype, const void *dy, void *sums, int64_t n, int64_t channels,
                           int64_t spatial);

/// columns[c·kernel… , out…] of one image x [in_channels, in…] (unfold), and its adjoint, which
/// adds overlapping columns into x (fold; x is zeroed first). batch and groups are not read.
torus_status torus_im2col(torus_dtype dtype, const torus_conv *shape, const void *x, void *columns);
torus_status torus_col2im(torus_dtype dtype, const torus_conv *shape, const void *columns, void *x);

// ---- Pooling ---------------------------------------------------------------------------------

/// The shape of a pooling over `planes` (batch · channels) of up to three spatial dimensions; a
/// missing dimension has sizes, kernel, stride and dilation 1 and padding 0. Output sizes are
/// given (see torus_pool_out).
typedef struct torus_pool {
  int64_t planes;
  int64_t in_depth, in_height, in_width;
  int64_t out_depth, out_height, out_width;
  int64_t kernel_depth, kernel_height, kernel_width;
  int64_t stride_depth, stride_height, stride_width;
  int64_t pad_depth, pad_height, pad_width;
  int64_t dilation_depth, dilation_height, dilation_width;
} torus_pool;

/// Output size by PyTorch's rule: with `ceil_mode` rounded up, but no window starts in the
/// padding at the end.
int64_t torus_pool_out(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                       bool ceil_mode);

/// Maxima and, in `indices` (or NULL), where they lie in their input plane. nan wins.
torus_status torus_max_pool(torus_dtype dtype, const torus_pool *shape, const void *x, void *y,
                       int64_t *indices);

/// dx from dy by indices, for max and adaptive max pooling (dx is zeroed first).
torus_status torus_max_pool_backward(torus_dtype dtype, int64_t planes, int64_t in_size, int64_t out_size,
                                const int64_t *indices, const void *dy, void *dx);

/// Means over windows: divided by `divisor` where it is not 0, else by the window's size, which
/// counts padding where `count_include_pad` is set.
torus_status torus_avg_pool(torus_dtype dtype, const torus_pool *shape, bool count_include_pad,
                       int64_t divisor, const void *x, void *y);
torus_status torus_avg_pool_backward(torus_dtype dtype, const torus_pool *shape, bool count_include_pad,
                                int64_t divisor, const void *dy, void *dx);

/// Adaptive pooling: window i of a dimension is [⌊i·in/out⌋, ⌈(i + 1)·in/out⌉). Only planes and
/// the sizes of `shape` are read.
torus_status torus_adaptive_avg_pool(torus_dtype dtype, const torus_pool *shape, const void *x, void *y);
torus_status torus_adaptive_avg_pool_backward(torus_dtype dtype, const torus_pool *shape, const void *dy,
                                         void *dx);
torus_status torus_adaptive_max_pool(torus_dtype dtype, const torus_pool *shape, const void *x, void *y,
                                int64_t *indices);

// ---- Attention -------------------------------------------------------------------------------

/// The shape of softmax(Q Kᵀ · scale + mask) V.
///
/// q and the output are [batch, heads, queries, dim or value_dim], k and v
/// [batch, kv_heads, keys, …], where kv_heads divides heads and query head h reads kv head
/// h / (heads / kv_heads). Each is addressed by its strides (batch, head, time); the last
/// dimension is contiguous, so the parts of a packed projection need no copy.
typedef struct torus_attention {
  int64_t batch, heads, kv_heads, queries, keys, dim, value_dim;
  int64_t q_batch, q_head, q_time;
  int64_t k_batch, k_head, k_time;
  int64_t v_batch, v_head, v_time;
  int64_t out_batch, out_head, out_time;
  /// Strides of the additive mask over (batch, head, query, key), 0 where it is broadcast.
  int64_t mask_batch, mask_head, mask_query, mask_key;
  double scale;
  /// Hides keys j > i from query i (PyTorch's upper-left alignment).
  bool causal;
} torus_attention;

/// out = softmax(q kᵀ·scale + mask) v, and lse [batch, heads, queries] (wide, contiguous, or NULL
/// where no gradient is needed). `mask` is in the wide type, or NULL. A row that may see no key
/// gives zeros.
torus_status torus_attention_forward(torus_dtype dtype, const torus_attention *shape, const void *q,
                                const void *k, const void *v, const void *mask, void *out,
                                void *lse);

/// dq, dk, dv from dout (strides as out). dq has the strides of q in `grads`, and dk, dv those of
/// k, v there; its other fields are not read. Heads that share a kv head are summed. `dmask`, or
/// NULL, receives the gradient of the scores [batch, heads, queries, keys] (wide, contiguous).
torus_status torus_attention_backward(torus_dtype dtype, const torus_attention *shape,
                                 const torus_attention *grads, const void *q, const void *k,
                                 const void *v, const void *mask, const void *out,
                                 const void *lse, const void *dout, void *dq, void *dk, void *dv,
                                 void *dmask);

// ---- Recurrent cells -------------------------------------------------------------------------

/// One LSTM step. `gates` [n, 4·hidden] holds the sums of both projections and biases in the
/// order input, forget, cell, output, and becomes their activations, which backward reads.
/// c = f·c_prev + i·g;  h = o·tanh c. c may be c_prev.
torus_status torus_lstm_cell(torus_dtype dtype, void *gates, const void *c_prev, void *h, void *c,
                        int64_t n, int64_t hidden);

/// dgates [n, 4·hidden] (may be gates) and dc_prev (may be dc) from dh and dc (each or NULL: zero).
torus_status torus_lstm_cell_backward(torus_dtype dtype, const void *gates, const void *c_prev,
                                 const void *c, const void *dh, const void *dc, void *dgates,
                                 void *dc_prev, int64_t n, int64_t hidden);

/// One GRU step. `gx` and `gh` [n, 3·hidden] hold the input's and the state's projections with
/// their biases in the order reset, update, new. r = σ(gx+gh), z = σ(gx+gh),
/// c = tanh(gx + r·gh), h = (1 - z)·c + z·h_prev. `saved` [n, 4·hidden] (or NULL) keeps
/// r, z, c and gh's new part for backward.
torus_status torus_gru_cell(torus_dtype dtype, const void *gx, const void *gh, const void *h_prev, void *h,
                       void *saved, int64_t n, int64_t hidden);

/// dgx, dgh [n, 3·hidden] and the direct part of dh_prev, dh·z.
torus_status torus_gru_cell_backward(torus_dtype dtype, const void *saved, const void *h_prev,
                                const void *dh, void *dgx, void *dgh, void *dh_prev, int64_t n,
                                int64_t hidden);

// ---- Bias ------------------------------------------------------------------------------------

/// y[r, c] = x[r, c] + bias[c]. y may be x.
torus_status torus_add_row_bias(torus_dtype dtype, const void *x, const void *bias, void *y, int64_t rows,
                           int64_t cols);

#ifdef __cplusplus
}
#endif
