/// The geometry of a convolution over one to three spatial dimensions.
struct ConvolutionShape {
  let dims: Int
  let stride: [Int]
  let padding: [Int]
  let dilation: [Int]
  let groups: Int

  /// One value for every dimension, or one each.
  static func spread(_ values: any Sizes, _ dims: Int, _ name: String, _ what: String) -> [Int] {
    let values = values.sizes
    if values.count == 1 { return [Int](repeating: values[0], count: dims) }
    require(values.count == dims, name, "\(what) needs 1 or \(dims) values, not \(values)")
    return values
  }

  /// The output's size, with its own padding at the end.
  func output(_ size: [Int], _ kernel: [Int], end: [Int]) -> [Int] {
    (0..<dims).map {
      let room = size[$0] + padding[$0] + end[$0] - dilation[$0] * (kernel[$0] - 1) - 1
      return room < 0 ? 0 : room / stride[$0] + 1
    }
  }

  func check(_ name: String) {
    require(
      stride.allSatisfy { $0 > 0 } && dilation.allSatisfy { $0 > 0 }
        && padding.allSatisfy { $0 >= 0 }, name,
      "stride and dilation must be positive and padding not negative")
  }

  static func checkOperands(
    _ name: String, _ dims: Int, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?
  ) {
    require(
      x.rank == dims + 2 || x.rank == dims + 1, name,
      "an input of [N, C, \(dims) sizes] or [C, \(dims) sizes] is expected, not \(x.shape)")
    require(
      weight.rank == dims + 2, name,
      "a weight of \(dims + 2) dimensions is expected, not \(weight.shape)")
    require(
      weight.shape[2...].allSatisfy { $0 > 0 }, name, "a weight of \(weight.shape) has no elements")
  }

  /// Stops unless operands, which have been cast, share their dtype.
  static func requireOneDType(_ name: String, _ operands: [Tensor]) {
    for operand in operands where operand.dtype != operands[0].dtype {
      fail(
        name,
        "input, weight and bias differ in dtype: "
          + operands.map { "\($0.dtype)" }.joined(separator: ", "))
    }
  }
}

extension F {
  /// The cross-correlation of sequences with filters (`torch.nn.functional.conv1d`): as
  /// ``conv2d(_:_:bias:stride:padding:dilation:groups:)`` with `[N, C, L]`.
  public static func conv1d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: any Sizes = 1,
    padding: some PaddingSizes = 0, dilation: any Sizes = 1, groups: Int = 1
  ) -> Tensor {
    convolution(
      "conv1d", 1, x, weight, bias, stride, padding.padding, dilation, groups)
  }

  /// The cross-correlation of images with filters (`torch.nn.functional.conv2d`).
  ///
  /// Integers are computed in float64: exactly up to 2⁵³.
  /// - Parameters:
  ///   - x: `[N, C, H, W]`, or `[C, H, W]` without a batch.
  ///   - weight: `[outputs, C / groups, kernel height, kernel width]`.
  ///   - bias: `[outputs]`.
  ///   - stride: The step from window to window: one value for both dimensions, or one each.
  ///   - padding: Zeros around the image: one number, one for each dimension, `.same` or `.valid`.
  ///   - dilation: The distance between a window's elements, likewise.
  ///   - groups: How many parts the channels are divided into, each with filters of its own.
  /// - Returns: `[N, outputs, H', W']`,
  ///   H' = ⌊(H + 2 padding - dilation (kernel - 1) - 1) / stride⌋ + 1.
  public static func conv2d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: any Sizes = 1,
    padding: some PaddingSizes = 0, dilation: any Sizes = 1, groups: Int = 1
  ) -> Tensor {
    convolution(
      "conv2d", 2, x, weight, bias, stride, padding.padding, dilation, groups)
  }

  /// The cross-correlation of volumes with filters (`torch.nn.functional.conv3d`): as
  /// ``conv2d(_:_:bias:stride:padding:dilation:groups:)`` with `[N, C, D, H, W]`.
  public static func conv3d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: any Sizes = 1,
    padding: some PaddingSizes = 0, dilation: any Sizes = 1, groups: Int = 1
  ) -> Tensor {
    convolution(
      "conv3d", 3, x, weight, bias, stride, padding.padding, dilation, groups)
  }

  private static func convolution(
    _ name: String, _ dims: Int, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?,
    _ stride: any Sizes,
    _ padding: ConvolutionPadding, _ dilation: any Sizes, _ groups: Int
  ) -> Tensor {
    ConvolutionShape.checkOperands(name, dims, x, weight, bias)
    if !x.dtype.isFloatingPoint {
      return convolution(
        name, dims, x.to(.float64), weight.to(.float64), bias?.to(.float64), stride, padding,
        dilation, groups
      ).to(x.dtype)
    }
    if x.rank == dims + 1 {
      return convolution(
        name, dims, x.unsqueezed(0), weight, bias, stride, padding, dilation, groups
      ).squeezed(0)
    }
    let kernel = Array(weight.shape.suffix(dims))
    let steps = ConvolutionShape.spread(stride, dims, name, "stride")
    let spacing = ConvolutionShape.spread(dilation, dims, name, "dilation")
    let border = padding.borders(name, kernel: kernel, dilation: spacing, stride: steps)
    let spec = ConvolutionShape(
      dims: dims, stride: steps, padding: border.start, dilation: spacing, groups: groups)
    spec.check(name)
    require(
      groups > 0 && weight.shape[1] * groups == x.shape[1] && weight.shape[0] % groups == 0, name,
      "a weight of \(weight.shape) with \(groups) groups does not fit an input of \(x.shape)")
    require(
      bias == nil || bias?.shape == [weight.shape[0]], name,
      "a bias of \(bias?.shape ?? []) for \(weight.shape[0]) outputs")
    let size = Array(x.shape.suffix(dims))
    let out = spec.output(size, kernel, end: border.end)
    require(weight.shape[0] > 0, name, "a weight of \(weight.shape) has no outputs")
    require(
      out.allSatisfy { $0 > 0 }, name,
      "a kernel of \(kernel) does not fit into an image of \(size) with padding \(border.start)")
    if x.shape[1] == 0 {
      // PyTorch's result has as few channels as its input.
      let operands = [x, weight] + (bias.map { [$0] } ?? [])
      return Tensor.withoutElements(name, operands, [[x.shape[0], 0] + out])[0]
    }
    return Tensor.record(
      Convolution(name: name, geometry: spec, out: out), [x, weight] + [bias].compactMap { $0 })
  }
}
