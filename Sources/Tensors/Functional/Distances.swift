/// How far vectors lie from each other.
extension F {
  /// x·y / (max(‖x‖, eps) max(‖y‖, eps)) along a dimension, broadcast (`cosine_similarity`).
  public static func cosineSimilarity(
    _ x: Tensor, _ y: Tensor, dim: Int = 1, eps: Double = 1e-8
  ) -> Tensor {
    let name = "cosine_similarity"
    let dtype = Promotion.resultType(x, y)
    require(dtype.isFloatingPoint, name, "needs floating-point tensors, not \(dtype)")
    let shape = broadcastShape([x.shape, y.shape], name)
    let (a, b) = (x.to(dtype).expanded(shape), y.to(dtype).expanded(shape))
    return ((a / heldLength(a, dim, eps)) * (b / heldLength(b, dim, eps))).sum(dim: dim)
  }

  /// Each vector's length, at least eps; the gradient does not see the bound, as in PyTorch.
  private static func heldLength(_ x: Tensor, _ dim: Int, _ eps: Double) -> Tensor {
    let length = vectorNorm(x, 2, dim, keepDim: true)
    let own = length.detach()
    let missing = own.maximum(Tensor.full([], eps, dtype: own.dtype)) - own
    return length + missing
  }

  /// ‖x - y + eps‖ₚ over the last dimension, broadcast (`pairwise_distance`).
  public static func pairwiseDistance(
    _ x: Tensor, _ y: Tensor, p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false
  ) -> Tensor {
    vectorNorm(x - y + eps, p, -1, keepDim: keepDim)
  }

  /// ‖xᵢ - xⱼ‖ₚ of every pair i < j of rows (`torch.nn.functional.pdist`).
  /// - Parameters:
  ///   - x: `[N, M]`.
  ///   - p: The norm's order.
  /// - Returns: `[N (N - 1) / 2]`.
  public static func pdist(_ x: Tensor, p: Double = 2) -> Tensor {
    require(x.rank == 2, "pdist", "a matrix is expected, not \(x.shape)")
    require(p >= 0, "pdist", "the norm's order must not be negative: \(p)")
    let rows = x.shape[0]
    let pairs = (0..<rows).flatMap { i in ((i + 1)..<Swift.max(rows, i + 1)).map { (i, $0) } }
    let a = x.indexSelect(dim: 0, index: Tensor(pairs.map(\.0)))
    let b = x.indexSelect(dim: 0, index: Tensor(pairs.map(\.1)))
    return vectorNorm(a - b, p, 1, keepDim: false)
  }

  /// (Σ|x|ᵖ)^(1/p) along a dimension, with the limits at 0 and ±∞; the gradient at a zero vector
  /// is 0.
  static func vectorNorm(_ x: Tensor, _ p: Double, _ dim: Int, keepDim: Bool) -> Tensor {
    let source = x.dtype.isFloatingPoint ? x : x.to(.float32)
    let axis = source.normalized(dim: dim, "norm")
    if source.rank == 0 { return vectorNorm(source.reshaped([1]), p, 0, keepDim: false) }
    // Half types add up in float32.
    if source.dtype.isHalf {
      return vectorNorm(source.to(.float32), p, dim, keepDim: keepDim).to(source.dtype)
    }
    switch p {
    case .infinity: return source.abs().max(dim: axis, keepDim: keepDim).values
    case -.infinity: return source.abs().min(dim: axis, keepDim: keepDim).values
    case 0: return source.norm(0, dims: [axis], keepDim: keepDim)
    case 1: return source.abs().sum(dim: axis, keepDim: keepDim)
    case 2: return guardedRoot(source.square().sum(dim: axis, keepDim: keepDim), 2)
    default:
      return guardedRoot(guardedPower(source.abs(), p).sum(dim: axis, keepDim: keepDim), p)
    }
  }

  /// x^(1/p) for x ≥ 0 whose slope at 0 is 0.
  private static func guardedRoot(_ x: Tensor, _ p: Double) -> Tensor {
    let zero = x.eq(0)
    let root = p == 2 ? x.maskedFill(zero, 1.0).sqrt() : x.maskedFill(zero, 1.0).pow(1 / p)
    return root.maskedFill(zero, 0.0)
  }

  /// xᵖ for x ≥ 0 whose slope at 0 is 0.
  private static func guardedPower(_ x: Tensor, _ p: Double) -> Tensor {
    if p >= 1 { return x.pow(p) }
    let zero = x.eq(0)
    return x.maskedFill(zero, 1.0).pow(p).maskedFill(zero, p < 0 ? Double.infinity : 0.0)
  }
}
