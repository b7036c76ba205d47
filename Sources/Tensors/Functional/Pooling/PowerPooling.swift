/// Power means over windows, and the way back from maxima.
extension F {
  /// (Σ xᵖ)^(1/p) over every window of a sequence, `[N, C, L]` or `[C, L]` (`torch.nn.functional.lp_pool1d`).
  public static func lpPool1d(
    _ x: Tensor, _ normType: Double, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    ceilMode: Bool = false
  ) -> Tensor {
    lpPool("lp_pool1d", 1, x, normType, kernelSize, stride, ceilMode)
  }

  /// (Σ xᵖ)^(1/p) over every window of an image, `[N, C, H, W]` or `[C, H, W]` (`torch.nn.functional.lp_pool2d`).
  public static func lpPool2d(
    _ x: Tensor, _ normType: Double, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    ceilMode: Bool = false
  ) -> Tensor {
    lpPool("lp_pool2d", 2, x, normType, kernelSize, stride, ceilMode)
  }

  /// (Σ xᵖ)^(1/p) over every window of a volume, `[N, C, D, H, W]` or `[C, D, H, W]` (`torch.nn.functional.lp_pool3d`).
  public static func lpPool3d(
    _ x: Tensor, _ normType: Double, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    ceilMode: Bool = false
  ) -> Tensor {
    lpPool("lp_pool3d", 3, x, normType, kernelSize, stride, ceilMode)
  }

  private static func lpPool(
    _ name: String, _ dims: Int, _ x: Tensor, _ p: Double, _ kernelSize: any Sizes,
    _ stride: (any Sizes)?,
    _ ceilMode: Bool
  ) -> Tensor {
    require(p != 0, name, "the norm's order must not be 0")
    let kernel = ConvolutionShape.spread(kernelSize, dims, name, "kernel size")
    let mean = avgPool(name, dims, x.pow(p), kernel, stride, 0, ceilMode, true, nil)
    return (mean.sign() * mean.abs().relu() * Double(kernel.reduce(1, *))).pow(1 / p)
  }

  /// Values put back to the positions that `maxPool1dWithIndices` gave, zeros elsewhere
  /// (`torch.nn.functional.max_unpool1d`).
  /// - Parameters:
  ///   - x: What the pooling gave, `[N, C, …]` or `[C, …]`.
  ///   - indices: The positions that it gave, of x's shape.
  ///   - kernelSize: The window's size in that pooling.
  ///   - stride: Its stride; by default the window's size.
  ///   - padding: Its padding.
  ///   - outputSize: The spatial sizes of the result; by default the smallest input's that the
  ///     pooling could have had.
  public static func maxUnpool1d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    padding: any Sizes = 0, outputSize: (any Sizes)? = nil
  ) -> Tensor {
    maxUnpool("max_unpool1d", 1, x, indices, kernelSize, stride, padding, outputSize)
  }

  /// Values put back to the positions that `maxPool2dWithIndices` gave, zeros elsewhere
  /// (`torch.nn.functional.max_unpool2d`).
  /// - Parameters:
  ///   - x: What the pooling gave, `[N, C, …]` or `[C, …]`.
  ///   - indices: The positions that it gave, of x's shape.
  ///   - kernelSize: The window's size in that pooling.
  ///   - stride: Its stride; by default the window's size.
  ///   - padding: Its padding.
  ///   - outputSize: The spatial sizes of the result; by default the smallest input's that the
  ///     pooling could have had.
  public static func maxUnpool2d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    padding: any Sizes = 0, outputSize: (any Sizes)? = nil
  ) -> Tensor {
    maxUnpool("max_unpool2d", 2, x, indices, kernelSize, stride, padding, outputSize)
  }

  /// Values put back to the positions that `maxPool3dWithIndices` gave, zeros elsewhere
  /// (`torch.nn.functional.max_unpool3d`).
  /// - Parameters:
  ///   - x: What the pooling gave, `[N, C, …]` or `[C, …]`.
  ///   - indices: The positions that it gave, of x's shape.
  ///   - kernelSize: The window's size in that pooling.
  ///   - stride: Its stride; by default the window's size.
  ///   - padding: Its padding.
  ///   - outputSize: The spatial sizes of the result; by default the smallest input's that the
  ///     pooling could have had.
  public static func maxUnpool3d(
    _ x: Tensor, _ indices: Tensor, _ kernelSize: any Sizes, stride: (any Sizes)? = nil,
    padding: any Sizes = 0, outputSize: (any Sizes)? = nil
  ) -> Tensor {
    maxUnpool("max_unpool3d", 3, x, indices, kernelSize, stride, padding, outputSize)
  }

  private static func maxUnpool(
    _ name: String, _ dims: Int, _ x: Tensor, _ indices: Tensor, _ kernelSize: any Sizes,
    _ stride: (any Sizes)?, _ padding: any Sizes, _ outputSize: (any Sizes)?
  ) -> Tensor {
    let x = Autocast.cast(x, for: name)
    require(
      x.shape == indices.shape && indices.dtype == .int64, name,
      "int64 indices of \(x.shape) are expected, not \(indices.dtype) of \(indices.shape)")
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    let spec = PoolingShape(
      name, dims: dims, kernel: kernelSize, stride: stride, padding: padding, ceilMode: false)
    let size = Array(x.shape.suffix(dims))
    let smallest = (0..<dims).map { (dim: Int) -> Int in
      (size[dim] - 1) * spec.stride[dim] - 2 * spec.padding[dim] + spec.kernel[dim]
    }
    let out =
      outputSize.map {
        ConvolutionShape.spread(Array($0.sizes.suffix(dims)), dims, name, "output size")
      } ?? smallest
    require(
      out.count == dims
        && (0..<dims).allSatisfy { Swift.abs(out[$0] - smallest[$0]) < spec.stride[$0] }, name,
      "an output size of \(out) does not belong to a pooled size of \(size)")
    let lead = Array(x.shape.dropLast(dims))
    let places = lead + [size.reduce(1, *)]
    let zeros = Tensor.zeros(lead + [out.reduce(1, *)], dtype: x.dtype)
    let filled = zeros.scatter(
      dim: -1, index: indices.reshaped(places), src: x.reshaped(places))
    return filled.reshaped(lead + out)
  }
}
