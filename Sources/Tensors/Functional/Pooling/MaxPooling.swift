/// Maxima over windows (`torch.nn.functional.max_pool1d` … `max_pool3d`).
///
/// Windows are given by kernel size, stride (by default the kernel's size), padding (by -∞) and
/// dilation: one value for all dimensions, or one each. `ceilMode` rounds the output's size up.
extension F {
  /// The largest element of every window of a sequence, `[N, C, L]` or `[C, L]`
  /// (`torch.nn.functional.max_pool1d`): see ``maxPool2d(_:_:stride:padding:dilation:ceilMode:)``.
  public static func maxPool1d(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool1d", 1, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  /// ``maxPool1d(_:_:stride:padding:dilation:ceilMode:)`` with each maximum's position in its
  /// flattened input plane (`return_indices`).
  public static func maxPool1dWithIndices(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool1d", 1, x, kernelSize, stride, padding, dilation, ceilMode)
  }

  /// The largest element of every window of an image (`torch.nn.functional.max_pool2d`).
  /// - Parameters:
  ///   - x: `[N, C, H, W]` or `[C, H, W]`.
  ///   - kernelSize: The size of a window: one for all dimensions, or one each, as of what follows.
  ///   - stride: How far windows are apart; by default their size.
  ///   - padding: How much of -∞ is added at each side, at most half of the window.
  ///   - dilation: How far the elements of a window are apart.
  ///   - ceilMode: Whether a last window may reach over the end, so that sizes are rounded up.
  /// - Returns: Of the rank of `x`.
  public static func maxPool2d(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool2d", 2, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  /// ``maxPool2d(_:_:stride:padding:dilation:ceilMode:)`` with each maximum's position in its
  /// flattened input plane (`return_indices`).
  public static func maxPool2dWithIndices(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool2d", 2, x, kernelSize, stride, padding, dilation, ceilMode)
  }

  /// The largest element of every window of a volume, `[N, C, D, H, W]` or `[C, D, H, W]`
  /// (`torch.nn.functional.max_pool3d`): see ``maxPool2d(_:_:stride:padding:dilation:ceilMode:)``.
  public static func maxPool3d(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool3d", 3, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  /// ``maxPool3d(_:_:stride:padding:dilation:ceilMode:)`` with each maximum's position in its
  /// flattened input plane (`return_indices`).
  public static func maxPool3dWithIndices(
    _ x: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool3d", 3, x, kernelSize, stride, padding, dilation, ceilMode)
  }

  static func maxPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ kernelSize: any Sizes, _ stride: (any Sizes)?,
    _ padding: any Sizes, _ dilation: any Sizes, _ ceilMode: Bool
  ) -> (values: Tensor, indices: Tensor) {
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    Tensor.requireElements(name, x, dims: dims)
    if !x.dtype.isFloatingPoint {
      let wide = maxPool(
        name, dims, x.to(.float64), kernelSize, stride, padding, dilation, ceilMode)
      return (wide.values.to(x.dtype), wide.indices)
    }
    let spec = PoolingShape(
      name, dims: dims, kernel: kernelSize, stride: stride, padding: padding, dilation: dilation,
      ceilMode: ceilMode)
    let out = spec.output(Array(x.shape.suffix(dims)), name)
    let results = Tensor.record(MaxPooling(name: name, geometry: spec, out: out), [x])
    return (results[0], results[1])
  }
}

/// Maxima over windows with their positions in the input's planes: the gradient goes back by
/// position.
protocol PoolingOperation: TensorsOperation {
  /// How many of the last dimensions are pooled over.
  var dims: Int { get }
  func pool(_ x: Tensor) -> (values: Tensor, indices: Tensor)
}

extension PoolingOperation {
  var saving: Saving { .output(1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (values, indices) = pool(inputs[0])
    return [values, indices]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    let toInput = PoolingGradient(
      lead: Array(node.shape(0).dropLast(dims)), size: Array(node.shape(0).suffix(dims)))
    return [Tensor.record(toInput, [g, node.output(1)])]
  }
}

private struct MaxPooling: PoolingOperation {
  let name: String
  let geometry: PoolingShape
  let out: [Int]
  var dims: Int { geometry.dims }
  var attributes: [String: Attribute] { geometry.attributes }

  func pool(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    Kernel.maxPool(name, x, geometry, out: out)
  }
}

/// Gradients put at the positions of the maxima, and zeros elsewhere: operands are the gradients and
/// the positions.
private struct PoolingGradient: TensorOperation {
  let lead: [Int]
  let size: [Int]
  var name: String { "max_pool_backward" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.maxPoolGradient(name, inputs[0], inputs[1], lead: lead, size: size)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (indices, planes) = (node.input(1), lead.reduce(1, *))
    let picked = g.reshaped([planes, size.reduce(1, *)])
      .gather(
        dim: 1, index: indices.reshaped([planes, planes == 0 ? 0 : indices.count / planes]))
    return [picked.reshaped(node.shape(0)), nil]
  }
}
