import Tensors

/// Divides scores by a temperature: below 1 makes likely tokens likelier, above 1 less so.
public struct TemperatureLogitsWarper: LogitsProcessor {
  private let temperature: Double

  /// A temperature t > 0.
  /// - Throws: ``GenerationError`` where t is not above 0.
  public init(temperature: Double) throws(GenerationError) {
    guard temperature > 0, temperature.isFinite else {
      throw GenerationError(
        "temperature",
        "must be a positive number, not \(temperature)"
          + (temperature == 0 ? "; greedy decoding is do_sample = false" : ""))
    }
    self.temperature = temperature
  }

  /// s/t.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    scores / temperature
  }
}

/// Keeps the k largest scores, and those equal to the k-th (Fan et al. 2018).
public struct TopKLogitsWarper: LogitsProcessor {
  private let k: Int
  private let filterValue: Double

  /// How many to keep at least, and the score that the others get.
  /// - Throws: ``GenerationError`` where k is below 1.
  public init(topK: Int, minTokensToKeep: Int = 1, filterValue: Double = -.infinity)
    throws(GenerationError)
  {
    try requirePositive(topK, "top_k")
    k = max(topK, minTokensToKeep)
    self.filterValue = filterValue
  }

  /// Scores with the filter value below the k-th largest.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    scores.maskedFill(scores.lt(leastOfLargest(scores, k)), filterValue)
  }
}

/// Keeps the smallest set of likeliest tokens whose probabilities sum to p or more (nucleus
/// sampling; Holtzman et al. 2019).
public struct TopPLogitsWarper: LogitsProcessor {
  private let p: Double
  private let kept: Int
  private let filterValue: Double

  /// The probability mass 0 ≤ p ≤ 1, and how many tokens stay at least; the others get the filter value.
  /// - Throws: ``GenerationError`` where p is out of range or nothing would stay.
  public init(topP: Double, minTokensToKeep: Int = 1, filterValue: Double = -.infinity)
    throws(GenerationError)
  {
    try requireWithin(topP, 0...1, "top_p")
    try requirePositive(minTokensToKeep, "min_tokens_to_keep")
    self.filterValue = filterValue
    (p, kept) = (topP, minTokensToKeep)
  }

  /// Scores with the filter value for the unlikely tokens, which together have a probability of at most 1 − p.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let (sorted, order) = scores.sorted(dim: -1)
    var removed = sorted.softmax(dim: -1).cumsum(dim: -1).le(1 - p)
    removed[.ellipsis, .slice(-kept, nil)] = Tensor(false)
    return scores.maskedFill(
      removed.scatter(dim: 1, index: order, src: removed), filterValue)
  }
}

/// Keeps tokens at least a fraction as likely as the likeliest (Nguyen et al. 2024).
public struct MinPLogitsWarper: LogitsProcessor {
  private let fraction: Double
  private let kept: Int
  private let filterValue: Double

  /// The fraction, 0 ≤ p ≤ 1, and how many tokens stay at least; the others get the filter value.
  /// - Throws: ``GenerationError`` where p is out of range or nothing would stay.
  public init(minP: Double, minTokensToKeep: Int = 1, filterValue: Double = -.infinity)
    throws(GenerationError)
  {
    try requireWithin(minP, 0...1, "min_p")
    try requirePositive(minTokensToKeep, "min_tokens_to_keep")
    self.filterValue = filterValue
    (fraction, kept) = (minP, minTokensToKeep)
  }

  /// Scores with the filter value for tokens below the fraction of the largest probability.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let probabilities = scores.softmax(dim: -1)
    let limit = probabilities.amax(dims: [-1], keepDim: true) * fraction
    let best = probabilities.topK(min(kept, probabilities.size(-1)), dim: -1).indices
    let removed = probabilities.lt(limit).scatter(dim: -1, index: best, value: false)
    return scores.maskedFill(removed, filterValue)
  }
}

/// Keeps tokens of probability ε or more.
public struct EpsilonLogitsWarper: LogitsProcessor {
  private let epsilon: Double
  private let kept: Int
  private let filterValue: Double

  /// The least probability, 0 < ε < 1, and how many tokens stay at least; the others get the filter value.
  /// - Throws: ``GenerationError`` where ε is out of range or nothing would stay.
  public init(epsilon: Double, minTokensToKeep: Int = 1, filterValue: Double = -.infinity)
    throws(GenerationError)
  {
    try requireBetween0And1(epsilon, "epsilon_cutoff")
    try requirePositive(minTokensToKeep, "min_tokens_to_keep")
    self.filterValue = filterValue
    (self.epsilon, kept) = (epsilon, minTokensToKeep)
  }

  /// Scores with the filter value for tokens of lower probability, but for the largest.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let removed = scores.softmax(dim: -1).lt(epsilon)
      .logicalAnd(scores.lt(leastOfLargest(scores, kept)))
    return scores.maskedFill(removed, filterValue)
  }
}

/// The k-th largest score of each row, `[rows, 1]`.
func leastOfLargest(_ scores: Tensor, _ k: Int) -> Tensor {
  scores.topK(min(k, scores.size(-1)), dim: -1).values.sliced(dim: -1, from: -1)
}

func requireWithin(
  _ value: Double, _ range: ClosedRange<Double>, _ setting: String
) throws(GenerationError) {
  guard range.contains(value) else {
    throw GenerationError(
      setting, "must lie between \(range.lowerBound) and \(range.upperBound), not \(value)")
  }
}

func requireBetween0And1(_ value: Double, _ setting: String) throws(GenerationError) {
  guard value > 0, value < 1 else {
    throw GenerationError(setting, "must lie between 0 and 1, both excluded, not \(value)")
  }
}
