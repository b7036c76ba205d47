internal import CKernels

/// Pooling over the last dimensions; those in front of them are `lead`.
extension Kernel {
  /// How many windows fit into a dimension.
  static func windowCount(
    _ size: Int, kernel: Int, stride: Int, padding: Int, dilation: Int, ceilMode: Bool
  ) -> Int {
    Int(
      torus_pool_out(
        Int64(size), Int64(kernel), Int64(stride), Int64(padding), Int64(dilation), ceilMode))
  }

  /// Maxima over windows, and where they lie in their planes.
  static func maxPool(
    _ name: String, _ x: Tensor, _ geometry: PoolingShape, out: [Int]
  ) -> (values: Tensor, indices: Tensor) {
    maxima(name, x, geometry, out, torus_max_pool)
  }

  /// Maxima over windows that follow from the sizes, and where they lie in their planes.
  static func adaptiveMaxPool(
    _ name: String, _ x: Tensor, out: [Int]
  ) -> (values: Tensor, indices: Tensor) {
    maxima(name, x, PoolingShape(adaptive: name, dims: out.count), out, torus_adaptive_max_pool)
  }

  /// Gradients put where the maxima lie in planes of a size, and zeros elsewhere.
  static func maxPoolGradient(
    _ name: String, _ g: Tensor, _ indices: Tensor, lead: [Int], size: [Int]
  ) -> Tensor {
    let (dy, indices) = (g.contiguous(), indices.contiguous())
    let dx = Tensor.uninitialized(lead + size, dy.dtype)
    if dx.count == 0 { return dx }
    let planes = lead.reduce(1, *)
    checkLayer(
      torus_max_pool_backward(
        dy.dtype.c, Int64(planes), Int64(size.reduce(1, *)), Int64(dy.count / planes),
        indices.int64s, dy.pointer, dx.pointer), name, dy.dtype)
    return dx
  }

  /// Means over windows.
  static func averagePool(
    _ name: String, _ x: Tensor, _ geometry: PoolingShape, out: [Int], countIncludePad: Bool,
    divisor: Int?
  ) -> Tensor {
    mean(name, x, geometry, x.shape.suffix(out.count), out, into: out) {
      torus_avg_pool($0, $1, countIncludePad, Int64(divisor ?? 0), $2, $3)
    }
  }

  /// The gradient of ``averagePool(_:_:_:out:countIncludePad:divisor:)`` for an input of a size.
  static func averagePoolGradient(
    _ name: String, _ g: Tensor, _ geometry: PoolingShape, size: [Int], countIncludePad: Bool,
    divisor: Int?
  ) -> Tensor {
    mean(name, g, geometry, size, g.shape.suffix(size.count), into: size) {
      torus_avg_pool_backward($0, $1, countIncludePad, Int64(divisor ?? 0), $2, $3)
    }
  }

  /// Means over windows that follow from the sizes.
  static func adaptiveAveragePool(_ name: String, _ x: Tensor, out: [Int]) -> Tensor {
    let geometry = PoolingShape(adaptive: name, dims: out.count)
    return mean(
      name, x, geometry, x.shape.suffix(out.count), out, into: out, torus_adaptive_avg_pool)
  }

  /// The gradient of ``adaptiveAveragePool(_:_:out:)`` for an input of a size.
  static func adaptiveAveragePoolGradient(_ name: String, _ g: Tensor, size: [Int]) -> Tensor {
    let geometry = PoolingShape(adaptive: name, dims: size.count)
    return mean(
      name, g, geometry, size, g.shape.suffix(size.count), into: size,
      torus_adaptive_avg_pool_backward)
  }

  private static func maxima(
    _ name: String, _ x: Tensor, _ geometry: PoolingShape, _ out: [Int],
    _ kernel: (
      torus_dtype, UnsafePointer<torus_pool>, UnsafeRawPointer, UnsafeMutableRawPointer,
      UnsafeMutablePointer<Int64>
    ) -> torus_status
  ) -> (values: Tensor, indices: Tensor) {
    let x = x.contiguous()
    let lead = Array(x.shape.dropLast(out.count))
    let values = Tensor.uninitialized(lead + out, x.dtype)
    let indices = Tensor.uninitialized(lead + out, .int64)
    if values.count == 0 { return (values, indices) }
    var shape = geometry.kernelShape(
      planes: lead.reduce(1, *), size: Array(x.shape.suffix(out.count)), out: out)
    checkLayer(
      kernel(x.dtype.c, &shape, x.pointer, values.pointer, indices.int64s), name, x.dtype)
    return (values, indices)
  }

  /// Means, or their gradients, from planes of one size into planes of another.
  private static func mean(
    _ name: String, _ x: Tensor, _ geometry: PoolingShape, _ size: some Collection<Int>,
    _ out: some Collection<Int>, into sizes: [Int],
    _ kernel: (
      torus_dtype, UnsafePointer<torus_pool>, UnsafeRawPointer, UnsafeMutableRawPointer
    ) -> torus_status
  ) -> Tensor {
    let x = x.contiguous()
    let lead = Array(x.shape.dropLast(sizes.count))
    let result = Tensor.uninitialized(lead + sizes, x.dtype)
    if result.count == 0 { return result }
    var shape = geometry.kernelShape(
      planes: lead.reduce(1, *), size: Array(size), out: Array(out))
    checkLayer(kernel(x.dtype.c, &shape, x.pointer, result.pointer), name, x.dtype)
    return result
  }
}

extension PoolingShape {
  /// For windows that follow from the sizes of input and output.
  fileprivate init(adaptive name: String, dims: Int) {
    let unit = [Int](repeating: 1, count: dims)
    self.init(name, dims: dims, kernel: unit, stride: unit, padding: [0], ceilMode: false)
  }

  fileprivate func kernelShape(planes: Int, size: [Int], out: [Int]) -> torus_pool {
    func at(_ values: [Int], _ dim: Int, _ missing: Int) -> Int64 {
      let index = dim - (3 - dims)
      return Int64(index < 0 ? missing : values[index])
    }
    return torus_pool(
      planes: Int64(planes), in_depth: at(size, 0, 1), in_height: at(size, 1, 1),
      in_width: at(size, 2, 1), out_depth: at(out, 0, 1), out_height: at(out, 1, 1),
      out_width: at(out, 2, 1), kernel_depth: at(kernel, 0, 1), kernel_height: at(kernel, 1, 1),
      kernel_width: at(kernel, 2, 1), stride_depth: at(stride, 0, 1),
      stride_height: at(stride, 1, 1), stride_width: at(stride, 2, 1),
      pad_depth: at(padding, 0, 0), pad_height: at(padding, 1, 0), pad_width: at(padding, 2, 0),
      dilation_depth: at(dilation, 0, 1), dilation_height: at(dilation, 1, 1),
      dilation_width: at(dilation, 2, 1))
  }
}
