import CKernels

/// The geometry of a pooling over one to three spatial dimensions.
struct PoolingShape {
  let dims: Int
  let kernel: [Int]
  let stride: [Int]
  let padding: [Int]
  let dilation: [Int]
  let ceilMode: Bool

  init(
    _ name: String, dims: Int, kernel: [Int], stride: [Int]?, padding: [Int], dilation: [Int] = [1],
    ceilMode: Bool
  ) {
    self.dims = dims
    self.kernel = ConvolutionShape.spread(kernel, dims, name, "kernel size")
    let steps = stride.flatMap { $0.isEmpty ? nil : $0 }
    self.stride = steps.map { ConvolutionShape.spread($0, dims, name, "stride") } ?? self.kernel
    self.padding = ConvolutionShape.spread(padding, dims, name, "padding")
    self.dilation = ConvolutionShape.spread(dilation, dims, name, "dilation")
    self.ceilMode = ceilMode
    require(
      (self.kernel + self.stride + self.dilation).allSatisfy { $0 > 0 }, name,
      "kernel size, stride and dilation must be positive")
    require(
      zip(self.padding, self.kernel).allSatisfy { $0 >= 0 && $0 * 2 <= $1 }, name,
      "padding \(self.padding) must be at most half the kernel size \(self.kernel)")
  }

  func output(_ size: [Int], _ name: String) -> [Int] {
    let out = (0..<dims).map {
      Int(
        torus_pool_out(
          Int64(size[$0]), Int64(kernel[$0]), Int64(stride[$0]), Int64(padding[$0]),
          Int64(dilation[$0]), ceilMode))
    }
    require(
      out.allSatisfy { $0 > 0 }, name,
      "a kernel of \(kernel) does not fit into \(size) with padding \(padding)")
    return out
  }

  func kernelShape(planes: Int, size: [Int], out: [Int]) -> torus_pool {
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

extension F {
  /// The largest element of every window, over the last two dimensions
  /// (`torch.nn.functional.max_pool2d`).
  ///
  /// - Parameters:
  ///   - x: `[N, C, H, W]` or `[C, H, W]`.
  ///   - kernelSize, stride, padding, dilation: One value for both dimensions, or one each; the
  ///     stride is the kernel's size by default.
  ///   - ceilMode: Round the output's size up.
  public static func maxPool2d(
    _ x: Tensor, _ kernelSize: [Int], stride: [Int]? = nil, padding: [Int] = [0],
    dilation: [Int] = [1], ceilMode: Bool = false
  ) -> Tensor {
    maxPool("max_pool2d", 2, x, kernelSize, stride, padding, dilation, ceilMode).values
  }

  static func maxPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ kernelSize: [Int], _ stride: [Int]?,
    _ padding: [Int], _ dilation: [Int], _ ceilMode: Bool
  ) -> (values: Tensor, indices: Tensor) {
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
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
