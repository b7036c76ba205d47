/// The functions of neural networks, under the names of `torch.nn.functional`.
///
/// `F.crossEntropy(logits, labels)`, `F.gelu(x)`, `F.conv2d(x, weight)`: each is documented where it
/// is defined, one family a file.
public enum F {}

/// What a loss does with its elements (`reduction`).
public enum Reduction: String, Sendable {
  /// Nothing: one loss per element.
  case none
  /// Their mean.
  case mean
  /// Their sum.
  case sum

  func apply(_ losses: Tensor) -> Tensor {
    switch self {
    case .none: losses
    case .mean: losses.mean()
    case .sum: losses.sum()
    }
  }
}

extension DType {
  /// The type that statistics of this type are kept in by the layer kernels.
  var wide: DType { self == .float64 ? .float64 : .float32 }
}
