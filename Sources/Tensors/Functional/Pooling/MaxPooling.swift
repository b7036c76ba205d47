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
    let planes = lead.reduce(1, *)
    return pooled(name, x, planes: planes, size: size, outShape: lead + out) { x, y, indices in
      var shape = spec.kernelShape(planes: planes, size: size, out: out)
      return torus_max_pool(x.dtype.c, &shape, x.pointer, y, indices)
    }
  }

  /// Maxima with their positions, whatever the windows: the gradient goes back by position.
  static func pooled(
    _ name: String, _ x: Tensor, planes: Int, size: [Int], outShape: [Int],
    _ kernel:
      @escaping (Tensor, UnsafeMutableRawPointer, UnsafeMutablePointer<Int64>) -> torus_status
  ) -> (values: Tensor, indices: Tensor) {
    let results = Tensor.applyMany(name, [x], saving: .output(1)) { inputs in
      let x = inputs[0].contiguous()
      let y = Tensor.uninitialized(outShape, x.dtype)
      let indices = Tensor.uninitialized(outShape, .int64)
      if y.count == 0 { return [y, indices] }
      checkLayer(
        kernel(x, y.pointer, indices.pointer.assumingMemoryBound(to: Int64.self)), name, x.dtype)
      return [y, indices]
    } gradient: { gradients, node in
      guard let g = gradients[0] else { return [nil] }
      return [unpooled(g, node.output(1), planes: planes, shape: node.shape(0), inSize: size)]
    }
    return (results[0], results[1])
  }

  private static func unpooled(
    _ g: Tensor, _ indices: Tensor, planes: Int, shape: [Int], inSize: [Int]
  ) -> Tensor {
    let outSize = planes == 0 ? 0 : g.count / planes
    return Tensor.apply("max_pool_backward", [g, indices], saving: .input(1)) { inputs in
      let dy = inputs[0].contiguous()
      let dx = Tensor.uninitialized(shape, dy.dtype)
      if dx.count == 0 { return dx }
      checkLayer(
        torus_max_pool_backward(
          dy.dtype.c, Int64(planes), Int64(inSize.reduce(1, *)), Int64(outSize),
          indices.pointer.assumingMemoryBound(to: Int64.self), dy.pointer, dx.pointer),
        "max_pool_backward", dy.dtype)
      return dx
    } gradient: { gg, node in
      let flat = gg.reshaped([planes, inSize.reduce(1, *)])
      let picked = flat.gather(dim: 1, index: node.input(1).reshaped([planes, outSize]))
      return [picked.reshaped(node.shape(0)), nil]
    }
  }
}
