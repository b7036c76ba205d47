extension F {
  /// The transposed convolution of sequences (`torch.nn.functional.conv_transpose1d`): as
  /// ``convTranspose2d(_:_:bias:stride:padding:outputPadding:groups:dilation:)`` with `[N, C, L]`.
  public static func convTranspose1d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: any Sizes = 1,
    padding: any Sizes = 0,
    outputPadding: any Sizes = 0, groups: Int = 1, dilation: any Sizes = 1
  ) -> Tensor {
    transposedConvolution(
      "conv_transpose1d", 1, x, weight, bias, stride, padding, outputPadding, groups, dilation)
  }

  /// The adjoint of a convolution of images (`torch.nn.functional.conv_transpose2d`), also called a
  /// deconvolution (Zeiler et al. 2010).
  ///
  /// Integers are computed in float64: exactly up to 2⁵³.
  /// - Parameters:
  ///   - x: `[N, C, H, W]`, or `[C, H, W]` without a batch.
  ///   - weight: `[C, outputs / groups, kernel height, kernel width]`.
  ///   - bias: `[outputs]`.
  ///   - stride: The step of the convolution that this is the adjoint of.
  ///   - padding: Its padding.
  ///   - outputPadding: Rows added at the end of the output, fewer than stride or dilation.
  ///   - groups: How many parts the channels are divided into, each with filters of its own.
  ///   - dilation: Its dilation.
  /// - Returns: `[N, outputs, H', W']`,
  ///   H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1.
  public static func convTranspose2d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: any Sizes = 1,
    padding: any Sizes = 0,
    outputPadding: any Sizes = 0, groups: Int = 1, dilation: any Sizes = 1
  ) -> Tensor {
    transposedConvolution(
      "conv_transpose2d", 2, x, weight, bias, stride, padding, outputPadding, groups, dilation)
  }

  /// The transposed convolution of volumes (`torch.nn.functional.conv_transpose3d`): as
  /// ``convTranspose2d(_:_:bias:stride:padding:outputPadding:groups:dilation:)`` with
  /// `[N, C, D, H, W]`.
  public static func convTranspose3d(
    _ x: Tensor, _ weight: Tensor, bias: Tensor? = nil, stride: any Sizes = 1,
    padding: any Sizes = 0,
    outputPadding: any Sizes = 0, groups: Int = 1, dilation: any Sizes = 1
  ) -> Tensor {
    transposedConvolution(
      "conv_transpose3d", 3, x, weight, bias, stride, padding, outputPadding, groups, dilation)
  }

  private static func transposedConvolution(
    _ name: String, _ dims: Int, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?,
    _ stride: any Sizes,
    _ padding: any Sizes, _ outputPadding: any Sizes, _ groups: Int, _ dilation: any Sizes
  ) -> Tensor {
    ConvolutionShape.checkOperands(name, dims, x, weight, bias)
    if !x.dtype.isFloatingPoint {
      return transposedConvolution(
        name, dims, x.to(.float64), weight.to(.float64), bias?.to(.float64), stride, padding,
        outputPadding, groups, dilation
      ).to(x.dtype)
    }
    if x.rank == dims + 1 {
      return transposedConvolution(
        name, dims, x.unsqueezed(0), weight, bias, stride, padding, outputPadding, groups, dilation
      ).squeezed(0)
    }
    let spec = ConvolutionShape(
      dims: dims, stride: ConvolutionShape.spread(stride, dims, name, "stride"),
      padding: ConvolutionShape.spread(padding, dims, name, "padding"),
      dilation: ConvolutionShape.spread(dilation, dims, name, "dilation"), groups: groups)
    spec.check(name)
    require(
      groups > 0 && weight.shape[0] == x.shape[1] && weight.shape[0] % groups == 0, name,
      "a weight of \(weight.shape) with \(groups) groups does not fit an input of \(x.shape)")
    let outputs = weight.shape[1] * groups
    require(
      bias == nil || bias?.shape == [outputs], name,
      "a bias of \(bias?.shape ?? []) for \(outputs) outputs")
    require(
      x.shape[2...].allSatisfy { $0 > 0 }, name, "an input of \(x.shape) has no positions")
    let extra = ConvolutionShape.spread(outputPadding, dims, name, "output padding")
    require(
      (0..<dims).allSatisfy {
        extra[$0] >= 0 && (extra[$0] < spec.stride[$0] || extra[$0] < spec.dilation[$0])
      }, name, "output padding \(extra) must be less than stride or dilation")
    let out = (0..<dims).map { (dim: Int) -> Int in
      let spread = (x.shape[dim + 2] - 1) * spec.stride[dim] - 2 * spec.padding[dim]
      return spread + spec.dilation[dim] * (weight.shape[dim + 2] - 1) + extra[dim] + 1
    }
    require(
      out.allSatisfy { $0 > 0 }, name, "an input of \(x.shape) gives an output of \(out)")
    let operation = ConvolutionInputGradient(
      name: name, geometry: spec, size: [x.shape[0], outputs] + out)
    let y = Tensor.record(operation, [x, weight])
    guard let bias else { return y }
    return y + bias.to(y.dtype).reshaped([-1] + [Int](repeating: 1, count: dims))
  }
}
