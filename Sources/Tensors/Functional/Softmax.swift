extension Tensor {
  /// exp(xᵢ) / Σⱼ exp(xⱼ) along a dimension (`torch.softmax`).
  public func softmax(dim: Int, dtype: DType? = nil) -> Tensor {
    normalizedExponential(isLog: false, dim, dtype)
  }

  /// log(exp(xᵢ) / Σⱼ exp(xⱼ)) along a dimension, computed stably (`torch.log_softmax`).
  public func logSoftmax(dim: Int, dtype: DType? = nil) -> Tensor {
    normalizedExponential(isLog: true, dim, dtype)
  }

  private func normalizedExponential(isLog: Bool, _ dim: Int, _ dtype: DType?) -> Tensor {
    let name = isLog ? "log_softmax" : "softmax"
    let source = dtype.map { to($0) } ?? self
    require(
      source.dtype.isFloatingPoint, name, "needs a floating-point tensor, not \(self.dtype)")
    return Tensor.record(
      NormalizedExponential(isLog: isLog, dim: normalized(dim: dim, name)), [source])
  }

  /// The sizes before, of and after a dimension, as kernels over a middle dimension take them.
  func split(around dim: Int) -> (outer: Int64, size: Int64, inner: Int64) {
    if rank == 0 { return (1, 1, 1) }
    return (
      Int64(shape[..<dim].reduce(1, *)), Int64(shape[dim]), Int64(shape[(dim + 1)...].reduce(1, *))
    )
  }
}

/// softmax or its logarithm along a dimension.
private struct NormalizedExponential: TensorOperation {
  let isLog: Bool
  let dim: Int
  var precision: PrecisionClass { .full }
  var name: String { isLog ? "log_softmax" : "softmax" }
  var attributes: [String: Attribute] { ["dim": .int(dim)] }
  var saving: Saving { .output }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.softmax(inputs[0], dim: dim, isLog: isLog)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let y = node.output()
    if isGradEnabled { return [formula(g, y)] }
    return [Kernel.softmaxGradient(g, y, dim: dim, isLog: isLog)]
  }

  private func formula(_ g: Tensor, _ y: Tensor) -> Tensor {
    if isLog { return g - y.exp() * g.sum(dim: dim, keepDim: true) }
    let product = g * y
    return product - y * product.sum(dim: dim, keepDim: true)
  }
}
