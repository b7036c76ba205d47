/// Trains byte-pair encoding: the most frequent pair of neighbours is merged, again and again.
///
/// Equal counts are decided by the pairs' ids, the lower first.
public struct BPETrainer: VocabularyTrainer {
  /// The most tokens, special ones and the alphabet included.
  public var vocabularySize = 30_000
  /// Pairs that come less often are not merged.
  public var minFrequency = 0
  /// The tokens that stand before all others.
  public var specialTokens: [AddedToken] = []
  /// The most characters that the alphabet may have; nil is no limit.
  public var limitAlphabet: Int?
  /// Characters that the alphabet has, whether they come or not.
  public var initialAlphabet: [Unicode.Scalar] = []
  /// What tokens inside words begin with.
  public var continuingSubwordPrefix: String?
  /// What tokens at words' ends end with.
  public var endOfWordSuffix: String?
  /// The most characters of a token; nil is no limit.
  public var maxTokenLength: Int?
  /// The token of what is unknown.
  public var unknownToken: String?

  /// The settings where nothing is given.
  public init() {}

  /// All characters of the byte-level alphabet.
  public static var byteLevelAlphabet: [Unicode.Scalar] {
    ByteLevelAlphabet.codePoints.compactMap { Unicode.Scalar($0) }
  }

  /// The model for some counts.
  /// - Throws: ``TokenizerError`` where the settings allow none.
  public func model(for counts: WordCounts) throws -> TrainedModel {
    var training = BPETraining(self)
    let merges = training.run(counts.sorted)
    var tables = ModelTables(
      kind: .bpe, vocabulary: Vocabulary(training.tokens.enumerated().map { ($1, $0) }))
    tables.merges = MergeTable(merges)
    tables.settings.continuingPrefix = continuingSubwordPrefix
    tables.settings.endOfWordSuffix = endOfWordSuffix
    tables.settings.unknownToken = unknownToken
    return TrainedModel(tables: tables)
  }
}

/// Trains WordPiece: byte-pair encoding whose tokens inside words begin with a prefix.
public struct WordPieceTrainer: VocabularyTrainer {
  /// The settings, of which only the vocabulary remains.
  public var merging = BPETrainer()
  /// The token of what is unknown.
  public var unknownToken = "[UNK]"

  /// The tokens that stand before all others.
  public var specialTokens: [AddedToken] { merging.specialTokens }

  /// The settings where nothing is given: the prefix is `##`.
  public init() { merging.continuingSubwordPrefix = "##" }

  /// The model for some counts.
  /// - Throws: ``TokenizerError`` where the settings allow none.
  public func model(for counts: WordCounts) throws -> TrainedModel {
    let made = try merging.model(for: counts).tables
    var tables = ModelTables(kind: .wordPiece, vocabulary: made.vocabulary)
    tables.unknownToken = unknownToken
    tables.continuingPrefix = merging.continuingSubwordPrefix ?? ""
    return TrainedModel(tables: tables)
  }
}

/// Takes the most frequent words.
public struct WordLevelTrainer: VocabularyTrainer {
  /// The most tokens, special ones included.
  public var vocabularySize = 30_000
  /// Words that come less often are left out.
  public var minFrequency = 0
  /// The tokens that stand before all others.
  public var specialTokens: [AddedToken] = []
  /// The token of what is unknown.
  public var unknownToken = "<unk>"

  /// The settings where nothing is given.
  public init() {}

  /// The model for some counts.
  /// - Throws: ``TokenizerError`` where the settings allow none.
  public func model(for counts: WordCounts) throws -> TrainedModel {
    let words = counts.sorted.sorted {
      $0.count != $1.count ? $0.count > $1.count : $0.word.lexicographicallyPrecedes($1.word)
    }
    let tokens =
      specialTokens.map { Array($0.content.utf8) }
      + words.filter { $0.count >= minFrequency }.map(\.word)
    var tables = ModelTables(
      kind: .wordLevel,
      vocabulary: Vocabulary(tokens.prefix(vocabularySize).enumerated().map { ($1, $0) }))
    tables.unknownToken = unknownToken
    return TrainedModel(tables: tables)
  }
}
