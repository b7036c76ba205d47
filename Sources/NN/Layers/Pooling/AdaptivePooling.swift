import Tensors

private func shown(_ sizes: [Int?]) -> String {
  let texts = sizes.map { $0.map(String.init) ?? "None" }
  return texts.count == 1 ? texts[0] : "(\(texts.joined(separator: ", ")))"
}

/// Means of sequences over as many windows as the output has elements (`torch.nn.AdaptiveAvgPool1d`).
public final class AdaptiveAvgPool1d: FunctionLayer {
  /// The layer of an output size.
  public init(_ outputSize: any OutputSizes) {
    let sizes = outputSize.outputSizes
    super.init("output_size=\(shown(sizes))") { F.adaptiveAvgPool1d($0, sizes) }
  }
}

/// Maxima of sequences over as many windows as the output has elements (`torch.nn.AdaptiveMaxPool1d`).
public final class AdaptiveMaxPool1d: Module, Layer {
  private let outputSize: [Int?]

  /// The layer of an output size.
  public init(_ outputSize: any OutputSizes) { self.outputSize = outputSize.outputSizes }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.adaptiveMaxPool1dWithIndices(x, outputSize)
  }

  /// The output size.
  public override var extraDescription: String { "output_size=\(shown(outputSize))" }
}

/// Means of images over as many windows as the output has elements (`torch.nn.AdaptiveAvgPool2d`).
public final class AdaptiveAvgPool2d: FunctionLayer {
  /// The layer of an output size.
  public init(_ outputSize: any OutputSizes) {
    let sizes = outputSize.outputSizes
    super.init("output_size=\(shown(sizes))") { F.adaptiveAvgPool2d($0, sizes) }
  }
}

/// Maxima of images over as many windows as the output has elements (`torch.nn.AdaptiveMaxPool2d`).
public final class AdaptiveMaxPool2d: Module, Layer {
  private let outputSize: [Int?]

  /// The layer of an output size.
  public init(_ outputSize: any OutputSizes) { self.outputSize = outputSize.outputSizes }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.adaptiveMaxPool2dWithIndices(x, outputSize)
  }

  /// The output size.
  public override var extraDescription: String { "output_size=\(shown(outputSize))" }
}

/// Means of volumes over as many windows as the output has elements (`torch.nn.AdaptiveAvgPool3d`).
public final class AdaptiveAvgPool3d: FunctionLayer {
  /// The layer of an output size.
  public init(_ outputSize: any OutputSizes) {
    let sizes = outputSize.outputSizes
    super.init("output_size=\(shown(sizes))") { F.adaptiveAvgPool3d($0, sizes) }
  }
}

/// Maxima of volumes over as many windows as the output has elements (`torch.nn.AdaptiveMaxPool3d`).
public final class AdaptiveMaxPool3d: Module, Layer {
  private let outputSize: [Int?]

  /// The layer of an output size.
  public init(_ outputSize: any OutputSizes) { self.outputSize = outputSize.outputSizes }

  /// The maxima.
  public func forward(_ x: Tensor) -> Tensor { withIndices(x).values }

  /// The maxima with their positions in the flattened input plane.
  public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
    F.adaptiveMaxPool3dWithIndices(x, outputSize)
  }

  /// The output size.
  public override var extraDescription: String { "output_size=\(shown(outputSize))" }
}
