import Tensors

// Maxima and means over windows, by default side by side.

/// The largest element of every window of sequences (`torch.nn.MaxPool1d`).
public final class MaxPool1d: Module, Layer {
  private let kernelSize, padding, dilation: [Int]
  private let stride: [Int]?
  private let ceilMode: Bool

  /// - Parameters:
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - padding: Places on each side that never hold the maximum.
  ///   - dilation: The distance between a window's elements.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  public init(
    _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) {
    (self.kernelSize, self.stride) = (kernelSize.sizes, stride?.sizes)
    (self.padding, self.dilation) = (padding.sizes, dilation.sizes)
    self.ceilMode = ceilMode
  }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.maxPool1dWithIndices(
      x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The window.
  public override var extraDescription: String {
    "kernel_size=\(shown(kernelSize)), stride=\(shown(stride ?? kernelSize)), padding=\(shown(padding)), dilation=\(shown(dilation)), ceil_mode=\(shown(ceilMode))"
  }
}

/// The largest element of every window of images (`torch.nn.MaxPool2d`).
public final class MaxPool2d: Module, Layer {
  private let kernelSize, padding, dilation: [Int]
  private let stride: [Int]?
  private let ceilMode: Bool

  /// - Parameters:
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - padding: Places on each side that never hold the maximum.
  ///   - dilation: The distance between a window's elements.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  public init(
    _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) {
    (self.kernelSize, self.stride) = (kernelSize.sizes, stride?.sizes)
    (self.padding, self.dilation) = (padding.sizes, dilation.sizes)
    self.ceilMode = ceilMode
  }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.maxPool2dWithIndices(
      x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The window.
  public override var extraDescription: String {
    "kernel_size=\(shown(kernelSize)), stride=\(shown(stride ?? kernelSize)), padding=\(shown(padding)), dilation=\(shown(dilation)), ceil_mode=\(shown(ceilMode))"
  }
}

/// The largest element of every window of volumes (`torch.nn.MaxPool3d`).
public final class MaxPool3d: Module, Layer {
  private let kernelSize, padding, dilation: [Int]
  private let stride: [Int]?
  private let ceilMode: Bool

  /// - Parameters:
  ///   - kernelSize: The window's size: one number, or one for each dimension.
  ///   - stride: By default the kernel's size.
  ///   - padding: Places on each side that never hold the maximum.
  ///   - dilation: The distance between a window's elements.
  ///   - ceilMode: Whether the output's sizes are rounded up, so that a last, partial window
  ///     counts.
  public init(
    _ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0,
    dilation: any Sizes = 1, ceilMode: Bool = false
  ) {
    (self.kernelSize, self.stride) = (kernelSize.sizes, stride?.sizes)
    (self.padding, self.dilation) = (padding.sizes, dilation.sizes)
    self.ceilMode = ceilMode
  }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.maxPool3dWithIndices(
      x, kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  /// The window.
  public override var extraDescription: String {
    "kernel_size=\(shown(kernelSize)), stride=\(shown(stride ?? kernelSize)), padding=\(shown(padding)), dilation=\(shown(dilation)), ceil_mode=\(shown(ceilMode))"
  }
}
