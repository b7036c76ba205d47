import Tensors

/// Makes tokens less likely that stand in the row already: s·θ where s < 0, else s/θ, once for each
/// distinct id (Keskar et al., "CTRL", 2019).
public struct RepetitionPenaltyLogitsProcessor: LogitsProcessor {
  private let penalty: Double
  private let ignored: [Int]

  /// A penalty.
  /// - Parameters:
  ///   - penalty: θ > 0; above 1 discourages, below 1 encourages repetition.
  ///   - promptIgnoreLength: How many ids at the beginning do not count, such as padding: one number
  ///     for each row, or a single one for all.
  /// - Throws: ``GenerationError`` where a number is out of range.
  public init(penalty: Double, promptIgnoreLength: [Int] = []) throws(GenerationError) {
    try requirePositive(penalty, "repetition_penalty")
    guard promptIgnoreLength.allSatisfy({ $0 >= 0 }) else {
      throw GenerationError("prompt_ignore_length", "must not be negative: \(promptIgnoreLength)")
    }
    (self.penalty, ignored) = (penalty, promptIgnoreLength)
  }

  /// Scores with the penalty on every id seen.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    guard ignored.count <= 1 || ignored.count == inputIds.count else {
      throw GenerationError(
        "prompt_ignore_length", "\(ignored.count) numbers for \(inputIds.count) rows")
    }
    let seen = inputIds.enumerated().map { row, ids in
      let first = ignored.isEmpty ? 0 : ignored.count == 1 ? ignored[0] : ignored[row]
      return ids.dropFirst(first)
    }
    return penalized(scores, seen, penalty)
  }
}

/// Makes tokens of the encoder's input more likely: the repetition penalty with 1/θ on its ids.
public struct EncoderRepetitionPenaltyLogitsProcessor: LogitsProcessor {
  private let penalty: Double
  private let encoderInputIds: [[Int]]

  /// A penalty θ > 0 and the encoder's input, a row for each prompt.
  /// - Throws: ``GenerationError`` where θ is out of range.
  public init(penalty: Double, encoderInputIds: [[Int]]) throws(GenerationError) {
    try requirePositive(penalty, "encoder_repetition_penalty")
    (self.penalty, self.encoderInputIds) = (1 / penalty, encoderInputIds)
  }

  /// Scores with the penalty on every id of the row's encoder input.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let rows = scores.shape[0]
    let each = max(rows / max(encoderInputIds.count, 1), 1)
    return penalized(scores, (0..<rows).map { encoderInputIds[$0 / each][...] }, penalty)
  }
}

/// s·θ where s < 0, else s/θ, at each row's ids. Ids outside the vocabulary have no column.
private func penalized(_ scores: Tensor, _ ids: [ArraySlice<Int>], _ penalty: Double) -> Tensor {
  let columns = scores.size(-1)
  var (rows, tokens): ([Int], [Int]) = ([], [])
  for (row, ids) in ids.enumerated() {
    for token in Set(ids) where (0..<columns).contains(token) {
      rows.append(row)
      tokens.append(token)
    }
  }
  if tokens.isEmpty { return scores }
  let places = [Tensor(rows), Tensor(tokens)]
  let seen = scores.indexed(places.map { .tensor($0) })
  return scores.indexPut(places, values: Tensor.where(seen.lt(0), seen * penalty, seen / penalty))
}

func requirePositive(_ value: Double, _ setting: String) throws(GenerationError) {
  guard value > 0, value.isFinite else {
    throw GenerationError(setting, "must be a positive number, not \(value)")
  }
}
