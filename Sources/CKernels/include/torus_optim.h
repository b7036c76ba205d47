// Optimizer steps, in place over one parameter of n contiguous elements.
//
// The order of float operations is that of PyTorch's single-tensor implementations, so that a
// trajectory agrees with PyTorch's to the last digits. `dtype` (F32, F64, BF16 or F16) is that of
// the parameter, its gradient and its state alike; half types are computed in F32. Gradients are
// read only. Any other dtype gives TORUS_UNSUPPORTED.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct torus_sgd_options {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
  /// Set at the first step with momentum: the buffer starts as the gradient itself.
  bool first;
} torus_sgd_options;

/// g ← ±grad + weight_decay·p;  b ← momentum·b + (1 - dampening)·g;
/// p ← p - lr·(nesterov ? g + momentum·b : b). `buffer` may be NULL where momentum is 0.
torus_status torus_sgd_step(torus_dtype dtype, void *p, const void *grad, void *buffer, int64_t n,
                       const torus_sgd_options *options);

typedef struct torus_adam_options {
  double lr, beta1, beta2, eps, weight_decay;
  /// Takes weight_decay off the parameter itself (AdamW) and not through the gradient.
  bool decoupled;
  bool maximize;
  /// Steps made so far, this one included: 1 at the first.
  int64_t step;
} torus_adam_options;

/// m ← m + (g - m)(1 - beta1);  v ← beta2·v + (1 - beta2)·g²;
/// p ← p - lr/(1 - beta1ᵗ) · m / (√v / √(1 - beta2ᵗ) + eps). `max_square` holds the running
/// maximum of v that takes its place under AMSGrad; NULL otherwise.
torus_status torus_adam_step(torus_dtype dtype, void *p, const void *grad, void *mean, void *square,
                        void *max_square, int64_t n, const torus_adam_options *options);

typedef struct torus_adagrad_options {
  double lr, lr_decay, eps, weight_decay;
  bool maximize;
  int64_t step;
} torus_adagrad_options;

/// s ← s + g²;  p ← p - lr/(1 + (t - 1)·lr_decay) · g / (√s + eps).
torus_status torus_adagrad_step(torus_dtype dtype, void *p, const void *grad, void *sum, int64_t n,
                           const torus_adagrad_options *options);

typedef struct torus_rmsprop_options {
  double lr, alpha, eps, weight_decay, momentum;
  bool maximize;
} torus_rmsprop_options;

/// s ← alpha·s + (1 - alpha)·g²;  d = √s + eps, or √(s - a²) + eps where `average` (a running
/// mean of g: centered) is given;  with momentum b ← momentum·b + g/d, p ← p - lr·b; without it
/// p ← p - lr·g/d. `average` and `buffer` may be NULL.
torus_status torus_rmsprop_step(torus_dtype dtype, void *p, const void *grad, void *square, void *average,
                           void *buffer, int64_t n, const torus_rmsprop_options *options);

// Norms over gradients.

/// Σ x². F32 blocks are summed in F32 lanes and across blocks in double; the result does not
/// depend on the number of threads.
double torus_sum_squares(torus_dtype dtype, const void *x, int64_t n);

/// Σ |x| and max |x| (nan where an element is nan).
double torus_sum_abs(torus_dtype dtype, const void *x, int64_t n);
double torus_max_abs(torus_dtype dtype, const void *x, int64_t n);

/// x ← x · factor.
torus_status torus_scale(torus_dtype dtype, void *x, int64_t n, double factor);

/// x ← x · factor, telling whether any element of x was infinite or nan: the gradient
/// scaler's unscale.
bool torus_scale_check(torus_dtype dtype, void *x, int64_t n, double factor);

/// Whether any element is infinite or nan.
bool torus_has_nonfinite(torus_dtype dtype, const void *x, int64_t n);

/// average ← average + (x - average)·weight: moving averages of weights.
torus_status torus_lerp(torus_dtype dtype, void *average, const void *x, int64_t n, double weight);

#ifdef __cplusplus
}
#endif
