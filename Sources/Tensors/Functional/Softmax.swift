import CKernels

extension Tensor {
  /// exp(xᵢ) / Σⱼ exp(xⱼ) along a dimension (`torch.softmax`).
  public func softmax(dim: Int, dtype: DType? = nil) -> Tensor {
    normalizedExponential("softmax", dim, dtype) { g, y, dim in
      let product = g * y
      return product - y * product.sum(dim: dim, keepDim: true)
    }
  }

  /// log(exp(xᵢ) / Σⱼ exp(xⱼ)) along a dimension, computed stably (`torch.log_softmax`).
  public func logSoftmax(dim: Int, dtype: DType? = nil) -> Tensor {
    normalizedExponential("log_softmax", dim, dtype) { g, y, dim in
      g - y.exp() * g.sum(dim: dim, keepDim: true)
    }
  }

  private func normalizedExponential(
    _ name: String, _ dim: Int, _ dtype: DType?,
    _ formula: @escaping (_ g: Tensor, _ y: Tensor, _ dim: Int) -> Tensor
  ) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    require(
      source.dtype.isFloatingPoint, name, "needs a floating-point tensor, not \(self.dtype)")
    let dim = normalized(dim: dim, name)
    let log = name == "log_softmax"
    return Tensor.apply(name, [source], attributes: ["dim": .int(dim)], saving: .output) { inputs in
      let x = inputs[0].contiguous()
      let y = Tensor.uninitialized(x.shape, x.dtype)
      let (outer, size, inner) = x.split(around: dim)
      checkLayer(
        torus_softmax(x.dtype.c, log, x.pointer, y.pointer, outer, size, inner), name, x.dtype)
      return y
    } gradient: { g, node in
      let y = node.output()
      if isGradEnabled { return [formula(g, y, dim)] }
      let dy = g.contiguous()
      let dx = Tensor.uninitialized(y.shape, y.dtype)
      let (outer, size, inner) = y.split(around: dim)
      checkLayer(
        torus_softmax_backward(
          y.dtype.c, log, y.pointer, dy.pointer, dx.pointer, outer, size, inner), name, y.dtype)
      return [dx]
    }
  }

  /// The sizes before, of and after a dimension, as kernels over a middle dimension take them.
  func split(around dim: Int) -> (outer: Int64, size: Int64, inner: Int64) {
    if rank == 0 { return (1, 1, 1) }
    return (
      Int64(shape[..<dim].reduce(1, *)), Int64(shape[dim]), Int64(shape[(dim + 1)...].reduce(1, *))
    )
  }
}
