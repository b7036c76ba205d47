import CKernels

/// Maxima over windows (`torch.nn.functional.max_pool1d` … `max_pool3d`).
///
/// Windows are given by kernel size, stride (by default the kernel's size), padding (by -∞) and
/// dilation: one value for all dimensions, or one each. `ceilMode` rounds the output's size up.
extension F {
  /// The largest element of every window of a sequence, `[N, C, L]` or `[C, L]`.
  public static func maxPool1d(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool1d", 1, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  /// ``maxPool1d(_:_:stride:padding:dilation:ceilMode:)`` with each maximum's position in its
  /// flattened input plane (`return_indices`).
  public static func maxPool1dWithIndices(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool1d", 1, x, kernelSize, stride, padding, dilation, ceilMode)
  }

  /// The largest element of every window of a image, `[N, C, H, W]` or `[C, H, W]`.
  public static func maxPool2d(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool2d", 2, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  /// ``maxPool2d(_:_:stride:padding:dilation:ceilMode:)`` with each maximum's position in its
  /// flattened input plane (`return_indices`).
  public static func maxPool2dWithIndices(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool2d", 2, x, kernelSize, stride, padding, dilation, ceilMode)
  }

  /// The largest element of every window of a volume, `[N, C, D, H, W]` or `[C, D, H, W]`.
  public static func maxPool3d(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool3d", 3, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  /// ``maxPool3d(_:_:stride:padding:dilation:ceilMode:)`` with each maximum's position in its
  /// flattened input plane (`return_indices`).
  public static func maxPool3dWithIndices(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool3d", 3, x, kernelSize, stride, padding, dilation, ceilMode)
  }

  static func maxPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ kernelSize: [Int], _ stride: [Int]?,
    _ padding: [Int], _ dilation: [Int], _ ceilMode: Bool
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
    let lead = Array(x.shape.dropLast(dims))
    let size = Array(x.shape.suffix(dims))
    let out = spec.output(size, name)
    let operation = MaxPooling(name: name, geometry: spec, lead: lead, size: size, out: out)
    let results = Tensor.record(operation, [x])
    return (results[0], results[1])
  }
}

/// Maxima over windows with their positions in the input's planes: the gradient goes back by
/// position.
protocol PoolingOperation: TensorsOperation {
  /// The dimensions in front of the spatial ones.
  var lead: [Int] { get }
  /// The spatial sizes of the input and of the results.
  var size: [Int] { get }
  var out: [Int] { get }
  func run(
    _ x: Tensor, _ values: UnsafeMutableRawPointer, _ indices: UnsafeMutablePointer<Int64>
  ) -> torus_status
}

extension PoolingOperation {
  var saving: Saving { .output(1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0].contiguous()
    let values = Tensor.uninitialized(lead + out, x.dtype)
    let indices = Tensor.uninitialized(lead + out, .int64)
    if values.count == 0 { return [values, indices] }
    checkLayer(
      run(x, values.pointer, indices.pointer.assumingMemoryBound(to: Int64.self)), name, x.dtype)
    return [values, indices]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    return [Tensor.record(PoolingGradient(lead: lead, size: size), [g, node.output(1)])]
  }
}

private struct MaxPooling: PoolingOperation {
  let name: String
  let geometry: PoolingShape
  let lead: [Int]
  let size: [Int]
  let out: [Int]
  var attributes: [String: Attribute] { geometry.attributes }

  func run(
    _ x: Tensor, _ values: UnsafeMutableRawPointer, _ indices: UnsafeMutablePointer<Int64>
  ) -> torus_status {
    var shape = geometry.kernelShape(planes: lead.reduce(1, *), size: size, out: out)
    return torus_max_pool(x.dtype.c, &shape, x.pointer, values, indices)
  }
}

/// Gradients put at the positions of the maxima, and zeros elsewhere: operands are the gradients and
/// the positions.
private struct PoolingGradient: TensorOperation {
  let lead: [Int]
  let size: [Int]
  var name: String { "max_pool_backward" }
  var saving: Saving { .input(1) }
  private var planes: Int { lead.reduce(1, *) }
  private var plane: Int { size.reduce(1, *) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let dy = inputs[0].contiguous()
    let dx = Tensor.uninitialized(lead + size, dy.dtype)
    if dx.count == 0 { return dx }
    checkLayer(
      torus_max_pool_backward(
        dy.dtype.c, Int64(planes), Int64(plane), Int64(dy.count / planes),
        inputs[1].pointer.assumingMemoryBound(to: Int64.self), dy.pointer, dx.pointer), name,
      dy.dtype)
    return dx
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let indices = node.input(1)
    let picked = g.reshaped([planes, plane])
      .gather(
        dim: 1, index: indices.reshaped([planes, planes == 0 ? 0 : indices.count / planes]))
    return [picked.reshaped(node.shape(0)), nil]
  }
}
