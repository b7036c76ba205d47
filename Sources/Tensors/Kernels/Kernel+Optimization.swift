internal import CKernels

/// What optimizers do to the memory of parameters and gradients. Tensors are contiguous; those that are
/// written become a new version.
extension Kernel {
  /// One step of gradient descent.
  /// - Parameters:
  ///   - buffer: The momentum's memory, which starts as the gradient where `isFirst`.
  package static func sgd(
    _ p: Tensor, _ gradient: Tensor, buffer: Tensor?, isFirst: Bool, lr: Double, momentum: Double,
    dampening: Double, weightDecay: Double, nesterov: Bool, maximize: Bool
  ) {
    var options = torus_sgd_options(
      lr: lr, momentum: momentum, dampening: dampening, weight_decay: weightDecay,
      nesterov: nesterov, maximize: maximize, first: isFirst)
    write("SGD", p) {
      torus_sgd_step($0, $1, gradient.pointer, buffer?.pointer, $2, &options)
    }
  }

  /// One step of Adam, the `step`-th.
  /// - Parameter largest: AMSGrad's running maximum.
  package static func adam(
    _ p: Tensor, _ gradient: Tensor, mean: Tensor, square: Tensor, largest: Tensor?, step: Int,
    lr: Double, betas: (Double, Double), eps: Double, weightDecay: Double, isDecoupled: Bool,
    maximize: Bool
  ) {
    var options = torus_adam_options(
      lr: lr, beta1: betas.0, beta2: betas.1, eps: eps, weight_decay: weightDecay,
      decoupled: isDecoupled, maximize: maximize, step: Int64(step))
    write("Adam", p) {
      torus_adam_step(
        $0, $1, gradient.pointer, mean.pointer, square.pointer, largest?.pointer, $2, &options)
    }
  }

  /// One step of Adagrad, the `step`-th.
  package static func adagrad(
    _ p: Tensor, _ gradient: Tensor, sum: Tensor, step: Int, lr: Double, lrDecay: Double,
    eps: Double, weightDecay: Double, maximize: Bool
  ) {
    var options = torus_adagrad_options(
      lr: lr, lr_decay: lrDecay, eps: eps, weight_decay: weightDecay, maximize: maximize,
      step: Int64(step))
    write("Adagrad", p) {
      torus_adagrad_step($0, $1, gradient.pointer, sum.pointer, $2, &options)
    }
  }

  /// One step of RMSprop.
  /// - Parameters:
  ///   - average: The gradients' mean, where they are centered.
  ///   - buffer: The momentum's memory, where there is one.
  package static func rmsprop(
    _ p: Tensor, _ gradient: Tensor, square: Tensor, average: Tensor?, buffer: Tensor?, lr: Double,
    alpha: Double, eps: Double, weightDecay: Double, momentum: Double, maximize: Bool
  ) {
    var options = torus_rmsprop_options(
      lr: lr, alpha: alpha, eps: eps, weight_decay: weightDecay, momentum: momentum,
      maximize: maximize)
    write("RMSprop", p) {
      torus_rmsprop_step(
        $0, $1, gradient.pointer, square.pointer, average?.pointer, buffer?.pointer, $2, &options)
    }
  }

  /// average ← average + (x - average) · weight; both are of one dtype.
  package static func blend(_ average: Tensor, towards x: Tensor, _ weight: Double) {
    write("AveragedModel", average) { torus_lerp($0, $1, x.pointer, $2, weight) }
  }

  /// x ← x · factor.
  package static func scale(_ x: Tensor, by factor: Double) {
    write("scale", x) { torus_scale($0, $1, $2, factor) }
  }

  /// x ← x · factor, and whether any element of x was infinite or nan.
  package static func scaleFindingNonfinite(_ x: Tensor, by factor: Double) -> Bool {
    x.storage.version &+= 1
    return torus_scale_check(x.dtype.c, x.pointer, Int64(x.count), factor)
  }

  /// Σx².
  package static func sumOfSquares(_ x: Tensor) -> Double {
    torus_sum_squares(x.dtype.c, x.pointer, Int64(x.count))
  }

  /// Σ|x|.
  package static func sumOfSizes(_ x: Tensor) -> Double {
    torus_sum_abs(x.dtype.c, x.pointer, Int64(x.count))
  }

  /// The largest |x|; nan where an element is.
  package static func largestSize(_ x: Tensor) -> Double {
    torus_max_abs(x.dtype.c, x.pointer, Int64(x.count))
  }

  /// Runs a kernel that writes a tensor's memory, and says so to the graph.
  private static func write(
    _ name: String, _ target: Tensor,
    _ kernel: (torus_dtype, UnsafeMutableRawPointer, Int64) -> torus_status
  ) {
    target.storage.version &+= 1
    let status = kernel(target.dtype.c, target.pointer, Int64(target.count))
    require(status == TORUS_OK, name, "not defined for \(target.dtype)")
  }
}
