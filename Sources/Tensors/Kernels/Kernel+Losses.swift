internal import CKernels

/// Softmax and the losses that are computed with it.
extension Kernel {
  /// softmax, or its logarithm, along a dimension.
  static func softmax(_ x: Tensor, dim: Int, isLog: Bool) -> Tensor {
    let x = x.contiguous()
    let y = Tensor.uninitialized(x.shape, x.dtype)
    let (outer, size, inner) = x.split(around: dim)
    checkLayer(
      torus_softmax(x.dtype.c, isLog, x.pointer, y.pointer, outer, size, inner),
      isLog ? "log_softmax" : "softmax", x.dtype)
    return y
  }

  /// The gradient of ``softmax(_:dim:isLog:)`` from its result.
  static func softmaxGradient(_ g: Tensor, _ y: Tensor, dim: Int, isLog: Bool) -> Tensor {
    let (dy, y) = (g.contiguous(), y.contiguous())
    let dx = Tensor.uninitialized(y.shape, y.dtype)
    let (outer, size, inner) = y.split(around: dim)
    checkLayer(
      torus_softmax_backward(
        y.dtype.c, isLog, y.pointer, dy.pointer, dx.pointer, outer, size, inner),
      isLog ? "log_softmax" : "softmax", y.dtype)
    return dx
  }

  /// What a cross-entropy was told.
  struct CrossEntropyOptions {
    let classDim: Int
    let ignoreIndex: Int
    let labelSmoothing: Double
  }

  /// The loss of every position and its log-sum-exp, in the wide type. Targets are `int64`.
  static func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?, _ options: CrossEntropyOptions
  ) -> (losses: Tensor, lse: Tensor) {
    let (x, t, weight) = (logits.contiguous(), targets.contiguous(), weight?.contiguous())
    let (outer, classes, inner) = x.split(around: options.classDim)
    let losses = Tensor.uninitialized(t.shape, x.dtype.wide)
    let lse = Tensor.uninitialized(t.shape, x.dtype.wide)
    let status = torus_cross_entropy(
      x.dtype.c, x.pointer, t.int64s, weight?.pointer, Int64(options.ignoreIndex),
      options.labelSmoothing, outer, classes, inner, losses.pointer, lse.pointer)
    require(status >= 0, "cross_entropy", "not defined for \(x.dtype)")
    if status > 0 {
      fail(
        "cross_entropy",
        "target \(t.int64s[Int(status - 1)]) at position \(status - 1) is neither a class (0 to \(classes - 1)) nor the ignored index \(options.ignoreIndex)"
      )
    }
    return (losses, lse)
  }

  /// The sum of the weights of the targets that count; the weights are of `dtype`.
  static func crossEntropyTotal(
    _ targets: Tensor, _ weight: Tensor?, _ dtype: DType, ignoreIndex: Int
  ) -> Double {
    let (t, weight) = (targets.contiguous(), weight?.contiguous())
    return torus_cross_entropy_total(
      dtype.c, t.int64s, weight?.pointer, Int64(ignoreIndex), Int64(t.count))
  }

  /// The logits' gradient, `scale` times as large: from one for every position, or one for all.
  static func crossEntropyGradient(
    _ g: Tensor, _ logits: Tensor, _ targets: Tensor, _ weight: Tensor?, lse: Tensor,
    _ options: CrossEntropyOptions, isOneEach: Bool, scale: Double
  ) -> Tensor {
    let (x, t, weight) = (logits.contiguous(), targets.contiguous(), weight?.contiguous())
    let (outer, classes, inner) = x.split(around: options.classDim)
    let dx = Tensor.uninitialized(x.shape, x.dtype)
    let wide = g.to(x.dtype.wide).contiguous()
    checkLayer(
      torus_cross_entropy_backward(
        x.dtype.c, x.pointer, t.int64s, weight?.pointer, Int64(options.ignoreIndex),
        options.labelSmoothing, outer, classes, inner, lse.pointer, wide.pointer,
        isOneEach ? 1 : 0, scale, dx.pointer), "cross_entropy", x.dtype)
    return dx
  }
}
