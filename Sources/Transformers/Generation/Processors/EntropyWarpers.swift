import Tensors

/// Keeps tokens whose surprise −ln p is near the distribution's entropy (locally typical sampling;
/// Meister et al. 2022).
public struct TypicalLogitsWarper: LogitsProcessor {
  private let mass: Double
  private let kept: Int
  private let filterValue: Double

  /// The probability mass to keep, 0 < m < 1, and how many tokens stay at least; the others get the filter value.
  /// - Throws: ``GenerationError`` where m is out of range or nothing would stay.
  public init(mass: Double = 0.9, minTokensToKeep: Int = 1, filterValue: Double = -.infinity)
    throws(GenerationError)
  {
    try requireBetween0And1(mass, "typical_p")
    try requirePositive(minTokensToKeep, "min_tokens_to_keep")
    self.filterValue = filterValue
    (self.mass, kept) = (mass, minTokensToKeep)
  }

  /// Scores with the filter value for the tokens that are farthest from typical.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let surprise = -scores.logSoftmax(dim: -1)
    // A token of probability 0 adds nothing to the entropy, though 0 · ∞ is NaN.
    let terms = (surprise * (-surprise).exp()).nanToNum(nan: 0)
    let distance = (surprise - terms.sum(dim: -1, keepDim: true)).abs()
    let (sorted, order) = distance.sorted(dim: -1)
    let cumulative = scores.gather(dim: -1, index: order).softmax(dim: -1).cumsum(dim: -1)
    let last = cumulative.lt(mass).to(.int64).sum(dim: -1, keepDim: true)
      .clamp(max: sorted.size(-1) - 1)
    var removed = sorted.gt(sorted.gather(dim: 1, index: last))
    removed[.ellipsis, .slice(nil, kept)] = Tensor(false)
    return scores.maskedFill(
      removed.scatter(dim: 1, index: order, src: removed), filterValue)
  }
}

/// Keeps tokens of probability ε or, where the distribution is flat, of less: min(ε, √ε·e^−H)
/// (eta sampling; Hewitt et al. 2022).
public struct EtaLogitsWarper: LogitsProcessor {
  private let epsilon: Double
  private let kept: Int
  private let filterValue: Double

  /// ε between 0 and 1, and how many tokens stay at least; the others get the filter value.
  /// - Throws: ``GenerationError`` where ε is out of range or nothing would stay.
  public init(epsilon: Double, minTokensToKeep: Int = 1, filterValue: Double = -.infinity)
    throws(GenerationError)
  {
    try requireBetween0And1(epsilon, "eta_cutoff")
    try requirePositive(minTokensToKeep, "min_tokens_to_keep")
    self.filterValue = filterValue
    (self.epsilon, kept) = (epsilon, minTokensToKeep)
  }

  /// Scores with the filter value for tokens below the threshold, but for the largest.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let probabilities = scores.softmax(dim: -1)
    let scaled = (-entropy(scores)).exp() * epsilon.squareRoot()
    let removed = probabilities.lt(scaled.clamp(max: epsilon).unsqueezed(-1))
      .logicalAnd(scores.lt(leastOfLargest(scores, kept)))
    return scores.maskedFill(removed, filterValue)
  }
}

/// Keeps the likeliest tokens while the sum of their −p ln p stays below a share of the entropy
/// (top-H decoding; Baghaei Potraghloo et al. 2025). Only the 100 largest are looked at.
public struct TopHLogitsWarper: LogitsProcessor {
  private let share, filterValue: Double
  private static let considered = 100

  /// The share of the entropy, 0 < h ≤ 1, and the score that the other tokens get.
  /// - Throws: ``GenerationError`` where h is out of range.
  public init(topH: Double, filterValue: Double = -.infinity) throws(GenerationError) {
    guard topH > 0, topH <= 1 else {
      throw GenerationError("top_h", "must lie above 0 and not above 1, not \(topH)")
    }
    (share, self.filterValue) = (topH, filterValue)
  }

  /// Scores with the filter value for all but the tokens kept; the likeliest always stays.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let (logits, order) = scores.topK(min(TopHLogitsWarper.considered, scores.size(-1)), dim: -1)
    // As torch.distributions.Categorical computes them, so that a share of 1 ends at the same token.
    let logs = logits - logits.logSumExp(dims: [-1], keepDim: true)
    let probabilities = logs.softmax(dim: -1)
    let least = -Double(Float.greatestFiniteMagnitude)
    let limit = -(logs.clamp(min: least) * probabilities).sum(dim: -1, keepDim: true) * share
    var kept = (-probabilities * probabilities.log()).cumsum(dim: -1).le(limit)
    kept[.all, 0] = Tensor(true)
    let mask = Tensor.zeros(scores.shape, dtype: .bool)
      .scatter(dim: 1, index: order, src: kept)
    return scores.maskedFill(mask.logicalNot(), filterValue)
  }
}

/// The entropy of each row's softmax in nats, `[rows]`; logits of −∞ count 0.
private func entropy(_ logits: Tensor) -> Tensor {
  let logs = logits.logSoftmax(dim: -1).clamp(min: -Double(Float.greatestFiniteMagnitude))
  return -(logs * logs.softmax(dim: -1)).sum(dim: -1)
}
