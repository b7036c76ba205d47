internal import CKernels

/// Norms. Statistics are in the wide type; weights and biases are of the input's dtype, and absent for
/// ones and zeros.
extension Kernel {
  /// What a norm's gradient reads.
  struct NormOperands {
    let x: Tensor
    let weight: Tensor?
    let mean: Tensor
    /// 1/√(variance + eps).
    let rstd: Tensor
  }

  /// Which gradients are wanted.
  struct NormGradients {
    var input = true
    let weight: Bool
    let bias: Bool
  }

  /// Layer norm over the last `columns` elements, with each row's mean and 1/√(variance + eps).
  static func layerNorm(
    _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, columns: Int, eps: Double
  ) -> (y: Tensor, mean: Tensor, rstd: Tensor) {
    let (x, gamma, beta) = (x.contiguous(), weight?.contiguous(), bias?.contiguous())
    let rows = columns == 0 ? 0 : x.count / columns
    let y = Tensor.uninitialized(x.shape, x.dtype)
    let (mean, rstd) = statistics([rows], x)
    checkLayer(
      torus_layer_norm(
        x.dtype.c, x.pointer, gamma?.pointer, beta?.pointer, y.pointer, mean.pointer,
        rstd.pointer, Int64(rows), Int64(columns), eps), "layer_norm", x.dtype)
    return (y, mean, rstd)
  }

  /// The gradients of ``layerNorm(_:_:_:columns:eps:)``; those of weight and bias in a shape.
  static func layerNormGradient(
    _ g: Tensor, _ operands: NormOperands, _ shape: [Int], _ wanted: NormGradients
  ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
    let (dy, x, gamma) = (g.contiguous(), operands.x.contiguous(), operands.weight?.contiguous())
    let columns = shape.reduce(1, *)
    let rows = columns == 0 ? 0 : x.count / columns
    // An element alone is always 0: its gradient is not left to rounding, which 1/√eps enlarges.
    let alone = columns == 1
    let blank = alone ? Tensor.zeros(x.shape, dtype: x.dtype) : nil
    let dx = wanted.input ? blank ?? Tensor.uninitialized(x.shape, x.dtype) : nil
    let dgamma = wanted.weight ? Tensor.uninitialized(shape, x.dtype) : nil
    let dbeta = wanted.bias ? Tensor.uninitialized(shape, x.dtype) : nil
    checkLayer(
      torus_layer_norm_backward(
        x.dtype.c, dy.pointer, x.pointer, gamma?.pointer, operands.mean.pointer,
        operands.rstd.pointer, alone ? nil : dx?.pointer, dgamma?.pointer, dbeta?.pointer,
        Int64(rows), Int64(columns)), "layer_norm", x.dtype)
    return (dx, dgamma, dbeta)
  }

  /// RMS norm over the last `columns` elements, with each row's 1/√(mean of squares + eps).
  static func rmsNorm(
    _ x: Tensor, _ weight: Tensor?, columns: Int, eps: Double
  ) -> (y: Tensor, rrms: Tensor) {
    let (x, gamma) = (x.contiguous(), weight?.contiguous())
    let rows = columns == 0 ? 0 : x.count / columns
    let y = Tensor.uninitialized(x.shape, x.dtype)
    let rrms = Tensor.uninitialized([rows], x.dtype.wide)
    if y.count == 0 { return (y, rrms) }
    checkLayer(
      torus_rms_norm(
        x.dtype.c, x.pointer, gamma?.pointer, y.pointer, rrms.pointer, Int64(rows),
        Int64(columns), eps), "rms_norm", x.dtype)
    return (y, rrms)
  }

  /// The gradients of ``rmsNorm(_:_:columns:eps:)``; that of the weight in a shape.
  static func rmsNormGradient(
    _ g: Tensor, _ x: Tensor, _ weight: Tensor?, _ rrms: Tensor, _ shape: [Int], input: Bool
  ) -> (input: Tensor?, weight: Tensor?) {
    let (dy, x, gamma) = (g.contiguous(), x.contiguous(), weight?.contiguous())
    let columns = shape.reduce(1, *)
    let dx = input ? Tensor.uninitialized(x.shape, x.dtype) : nil
    let dgamma = weight.map { _ in Tensor.uninitialized(shape, x.dtype) }
    checkLayer(
      torus_rms_norm_backward(
        x.dtype.c, dy.pointer, x.pointer, gamma?.pointer, rrms.pointer, dx?.pointer,
        dgamma?.pointer, Int64(x.count / columns), Int64(columns)), "rms_norm", x.dtype)
    return (dx, dgamma)
  }

  /// Norm over groups of channels, with each group's mean and 1/√(variance + eps).
  static func groupNorm(
    _ name: String, _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, groups: Int, eps: Double
  ) -> (y: Tensor, mean: Tensor, rstd: Tensor) {
    let (x, gamma, beta) = (x.contiguous(), weight?.contiguous(), bias?.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let y = Tensor.uninitialized(x.shape, x.dtype)
    let (mean, rstd) = statistics([x.shape[0], groups], x)
    if y.count == 0 { return (y, mean, rstd) }
    checkLayer(
      torus_group_norm(
        x.dtype.c, x.pointer, gamma?.pointer, beta?.pointer, y.pointer, mean.pointer,
        rstd.pointer, batch, channels, spatial, Int64(groups), eps), name, x.dtype)
    return (y, mean, rstd)
  }

  /// The gradients of ``groupNorm(_:_:_:_:groups:eps:)``.
  static func groupNormGradient(
    _ name: String, _ g: Tensor, _ operands: NormOperands, groups: Int, _ wanted: NormGradients
  ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
    let (dy, x, gamma) = (g.contiguous(), operands.x.contiguous(), operands.weight?.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let (dx, dgamma, dbeta) = channelGradients(x, wanted)
    checkLayer(
      torus_group_norm_backward(
        x.dtype.c, dy.pointer, x.pointer, gamma?.pointer, operands.mean.pointer,
        operands.rstd.pointer, dx?.pointer, dgamma?.pointer, dbeta?.pointer, batch, channels,
        spatial, Int64(groups)), name, x.dtype)
    return (dx, dgamma, dbeta)
  }

  /// Batch norm by the batch's own statistics: those too, the variance biased.
  static func batchNorm(
    _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, eps: Double
  ) -> (y: Tensor, mean: Tensor, rstd: Tensor, variance: Tensor) {
    let (x, gamma, beta) = (x.contiguous(), weight?.contiguous(), bias?.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let y = Tensor.uninitialized(x.shape, x.dtype)
    let (mean, rstd) = statistics([x.shape[1]], x)
    let variance = Tensor.uninitialized([x.shape[1]], x.dtype.wide)
    checkLayer(
      torus_batch_norm(
        x.dtype.c, x.pointer, gamma?.pointer, beta?.pointer, y.pointer, mean.pointer,
        variance.pointer, rstd.pointer, batch, channels, spatial, eps), "batch_norm", x.dtype)
    return (y, mean, rstd, variance)
  }

  /// Batch norm by statistics that are given.
  static func batchNorm(
    _ name: String, _ x: Tensor, _ weight: Tensor?, _ bias: Tensor?, mean: Tensor, rstd: Tensor
  ) -> Tensor {
    let (x, gamma, beta) = (x.contiguous(), weight?.contiguous(), bias?.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let y = Tensor.uninitialized(x.shape, x.dtype)
    if y.count == 0 { return y }
    checkLayer(
      torus_batch_norm_apply(
        x.dtype.c, x.pointer, gamma?.pointer, beta?.pointer, mean.pointer, rstd.pointer,
        y.pointer, batch, channels, spatial), name, x.dtype)
    return y
  }

  /// The gradients of batch norm, by the batch's own statistics where `training`.
  static func batchNormGradient(
    _ g: Tensor, _ operands: NormOperands, training: Bool, _ wanted: NormGradients
  ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
    let (dy, x, gamma) = (g.contiguous(), operands.x.contiguous(), operands.weight?.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let (dx, dgamma, dbeta) = channelGradients(x, wanted)
    checkLayer(
      torus_batch_norm_backward(
        x.dtype.c, dy.pointer, x.pointer, gamma?.pointer, operands.mean.pointer,
        operands.rstd.pointer, training, dx?.pointer, dgamma?.pointer, dbeta?.pointer, batch,
        channels, spatial), "batch_norm", x.dtype)
    return (dx, dgamma, dbeta)
  }

  /// Each channel's mean, and the sum of its squared distances from it.
  static func channelStatistics(_ x: Tensor) -> (mean: Tensor, squares: Tensor) {
    let x = x.bare.contiguous()
    let (batch, channels, spatial) = channelSizes(x)
    let (mean, squares) = statistics([x.shape[1]], x)
    checkLayer(
      torus_batch_norm_stats(
        x.dtype.c, x.pointer, mean.pointer, squares.pointer, batch, channels, spatial),
      "sync_batch_norm", x.dtype)
    return (mean, squares)
  }

  /// Each channel's Σg and Σg·(x - mean).
  static func channelSums(_ g: Tensor, _ x: Tensor, mean: Tensor) -> (g: Tensor, gx: Tensor) {
    let (dy, x) = (g.contiguous(), x.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let (first, second) = statistics([x.shape[1]], x)
    checkLayer(
      torus_batch_norm_reduce(
        x.dtype.c, dy.pointer, x.pointer, mean.pointer, first.pointer, second.pointer, batch,
        channels, spatial), "sync_batch_norm", x.dtype)
    return (first, second)
  }

  /// The input's gradient of batch norm from sums over `count` values of each channel, which need not
  /// all be here.
  static func batchNormInputGradient(
    _ g: Tensor, _ operands: NormOperands, sums: (g: Tensor, gx: Tensor), count: Double
  ) -> Tensor {
    let (dy, x, gamma) = (g.contiguous(), operands.x.contiguous(), operands.weight?.contiguous())
    let (batch, channels, spatial) = channelSizes(x)
    let dx = Tensor.uninitialized(x.shape, x.dtype)
    if dx.count == 0 { return dx }
    checkLayer(
      torus_batch_norm_input_gradient(
        x.dtype.c, dy.pointer, x.pointer, gamma?.pointer, operands.mean.pointer,
        operands.rstd.pointer, sums.g.pointer, sums.gx.pointer, count, dx.pointer, batch,
        channels, spatial), "sync_batch_norm", x.dtype)
    return dx
  }

  private static func statistics(_ shape: [Int], _ x: Tensor) -> (Tensor, Tensor) {
    (Tensor.uninitialized(shape, x.dtype.wide), Tensor.uninitialized(shape, x.dtype.wide))
  }

  private static func channelSizes(_ x: Tensor) -> (batch: Int64, channels: Int64, spatial: Int64) {
    (Int64(x.shape[0]), Int64(x.shape[1]), Int64(x.shape[2...].reduce(1, *)))
  }

  private static func channelGradients(
    _ x: Tensor, _ wanted: NormGradients
  ) -> (input: Tensor?, weight: Tensor?, bias: Tensor?) {
    (
      wanted.input ? Tensor.uninitialized(x.shape, x.dtype) : nil,
      wanted.weight ? Tensor.uninitialized([x.shape[1]], x.dtype) : nil,
      wanted.bias ? Tensor.uninitialized([x.shape[1]], x.dtype) : nil
    )
  }
}
