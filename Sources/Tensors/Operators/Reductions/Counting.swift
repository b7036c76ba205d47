/// Histograms. Outside the graph.
extension Tensor {
  /// How often each number from 0 up occurs in a vector of integers, or the sum of the weights that
  /// stand where it does (`torch.bincount`).
  /// - Parameters:
  ///   - weights: One per element; results are `float64`, or `float32` where the weights are.
  ///   - minLength: The least number of bins; there are as many as the largest number needs.
  public func bincount(weights: Tensor? = nil, minLength: Int = 0) -> Tensor {
    require(
      rank == 1 && (dtype.isInteger), "bincount",
      "a vector of integers is expected, not \(dtype) \(shape)")
    require(minLength >= 0, "bincount", "the number of bins must not be negative: \(minLength)")
    require(
      weights.map { $0.shape == shape } ?? true, "bincount",
      "weights \(weights?.shape ?? []) do not fit the elements \(shape)")
    let index = to(.int64).contiguous()
    let largest = count == 0 ? -1 : index.max().item(Int.self)
    let bins = Swift.max(minLength, largest + 1)
    let values = weights.map { ($0.dtype == .float32 ? $0 : $0.to(.float64)).bare }
    return Kernel.bincount(index, values, bins: bins)
  }

  /// How many elements fall into each of `bins` equal parts of [low, high] (`torch.histc`).
  ///
  /// Where low = high, the smallest and the largest element bound the range. Elements outside, and
  /// NaN, are left out.
  public func histc(bins: Int = 100, min low: Double = 0, max high: Double = 0) -> Tensor {
    require(dtype.isFloatingPoint, "histc", "needs a floating-point tensor, not \(dtype)")
    require(bins > 0, "histc", "the number of bins must be positive, not \(bins)")
    require(low <= high, "histc", "the range from \(low) to \(high) is empty")
    return Tensor.record(Histogram(bins: bins, low: low, high: high), [self])
  }
}

/// How many elements fall into each of several equal parts of a range, by default of the range from
/// the smallest to the largest element.
private struct Histogram: ConstantOperation {
  let bins: Int
  let low: Double
  let high: Double
  var name: String { "histc" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let x = inputs[0].bare
    let wide: DType = x.dtype == .float64 ? .float64 : .float32
    let values = x.to(wide)
    var (low, high) = (low, high)
    if low == high && x.count > 0 {
      (low, high) = (values.min().item(), values.max().item())
    }
    if low == high { (low, high) = (low - 1, high + 1) }
    require(
      low.isFinite && high.isFinite, name, "the range from \(low) to \(high) is not finite")
    if x.dtype.isHalf { return halfHistogram(x.flattened(), low, high) }
    return Kernel.histogram(values, bins: bins, low: low, high: high)
  }

  /// In half precision the bins' places are rounded at every step, as PyTorch rounds them.
  private func halfHistogram(_ x: Tensor, _ low: Double, _ high: Double) -> Tensor {
    let (first, last) = (Tensor(low, dtype: x.dtype), Tensor(high, dtype: x.dtype))
    let places = (x - first) * Tensor(bins, dtype: x.dtype) / (last - first)
    let within = x.ge(first).logicalAnd(x.le(last))
    let index = Tensor.where(within, places.to(.int64).clamp(max: bins - 1), bins)
    return index.bincount(minLength: bins + 1).narrowed(dim: 0, start: 0, length: bins)
      .to(x.dtype)
  }
}
