extension F {
  /// The windows of images as columns (`torch.nn.functional.unfold`).
  /// - Parameters:
  ///   - x: `[N, C, H, W]` or `[C, H, W]`.
  ///   - kernelSize: The window's height and width, or one value for both.
  ///   - dilation: The distance between a window's elements, likewise.
  ///   - padding: Zeros on each side, likewise.
  ///   - stride: The step from window to window: one value for both dimensions, or one each.
  /// - Returns: `[N, C · kernel area, windows]`.
  public static func unfold(
    _ x: Tensor, _ kernelSize: any Sizes, dilation: any Sizes = 1, padding: any Sizes = 0,
    stride: any Sizes = 1
  ) -> Tensor {
    let name = "unfold"
    require(
      x.rank == 3 || x.rank == 4, name,
      "an input of [N, C, H, W] or [C, H, W] is expected, not \(x.shape)")
    Tensor.requireElements(name, x, dims: 2)
    if x.rank == 3 {
      return unfold(
        x.unsqueezed(0), kernelSize, dilation: dilation, padding: padding, stride: stride
      ).squeezed(0)
    }
    if !x.dtype.isFloatingPoint {
      return unfold(
        x.to(.float64), kernelSize, dilation: dilation, padding: padding, stride: stride
      ).to(x.dtype)
    }
    let plan = Folding(
      name, image: Array(x.shape[1...]), kernelSize, dilation, padding, stride)
    return Tensor.record(plan, [x])
  }

  /// Columns added up in images: the adjoint of ``unfold(_:_:dilation:padding:stride:)``
  /// (`torch.nn.functional.fold`).
  /// - Parameters:
  ///   - x: `[N, C · kernel area, windows]` or without N.
  ///   - outputSize: The images' height and width.
  ///   - kernelSize: The window's height and width, or one value for both.
  ///   - dilation: The distance between a window's elements, likewise.
  ///   - padding: Zeros on each side, likewise.
  ///   - stride: The step from window to window: one value for both dimensions, or one each.
  /// - Returns: `[N, C, H, W]`.
  public static func fold(
    _ x: Tensor, outputSize: any Sizes, _ kernelSize: any Sizes, dilation: any Sizes = 1,
    padding: any Sizes = 0, stride: any Sizes = 1
  ) -> Tensor {
    let name = "fold"
    require(
      x.rank == 2 || x.rank == 3, name,
      "columns of [N, C · kernel area, windows] are expected, not \(x.shape)")
    if x.rank == 2 {
      return fold(
        x.unsqueezed(0), outputSize: outputSize, kernelSize, dilation: dilation, padding: padding,
        stride: stride
      ).squeezed(0)
    }
    let kernel = ConvolutionShape.spread(kernelSize, 2, name, "kernel size")
    let size = ConvolutionShape.spread(outputSize, 2, name, "output size")
    let area = kernel.reduce(1, *)
    require(
      area > 0 && x.shape[1] % area == 0, name,
      "\(x.shape[1]) rows are not a multiple of the kernel's area \(area)")
    let plan = Folding(
      name, image: [x.shape[1] / area] + size, kernelSize, dilation, padding, stride)
    require(
      x.shape[2] == plan.windows, name, "\(x.shape[2]) columns where \(plan.windows) windows fit")
    return Tensor.record(plan.transposed, [x])
  }
}

/// Windows over images as columns, and columns as images.
private struct Folding: LinearMap {
  let geometry: ConvolutionShape
  let kernel: [Int]
  /// Channels, height and width.
  let image: [Int]
  /// How many windows there are along both dimensions.
  let out: [Int]
  var name: String { "unfold" }
  var windows: Int { out.reduce(1, *) }

  init(
    _ name: String, image: [Int], _ kernelSize: any Sizes, _ dilation: any Sizes,
    _ padding: any Sizes,
    _ stride: any Sizes
  ) {
    kernel = ConvolutionShape.spread(kernelSize, 2, name, "kernel size")
    geometry = ConvolutionShape(
      dims: 2, stride: ConvolutionShape.spread(stride, 2, name, "stride"),
      padding: ConvolutionShape.spread(padding, 2, name, "padding"),
      dilation: ConvolutionShape.spread(dilation, 2, name, "dilation"), groups: 1)
    geometry.check(name)
    require(kernel.allSatisfy { $0 > 0 }, name, "the kernel size must be positive: \(kernel)")
    let size = Array(image[1...])
    out = geometry.output(size, kernel, end: geometry.padding)
    require(
      out.allSatisfy { $0 > 0 }, name, "a kernel of \(kernel) does not fit into an image of \(size)"
    )
    self.image = image
  }

  func map(_ x: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.unfold(x, geometry, kernel: kernel, image: image, out: out, isAdjoint: false)
  }

  func adjoint(_ g: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor {
    Kernel.unfold(g, geometry, kernel: kernel, image: image, out: out, isAdjoint: true)
  }
}
