import Foundation

/// Trains a Unigram vocabulary: from all frequent substrings those are dropped again and again whose
/// loss costs the least likelihood (Kudo 2018), with the scores of expectation maximization.
public struct UnigramTrainer: VocabularyTrainer {
  /// The number of tokens, special ones included.
  public var vocabularySize = 8_000
  /// How often scores are improved between two rounds of dropping.
  public var subIterations = 2
  /// How much of the vocabulary stays in each round.
  public var shrinkingFactor = 0.75
  /// The tokens that stand before all others.
  public var specialTokens: [AddedToken] = []
  /// Characters that the vocabulary has, whether they come or not.
  public var initialAlphabet: [Unicode.Scalar] = []
  /// The token of what is unknown; nil is none.
  public var unknownToken: String?
  /// The most characters of a token.
  public var maxPieceLength = 16
  /// How many substrings it begins with.
  public var seedSize = 1_000_000

  /// The settings where nothing is given.
  public init() {}

  /// The model for some counts.
  /// - Throws: ``TokenizerError`` where the settings allow none.
  public func model(for counts: WordCounts) throws -> TrainedModel {
    guard shrinkingFactor > 0, shrinkingFactor < 1, subIterations > 0, maxPieceLength > 0 else {
      throw TokenizerError.call(
        "the shrinking factor must lie between 0 and 1, subIterations and maxPieceLength above 0")
    }
    let words = counts.sorted
    var required: Set<UInt32> = Set(initialAlphabet.map(\.value))
    for (word, _) in words {
      for scalar in String(decoding: word, as: UTF8.self).unicodeScalars {
        required.insert(scalar.value)
      }
    }
    guard required.count + specialTokens.count <= vocabularySize else {
      throw TokenizerError.call(
        "a vocabulary of \(vocabularySize) tokens has no room for the \(required.count) characters "
          + "of the texts and \(specialTokens.count) special tokens; make it larger")
    }
    var training = UnigramTraining(self, words)
    training.run()
    return TrainedModel(tables: tables(of: training, required))
  }

  private func tables(of training: UnigramTraining, _ required: Set<UInt32>) -> ModelTables {
    var pieces: [(text: [UInt8], score: Double)] = []
    var inserted: Set<[UInt8]> = [UnigramTraining.unknown]
    var known: [[UInt8]: Double] = [:]
    for piece in training.pieces.dropFirst() { known[piece.text] = piece.score }
    let lowest = training.pieces.dropFirst().map(\.score).min() ?? 0
    var penalty = 0.0
    for point in required.sorted() {
      var text: [UInt8] = []
      text.append(codePoint: point)
      inserted.insert(text)
      if let score = known[text] {
        pieces.append((text, score))
      } else {
        pieces.append((text, lowest + penalty))
        penalty += 0.0001
      }
    }
    var special = specialTokens.map { Array($0.content.utf8) }
    var unknownId: Int?
    if let unknownToken {
      let text = Array(unknownToken.utf8)
      unknownId = special.firstIndex(of: text)
      if unknownId == nil {
        special.insert(text, at: 0)
        unknownId = 0
      }
    }
    for piece in training.pieces.dropFirst()
    where pieces.count < vocabularySize - special.count && inserted.insert(piece.text).inserted {
      pieces.append(piece)
    }
    let order = pieces.indices.sorted {
      pieces[$0].score != pieces[$1].score ? pieces[$0].score > pieces[$1].score : $0 < $1
    }
    let all = special.map { (text: $0, score: 0.0) } + order.map { pieces[$0] }
    var tables = ModelTables(
      kind: .unigram, vocabulary: Vocabulary(all.enumerated().map { ($1.text, $0) }))
    tables.scores = all.map(\.score)
    tables.unknownId = unknownId
    return tables
  }
}
