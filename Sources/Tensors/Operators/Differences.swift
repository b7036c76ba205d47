/// Differences and integrals along a dimension.
extension Tensor {
  /// The n-th differences xᵢ₊₁ - xᵢ along a dimension (`torch.diff`); of bools, whether they differ.
  /// Order 0 gives the elements alone.
  /// - Parameters:
  ///   - n: How often differences are taken.
  ///   - dim: The dimension that is walked along.
  ///   - prepend: What stands before the elements.
  ///   - append: What stands behind them.
  public func diff(
    n: Int = 1, dim: Int = -1, prepend: Tensor? = nil, append: Tensor? = nil
  ) -> Tensor {
    require(rank > 0, "diff", "a scalar tensor has no differences")
    require(n >= 0, "diff", "the order must not be negative: \(n)")
    let dim = normalized(dim: dim, "diff")
    if n == 0 { return clone() }
    let parts = [prepend, self, append].compactMap { $0 }
    var result = parts.count == 1 ? self : Tensor.cat(parts, dim: dim)
    for _ in 0..<Swift.min(n, result.shape[dim]) {
      let length = result.shape[dim] - 1
      let later = result.narrowed(dim: dim, start: 1, length: length)
      let earlier = result.narrowed(dim: dim, start: 0, length: length)
      result = result.dtype == .bool ? later.logicalXor(earlier) : later - earlier
    }
    return result
  }

  /// The integral along a dimension by the trapezoidal rule, at points `dx` apart
  /// (`torch.trapezoid`).
  public func trapezoid(dx spacing: Double = 1, dim: Int = -1) -> Tensor {
    if let nothing = integralOfNothing(dim, "trapezoid") { return nothing }
    let (areas, dim) = trapezoids(dim, "trapezoid")
    return areas.sum(dim: dim) * (spacing / 2)
  }

  /// The integral along a dimension by the trapezoidal rule (`torch.trapezoid`).
  /// - Parameters:
  ///   - x: The points: a vector for the dimension, or a tensor that broadcasts.
  ///   - dim: The dimension that is walked along.
  public func trapezoid(x: Tensor, dim: Int = -1) -> Tensor {
    if let nothing = integralOfNothing(dim, "trapezoid") { return nothing }
    let (areas, dim) = trapezoids(dim, "trapezoid")
    return (areas * widths(x, dim, "trapezoid")).sum(dim: dim) / 2
  }

  /// The running integral along a dimension by the trapezoidal rule (`torch.cumulative_trapezoid`).
  public func cumulativeTrapezoid(dx spacing: Double = 1, dim: Int = -1) -> Tensor {
    let (areas, dim) = trapezoids(dim, "cumulative_trapezoid")
    return areas.cumsum(dim: dim) * (spacing / 2)
  }

  /// The running integral along a dimension by the trapezoidal rule (`torch.cumulative_trapezoid`).
  /// - Parameters:
  ///   - x: The points: a vector for the dimension, or a tensor that broadcasts.
  ///   - dim: The dimension that is walked along.
  public func cumulativeTrapezoid(x: Tensor, dim: Int = -1) -> Tensor {
    let (areas, dim) = trapezoids(dim, "cumulative_trapezoid")
    return (areas * widths(x, dim, "cumulative_trapezoid")).cumsum(dim: dim) / 2
  }

  /// Zeros where there are no values along a dimension, whatever the points; outside the graph.
  private func integralOfNothing(_ dim: Int, _ operation: String) -> Tensor? {
    require(rank > 0, operation, "a scalar tensor has no integral")
    let dim = normalized(dim: dim, operation)
    guard shape[dim] == 0 else { return nil }
    return .zeros(Array(shape[..<dim] + shape[(dim + 1)...]), dtype: dtype)
  }

  /// yᵢ + yᵢ₊₁, twice the mean heights.
  private func trapezoids(_ dim: Int, _ operation: String) -> (areas: Tensor, dim: Int) {
    require(rank > 0, operation, "a scalar tensor has no integral")
    let dim = normalized(dim: dim, operation)
    let length = Swift.max(shape[dim] - 1, 0)
    let areas =
      narrowed(dim: dim, start: shape[dim] - length, length: length)
      + narrowed(dim: dim, start: 0, length: length)
    return (areas, dim)
  }

  /// The distances of the points, beside the trapezoids.
  private func widths(_ x: Tensor, _ dim: Int, _ operation: String) -> Tensor {
    guard x.rank == 1 && rank > 1 else {
      // A tensor of points follows the values' dimensions from the end.
      let own = dim - rank
      require(
        x.rank >= -own, operation, "points \(x.shape) do not fit values \(shape) along \(dim)")
      return x.diff(dim: own)
    }
    require(
      x.count == shape[dim], operation,
      "\(x.count) points for \(shape[dim]) values along dimension \(dim)")
    let distances = x.diff()
    return distances.reshaped((0..<rank).map { $0 == dim ? distances.count : 1 })
  }
}
