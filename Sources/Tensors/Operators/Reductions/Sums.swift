/// The table: name, kernel, what the gradient reads, and the gradient.
private enum Rows {
  typealias Row = ReductionOperation
  static let sum = Row("sum", .sum, precision: .full) { $0.spread($0.g) }
  static let mean = Row("mean", .mean) { $0.spread($0.g / Double($0.count)) }
  static let nansum = Row("nansum", .nanSum, .inputs) {
    Tensor.where($0.x.isNaN(), 0.0, $0.spread($0.g))
  }
  static let prod = Row(
    "prod", .prod, [.inputs, .output], precision: .full
  ) { context in
    let x = context.x
    // Dividing the product by each factor is exact enough, but has no derivative of its own and
    // fails where a factor is 0.
    if !isGradEnabled && x.all().item(Bool.self) { return context.g * context.y / x }
    return context.g * x.productOfOthers(context.dims)
  }
  static let logsumexp = Row(
    "logsumexp", .logSumExp, [.inputs, .output], precision: .full
  ) { $0.g * ($0.x - $0.y).exp() }
}

/// Sums, means and products over dimensions: those named, or all where none are.
extension Tensor {
  /// The sum (`torch.sum`). Integers and bools add up in `int64`.
  /// - Parameters:
  ///   - dims: The dimensions to reduce; all where none are named.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public func sum(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    accumulated(Rows.sum, dims, keepDim, dtype)
  }

  /// The sum over one dimension.
  public func sum(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    sum(dims: [dim], keepDim: keepDim, dtype: dtype)
  }

  /// The mean (`torch.mean`); floating point only. That of no elements is NaN.
  /// - Parameters:
  ///   - dims: The dimensions to reduce; all where none are named.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public func mean(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    require(
      source.dtype.isFloatingPoint, "mean",
      "needs a floating-point tensor, not \(source.dtype); pass dtype: .float32")
    return Rows.mean(source, dims, keepDim: keepDim)
  }

  /// The mean over one dimension.
  public func mean(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    mean(dims: [dim], keepDim: keepDim, dtype: dtype)
  }

  /// The product (`torch.prod`). Integers and bools multiply in `int64`.
  /// - Parameters:
  ///   - dims: The dimensions to reduce; all where none are named.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public func prod(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    accumulated(Rows.prod, dims, keepDim, dtype)
  }

  /// The product over one dimension.
  public func prod(dim: Int, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    prod(dims: [dim], keepDim: keepDim, dtype: dtype)
  }

  /// The sum of the elements that are not NaN (`torch.nansum`).
  /// - Parameters:
  ///   - dims: The dimensions to reduce; all where none are named.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public func nanSum(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    guard source.dtype.isFloatingPoint else { return source.sum(dims: dims, keepDim: keepDim) }
    return Rows.nansum(source, dims, keepDim: keepDim)
  }

  /// The mean of the elements that are not NaN (`torch.nanmean`).
  /// - Parameters:
  ///   - dims: The dimensions to reduce; all where none are named.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public func nanMean(dims: [Int] = [], keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    require(
      source.dtype.isFloatingPoint, "nanmean", "needs a floating-point tensor, not \(source.dtype)")
    let count = source.isNaN().logicalNot().sum(dims: dims, keepDim: keepDim)
    return source.nanSum(dims: dims, keepDim: keepDim) / count
  }

  /// log Σ exp(x), stable (`torch.logsumexp`).
  public func logSumExp(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    Rows.logsumexp(dtype.isFloatingPoint ? self : to(.float32), dims, keepDim: keepDim)
  }

  /// log Σ exp(x) over one dimension.
  public func logSumExp(dim: Int, keepDim: Bool = false) -> Tensor {
    logSumExp(dims: [dim], keepDim: keepDim)
  }

  /// Whole numbers are reduced in `int64`, then converted where another integer type is asked for.
  private func accumulated(
    _ row: ReductionOperation, _ dims: [Int], _ keepDim: Bool, _ dtype: DType?
  ) -> Tensor {
    let source = dtype.map { to($0) } ?? self
    let whole = source.dtype.isFloatingPoint ? nil : source.dtype.accumulated
    let result = row(source, dims, keepDim: keepDim, dtype: whole)
    return dtype.map { result.to($0) } ?? result
  }

  /// At each element the product of all the others along the dimensions: running products from both
  /// sides, so that zeros do no harm and derivatives exist.
  fileprivate func productOfOthers(_ dims: [Int]) -> Tensor {
    if rank == 0 { return Tensor.ones(like: self) }
    let rest = (0..<rank).filter { !dims.contains($0) }
    let order = rest + dims
    let rows = permuted(order)
    let flat = rows.reshaped(rest.map { shape[$0] } + [dims.reduce(1) { $0 * shape[$1] }])
    let size = flat.size(-1)
    if size == 0 { return self }
    let one = Tensor.ones(flat.shape.dropLast() + [1], dtype: dtype)
    let before = Tensor.cat([one, flat.narrowed(dim: -1, start: 0, length: size - 1)], dim: -1)
      .cumprod(dim: -1)
    let after = Tensor.cat([flat.narrowed(dim: -1, start: 1, length: size - 1), one], dim: -1)
      .cumprod(dim: -1, reverse: true)
    var inverse = [Int](repeating: 0, count: rank)
    for (new, old) in order.enumerated() { inverse[old] = new }
    return (before * after).reshaped(rows.shape).permuted(inverse)
  }
}

/// Truth and counts over dimensions: those named, or all where none are. Outside the graph.
extension Tensor {
  /// Whether any element is not zero (`torch.any`); `uint8` stays `uint8`.
  public func any(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    predicate(.any, dims, keepDim)
  }

  /// Whether all elements are not zero (`torch.all`); `uint8` stays `uint8`.
  public func all(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    predicate(.all, dims, keepDim)
  }

  /// How many elements are not zero (`torch.count_nonzero`).
  public func countNonzero(dims: [Int] = []) -> Tensor {
    truth(.countNonzero, dims, false)
  }

  private func predicate(_ kind: TruthReduction.Kind, _ dims: [Int], _ keepDim: Bool) -> Tensor {
    let result = truth(kind, dims, keepDim)
    return dtype == .uint8 ? result.to(.uint8) : result
  }

  private func truth(_ kind: TruthReduction.Kind, _ dims: [Int], _ keepDim: Bool) -> Tensor {
    let dims = reducedDims(dims, kind.rawValue)
    return Tensor.record(TruthReduction(kind: kind, dims: dims, keepDim: keepDim), [self])
  }
}

/// Whether any or all elements are not zero, or how many are not.
private struct TruthReduction: ConstantOperation {
  enum Kind: String {
    case any, all
    case countNonzero = "count_nonzero"
  }

  let kind: Kind
  let dims: [Int]
  let keepDim: Bool
  var name: String { kind.rawValue }
  var attributes: [String: Attribute] { ["dims": .ints(dims), "keepDim": .bool(keepDim)] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let kernel: ReduceKernel =
      switch kind {
      case .any: .any
      case .all: .all
      case .countNonzero: .countNonzero
      }
    return Kernel.reduce(
      name, kernel, inputs[0], dims, keepDim: keepDim,
      outDType: kind == .countNonzero ? .int64 : .bool)
  }
}
