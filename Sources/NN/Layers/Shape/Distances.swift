import Tensors

/// x·y / (‖x‖ ‖y‖) along a dimension (`torch.nn.CosineSimilarity`).
public final class CosineSimilarity: Module, PairLayer {
  private let dim: Int
  private let eps: Double

  /// - Parameters:
  ///   - dim: The dimension of the vectors' elements.
  ///   - eps: The least length.
  public init(dim: Int = 1, eps: Double = 1e-8) { (self.dim, self.eps) = (dim, eps) }

  /// The similarity.
  public func forward(_ x: Tensor, _ y: Tensor) -> Tensor {
    F.cosineSimilarity(x, y, dim: dim, eps: eps)
  }
}

/// ‖x - y + eps‖ₚ over the last dimension (`torch.nn.PairwiseDistance`).
public final class PairwiseDistance: Module, PairLayer {
  private let p, eps: Double
  private let keepDim: Bool

  /// - Parameters:
  ///   - p: The norm's order.
  ///   - eps: What is added to each difference.
  ///   - keepDim: Whether the last dimension stays, with size 1.
  public init(p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false) {
    (self.p, self.eps, self.keepDim) = (p, eps, keepDim)
  }

  /// The distance.
  public func forward(_ x: Tensor, _ y: Tensor) -> Tensor {
    F.pairwiseDistance(x, y, p: p, eps: eps, keepDim: keepDim)
  }
}
