/// max(x, p0), whose gradient at the bound is 1, as that of PyTorch's `clamp_min`.
private let clampedBelow = ParametricOperation(
  "clamp_min", .clamp, fused: .clampBackward
) { g, x, low, _ in g * x.ge(low).to(g.dtype) }

private func positivePart(_ x: Tensor) -> Tensor { clampedBelow(x, 0, .infinity) }

/// Losses that ask for a distance between what is right and what is wrong.
extension F {
  /// max(0, -y (a - b) + margin): a shall rank above b where y is 1, below where it is -1
  /// (`margin_ranking_loss`).
  public static func marginRankingLoss(
    _ a: Tensor, _ b: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
  ) -> Tensor {
    let (a, b) = (a.inFullPrecision, b.inFullPrecision)
    return reduction.apply(positivePart(-target * (a - b) + margin))
  }

  /// x where the target is 1, max(0, margin - x) where it is -1 (`hinge_embedding_loss`).
  public static func hingeEmbeddingLoss(
    _ x: Tensor, _ target: Tensor, margin: Double = 1, reduction: Reduction = .mean
  ) -> Tensor {
    let x = x.inFullPrecision
    let zero = Tensor.full([], 0.0, dtype: x.dtype)
    // The margin is rounded to a half type before the subtraction, as PyTorch's is.
    let bound = Tensor.full([], margin, dtype: x.dtype)
    let apart = Tensor.where(target.ne(1), positivePart(bound - x), zero)
    return reduction.apply(apart + Tensor.where(target.ne(-1), x, zero))
  }

  /// 1 - cos(a, b) where the target is 1, max(0, cos(a, b) - margin) where it is -1
  /// (`cosine_embedding_loss`).
  /// - Parameters:
  ///   - a: `[N, D]` or `[D]`.
  ///   - b: Of a's shape.
  ///   - target: `[N]` or `[]`.
  ///   - margin: The cosine up to which different vectors cost nothing.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func cosineEmbeddingLoss(
    _ a: Tensor, _ b: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean
  ) -> Tensor {
    let (a, b) = (a.inFullPrecision, b.inFullPrecision)
    let name = "cosine_embedding_loss"
    require(
      target.rank <= 1 && a.rank == target.rank + 1 && b.rank == a.rank, name,
      "inputs of [N, D] with targets of [N], or [D] with [], are expected, not \(a.shape), \(b.shape), \(target.shape)"
    )
    let dim = target.rank
    let eps = 1e-12
    let lengths = ((a * a).sum(dim: dim) + eps) * ((b * b).sum(dim: dim) + eps)
    let cosine = (a * b).sum(dim: dim) / lengths.sqrt()
    let zero = Tensor.full([], 0.0, dtype: cosine.dtype)
    let near = Tensor.where(target.eq(1), 1 - cosine, zero)
    return reduction.apply(
      near + Tensor.where(target.eq(-1), positivePart(cosine - margin), zero))
  }

  /// max(0, ‖a - p‖ - ‖a - n‖ + margin) over the last dimension (`triplet_margin_loss`; Balntas et
  /// al. 2016).
  /// - Parameters:
  ///   - anchor: a, `[N, D]` or `[D]`.
  ///   - positive: p, what belongs to the anchor.
  ///   - negative: n, what does not.
  ///   - margin: How much nearer the positive has to be.
  ///   - p: The norm's order.
  ///   - eps: What is added to each difference.
  ///   - swap: Measure the negative from the positive where that is nearer.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func tripletMarginLoss(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Double = 1, p: Double = 2,
    eps: Double = 1e-6, swap: Bool = false, reduction: Reduction = .mean
  ) -> Tensor {
    let (anchor, positive, negative) = (
      anchor.inFullPrecision, positive.inFullPrecision, negative.inFullPrecision
    )
    require(margin > 0, "triplet_margin_loss", "the margin must be positive, not \(margin)")
    return tripletMarginWithDistanceLoss(
      anchor, positive, negative, margin: margin, swap: swap, reduction: reduction
    ) { pairwiseDistance($0, $1, p: p, eps: eps) }
  }

  /// ``tripletMarginLoss(_:_:_:margin:p:eps:swap:reduction:)`` with a distance of one's own, by
  /// default ``pairwiseDistance(_:_:p:eps:keepDim:)`` (`triplet_margin_with_distance_loss`).
  public static func tripletMarginWithDistanceLoss(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Double = 1,
    swap: Bool = false, reduction: Reduction = .mean,
    distanceFunction distance: (Tensor, Tensor) -> Tensor = { pairwiseDistance($0, $1) }
  ) -> Tensor {
    let near = distance(anchor, positive)
    var far = distance(anchor, negative)
    if swap { far = far.minimum(distance(positive, negative)) }
    return reduction.apply(positivePart(near - far + margin))
  }

  /// Σⱼ max(0, margin - x[y] + x[j])ᵖ / classes over wrong classes j (`multi_margin_loss`).
  /// - Parameters:
  ///   - x: `[N, classes]` or `[classes]`.
  ///   - target: int64 `[N]` or `[]`.
  ///   - p: 1 or 2.
  ///   - margin: How far the right class has to be ahead.
  ///   - weight: One factor per class.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func multiMarginLoss(
    _ x: Tensor, _ target: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil,
    reduction: Reduction = .mean
  ) -> Tensor {
    let x = x.inFullPrecision
    let name = "multi_margin_loss"
    require(p == 1 || p == 2, name, "p is 1 or 2, not \(p)")
    require(
      x.rank <= 2 && target.count == (x.rank == 2 ? x.shape[0] : 1), name,
      "inputs of [N, classes] with targets of [N] are expected, not \(x.shape) and \(target.shape)")
    require(x.rank == 0 || x.shape.last != 0, name, "there are no classes in \(x.shape)")
    let rows = x.rank < 2 ? x.reshaped([1, -1]) : x
    let index = target.reshaped([-1, 1])
    let classes = rows.shape[1]
    let hinge = (margin - rows.gather(dim: 1, index: index) + rows).relu()
    var terms = p == 1 ? hinge : hinge.square()
    if let weight {
      terms = terms * weight.indexSelect(dim: 0, index: index.reshaped([-1])).unsqueezed(1)
    }
    let right = Tensor.zeros(rows.shape, dtype: .bool).scatter(
      dim: 1, index: index, src: Tensor.ones(index.shape, dtype: .bool))
    let losses = terms.maskedFill(right, 0.0).sum(dim: 1) / Double(classes)
    return reduction.apply(target.rank == 0 ? losses.squeezed(0) : losses)
  }

  /// Σ max(0, 1 - (x[y] - x[j])) / classes over right classes y and wrong ones j
  /// (`multilabel_margin_loss`).
  /// - Parameters:
  ///   - x: `[N, classes]` or `[classes]`.
  ///   - target: int64 of x's shape: each row's right classes, then -1.
  ///   - reduction: How the losses are combined: their mean, their sum, or not at all.
  public static func multilabelMarginLoss(
    _ x: Tensor, _ target: Tensor, reduction: Reduction = .mean
  ) -> Tensor {
    let x = x.inFullPrecision
    let name = "multilabel_margin_loss"
    require(
      x.rank <= 2 && target.shape == x.shape && target.dtype == .int64, name,
      "int64 targets of the input's shape are expected, not \(target.dtype) of \(target.shape)")
    require(x.rank == 0 || x.shape.last != 0, name, "there are no classes in \(x.shape)")
    let rows = x.rank < 2 ? x.reshaped([1, -1]) : x
    let classes = rows.shape[1]
    // A row's classes end at its first -1.
    var valid = [Bool](repeating: false, count: target.count)
    var indices = target.array(of: Int.self)
    for row in 0..<rows.shape[0] {
      for place in (row * classes)..<((row + 1) * classes) {
        guard indices[place] >= 0 else { break }
        require(
          indices[place] < classes, name, "class \(indices[place]) of \(classes) does not exist")
        valid[place] = true
      }
    }
    for place in indices.indices where !valid[place] { indices[place] = 0 }
    let index = Tensor(indices, shape: rows.shape)
    let counts = Tensor(valid, shape: rows.shape).to(x.dtype)
    let right = Tensor.zeros(rows.shape, dtype: x.dtype)
      .scatterAdd(dim: 1, index: index, src: counts).gt(0)
    let wrong = right.logicalNot().to(x.dtype)
    let hinge = (1 - rows.gather(dim: 1, index: index).unsqueezed(2) + rows.unsqueezed(1)).relu()
    let terms = hinge * counts.unsqueezed(2) * wrong.unsqueezed(1)
    let losses = terms.sum(dims: [1, 2]) / Double(classes)
    return reduction.apply(x.rank < 2 ? losses.squeezed(0) : losses)
  }
}
