import Tensors

/// Normalizes over the last dimensions, then scales and shifts (`torch.nn.LayerNorm`).
public final class LayerNorm: Module, Layer {
  /// The scale, of the normalized shape, or nil.
  public let weight: Parameter?
  /// The shift, of the normalized shape, or nil.
  public let bias: Parameter?
  private let shape: [Int]
  private let eps: Double

  /// - Parameters:
  ///   - shape: The sizes of the trailing dimensions that are normalized together.
  ///   - eps: What is added to the variance.
  ///   - elementwiseAffine: Whether there are a scale (ones) and a shift (zeros).
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ shape: any Sizes, eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true,
    dtype: DType = .float32
  ) {
    let sizes = shape.sizes
    weight = elementwiseAffine ? Parameter(.ones(sizes, dtype: dtype)) : nil
    self.bias = elementwiseAffine && bias ? Parameter(.zeros(sizes, dtype: dtype)) : nil
    (self.shape, self.eps) = (sizes, eps)
  }

  /// The normalized input.
  public func forward(_ x: Tensor) -> Tensor {
    F.layerNorm(x, shape, weight: weight?.value, bias: bias?.value, eps: eps)
  }

  /// The sizes.
  public override var extraDescription: String {
    "\(shown(shape, dims: shape.count)), eps=\(eps), elementwise_affine=\(shown(weight != nil)), bias=\(shown(bias != nil))"
  }
}

/// x/√(mean(x²) + eps) over the last dimensions, then a scale (`torch.nn.RMSNorm`).
public final class RMSNorm: Module, Layer {
  /// The scale, of the normalized shape, or nil.
  public let weight: Parameter?
  private let shape: [Int]
  private let eps: Double?

  /// - Parameters:
  ///   - shape: The sizes of the trailing dimensions that are normalized together.
  ///   - eps: By default the distance from 1 to the next number of the dtype.
  ///   - elementwiseAffine: Whether there is a scale (ones).
  ///   - dtype: The parameters' element type.
  public init(
    _ shape: any Sizes, eps: Double? = nil, elementwiseAffine: Bool = true,
    dtype: DType = .float32
  ) {
    let sizes = shape.sizes
    weight = elementwiseAffine ? Parameter(.ones(sizes, dtype: dtype)) : nil
    (self.shape, self.eps) = (sizes, eps)
  }

  /// The normalized input.
  public func forward(_ x: Tensor) -> Tensor {
    F.rmsNorm(x, shape, weight: weight?.value, eps: eps)
  }

  /// The sizes.
  public override var extraDescription: String {
    "\(shown(shape, dims: shape.count)), eps=\(eps.map { "\($0)" } ?? "None"), elementwise_affine=\(shown(weight != nil))"
  }
}

/// Normalizes groups of channels of each sample, then scales and shifts (`torch.nn.GroupNorm`).
public final class GroupNorm: Module, Layer {
  /// The scale `[channels]`, or nil.
  public let weight: Parameter?
  /// The shift `[channels]`, or nil.
  public let bias: Parameter?
  private let groups, channels: Int
  private let eps: Double

  /// - Parameters:
  ///   - groups: The number of groups, which divides the channels.
  ///   - channels: The number of channels, C.
  ///   - eps: What is added to the variance.
  ///   - affine: Whether there are a scale (ones) and a shift (zeros).
  ///   - bias: Whether there is a shift beside the scale.
  ///   - dtype: The parameters' element type.
  public init(
    _ groups: Int, _ channels: Int, eps: Double = 1e-5, affine: Bool = true, bias: Bool = true,
    dtype: DType = .float32
  ) {
    require(
      groups > 0 && channels % groups == 0, "GroupNorm",
      "\(groups) groups do not divide \(channels) channels")
    weight = affine ? Parameter(.ones([channels], dtype: dtype)) : nil
    self.bias = affine && bias ? Parameter(.zeros([channels], dtype: dtype)) : nil
    (self.groups, self.channels, self.eps) = (groups, channels, eps)
  }

  /// The normalized input.
  public func forward(_ x: Tensor) -> Tensor {
    F.groupNorm(x, numGroups: groups, weight: weight?.value, bias: bias?.value, eps: eps)
  }

  /// The sizes.
  public override var extraDescription: String {
    "\(groups), \(channels), eps=\(eps), affine=\(shown(weight != nil)), bias=\(shown(bias != nil))"
  }
}

/// x / (k + α · mean of x² over neighbouring channels)^β (`torch.nn.LocalResponseNorm`).
public final class LocalResponseNorm: FunctionLayer {
  /// - Parameters:
  ///   - size: How many channels count as neighbours.
  ///   - alpha: α: how strongly the neighbours count.
  ///   - beta: β: the exponent.
  ///   - k: What is added to their weighted mean.
  public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    super.init("\(size), alpha=\(alpha), beta=\(beta), k=\(k)") {
      F.localResponseNorm($0, size: size, alpha: alpha, beta: beta, k: k)
    }
  }
}
