extension F {
  /// x / (k + α · mean of x² over neighbouring channels)^β (`local_response_norm`; Krizhevsky et al.
  /// 2012).
  /// - Parameters:
  ///   - x: `[N, C, …]`.
  ///   - size: How many channels count as neighbours; beyond the edges they are zero.
  ///   - alpha: α: how strongly the neighbours count.
  ///   - beta: β: the exponent.
  ///   - k: What is added to their weighted mean.
  public static func localResponseNorm(
    _ x: Tensor, size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1
  ) -> Tensor {
    let name = "local_response_norm"
    require(x.rank >= 3, name, "an input of [N, C, …] is expected, not \(x.shape)")
    require(size > 0, name, "the number of neighbours must be positive, not \(size)")
    if x.count == 0 { return x }
    let squares = x.square()
    // Neighbours as one more pooling dimension: [N, 1, C, rest].
    let rows = squares.reshaped([x.shape[0], 1, x.shape[1], x.shape[2...].reduce(1, *)])
    let padded = pad(rows, [0, 0, size / 2, (size - 1) / 2])
    let means = avgPool2d(padded, [size, 1], stride: [1]).reshaped(x.shape)
    return x / (means * alpha + k).pow(beta)
  }

  /// x / max(‖x‖ₚ, eps) along a dimension (`torch.nn.functional.normalize`).
  public static func normalize(
    _ x: Tensor, p: Double = 2, dim: Int = 1, eps: Double = 1e-12
  ) -> Tensor {
    let norm = vectorNorm(x, p, dim, keepDim: true)
    return x / norm.maximum(Tensor.full([], eps, dtype: x.dtype))
  }
}
