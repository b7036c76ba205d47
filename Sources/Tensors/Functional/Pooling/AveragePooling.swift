/// Means over windows (`torch.nn.functional.avg_pool1d` … `avg_pool3d`).
///
/// Windows are given by kernel size, stride (by default the kernel's size) and padding: one value
/// for all dimensions, or one each. `ceilMode` rounds the output's size up; `countIncludePad` lets
/// padding count in the divisor, which `divisorOverride` replaces.
extension F {
  /// The mean of every window of a sequence, `[N, C, L]` or `[C, L]`
  /// (`torch.nn.functional.avg_pool1d`): see ``avgPool2d(_:_:stride:padding:ceilMode:countIncludePad:divisorOverride:)``.
  public static func avgPool1d(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
  ) -> Tensor {
    avgPool(
      "avg_pool1d", 1, x, kernelSize, stride, padding, ceilMode, countIncludePad, nil)
  }

  /// The mean of every window of an image (`torch.nn.functional.avg_pool2d`).
  /// - Parameters:
  ///   - x: `[N, C, H, W]` or `[C, H, W]`.
  ///   - kernelSize: The size of a window: one for all dimensions, or one each, as of what follows.
  ///   - stride: How far windows are apart; by default their size.
  ///   - padding: How many zeros are added at each side, at most half of the window.
  ///   - ceilMode: Whether a last window may reach over the end, so that sizes are rounded up.
  ///   - countIncludePad: Whether the zeros count among the elements.
  ///   - divisorOverride: What sums are divided by in place of the number of elements.
  /// - Returns: Of the rank of `x`.
  public static func avgPool2d(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) -> Tensor {
    avgPool(
      "avg_pool2d", 2, x, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride)
  }

  /// The mean of every window of a volume, `[N, C, D, H, W]` or `[C, D, H, W]`
  /// (`torch.nn.functional.avg_pool3d`): see ``avgPool2d(_:_:stride:padding:ceilMode:countIncludePad:divisorOverride:)``.
  public static func avgPool3d(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) -> Tensor {
    avgPool(
      "avg_pool3d", 3, x, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride)
  }

  static func avgPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ kernelSize: any Sizes, _ stride: (any Sizes)?,
    _ padding: any Sizes, _ ceilMode: Bool, _ countIncludePad: Bool, _ divisor: Int?
  ) -> Tensor {
    require(divisor != 0, name, "the divisor must not be 0")
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    Tensor.requireElements(name, x, dims: dims)
    if !x.dtype.isFloatingPoint {
      return integerAvgPool(
        name, dims, x, kernelSize, stride, padding, ceilMode, countIncludePad, divisor)
    }
    let spec = PoolingShape(
      name, dims: dims, kernel: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode)
    let size = Array(x.shape.suffix(dims))
    let out = spec.output(size, name)
    let operation = AveragePooling(
      name: name, geometry: spec, size: size, out: out,
      countIncludePad: countIncludePad, divisor: divisor)
    return Tensor.record(operation, [x])
  }

  /// Sums and counts in float64, then a division towards zero.
  private static func integerAvgPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ kernelSize: any Sizes, _ stride: (any Sizes)?,
    _ padding: any Sizes, _ ceilMode: Bool, _ countIncludePad: Bool, _ divisor: Int?
  ) -> Tensor {
    func pool(_ x: Tensor, _ divisor: Int?) -> Tensor {
      avgPool(name, dims, x, kernelSize, stride, padding, ceilMode, countIncludePad, divisor)
    }
    let sums = pool(x.to(.float64), 1)
    if let divisor { return (sums / Double(divisor)).trunc().to(x.dtype) }
    let ones = Tensor.ones(x.shape, dtype: .float64)
    if !countIncludePad { return (sums / pool(ones, 1)).trunc().to(x.dtype) }
    // The mean of ones is how much of a window holds elements; their number follows from the sum.
    let counts = (pool(ones, 1) / pool(ones, nil)).round()
    return (sums / counts).trunc().to(x.dtype)
  }
}

/// Means over windows.
private struct AveragePooling: LinearMap {
  let name: String
  let geometry: PoolingShape
  let size: [Int]
  let out: [Int]
  let countIncludePad: Bool
  let divisor: Int?

  var attributes: [String: Attribute] {
    geometry.attributes.merging(["count_include_pad": .bool(countIncludePad)]) { $1 }
  }

  func map(_ x: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.averagePool(
      name, x, geometry, out: out, countIncludePad: countIncludePad, divisor: divisor)
  }

  func adjoint(_ g: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.averagePoolGradient(
      name, g, geometry, size: size, countIncludePad: countIncludePad, divisor: divisor)
  }
}
