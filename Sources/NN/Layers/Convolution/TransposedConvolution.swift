import Tensors

/// What ``ConvTranspose1d``, ``ConvTranspose2d`` and ``ConvTranspose3d`` share.
open class TransposedConvolutionLayer: Module, Layer {
  /// `[inputs, outputs / groups, kernel…]`.
  public let weight: Parameter
  /// `[outputs]`, or nil.
  public let bias: Parameter?
  private let dims, groups: Int
  private let stride, padding, outputPadding, dilation: [Int]

  init(
    _ dims: Int, _ inputs: Int, _ outputs: Int, _ kernelSize: [Int], _ stride: [Int],
    _ padding: [Int], _ outputPadding: [Int], _ groups: Int, _ bias: Bool, _ dilation: [Int],
    _ dtype: DType
  ) {
    let name = "\(Self.self)"
    require(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0, name,
      "\(groups) groups do not divide \(inputs) inputs and \(outputs) outputs")
    func all(_ sizes: [Int], _ what: String) -> [Int] {
      require(
        sizes.count == 1 || sizes.count == dims, name,
        "\(what) needs 1 or \(dims) values, not \(sizes)")
      return sizes.count == 1 ? [Int](repeating: sizes[0], count: dims) : sizes
    }
    weight = Parameter(
      .empty([inputs, outputs / groups] + all(kernelSize, "kernel size"), dtype: dtype))
    self.bias = bias ? Parameter(.empty([outputs], dtype: dtype)) : nil
    (self.dims, self.groups) = (dims, groups)
    (self.stride, self.padding) = (all(stride, "stride"), all(padding, "padding"))
    (self.outputPadding, self.dilation) = (
      all(outputPadding, "output padding"), all(dilation, "dilation")
    )
    Init.linearDefault(weight, self.bias)
  }

  /// The transposed convolution, of the size that `outputPadding` says.
  public func forward(_ x: Tensor) -> Tensor { forward(x, outputSize: nil) }

  /// The transposed convolution.
  /// - Parameters:
  ///   - x: The input, `[N, C, …]`, or `[C, …]` without a batch.
  ///   - outputSize: The spatial sizes wanted, where several inputs' sizes would do.
  public func callAsFunction(_ x: Tensor, outputSize: [Int]?) -> Tensor {
    withHooks(x) { forward($0, outputSize: outputSize) }
  }

  private func forward(_ x: Tensor, outputSize: [Int]?) -> Tensor {
    let extra = outputSize.map { missing($0, x) } ?? outputPadding
    let (w, b) = (weight.value, bias?.value)
    switch dims {
    case 1:
      return F.convTranspose1d(
        x, w, bias: b, stride: stride, padding: padding, outputPadding: extra, groups: groups,
        dilation: dilation)
    case 2:
      return F.convTranspose2d(
        x, w, bias: b, stride: stride, padding: padding, outputPadding: extra, groups: groups,
        dilation: dilation)
    default:
      return F.convTranspose3d(
        x, w, bias: b, stride: stride, padding: padding, outputPadding: extra, groups: groups,
        dilation: dilation)
    }
  }

  /// What an output size has beyond the smallest one.
  private func missing(_ size: [Int], _ x: Tensor) -> [Int] {
    let wanted = Array(size.suffix(dims))
    let input = Array(x.shape.suffix(dims))
    return (0..<dims).map { (dim: Int) -> Int in
      let kernel = dilation[dim] * (weight.shape[dim + 2] - 1) + 1
      let least = (input[dim] - 1) * stride[dim] - 2 * padding[dim] + kernel
      require(
        wanted.count == dims && (least..<(least + stride[dim])).contains(wanted[dim]),
        "\(Self.self)", "an output of \(size) does not follow from an input of \(x.shape)")
      return wanted[dim] - least
    }
  }

  /// The sizes, and what differs from the defaults.
  public override var extraDescription: String {
    var text =
      "\(weight.shape[0]), \(weight.shape[1] * groups), kernel_size=\(shown(Array(weight.shape[2...]), dims: dims)), stride=\(shown(stride, dims: dims))"
    if padding.contains(where: { $0 != 0 }) { text += ", padding=\(shown(padding, dims: dims))" }
    if dilation.contains(where: { $0 != 1 }) { text += ", dilation=\(shown(dilation, dims: dims))" }
    if outputPadding.contains(where: { $0 != 0 }) {
      text += ", output_padding=\(shown(outputPadding, dims: dims))"
    }
    if groups != 1 { text += ", groups=\(groups)" }
    if bias == nil { text += ", bias=False" }
    return text
  }
}

/// The adjoint of a convolution over sequences (`torch.nn.ConvTranspose1d`).
public final class ConvTranspose1d: TransposedConvolutionLayer {
  /// A layer with PyTorch's initial values.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: any Sizes, stride: any Sizes = 1,
    padding: any Sizes = 0, outputPadding: any Sizes = 0, groups: Int = 1, bias: Bool = true,
    dilation: any Sizes = 1, dtype: DType = .float32
  ) {
    super.init(
      1, inputs, outputs, kernelSize.sizes, stride.sizes, padding.sizes, outputPadding.sizes,
      groups, bias, dilation.sizes, dtype)
  }

}

/// The adjoint of a convolution over images (`torch.nn.ConvTranspose2d`).
public final class ConvTranspose2d: TransposedConvolutionLayer {
  /// A layer with PyTorch's initial values.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: any Sizes, stride: any Sizes = 1,
    padding: any Sizes = 0, outputPadding: any Sizes = 0, groups: Int = 1, bias: Bool = true,
    dilation: any Sizes = 1, dtype: DType = .float32
  ) {
    super.init(
      2, inputs, outputs, kernelSize.sizes, stride.sizes, padding.sizes, outputPadding.sizes,
      groups, bias, dilation.sizes, dtype)
  }

}

/// The adjoint of a convolution over volumes (`torch.nn.ConvTranspose3d`).
public final class ConvTranspose3d: TransposedConvolutionLayer {
  /// A layer with PyTorch's initial values.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: any Sizes, stride: any Sizes = 1,
    padding: any Sizes = 0, outputPadding: any Sizes = 0, groups: Int = 1, bias: Bool = true,
    dilation: any Sizes = 1, dtype: DType = .float32
  ) {
    super.init(
      3, inputs, outputs, kernelSize.sizes, stride.sizes, padding.sizes, outputPadding.sizes,
      groups, bias, dilation.sizes, dtype)
  }

}
