/// How a quantile between two elements is taken (`interpolation`).
public enum QuantileInterpolation: String, Sendable {
  /// On the line between them.
  case linear
  /// The lower one.
  case lower
  /// The higher one.
  case higher
  /// Half way.
  case midpoint
  /// The nearer one, at half way the one with the even rank.
  case nearest
}

/// Medians and quantiles.
extension Tensor {
  /// The median of all elements, the lower of two (`torch.median`); NaN where there is one. Equal
  /// elements share the gradient evenly.
  public func median() -> Tensor { Tensor.record(MedianOfAll(ignoringNaN: false), [self]) }

  /// The median of all elements that are not NaN, the lower of two (`torch.nanmedian`). Equal
  /// elements share the gradient evenly.
  public func nanMedian() -> Tensor { Tensor.record(MedianOfAll(ignoringNaN: true), [self]) }

  /// The medians along a dimension, the lower of two, and where they are (`torch.median`).
  public func median(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    picked("median", dim: dim) { Median(ignoringNaN: false, dim: $0, keepDim: keepDim) }
  }

  /// The medians along a dimension of what is not NaN, and where they are (`torch.nanmedian`).
  public func nanMedian(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    picked("nanmedian", dim: dim) { Median(ignoringNaN: true, dim: $0, keepDim: keepDim) }
  }

  /// The most frequent elements along a dimension, the smallest of equally frequent ones, and where
  /// the last of them are (`torch.mode`).
  public func mode(dim: Int = -1, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    picked("mode", dim: dim) { Mode(dim: $0, keepDim: keepDim) }
  }

  /// The q-th quantiles along a dimension, or of all elements (`torch.quantile`). A row with a NaN
  /// gives NaN.
  /// - Parameters:
  ///   - q: Numbers between 0 and 1: a scalar tensor, or a vector, whose results are stacked in a
  ///     new first dimension.
  ///   - dim: The dimension; nil for all elements.
  ///   - keepDim: Whether reduced dimensions stay, with size 1.
  ///   - interpolation: What lies between two elements.
  public func quantile(
    _ q: Tensor, dim: Int? = nil, keepDim: Bool = false,
    interpolation: QuantileInterpolation = .linear
  ) -> Tensor { quantile("quantile", q, dim, keepDim, interpolation, ignoringNaN: false) }

  /// The q-th quantile along a dimension, or of all elements (`torch.quantile`).
  public func quantile(
    _ q: Double, dim: Int? = nil, keepDim: Bool = false,
    interpolation: QuantileInterpolation = .linear
  ) -> Tensor {
    quantile(
      Tensor(q, dtype: dtype), dim: dim, keepDim: keepDim, interpolation: interpolation)
  }

  /// The q-th quantiles of what is not NaN (`torch.nanquantile`).
  public func nanQuantile(
    _ q: Tensor, dim: Int? = nil, keepDim: Bool = false,
    interpolation: QuantileInterpolation = .linear
  ) -> Tensor { quantile("nanquantile", q, dim, keepDim, interpolation, ignoringNaN: true) }

  /// The q-th quantile of what is not NaN (`torch.nanquantile`).
  public func nanQuantile(
    _ q: Double, dim: Int? = nil, keepDim: Bool = false,
    interpolation: QuantileInterpolation = .linear
  ) -> Tensor {
    nanQuantile(
      Tensor(q, dtype: dtype), dim: dim, keepDim: keepDim, interpolation: interpolation)
  }

  private func quantile(
    _ name: String, _ q: Tensor, _ dim: Int?, _ keepDim: Bool,
    _ interpolation: QuantileInterpolation, ignoringNaN: Bool
  ) -> Tensor {
    if Autocast.isOn && dtype != inFullPrecision.dtype {
      return inFullPrecision.quantile(
        name, q.inFullPrecision, dim, keepDim, interpolation, ignoringNaN: ignoringNaN)
    }
    require(
      dtype == .float32 || dtype == .float64, name, "needs float32 or float64, not \(dtype)")
    require(q.dtype == dtype, name, "q is \(q.dtype) where the tensor is \(dtype)")
    require(q.rank <= 1, name, "q must be a number or a vector, not \(q.shape)")
    require(count > 0, name, "there is no quantile of no elements: \(shape)")
    require(
      q.ge(0).logicalAnd(q.le(1)).all().item(Bool.self), name, "q must lie between 0 and 1")
    let axis = dim.map { normalized(dim: $0, name) }
    // The dimension to reduce comes last.
    var rows = self
    if let axis, rank > 0 {
      rows = permuted((0..<rank).filter { $0 != axis } + [axis])
    } else {
      rows = flattened()
    }
    let sorted = Tensor.record(Ascending(), [rows])[0]
    let last = sorted.isNaN().logicalNot().sum(dim: -1, keepDim: true) - 1
    // Ranks are [q…, rows…, 1] beside sorted rows [rows…, n]; a row with a NaN reads its last place,
    // where the NaN is.
    let spread = q.reshaped(q.shape + [Int](repeating: 1, count: rows.rank))
    var ranks = spread * last.clamp(min: 0).to(dtype)
    if !ignoringNaN {
      let end = rows.size(-1) - 1
      ranks = Tensor.where(last.lt(end), Double(end), ranks)
    }
    switch interpolation {
    case .linear, .midpoint: break
    case .lower: ranks = ranks.floor()
    case .higher: ranks = ranks.ceil()
    case .nearest: ranks = ranks.round()
    }
    let below = ranks.floor()
    let lower = sorted.taking(below.to(.int64))
    var result = lower
    if interpolation == .linear || interpolation == .midpoint {
      let upper = sorted.taking(ranks.ceil().to(.int64))
      let weight = interpolation == .midpoint ? Tensor.full([], 0.5, dtype: dtype) : ranks - below
      result = lower.lerp(upper, weight: weight)
    }
    result = result.squeezed(-1)
    guard keepDim else { return result }
    let kept =
      axis.map { rank == 0 ? [] : Kernel.reducedShape(shape, [$0]) }
      ?? [Int](repeating: 1, count: rank)
    return result.reshaped(q.shape + kept)
  }

  /// Elements of each row at ranks that may have one dimension more in front.
  private func taking(_ ranks: Tensor) -> Tensor {
    if ranks.rank == rank { return gather(dim: -1, index: ranks) }
    return expanded([ranks.size(0)] + shape).gather(dim: -1, index: ranks)
  }

  /// The middle of each sorted row; NaNs stand at the end of it.
  fileprivate func middle(along dim: Int, ignoringNaN: Bool) -> (values: Tensor, indices: Tensor) {
    let (sorted, order) = Kernel.sort(self, dim: dim)
    let size = shape[dim]
    let numbers = sorted.isNaN().logicalNot().sum(dim: dim, keepDim: true)
    let middle =
      ignoringNaN
      ? (numbers - 1).clamp(min: 0).floorDivide(2)
      : Tensor.where(numbers.lt(size), numbers, (size - 1) / 2)
    return (sorted.gather(dim: dim, index: middle), order.gather(dim: dim, index: middle))
  }
}

/// The median of all elements; equal ones share the gradient. That of nothing is NaN.
private struct MedianOfAll: TensorOperation {
  let ignoringNaN: Bool
  var name: String { ignoringNaN ? "nanmedian" : "median" }
  var attributes: [String: Attribute] { [:] }
  var saving: Saving { [.inputs, .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let x = inputs[0].bare
    if x.count == 0 { return .full([], Double.nan, dtype: x.dtype) }
    return noGrad {
      x.flattened().middle(along: 0, ignoringNaN: ignoringNaN).values.reshaped([])
    }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let x = node.input(0)
    if x.count == 0 { return [.zeros(x.shape, dtype: g.dtype)] }
    return [x.shared(g, among: node.output(), Array(0..<x.rank))]
  }
}

/// The median along a dimension.
private struct Median: PickingOperation {
  let ignoringNaN: Bool
  let dim: Int
  let keepDim: Bool
  var name: String { ignoringNaN ? "nanmedian" : "median" }
  var attributes: [String: Attribute] { ["dim": .int(dim), "keepDim": .bool(keepDim)] }

  func pick(_ a: Tensor) -> (values: Tensor, indices: Tensor) {
    a.middle(along: dim, ignoringNaN: ignoringNaN)
  }
}

/// The most frequent element along a dimension.
private struct Mode: PickingOperation {
  let dim: Int
  let keepDim: Bool
  var name: String { "mode" }

  func pick(_ a: Tensor) -> (values: Tensor, indices: Tensor) {
    let (sorted, order) = Kernel.sort(a, dim: dim)
    let size = a.shape[dim]
    // A run's length so far at each place of the sorted row; the longest run ends where it is
    // largest first.
    let places = Tensor.arange(size).reshaped((0..<a.rank).map { $0 == dim ? size : 1 })
    let same = sorted.narrowed(dim: dim, start: 1, length: size - 1)
      .eq(sorted.narrowed(dim: dim, start: 0, length: size - 1))
    let first = Tensor.zeros(Kernel.reducedShape(a.shape, [dim]), dtype: .int64)
    let starts = Tensor.cat(
      [
        first,
        Tensor.where(same, 0, places.narrowed(dim: dim, start: 1, length: size - 1)),
      ], dim: dim)
    let length = places - starts.cummax(dim: dim).values
    let end = length.argmax(dim: dim, keepDim: true)
    return (sorted.gather(dim: dim, index: end), order.gather(dim: dim, index: end))
  }
}

/// The last dimension in ascending order, NaN last, and where the elements were.
private struct Ascending: TensorsOperation {
  var name: String { "sort" }
  var saving: Saving { .output(1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (values, indices) = Kernel.sort(inputs[0], dim: inputs[0].rank - 1)
    return [values, indices]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    return [g.zerosLike().scatter(dim: -1, index: node.output(1), src: g)]
  }
}
