import Tensors

// The way back from maxima, and windows at random.

/// Values put back where `MaxPool1d.withIndices` found them (`torch.nn.MaxUnpool1d`).
public final class MaxUnpool1d: Module, Hookable {
  private let kernelSize, padding: [Int]
  private let stride: [Int]?

  /// - Parameters:
  ///   - kernelSize: The window's size in the pooling that is undone.
  ///   - stride: By default the kernel's size.
  ///   - padding: The padding of that pooling.
  public init(_ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0) {
    (self.kernelSize, self.stride, self.padding) = (kernelSize.sizes, stride?.sizes, padding.sizes)
  }

  /// The values in place, zeros elsewhere.
  public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
    withHooks(x, indices) {
      F.maxUnpool1d(
        $0, $1, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
    }
  }
}

/// Values put back where `MaxPool2d.withIndices` found them (`torch.nn.MaxUnpool2d`).
public final class MaxUnpool2d: Module, Hookable {
  private let kernelSize, padding: [Int]
  private let stride: [Int]?

  /// - Parameters:
  ///   - kernelSize: The window's size in the pooling that is undone.
  ///   - stride: By default the kernel's size.
  ///   - padding: The padding of that pooling.
  public init(_ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0) {
    (self.kernelSize, self.stride, self.padding) = (kernelSize.sizes, stride?.sizes, padding.sizes)
  }

  /// The values in place, zeros elsewhere.
  public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
    withHooks(x, indices) {
      F.maxUnpool2d(
        $0, $1, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
    }
  }
}

/// Values put back where `MaxPool3d.withIndices` found them (`torch.nn.MaxUnpool3d`).
public final class MaxUnpool3d: Module, Hookable {
  private let kernelSize, padding: [Int]
  private let stride: [Int]?

  /// - Parameters:
  ///   - kernelSize: The window's size in the pooling that is undone.
  ///   - stride: By default the kernel's size.
  ///   - padding: The padding of that pooling.
  public init(_ kernelSize: any Sizes, stride: (any Sizes)? = nil, padding: any Sizes = 0) {
    (self.kernelSize, self.stride, self.padding) = (kernelSize.sizes, stride?.sizes, padding.sizes)
  }

  /// The values in place, zeros elsewhere.
  public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
    withHooks(x, indices) {
      F.maxUnpool3d(
        $0, $1, kernelSize, stride: stride, padding: padding, outputSize: outputSize)
    }
  }
}

/// Maxima of images over windows at random places (`torch.nn.FractionalMaxPool2d`).
public final class FractionalMaxPool2d: Module, Layer {
  private let kernelSize: [Int]
  private let outputSize: [Int]?
  private let outputRatio: [Double]?

  /// Either an output size, or its ratio to the input's, between 0 and 1.
  public init(
    _ kernelSize: any Sizes, outputSize: (any Sizes)? = nil,
    outputRatio: (any ScaleFactors)? = nil
  ) {
    require(
      (outputSize == nil) != (outputRatio == nil), "FractionalMaxPool2d",
      "give either an output size or a ratio")
    self.kernelSize = kernelSize.sizes
    (self.outputSize, self.outputRatio) = (outputSize?.sizes, outputRatio?.scaleFactors)
  }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.fractionalMaxPool2dWithIndices(
      x, kernelSize, outputSize: outputSize, outputRatio: outputRatio)
  }
}

/// Maxima of volumes over windows at random places (`torch.nn.FractionalMaxPool3d`).
public final class FractionalMaxPool3d: Module, Layer {
  private let kernelSize: [Int]
  private let outputSize: [Int]?
  private let outputRatio: [Double]?

  /// Either an output size, or its ratio to the input's, between 0 and 1.
  public init(
    _ kernelSize: any Sizes, outputSize: (any Sizes)? = nil,
    outputRatio: (any ScaleFactors)? = nil
  ) {
    require(
      (outputSize == nil) != (outputRatio == nil), "FractionalMaxPool3d",
      "give either an output size or a ratio")
    self.kernelSize = kernelSize.sizes
    (self.outputSize, self.outputRatio) = (outputSize?.sizes, outputRatio?.scaleFactors)
  }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.fractionalMaxPool3dWithIndices(
      x, kernelSize, outputSize: outputSize, outputRatio: outputRatio)
  }
}
