/// Running reductions along a dimension.
///
/// Each runs from either end: the gradient of a running sum is the running sum of the gradient from
/// the other one.
extension Tensor {
  /// The sum of each element and those before it (`torch.cumsum`). Integers and bools add up in
  /// `int64`.
  public func cumsum(dim: Int, dtype: DType? = nil) -> Tensor {
    (dtype.map { to($0) } ?? to(self.dtype.accumulated)).cumsum(dim: dim, reverse: false)
  }

  /// The product of each element and those before it (`torch.cumprod`). Integers and bools multiply
  /// in `int64`.
  public func cumprod(dim: Int, dtype: DType? = nil) -> Tensor {
    (dtype.map { to($0) } ?? to(self.dtype.accumulated)).cumprod(dim: dim, reverse: false)
  }

  /// log Σ exp(x) over each element and those before it, stable (`torch.logcumsumexp`).
  public func logCumSumExp(dim: Int) -> Tensor {
    require(dtype.isFloatingPoint, "logcumsumexp", "needs a floating-point tensor, not \(dtype)")
    return logCumSumExp(dim: dim, reverse: false)
  }

  /// The largest element so far, the last of equals, and where it is (`torch.cummax`).
  public func cummax(dim: Int) -> (values: Tensor, indices: Tensor) {
    runningExtremum(isLargest: true, dim)
  }

  /// The smallest element so far, the last of equals, and where it is (`torch.cummin`).
  public func cummin(dim: Int) -> (values: Tensor, indices: Tensor) {
    runningExtremum(isLargest: false, dim)
  }

  func cumsum(dim: Int, reverse: Bool) -> Tensor {
    Tensor.record(
      CumulativeSum(dim: normalized(dim: dim, "cumsum"), isReverse: reverse), [self])
  }

  func cumprod(dim: Int, reverse: Bool) -> Tensor {
    Tensor.record(
      CumulativeProduct(dim: normalized(dim: dim, "cumprod"), isReverse: reverse), [self])
  }

  func logCumSumExp(dim: Int, reverse: Bool) -> Tensor {
    Tensor.record(
      CumulativeLogSumExp(dim: normalized(dim: dim, "logcumsumexp"), isReverse: reverse), [self])
  }

  private func runningExtremum(isLargest: Bool, _ dim: Int) -> (values: Tensor, indices: Tensor) {
    let dim = normalized(dim: dim, isLargest ? "cummax" : "cummin")
    let results = Tensor.record(RunningExtremum(dim: dim, isLargest: isLargest), [self])
    return (results[0], results[1])
  }

  /// ∂/∂xₖ Σⱼ gⱼ Πᵢ≤ⱼ xᵢ = Σⱼ≥ₖ gⱼ Πᵢ≤ⱼ,ᵢ≠ₖ xᵢ, place by place.
  ///
  /// - Complexity: O(n²) for n places.
  fileprivate func cumprodGradient(_ g: Tensor, _ dim: Int, reverse: Bool) -> Tensor {
    let size = shape[dim]
    let places: [Tensor] = (0..<size).map { k in
      // `others` come before place k on the way of the product, `rest` after.
      let (first, after) = reverse ? (k + 1, 0) : (0, k + 1)
      let othersCount = reverse ? size - 1 - k : k
      let others = narrowed(dim: dim, start: first, length: othersCount)
        .prod(dim: dim, keepDim: true)
      let rest = narrowed(dim: dim, start: after, length: size - 1 - othersCount)
      let through = others * rest.cumprod(dim: dim, reverse: reverse)
      let own = g.narrowed(dim: dim, start: k, length: 1) * others
      let later = g.narrowed(dim: dim, start: after, length: size - 1 - othersCount) * through
      return own + later.sum(dim: dim, keepDim: true)
    }
    return Tensor.cat(places, dim: dim)
  }

  /// ∂/∂xᵢ = Σⱼ gⱼ exp(xᵢ - yⱼ) over the results j that xᵢ went into, pair by pair: the form that has
  /// derivatives of its own where gradients are 0.
  ///
  /// - Complexity: O(n²) for n places.
  fileprivate func logCumSumExpGradient(
    _ g: Tensor, _ y: Tensor, dim: Int, reverse: Bool
  ) -> Tensor {
    if rank == 0 { return g }
    let size = shape[dim]
    let from = Tensor.arange(size).unsqueezed(1)
    let to = Tensor.arange(size).unsqueezed(0)
    let reaches = reverse ? from.ge(to) : from.le(to)
    let distance = transposed(dim, -1).unsqueezed(-1) - y.transposed(dim, -1).unsqueezed(-2)
    let share = Tensor.where(reaches, distance, -Double.infinity).exp()
    return (share * g.transposed(dim, -1).unsqueezed(-2)).sum(dim: -1).transposed(dim, -1)
  }

}

/// The sum of each element and those before it, or behind it.
private struct CumulativeSum: TensorOperation {
  let dim: Int
  let isReverse: Bool
  var precision: PrecisionClass { .full }
  var name: String { "cumsum" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.scan(name, .cumsum, inputs[0], dim, reverse: isReverse)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g.cumsum(dim: dim, reverse: !isReverse)]
  }
}

/// The product of each element and those before it, or behind it.
private struct CumulativeProduct: TensorOperation {
  let dim: Int
  let isReverse: Bool
  var precision: PrecisionClass { .full }
  var name: String { "cumprod" }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.scan(name, .cumprod, inputs[0], dim, reverse: isReverse)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let x = node.input(0)
    if x.rank == 0 || x.count == 0 { return [g] }
    // Dividing by each factor has no derivative of its own and fails where a factor is 0.
    if !isGradEnabled && x.all().item(Bool.self) {
      return [(g * node.output()).cumsum(dim: dim, reverse: !isReverse) / x]
    }
    return [x.cumprodGradient(g, dim, reverse: isReverse)]
  }
}

/// log Σ exp(x) over each element and those before it, or behind it.
private struct CumulativeLogSumExp: TensorOperation {
  let dim: Int
  let isReverse: Bool
  var precision: PrecisionClass { .full }
  var name: String { "logcumsumexp" }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.scan(name, .logcumsumexp, inputs[0], dim, reverse: isReverse)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, y) = (node.input(0), node.output())
    if isGradEnabled { return [x.logCumSumExpGradient(g, y, dim: dim, reverse: isReverse)] }
    // exp(x) Σ g exp(-y), the sum taken in logarithms, for positive and negative g apart.
    func part(_ sign: Double) -> Tensor {
      let logarithm = Tensor.where((g * sign).gt(0), (g * sign).log(), -Double.infinity)
      return ((logarithm - y).logCumSumExp(dim: dim, reverse: !isReverse) + x).exp()
    }
    return [part(1) - part(-1)]
  }
}

/// The largest or smallest element so far and where it is.
private struct RunningExtremum: TensorsOperation {
  let dim: Int
  let isLargest: Bool
  var name: String { isLargest ? "cummax" : "cummin" }
  var attributes: [String: Attribute] { ["dim": .int(dim)] }
  var saving: Saving { .output(1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let indices = Tensor.uninitialized(inputs[0].shape, .int64)
    let values = Kernel.scan(
      name, isLargest ? .cummax : .cummin, inputs[0], dim, reverse: false,
      indices: indices)
    return [values, indices]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    if node.shape(0).isEmpty { return [g] }
    return [g.zerosLike().scatterAdd(dim: dim, index: node.output(1), src: g)]
  }
}
