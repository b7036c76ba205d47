/// The table of p-norms.
private enum Rows {
  typealias Row = ReductionOperation
  static let one = Row("norm", .sumAbs, .inputs, precision: .full) {
    $0.g * $0.x.sign()
  }
  static let two = Row("norm", .norm2, [.inputs, .output], precision: .full) {
    $0.x * ($0.g / $0.y).maskedFill($0.y.eq(0), 0)
  }
  static let largest = Row(
    "norm", .maxAbs, [.inputs, .output], precision: .full, share)
  static let smallest = Row(
    "norm", .minAbs, [.inputs, .output], precision: .full, share)

  @Sendable static func share(_ context: ReductionOperation.Context) -> Tensor {
    let x = context.x
    return x.abs().shared(context.g, among: context.y, context.dims) * x.sign()
  }
}

extension Tensor {
  /// The p-norm (Σ|x|ᵖ)^(1/p) over dimensions, all where none are named (`torch.norm`,
  /// `torch.linalg.vector_norm`).
  ///
  /// p = ∞ and -∞ give the largest and the smallest |x|, p = 0 the number of elements that are not
  /// zero. The gradient at 0 is 0.
  /// - Parameters:
  ///   - p: The norm's order.
  ///   - dims: The dimensions to reduce; all where none are named.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public func norm(
    _ p: Double = 2, dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil
  ) -> Tensor {
    let x = dtype.map { to($0) } ?? self
    require(
      x.dtype.isFloatingPoint, "norm", "needs a floating-point tensor, not \(x.dtype)")
    require(
      (p >= 0 && p < .infinity) || reducedDims(dims, "norm").allSatisfy { shape[$0] > 0 }, "norm",
      "the \(p)-norm of nothing has no value: \(shape)")
    switch p {
    case 0:
      return Tensor.record(ZeroNorm(dims: reducedDims(dims, "norm"), keepDim: keepDim), [x])
    case 1: return Rows.one(x, dims, keepDim: keepDim)
    case 2: return Rows.two(x, dims, keepDim: keepDim)
    case .infinity: return Rows.largest(x, dims, keepDim: keepDim)
    case -.infinity: return Rows.smallest(x, dims, keepDim: keepDim)
    default:
      let wide: DType = x.dtype.isHalf ? .float32 : x.dtype
      return x.to(wide).powerNorm(p, dims, keepDim).to(x.dtype)
    }
  }

  private func powerNorm(_ p: Double, _ dims: [Int], _ keepDim: Bool) -> Tensor {
    Tensor.record(PowerNorm(p: p, dims: reducedDims(dims, "norm"), keepDim: keepDim), [self])
  }

  /// ‖a - b‖ₚ of broadcast tensors (`torch.dist`).
  public func dist(_ other: Tensor, p: Double = 2) -> Tensor { (self - other).norm(p) }

  /// Every slice along a dimension scaled down to a p-norm of at most `maxNorm` (`torch.renorm`).
  ///
  /// A slice within the bound, and one whose norm is NaN, stays as it is and passes its gradient on.
  public func renorm(p: Double, dim: Int, maxNorm: Double) -> Tensor {
    require(p > 0, "renorm", "p must be positive, not \(p)")
    require(rank > 1, "renorm", "at least 2 dimensions are expected, not \(shape)")
    require(maxNorm >= 0, "renorm", "the largest norm must not be negative: \(maxNorm)")
    let dim = normalized(dim: dim, "renorm")
    let others = (0..<rank).filter { $0 != dim }
    let wide = to(dtype.isHalf ? .float32 : dtype)
    let isBeyond = noGrad { wide.norm(p, dims: others, keepDim: true).gt(maxNorm) }
    // What is not scaled has no part in the norms' gradient, which would be NaN there.
    let norms = Tensor.where(isBeyond, wide, 1.0).norm(p, dims: others, keepDim: true)
    // The small constant is PyTorch's, which keeps rounding from leaving a norm above the bound.
    let factor = Tensor.where(isBeyond, maxNorm / (norms + 1e-7), 1.0)
    return self * factor.to(dtype)
  }
}

/// How many elements are not 0; the gradient is 0.
private struct ZeroNorm: TensorOperation {
  let dims: [Int]
  let keepDim: Bool
  var precision: PrecisionClass { .full }
  var name: String { "norm" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let x = inputs[0]
    return Kernel.reduce(name, .countNonzero, x, dims, keepDim: keepDim, outDType: .int64)
      .to(x.dtype)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [nil] }
}

/// (Σ|x|ᵖ)^(1/p) for finite p other than 0, 1 and 2.
private struct PowerNorm: TensorOperation {
  let p: Double
  let dims: [Int]
  let keepDim: Bool
  var precision: PrecisionClass { .full }
  var name: String { "norm" }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let sum = Kernel.reduce(
      name, .sumAbsPow, inputs[0], dims, keepDim: keepDim,
      outDType: inputs[0].dtype, p)
    return noGrad { sum.pow(1 / p) }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let x = node.input(0)
    let size = x.abs()
    let norm = node.output().restored(dims, keepDim: keepDim)
    // Below 1 the slope at 0 is infinite, and that of the norm 0 has no value: 0 is taken, as in
    // PyTorch.
    let slope = size.pow(p - 1).maskedFill(size.eq(0), 0)
    let scale = (g.restored(dims, keepDim: keepDim) / norm.pow(p - 1)).maskedFill(norm.eq(0), 0)
    return [x.sign() * slope * scale]
  }
}
