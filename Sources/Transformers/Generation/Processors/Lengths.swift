import Foundation
import Tensors

/// Rules out the end while a row, its prompt included, is shorter than a minimum.
public struct MinLengthLogitsProcessor: LogitsProcessor {
  private let minLength: Int
  private let eosTokenId: [Int]

  /// The least length and the ids that end a sequence.
  /// - Throws: ``GenerationError`` where the length is negative.
  public init(minLength: Int, eosTokenId: [Int]) throws(GenerationError) {
    guard minLength >= 0 else {
      throw GenerationError("min_length", "must not be negative: \(minLength)")
    }
    (self.minLength, self.eosTokenId) = (minLength, eosTokenId)
  }

  /// Scores with −∞ for the end while the rows are too short.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    inputIds[0].count < minLength ? scores.filling(tokens: eosTokenId, with: -.infinity) : scores
  }
}

/// Rules out the end until a number of tokens has been generated.
public struct MinNewTokensLengthLogitsProcessor: LogitsProcessor {
  private let length: MinLengthLogitsProcessor

  /// The prompt's length, the least number of tokens after it, and the ids that end a sequence.
  /// - Throws: ``GenerationError`` where a number is negative.
  public init(
    promptLengthToSkip: Int, minNewTokens: Int, eosTokenId: [Int]
  ) throws(GenerationError) {
    guard promptLengthToSkip >= 0, minNewTokens >= 0 else {
      throw GenerationError("min_new_tokens", "must not be negative: \(minNewTokens)")
    }
    length = try MinLengthLogitsProcessor(
      minLength: promptLengthToSkip + minNewTokens, eosTokenId: eosTokenId)
  }

  /// Scores with −∞ for the end while too little was generated.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    try length(inputIds, scores)
  }
}

/// Makes a token the first after a row's only one, as translation models want their language.
public struct ForcedBOSTokenLogitsProcessor: LogitsProcessor {
  private let bosTokenId: Int

  /// The forced token.
  public init(bosTokenId: Int) { self.bosTokenId = bosTokenId }

  /// Scores that leave only the token, while rows hold one id.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    inputIds[0].count == 1 ? scores.forcing(tokens: [bosTokenId]) : scores
  }
}

/// Makes the end come where the greatest length is reached.
public struct ForcedEOSTokenLogitsProcessor: LogitsProcessor {
  private let maxLength: Int
  private let eosTokenId: [Int]

  /// The greatest length, its prompt included, and the tokens to choose from there.
  /// - Throws: ``GenerationError`` where an id is negative.
  public init(maxLength: Int, eosTokenId: [Int]) throws(GenerationError) {
    try requireIds(eosTokenId, "forced_eos_token_id")
    (self.maxLength, self.eosTokenId) = (maxLength, eosTokenId)
  }

  /// Scores that leave only the end, for the last token that fits.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    inputIds[0].count == maxLength - 1 ? scores.forcing(tokens: eosTokenId) : scores
  }
}

/// Makes the end ever more likely after a number of generated tokens: s + |s|·(fⁿ − 1), where n
/// counts the tokens since.
public struct ExponentialDecayLengthPenalty: LogitsProcessor {
  private let start: Int
  private let factor: Double
  private let eosTokenId: [Int]

  /// After how many generated tokens the factor begins to act, the factor, the ids that end a
  /// sequence, and the prompt's length.
  /// - Throws: ``GenerationError`` where an id is negative.
  public init(
    start: Int, factor: Double, eosTokenId: [Int], inputIdsLength: Int
  ) throws(GenerationError) {
    try requireIds(eosTokenId, "exponential_decay_length_penalty")
    (self.start, self.factor, self.eosTokenId) = (start + inputIdsLength, factor, eosTokenId)
  }

  /// Scores with a raised end; one that is −∞ stays.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let length = inputIds[0].count
    let tokens = eosTokenId.filter { $0 < scores.size(-1) }
    guard length > start, !tokens.isEmpty else { return scores }
    let index = Tensor(tokens)
    let end = scores.indexSelect(dim: 1, index: index)
    let raise = end.abs() * (pow(factor, Double(length - start)) - 1)
    return scores.indexCopy(
      dim: 1, index: index, source: end + raise.maskedFill(end.isFinite().logicalNot(), 0))
  }
}

func requireIds(_ ids: [Int], _ setting: String) throws(GenerationError) {
  guard !ids.isEmpty, ids.allSatisfy({ $0 >= 0 }) else {
    throw GenerationError(setting, "needs token ids that are not negative, not \(ids)")
  }
}
