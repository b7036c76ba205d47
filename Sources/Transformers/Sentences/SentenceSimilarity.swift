import Tensors

/// How alike two vectors are (`similarity_fn_name`); more is more alike.
public enum SentenceSimilarity: String, CaseIterable, Sendable {
  /// The cosine of the angle between them.
  case cosine
  /// Their product.
  case dot
  /// Minus their distance.
  case euclidean
  /// Minus the sum of their coordinates' distances.
  case manhattan

  /// Every vector of `a`, `[N, width]`, with every one of `b`, `[M, width]`: `[N, M]`.
  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch self {
    case .cosine: F.normalize(a, dim: -1).matmul(F.normalize(b, dim: -1).transposed())
    case .dot: a.matmul(b.transposed())
    case .euclidean: -a.cdist(b, p: 2)
    case .manhattan: -a.cdist(b, p: 1)
    }
  }

  /// Every vector of `a` with the one of `b` in the same row, `[N, width]` each: `[N]`.
  public func pairwise(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch self {
    case .cosine: (F.normalize(a, dim: -1) * F.normalize(b, dim: -1)).sum(dim: -1)
    case .dot: (a * b).sum(dim: -1)
    // No eps, but the gradient of two equal vectors is zero, not NaN.
    case .euclidean: -F.pairwiseDistance(a, b, p: 2, eps: 0)
    case .manhattan: -(a - b).abs().sum(dim: -1)
    }
  }
}
