import Tensors

/// A sequence of tokens with what is added to the score of its last one where the others come right
/// before it.
public struct TokenSequenceBias: Sendable, Equatable {
  /// One token or more.
  public var tokens: [Int]
  /// Added to the score; −∞ forbids the sequence.
  public var bias: Double

  /// A sequence and its bias.
  public init(_ tokens: [Int], _ bias: Double) { (self.tokens, self.bias) = (tokens, bias) }
}

/// Makes sequences of tokens more or less likely: a bias on a single token always, on a longer
/// sequence's last token where the row ends in the tokens before it.
public struct SequenceBiasLogitsProcessor: LogitsProcessor {
  /// Single tokens first, then longer sequences by length: the order in which biases of one token
  /// are added up.
  private let biases: [TokenSequenceBias]
  private let setting: String

  /// Sequences with their biases; of a sequence that comes twice the last bias counts.
  /// - Throws: ``GenerationError`` where there is none, or one is empty or has a negative id.
  public init(sequenceBias: [TokenSequenceBias]) throws(GenerationError) {
    try self.init(sequenceBias, setting: "sequence_bias")
  }

  init(_ list: [TokenSequenceBias], setting: String) throws(GenerationError) {
    guard !list.isEmpty else { throw GenerationError(setting, "holds no sequence") }
    var order: [[Int]] = []
    var values: [[Int]: Double] = [:]
    for entry in list {
      guard !entry.tokens.isEmpty, entry.tokens.allSatisfy({ $0 >= 0 }) else {
        throw GenerationError(setting, "\(entry.tokens) is no sequence of token ids")
      }
      if values.updateValue(entry.bias, forKey: entry.tokens) == nil { order.append(entry.tokens) }
    }
    let lengths = order.map(\.count).filter { $0 > 1 }
    let groups = [1] + lengths.enumerated().filter { !lengths[..<$0].contains($1) }.map(\.element)
    biases = groups.flatMap { length in
      order.filter { $0.count == length }.map { TokenSequenceBias($0, values[$0] ?? 0) }
    }
    self.setting = setting
  }

  /// Scores with the biases that apply to each row.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    let columns = scores.size(-1)
    var sums: [[Int]: Float] = [:]
    for entry in biases {
      guard entry.tokens.allSatisfy({ $0 < columns }) else {
        throw GenerationError(
          setting, "\(entry.tokens) has an id outside the vocabulary of \(columns)")
      }
      let (prefix, last) = (entry.tokens.dropLast(), entry.tokens[entry.tokens.count - 1])
      for (row, ids) in inputIds.enumerated() where ids.suffix(prefix.count) == prefix {
        sums[[row, last], default: 0] += Float(entry.bias)
      }
    }
    if sums.isEmpty { return scores }
    let places = [Tensor(sums.keys.map { $0[0] }), Tensor(sums.keys.map { $0[1] })]
    return scores.indexPut(
      places, values: scores.indexed(places.map { .tensor($0) }) + Tensor(Array(sums.values)))
  }
}

/// Rules out words: their last token is −∞ where the row ends in the tokens before it.
public struct NoBadWordsLogitsProcessor: LogitsProcessor {
  private let bias: SequenceBiasLogitsProcessor?

  /// Words as token ids. A word that is an end-of-sequence token alone is passed over.
  /// - Throws: ``GenerationError`` where there is no word, or one is empty or has a negative id.
  public init(badWordsIds: [[Int]], eosTokenId: [Int] = []) throws(GenerationError) {
    let setting = "bad_words_ids"
    guard !badWordsIds.isEmpty else { throw GenerationError(setting, "holds no word") }
    let words = badWordsIds.filter { word in !eosTokenId.contains { word == [$0] } }
    bias =
      words.isEmpty
      ? nil
      : try SequenceBiasLogitsProcessor(
        words.map { TokenSequenceBias($0, -.infinity) }, setting: setting)
  }

  /// Scores without the words.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: Tensor) throws -> Tensor {
    try bias?(inputIds, scores) ?? scores
  }
}
