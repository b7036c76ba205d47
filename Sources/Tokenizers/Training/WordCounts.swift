import Foundation

/// How often each word comes in texts: all that the trainers read.
///
/// Every worker counts its own texts. Counts are joined in any order and any number of parts with the
/// same result, and travel as bytes.
public struct WordCounts: Sendable, Equatable {
  /// The counts by the words' bytes.
  private(set) var counts: [[UInt8]: Int] = [:]

  /// None.
  public init() {}

  /// Counts the words of texts as a blueprint normalizes and divides them.
  ///
  /// - Parameters:
  ///   - texts: What is counted.
  ///   - blueprint: The tokenizer to be trained.
  ///   - threads: How many threads; nil is one for each core of this process.
  /// - Throws: ``TokenizerError`` where the blueprint is not understood.
  public init(of texts: [String], by blueprint: TokenizerBlueprint, threads: Int? = nil) throws {
    let steps = try blueprint.steps()
    let block = 512
    let blocks = (texts.count + block - 1) / block
    let parts = try Parallel.map(blocks, threads: threads) { number in
      var part = WordCounts()
      for text in texts[(number * block)..<min(texts.count, (number + 1) * block)] {
        part.add(text, steps)
      }
      return part
    }
    for part in parts { merge(part) }
  }

  /// How many different words there are.
  public var count: Int { counts.count }

  /// How often a word came.
  public subscript(word: String) -> Int { counts[Array(word.utf8)] ?? 0 }

  /// Adds other counts.
  public mutating func merge(_ other: WordCounts) {
    for (word, count) in other.counts { add(word, count) }
  }

  mutating func add(_ word: [UInt8], _ count: Int) {
    let (sum, isTooLarge) = counts[word, default: 0].addingReportingOverflow(count)
    counts[word] = isTooLarge ? .max : sum
  }

  private mutating func add(
    _ text: String, _ steps: (normalizer: (any Normalizer)?, preTokenizer: (any PreTokenizer)?)
  ) {
    var aligned = AlignedText(Array(text.utf8), base: 0, isTracked: false)
    guard !aligned.isEmpty else { return }
    steps.normalizer?.normalize(&aligned)
    guard !aligned.isEmpty else { return }
    var whole = TextPart(start: 0, end: Int32(truncatingIfNeeded: aligned.bytes.count))
    whole.isFirst = true
    var divided = PreTokenized(
      bytes: aligned.bytes, spans: nil, isTracked: false, parts: [whole])
    steps.preTokenizer?.preTokenize(&divided)
    for part in divided.parts { add(Array(divided.bytes[part.range]), 1) }
  }

  /// The words in the order of their bytes.
  var sorted: [(word: [UInt8], count: Int)] {
    counts.map { (word: $0.key, count: $0.value) }
      .sorted { $0.word.lexicographicallyPrecedes($1.word) }
  }

  /// The counts as bytes: for each word, in their order, its length, its bytes and its count, the
  /// numbers as eight bytes each, the lowest first.
  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    func put(_ number: Int) {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    for (word, count) in sorted {
      put(word.count)
      bytes += word
      put(count)
    }
    return bytes
  }

  /// Reads what ``encoded()`` gave.
  /// - Throws: ``TokenizerError`` where the bytes are damaged.
  public init(encoded bytes: [UInt8]) throws {
    var position = 0
    func number() throws -> Int {
      guard position + 8 <= bytes.count else {
        throw TokenizerError.call("word counts end inside a number; they are damaged")
      }
      var value: UInt64 = 0
      for i in 0..<8 { value |= UInt64(bytes[position + i]) << UInt64(8 * i) }
      position += 8
      guard let count = Int(exactly: value) else {
        throw TokenizerError.call("word counts hold a number beyond Int; they are damaged")
      }
      return count
    }
    while position < bytes.count {
      let length = try number()
      guard length <= bytes.count - position else {
        throw TokenizerError.call("word counts end inside a word; they are damaged")
      }
      let word = Array(bytes[position..<position + length])
      position += length
      add(word, try number())
    }
  }
}

/// The parts of a pipeline around a model that is yet to be trained, each in tokenizer.json's form.
public struct TokenizerBlueprint: Sendable, Equatable {
  /// The normalizer, "null" for none.
  public var normalizer = "null"
  /// The pre-tokenizer, "null" for none.
  public var preTokenizer = "null"
  /// The post-processor, "null" for none.
  public var postProcessor = "null"
  /// The decoder, "null" for none.
  public var decoder = "null"

  /// Nothing around the model.
  public init() {}

  /// GPT-2's: words' bytes, in the byte-level alphabet.
  public static func byteLevel(addPrefixSpace: Bool = false) -> TokenizerBlueprint {
    var result = TokenizerBlueprint()
    result.preTokenizer =
      #"{"type": "ByteLevel", "add_prefix_space": \#(addPrefixSpace), "trim_offsets": true, "#
      + #""use_regex": true}"#
    result.decoder =
      #"{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}"#
    result.postProcessor =
      #"{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true}"#
    return result
  }

  /// BERT's: cleaned words and punctuation.
  public static func bert(lowercase: Bool = true) -> TokenizerBlueprint {
    var result = TokenizerBlueprint()
    result.normalizer =
      #"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "#
      + #""strip_accents": null, "lowercase": \#(lowercase)}"#
    result.preTokenizer = #"{"type": "BertPreTokenizer"}"#
    result.decoder = ###"{"type": "WordPiece", "prefix": "##", "cleanup": true}"###
    return result
  }

  /// SentencePiece's: NFKC, and words that begin with ▁.
  public static func metaspace() -> TokenizerBlueprint {
    var result = TokenizerBlueprint()
    let step =
      #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}"#
    result.normalizer = #"{"type": "NFKC"}"#
    result.preTokenizer = step
    result.decoder = step
    return result
  }

  /// Words and punctuation between white space.
  public static func words() -> TokenizerBlueprint {
    var result = TokenizerBlueprint()
    result.preTokenizer = #"{"type": "Whitespace"}"#
    return result
  }

  func steps() throws(TokenizerError) -> (
    normalizer: (any Normalizer)?, preTokenizer: (any PreTokenizer)?
  ) {
    let reader = ComponentReader(path: "blueprint")
    return (try reader.normalizer(normalizer), try reader.preTokenizer(preTokenizer))
  }
}

/// Makes a model's vocabulary of word counts.
public protocol VocabularyTrainer: Sendable {
  /// The tokens that stand before all others.
  var specialTokens: [AddedToken] { get }

  /// The model for some counts, which alone it depends on.
  /// - Throws: ``TokenizerError`` where the settings allow none.
  func model(for counts: WordCounts) throws -> TrainedModel
}

/// A model as a trainer makes it.
public struct TrainedModel: Sendable {
  let tables: ModelTables
}

extension Tokenizer {
  /// A tokenizer with a model that is trained on word counts.
  /// - Throws: ``TokenizerError`` where the blueprint or the trainer's settings allow none.
  public init(
    _ blueprint: TokenizerBlueprint, trainedBy trainer: some VocabularyTrainer,
    on counts: WordCounts
  ) throws {
    var file = TokenizerFile(model: try trainer.model(for: counts).tables)
    file.normalizer = blueprint.normalizer
    file.preTokenizer = blueprint.preTokenizer
    file.postProcessor = blueprint.postProcessor
    file.decoder = blueprint.decoder
    file.addedTokens = trainer.specialTokens.map { token in
      var token = token
      token.special = true
      token.normalized = false
      return (file.model.vocabulary.id(of: token.content) ?? 0, token)
    }
    try self.init(file, path: "blueprint")
  }
}
