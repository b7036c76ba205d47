import Tensors

/// Rules out tokens that would repeat an n-gram of the row.
public struct NoRepeatNGramLogitsProcessor: LogitsProcessor {
  private let size: Int

  /// The length n ≥ 1 of sequences that may come only once.
  /// - Throws: ``GenerationError`` where n is below 1.
  public init(ngramSize: Int) throws(GenerationError) {
    try requirePositive(ngramSize, "no_repeat_ngram_size")
    size = ngramSize
  }

  /// Scores with −∞ for tokens that followed an earlier occurrence of the last n − 1 ids.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    var forbidden: [(row: Int, token: Int)] = []
    for (row, ids) in inputIds.enumerated() where ids.count >= size {
      let prefix = ids.suffix(size - 1)
      for end in (size - 1)..<ids.count where ids[(end - size + 1)..<end].elementsEqual(prefix) {
        forbidden.append((row, ids[end]))
      }
    }
    return scores.forbidding(forbidden)
  }
}

/// Rules out tokens that would repeat an n-gram of the encoder's input.
public struct EncoderNoRepeatNGramLogitsProcessor: LogitsProcessor {
  private let size: Int
  /// For each row of the encoder's input what follows n − 1 ids.
  private let followers: [[ArraySlice<Int>: [Int]]]

  /// The length n ≥ 1 and the encoder's input, a row for each prompt.
  /// - Throws: ``GenerationError`` where n is below 1.
  public init(encoderNGramSize size: Int, encoderInputIds: [[Int]]) throws(GenerationError) {
    try requirePositive(size, "encoder_no_repeat_ngram_size")
    self.size = size
    followers = encoderInputIds.map { ids in
      var table: [ArraySlice<Int>: [Int]] = [:]
      guard ids.count >= size else { return table }
      for end in (size - 1)..<ids.count {
        table[ids[(end - size + 1)..<end], default: []].append(ids[end])
      }
      return table
    }
  }

  /// Scores with −∞ for tokens that follow the last n − 1 ids in the row's encoder input.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let each = max(inputIds.count / max(followers.count, 1), 1)
    var forbidden: [(row: Int, token: Int)] = []
    for (row, ids) in inputIds.enumerated() where ids.count >= size - 1 {
      for token in followers[row / each][ids.suffix(size - 1)] ?? [] {
        forbidden.append((row, token))
      }
    }
    return scores.forbidding(forbidden)
  }
}

func requirePositive(_ value: Int, _ setting: String) throws(GenerationError) {
  guard value > 0 else { throw GenerationError(setting, "must be at least 1, not \(value)") }
}
