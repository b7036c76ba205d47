import Tensors

/// A convolution over images (`torch.nn.Conv2d`). `[N, inputs, H, W] → [N, outputs, H', W']`.
public final class Conv2d: Module, Layer {
  /// `[outputs, inputs / groups, kernel height, kernel width]`.
  public let weight: Parameter
  /// `[outputs]`, or nil.
  public let bias: Parameter?
  private let stride, padding, dilation: [Int]
  private let groups: Int

  /// A layer with PyTorch's initial values: uniform on ±1/√(inputs · kernel area / groups).
  /// - Parameters:
  ///   - kernelSize, stride, padding, dilation: One value for both dimensions.
  public convenience init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true, dtype: DType = .float32
  ) {
    self.init(
      inputs, outputs, [kernelSize, kernelSize], stride: [stride, stride],
      padding: [padding, padding], dilation: [dilation, dilation], groups: groups, bias: bias,
      dtype: dtype)
  }

  /// The same with a value for each dimension.
  public init(
    _ inputs: Int, _ outputs: Int, _ kernelSize: [Int], stride: [Int] = [1, 1],
    padding: [Int] = [0, 0], dilation: [Int] = [1, 1], groups: Int = 1, bias: Bool = true,
    dtype: DType = .float32
  ) {
    require(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0, "Conv2d",
      "\(groups) groups do not divide \(inputs) inputs and \(outputs) outputs")
    weight = Parameter(.empty([outputs, inputs / groups] + kernelSize, dtype: dtype))
    self.bias = bias ? Parameter(.empty([outputs], dtype: dtype)) : nil
    (self.stride, self.padding, self.dilation) = (stride, padding, dilation)
    self.groups = groups
    Init.linearDefault(weight, self.bias)
  }

  /// The convolution.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    F.conv2d(
      x, weight.value, bias: bias?.value, stride: stride, padding: padding, dilation: dilation,
      groups: groups)
  }

  /// The sizes.
  public override var extraDescription: String {
    "\(weight.shape[1] * groups), \(weight.shape[0]), kernel_size=\(weight.shape.suffix(2)), stride=\(stride), padding=\(padding)"
  }
}
