import Base
import Foundation

/// A tokenizer as tokenizer.json describes it: normalizer, pre-tokenizer, model, post-processor and
/// decoder, and the tokens beside the model's vocabulary.
public struct Tokenizer: Sendable {
  /// Cuts texts that have too many tokens; nil cuts none.
  public var truncation: Truncation?
  /// Fills up the shorter texts of a batch; nil fills up none.
  public var padding: Padding?
  /// Whether special tokens in a text are divided as ordinary text.
  public var encodesSpecialTokens = false

  var file: TokenizerFile
  let normalizer: (any Normalizer)?
  let preTokenizer: (any PreTokenizer)?
  let model: any TokenModel
  let postProcessor: any PostProcessor
  let decoder: (any TokenDecoder)?
  private(set) var added = AddedVocabulary()
  /// Whether parts' places in the original are needed though nobody asked for offsets.
  let needsSpans: Bool
  private let scratches: ScratchPool

  /// Reads a tokenizer.json.
  /// - Throws: ``TokenizerError`` where it is missing, damaged or asks for what is not supported.
  public init(path: String) throws {
    let expanded = try UserPath.expanded(path)
    try self.init(TokenizerFile(path: expanded), path: expanded)
  }

  /// Reads the bytes of a tokenizer.json.
  /// - Throws: ``TokenizerError`` where they are damaged or ask for what is not supported.
  public init(json: [UInt8]) throws {
    try self.init(TokenizerFile(json, path: "tokenizer.json"), path: "tokenizer.json")
  }

  init(_ file: TokenizerFile, path: String) throws(TokenizerError) {
    self.file = file
    let reader = ComponentReader(path: path)
    normalizer = try reader.normalizer(file.normalizer)
    var pre = try reader.preTokenizer(file.preTokenizer)
    postProcessor = try reader.postProcessor(file.postProcessor)
    decoder = try reader.decoder(file.decoder)
    truncation = try reader.truncation(file.truncation)
    padding = try reader.padding(file.padding)
    let tables = file.model
    switch tables.kind {
    case .wordLevel:
      model = WordLevelModel(vocabulary: tables.vocabulary, unknownToken: tables.unknownToken)
    case .wordPiece:
      model = WordPieceModel(
        vocabulary: tables.vocabulary, unknownToken: tables.unknownToken,
        continuingPrefix: tables.continuingPrefix, longestWord: tables.longestWord)
    case .unigram:
      model = UnigramModel(
        vocabulary: tables.vocabulary, scores: tables.scores, unknown: tables.unknownId,
        byteFallback: tables.byteFallback)
    case .bpe:
      // A model whose words come in the byte-level alphabet takes the bytes themselves.
      let settings = tables.settings
      let takesBytes =
        settings.continuingPrefix == nil && settings.endOfWordSuffix == nil
        && Self.leaveBytes(&pre) && BPEModel.hasAllBytes(tables.vocabulary)
      if !takesBytes { pre = try reader.preTokenizer(file.preTokenizer) }
      model = BPEModel(
        vocabulary: tables.vocabulary, merges: tables.merges, settings: settings,
        takesBytes: takesBytes, dividesLongTexts: !takesBytes)
    }
    preTokenizer = pre
    needsSpans = normalizer != nil && Self.asksForFirst(pre)
    scratches = ScratchPool(idBound: model.vocabulary.idBound)
    _ = added.add(
      file.addedTokens.map(\.token), vocabulary: model.vocabulary, normalizer: normalizer)
  }

  /// Has a byte-level step that comes last leave the bytes as they are; false where there is none.
  private static func leaveBytes(_ pre: inout (any PreTokenizer)?) -> Bool {
    if var last = pre as? ByteLevelPreTokenizer {
      last.encodes = false
      pre = last
      return true
    }
    guard var parts = (pre as? PreTokenizerSequence)?.parts,
      var last = parts.last as? ByteLevelPreTokenizer
    else { return false }
    last.encodes = false
    parts[parts.count - 1] = last
    pre = PreTokenizerSequence(parts: parts)
    return true
  }

  private static func asksForFirst(_ pre: (any PreTokenizer)?) -> Bool {
    if let one = pre as? MetaspacePreTokenizer { return one.prependScheme == .first }
    return (pre as? PreTokenizerSequence)?.parts.contains { asksForFirst($0) } ?? false
  }

  // MARK: Vocabulary

  /// The number of tokens, added ones included.
  public var vocabularySize: Int {
    model.vocabulary.count
      + added.sorted.count { model.vocabulary.id(of: $0.token.content) == nil }
  }

  /// The number of tokens of the model alone.
  public var modelVocabularySize: Int { model.vocabulary.count }

  /// The id of a token, or nil.
  public func tokenToId(_ token: String) -> Int? {
    added.id(of: token) ?? model.vocabulary.id(of: token)
  }

  /// The token of an id, or nil; one that is looked for in normalized text is normalized itself.
  public func idToToken(_ id: Int) -> String? {
    added.content(of: id).map { String(decoding: $0, as: UTF8.self) }
      ?? model.vocabulary.token(of: id)
  }

  func tokenBytes(_ id: Int) -> [UInt8]? {
    added.content(of: id) ?? model.vocabulary.bytes(of: id).map(Array.init)
  }

  /// Adds tokens behind the vocabulary; those that are in it keep their ids.
  /// - Returns: How many were added or changed.
  @discardableResult
  public mutating func addTokens(_ tokens: [AddedToken]) -> Int {
    let count = added.add(tokens, vocabulary: model.vocabulary, normalizer: normalizer)
    file.addedTokens = added.sorted
    return count
  }

  /// The tokens' text, one for each token of an encoding.
  public func tokens(of encoding: Encoding) -> [String] {
    encoding.ids.enumerated().map { place, id in
      if let literal = encoding.literals[place] { return literal }
      // Added tokens that were found have their text beside them: this one comes from the model, whose
      // token a normalizer does not change.
      let own = encoding.isTracked ? model.vocabulary.token(of: id) : nil
      return own ?? idToToken(id) ?? ""
    }
  }

  // MARK: Encoding

  /// How many special tokens are added to one text, or to two.
  public func addedTokenCount(isPair: Bool = false) -> Int {
    postProcessor.addedCount(isPair: isPair)
  }

  /// The ids of a text alone, without special tokens, cutting and padding: the quickest way.
  /// - Throws: ``TokenizerError`` where a word is unknown and there is no token for it.
  public func ids(of text: String) throws -> [Int] {
    try withScratch { scratch in
      var text = text
      return try text.withUTF8 {
        try tokenize($0, isTracked: false, scratch).sink.ids
      }
    }
  }

  /// Encodes a text, or a pair of texts.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - pair: A second text, encoded behind it.
  ///   - addSpecialTokens: Whether the post-processor adds its tokens.
  ///   - offsets: Whether ``Encoding/offsets``, word and sequence numbers are wanted.
  /// - Throws: ``TokenizerError`` where the text cannot be divided or cut.
  public func encode(
    _ text: String, pair: String? = nil, addSpecialTokens: Bool = true, offsets: Bool = true
  ) throws -> Encoding {
    var encodings = [
      try encodeOne(
        .text(text), pair.map { .text($0) }, addSpecialTokens: addSpecialTokens, offsets: offsets)
    ]
    try padding?.fill(&encodings)
    return encodings[0]
  }

  /// A text as it is given: whole, or as words.
  public enum Input: Sendable, Equatable {
    /// A text that is still to be divided.
    case text(String)
    /// Each word is divided alone, and offsets are within it.
    case words([String])
  }

  /// Encodes texts or pairs of texts on several threads, and fills them up.
  ///
  /// - Parameters:
  ///   - texts: Texts, or their words.
  ///   - pairs: A second text for each of them.
  ///   - addSpecialTokens: Whether the post-processor adds its tokens.
  ///   - offsets: Whether ``Encoding/offsets``, word and sequence numbers are wanted.
  ///   - threads: How many threads; nil is one for each core of this process.
  /// - Throws: ``TokenizerError``, that of the first text that fails.
  public func encodeBatch(
    _ texts: [Input], pairs: [Input]? = nil, addSpecialTokens: Bool = true, offsets: Bool = true,
    threads: Int? = nil
  ) throws -> [Encoding] {
    if let pairs, pairs.count != texts.count {
      throw TokenizerError.call("\(texts.count) texts have \(pairs.count) second texts")
    }
    var encodings = try Parallel.map(texts.count, threads: threads) { index in
      try encodeOne(
        texts[index], pairs?[index], addSpecialTokens: addSpecialTokens, offsets: offsets)
    }
    try padding?.fill(&encodings)
    return encodings
  }

  private func encodeOne(
    _ text: Input, _ pair: Input?, addSpecialTokens: Bool, offsets: Bool
  ) throws -> Encoding {
    try withScratch { scratch in
      var first = try encoding(of: text, typeId: 0, isTracked: offsets, scratch)
      var second = try pair.map { try encoding(of: $0, typeId: 1, isTracked: offsets, scratch) }
      if let truncation {
        let added = addSpecialTokens ? postProcessor.addedCount(isPair: pair != nil) : 0
        // Where not even the special tokens fit, the reference cuts nothing.
        if truncation.maxLength >= added {
          try truncation.cut(&first, &second, to: truncation.maxLength - added)
        }
      }
      return join(first, second, addSpecialTokens)
    }
  }

  private func join(_ first: Encoding, _ second: Encoding?, _ addsSpecialTokens: Bool) -> Encoding {
    let words = TokenText { tokenBytes($0) ?? [] }
    let parts = postProcessor.process(
      [first] + (second.map { [$0] } ?? []), addsSpecialTokens: addsSpecialTokens, words)
    guard var result = parts.first else {
      var empty = Encoding()
      empty.isTracked = first.isTracked
      return empty
    }
    for part in parts.dropFirst() { result.append(part) }
    return result
  }

  private func encoding(
    of input: Input, typeId: Int, isTracked: Bool, _ scratch: Scratch
  ) throws -> Encoding {
    switch input {
    case .text(var text):
      return try text.withUTF8 { buffer in
        var encoding = try self.encoding(of: buffer, word: nil, isTracked: isTracked, scratch)
        if typeId != 0 { encoding.setTypeId(typeId) }
        return encoding
      }
    case .words(let words):
      var result = Encoding()
      result.isTracked = isTracked
      for (index, word) in words.enumerated() {
        var word = word
        try word.withUTF8 { buffer in
          result.append(
            try encoding(of: buffer, word: index, isTracked: isTracked, scratch))
        }
      }
      result.setTypeId(typeId)
      return result
    }
  }

  func withScratch<Result>(_ body: (Scratch) throws -> Result) rethrows -> Result {
    let scratch = scratches.take()
    defer { scratches.give(scratch) }
    return try body(scratch)
  }

  // MARK: Decoding

  /// The text of ids. Ids beyond the vocabulary are left out.
  public func decode(_ ids: [Int], skipSpecialTokens: Bool = false) -> String {
    var tokens: [[UInt8]] = []
    for id in ids {
      guard let bytes = tokenBytes(id) else { continue }
      if skipSpecialTokens, added.isSpecial(bytes) { continue }
      tokens.append(bytes)
    }
    guard let decoder else {
      return String(decoding: Array(tokens.joined(separator: [0x20])), as: UTF8.self)
    }
    return String(decoding: Array(decoder.decode(tokens).joined()), as: UTF8.self)
  }
}
