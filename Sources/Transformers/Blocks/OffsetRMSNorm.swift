import NN
import Tensors

/// x/√(mean(x²) + eps) · (1 + weight) over the last dimension, with a weight that starts as 0:
/// Gemma's norm. `[…, width] → […, width]`.
public final class OffsetRMSNorm: Module, Layer {
  /// `[width]`.
  public let weight: Parameter
  private let eps: Double

  /// A norm over a width.
  public init(_ width: Int, eps: Double, dtype: DType = .float32) {
    weight = Parameter(.zeros([width], dtype: dtype))
    self.eps = eps
  }

  /// The normalized input.
  public func forward(_ x: Tensor) -> Tensor {
    guard x.dtype.isHalf else {
      return F.rmsNorm(x, weight.shape, weight: weight.value + 1, eps: eps)
    }
    // 1 + weight is not rounded to the half type.
    let scale = weight.value.to(.float32) + 1
    return F.rmsNorm(x.to(.float32), weight.shape, weight: scale, eps: eps).to(x.dtype)
  }

  /// The sizes.
  public override var extraDescription: String { "(\(weight.shape[0]),), eps=\(eps)" }
}
