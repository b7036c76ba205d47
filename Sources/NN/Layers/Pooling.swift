import Tensors

/// The largest element of every window (`torch.nn.MaxPool2d`). `[N, C, H, W] → [N, C, H', W']`.
public final class MaxPool2d: Module, Layer {
  private let kernelSize: [Int]
  private let stride: [Int]?
  private let padding, dilation: [Int]
  private let ceilMode: Bool

  /// Square windows, by default side by side.
  public init(
    _ kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1,
    ceilMode: Bool = false
  ) {
    self.kernelSize = [kernelSize]
    self.stride = stride.map { [$0] }
    self.padding = [padding]
    self.dilation = [dilation]
    self.ceilMode = ceilMode
  }

  /// The maxima.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    F.maxPool2d(
      x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The window.
  public override var extraDescription: String {
    "kernel_size=\(kernelSize[0]), stride=\((stride ?? kernelSize)[0]), padding=\(padding[0])"
  }
}
