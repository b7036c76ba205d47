import Tensors

/// What ``Conv1d``, ``Conv2d`` and ``Conv3d`` share (`torch.nn.modules.conv._ConvNd`).
open class ConvolutionLayer: Module, Layer {
  /// `[outputs, inputs / groups, kernel…]`.
  public let weight: Parameter
  /// `[outputs]`, or nil.
  public let bias: Parameter?
  private let dims, groups: Int
  private let stride, dilation: [Int]
  private let padding: ConvolutionPadding
  private let paddingMode: PaddingMode

  init(
    _ dims: Int, _ inputs: Int, _ outputs: Int, _ kernelSize: [Int], _ stride: [Int],
    _ padding: ConvolutionPadding, _ dilation: [Int], _ groups: Int, _ bias: Bool,
    _ paddingMode: PaddingMode, _ dtype: DType
  ) {
    let name = "\(Self.self)"
    require(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0, name,
      "\(groups) groups do not divide \(inputs) inputs and \(outputs) outputs")
    require(
      kernelSize.count == 1 || kernelSize.count == dims, name,
      "a kernel size of 1 or \(dims) values is expected, not \(kernelSize)")
    let kernel = kernelSize.count == 1 ? [Int](repeating: kernelSize[0], count: dims) : kernelSize
    weight = Parameter(.empty([outputs, inputs / groups] + kernel, dtype: dtype))
    self.bias = bias ? Parameter(.empty([outputs], dtype: dtype)) : nil
    (self.dims, self.groups) = (dims, groups)
    (self.stride, self.padding, self.dilation) = (stride, padding, dilation)
    self.paddingMode = paddingMode
    Init.linearDefault(weight, self.bias)
  }

  /// The convolution.
  public func forward(_ x: Tensor) -> Tensor {
    var (input, border) = (x, padding)
    if paddingMode != .constant {
      let kernel = Array(weight.shape[2...])
      let sides = padding.borders(kernel: kernel, dilation: dilation, stride: stride)
      let flat = (0..<dims).reversed().flatMap { [sides.start[$0], sides.end[$0]] }
      (input, border) = (F.pad(x, flat, mode: paddingMode), 0)
    }
    let (w, b) = (weight.value, bias?.value)
    switch dims {
    case 1:
      return F.conv1d(
        input, w, bias: b, stride: stride, padding: border, dilation: dilation, groups: groups)
    case 2:
      return F.conv2d(
        input, w, bias: b, stride: stride, padding: border, dilation: dilation, groups: groups)
    default:
      return F.conv3d(
        input, w, bias: b, stride: stride, padding: border, dilation: dilation, groups: groups)
    }
  }

  /// The sizes, and what differs from the defaults.
  public override var extraDescription: String {
    let kernel = Array(weight.shape[2...])
    var text =
      "\(weight.shape[1] * groups), \(weight.shape[0]), kernel_size=\(shown(kernel, dims: dims)), stride=\(shown(stride, dims: dims))"
    switch padding.rule {
    case .same: text += ", padding=same"
    case .valid: text += ", padding=valid"
    case .sizes(let sizes):
      if sizes.contains(where: { $0 != 0 }) { text += ", padding=\(shown(sizes, dims: dims))" }
    }
    if dilation.contains(where: { $0 != 1 }) { text += ", dilation=\(shown(dilation, dims: dims))" }
    if groups != 1 { text += ", groups=\(groups)" }
    if bias == nil { text += ", bias=False" }
    if paddingMode != .constant { text += ", padding_mode=\(paddingMode.rawValue)" }
    return text
  }
}

/// A convolution over sequences (`torch.nn.Conv1d`). `[N, inputs, L] → [N, outputs, L']`.
public final class Conv1d: ConvolutionLayer {
  /// A layer with PyTorch's initial values: uniform on ±1/√(inputs · kernel area / groups).
  /// - Parameters:
  ///   - inputs: The input's channels.
  ///   - outputs: The output's channels.
  ///   - kernelSize: The filter's size: one number, or one for each dimension.
  ///   - stride: The step from window to window: one number, or one for each dimension.
  ///   - padding: A number, one for each dimension, `.same` or `.valid`.
  ///   - dilation: The distance between the filter's elements, likewise.
  ///   - groups: How many parts the channels are divided into, each with filters of its own.
  ///   - bias: Whether each output channel has a bias.
  ///   - paddingMode: What the padding consists of; constant stands for zeros.
  ///   - dtype: The parameters' element type.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: any Sizes, stride: any Sizes = 1,
    padding: some PaddingSizes = 0, dilation: any Sizes = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .constant, dtype: DType = .float32
  ) {
    super.init(
      1, inputs, outputs, kernelSize.sizes, stride.sizes, padding.padding, dilation.sizes, groups,
      bias, paddingMode, dtype)
  }
}

/// A convolution over images (`torch.nn.Conv2d`). `[N, inputs, H, W] → [N, outputs, H', W']`.
public final class Conv2d: ConvolutionLayer {
  /// A layer with PyTorch's initial values: uniform on ±1/√(inputs · kernel area / groups).
  /// - Parameters:
  ///   - inputs: The input's channels.
  ///   - outputs: The output's channels.
  ///   - kernelSize: The filter's size: one number, or one for each dimension.
  ///   - stride: The step from window to window: one number, or one for each dimension.
  ///   - padding: A number, one for each dimension, `.same` or `.valid`.
  ///   - dilation: The distance between the filter's elements, likewise.
  ///   - groups: How many parts the channels are divided into, each with filters of its own.
  ///   - bias: Whether each output channel has a bias.
  ///   - paddingMode: What the padding consists of; constant stands for zeros.
  ///   - dtype: The parameters' element type.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: any Sizes, stride: any Sizes = 1,
    padding: some PaddingSizes = 0, dilation: any Sizes = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .constant, dtype: DType = .float32
  ) {
    super.init(
      2, inputs, outputs, kernelSize.sizes, stride.sizes, padding.padding, dilation.sizes, groups,
      bias, paddingMode, dtype)
  }
}

/// A convolution over volumes (`torch.nn.Conv3d`). `[N, inputs, D, H, W] → [N, outputs, D', H', W']`.
public final class Conv3d: ConvolutionLayer {
  /// A layer with PyTorch's initial values: uniform on ±1/√(inputs · kernel area / groups).
  /// - Parameters:
  ///   - inputs: The input's channels.
  ///   - outputs: The output's channels.
  ///   - kernelSize: The filter's size: one number, or one for each dimension.
  ///   - stride: The step from window to window: one number, or one for each dimension.
  ///   - padding: A number, one for each dimension, `.same` or `.valid`.
  ///   - dilation: The distance between the filter's elements, likewise.
  ///   - groups: How many parts the channels are divided into, each with filters of its own.
  ///   - bias: Whether each output channel has a bias.
  ///   - paddingMode: What the padding consists of; constant stands for zeros.
  ///   - dtype: The parameters' element type.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: any Sizes, stride: any Sizes = 1,
    padding: some PaddingSizes = 0, dilation: any Sizes = 1, groups: Int = 1, bias: Bool = true,
    paddingMode: PaddingMode = .constant, dtype: DType = .float32
  ) {
    super.init(
      3, inputs, outputs, kernelSize.sizes, stride.sizes, padding.padding, dilation.sizes, groups,
      bias, paddingMode, dtype)
  }
}
