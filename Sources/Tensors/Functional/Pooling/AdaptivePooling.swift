/// Pooling to a given output size (`torch.nn.functional.adaptive_avg_pool1d` … and
/// `adaptive_max_pool1d` …).
///
/// Window i of a dimension reaches from ⌊i · in/out⌋ below ⌈(i + 1) · in/out⌉. An output size of
/// nil keeps the input's; one value stands for all dimensions.
extension F {
  /// Means over windows of a sequence, `[N, C, L]` or `[C, L]`.
  public static func adaptiveAvgPool1d(_ x: Tensor, _ outputSize: any OutputSizes) -> Tensor {
    adaptiveAvgPool("adaptive_avg_pool1d", 1, x, outputSize.outputSizes)
  }

  /// Maxima over windows of a sequence, `[N, C, L]` or `[C, L]`.
  public static func adaptiveMaxPool1d(_ x: Tensor, _ outputSize: any OutputSizes) -> Tensor {
    adaptiveMaxPool("adaptive_max_pool1d", 1, x, outputSize.outputSizes).values
  }

  /// ``adaptiveMaxPool1d(_:_:)`` with each maximum's position in its flattened input plane.
  public static func adaptiveMaxPool1dWithIndices(
    _ x: Tensor, _ outputSize: any OutputSizes
  ) -> (values: Tensor, indices: Tensor) {
    adaptiveMaxPool("adaptive_max_pool1d", 1, x, outputSize.outputSizes)
  }

  /// Means over windows of a image, `[N, C, H, W]` or `[C, H, W]`.
  public static func adaptiveAvgPool2d(_ x: Tensor, _ outputSize: any OutputSizes) -> Tensor {
    adaptiveAvgPool("adaptive_avg_pool2d", 2, x, outputSize.outputSizes)
  }

  /// Maxima over windows of a image, `[N, C, H, W]` or `[C, H, W]`.
  public static func adaptiveMaxPool2d(_ x: Tensor, _ outputSize: any OutputSizes) -> Tensor {
    adaptiveMaxPool("adaptive_max_pool2d", 2, x, outputSize.outputSizes).values
  }

  /// ``adaptiveMaxPool2d(_:_:)`` with each maximum's position in its flattened input plane.
  public static func adaptiveMaxPool2dWithIndices(
    _ x: Tensor, _ outputSize: any OutputSizes
  ) -> (values: Tensor, indices: Tensor) {
    adaptiveMaxPool("adaptive_max_pool2d", 2, x, outputSize.outputSizes)
  }

  /// Means over windows of a volume, `[N, C, D, H, W]` or `[C, D, H, W]`.
  public static func adaptiveAvgPool3d(_ x: Tensor, _ outputSize: any OutputSizes) -> Tensor {
    adaptiveAvgPool("adaptive_avg_pool3d", 3, x, outputSize.outputSizes)
  }

  /// Maxima over windows of a volume, `[N, C, D, H, W]` or `[C, D, H, W]`.
  public static func adaptiveMaxPool3d(_ x: Tensor, _ outputSize: any OutputSizes) -> Tensor {
    adaptiveMaxPool("adaptive_max_pool3d", 3, x, outputSize.outputSizes).values
  }

  /// ``adaptiveMaxPool3d(_:_:)`` with each maximum's position in its flattened input plane.
  public static func adaptiveMaxPool3dWithIndices(
    _ x: Tensor, _ outputSize: any OutputSizes
  ) -> (values: Tensor, indices: Tensor) {
    adaptiveMaxPool("adaptive_max_pool3d", 3, x, outputSize.outputSizes)
  }

  private static func adaptiveShape(
    _ name: String, _ dims: Int, _ x: Tensor, _ outputSize: [Int?], channels: Bool
  ) -> AdaptiveWindows {
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    require(
      outputSize.count == 1 || outputSize.count == dims, name,
      "an output size of 1 or \(dims) values is expected, not \(outputSize)")
    let lead = Array(x.shape.dropLast(dims))
    let size = Array(x.shape.suffix(dims))
    let out = (0..<dims).map { dim in
      outputSize[outputSize.count == 1 ? 0 : dim] ?? size[dim]
    }
    require(out.allSatisfy { $0 >= 0 }, name, "output sizes must not be negative: \(out)")
    require(
      size.allSatisfy { $0 > 0 } && !(channels && lead.count == 2 && lead[1] == 0), name,
      "an input of \(x.shape) has nothing to pool")
    return AdaptiveWindows(name: name, lead: lead, size: size, out: out)
  }

  private static func adaptiveAvgPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ outputSize: [Int?]
  ) -> Tensor {
    if x.rank >= dims + 1, outputSize.allSatisfy({ $0 == 1 }) {
      // A mean over all positions, NaN where there are none.
      if x.count == 0 { return x.mean(dims: Array(-dims..<0), keepDim: true) }
    }
    // Without channels there is a result, as in PyTorch, and likewise no gradient.
    let windows = adaptiveShape(name, dims, x, outputSize, channels: dims == 3)
    return Tensor.record(AdaptiveAveragePooling(windows: windows), [x])
  }

  private static func adaptiveMaxPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ outputSize: [Int?]
  ) -> (values: Tensor, indices: Tensor) {
    if !x.dtype.isFloatingPoint {
      let wide = adaptiveMaxPool(name, dims, x.to(.float64), outputSize)
      return (wide.values.to(x.dtype), wide.indices)
    }
    let windows = adaptiveShape(name, dims, x, outputSize, channels: true)
    let results = Tensor.record(AdaptiveMaxPooling(windows: windows), [x])
    return (results[0], results[1])
  }
}

/// Windows that follow from the sizes of input and output.
private struct AdaptiveWindows {
  let name: String
  /// The dimensions in front of the spatial ones.
  let lead: [Int]
  let size: [Int]
  let out: [Int]

  var attributes: [String: Attribute] { ["output_size": .ints(out)] }
}

private struct AdaptiveAveragePooling: LinearMap {
  let windows: AdaptiveWindows
  var name: String { windows.name }
  var attributes: [String: Attribute] { windows.attributes }

  func map(_ x: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.adaptiveAveragePool(name, x, out: windows.out)
  }

  func adjoint(_ g: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    let (lead, out) = (windows.lead, windows.out)
    require(
      !(lead.count == 2 && lead[1] == 0) && !out.contains(0), name,
      "an output of \(lead + out) has no gradient")
    if g.count == 0 { return Tensor.zeros(lead + windows.size, dtype: g.dtype) }
    return Kernel.adaptiveAveragePoolGradient(name, g, size: windows.size)
  }
}

private struct AdaptiveMaxPooling: PoolingOperation {
  let windows: AdaptiveWindows
  var name: String { windows.name }
  var attributes: [String: Attribute] { windows.attributes }
  var dims: Int { windows.out.count }

  func pool(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    Kernel.adaptiveMaxPool(name, x, out: windows.out)
  }
}
