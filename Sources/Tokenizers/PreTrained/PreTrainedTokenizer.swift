import Base

/// A tokenizer with what its folder says of its use: special tokens, lengths and sides. To be called
/// as transformers' tokenizers are.
public struct PreTrainedTokenizer: Sendable {
  /// The pipeline.
  public private(set) var backend: Tokenizer
  /// The tokens that have a part to play.
  public private(set) var specialTokens: SpecialTokens
  /// The most tokens that the model takes; nil where that is not known.
  public var modelMaxLength: Int?
  /// The side that padding goes to.
  public var paddingSide = Truncation.Side.right
  /// The end of a text that is cut off.
  public var truncationSide = Truncation.Side.right
  /// What the model reads, by transformers' names.
  public var modelInputNames = ["input_ids", "attention_mask"]
  /// Whether decoded text loses the spaces before punctuation.
  public var cleanUpTokenizationSpaces = false
  /// tokenizer_config.json as it was read.
  package var configuration: JSONValue
  /// The folder that it came from, where it has one.
  package let folder: ModelFolder?

  /// Gives a pipeline its special tokens; those that it lacks are added to it.
  public init(_ backend: Tokenizer, specialTokens: SpecialTokens = SpecialTokens()) {
    self.init(
      backend, specialTokens: specialTokens, described: [], configuration: .object([]), folder: nil)
  }

  init(
    _ backend: Tokenizer, specialTokens: SpecialTokens, described: [AddedToken],
    configuration: JSONValue, folder: ModelFolder?
  ) {
    self.backend = backend
    self.specialTokens = specialTokens
    self.configuration = configuration
    self.folder = folder
    self.backend.truncation = nil
    self.backend.padding = nil
    markSpecial(described)
  }

  /// Has the pipeline know the special tokens as such; those that files describe by these rules.
  private mutating func markSpecial(_ described: [AddedToken]) {
    var tokens: [AddedToken] = []
    for content in specialTokens.all {
      if let token = described.first(where: { $0.content.utf8.elementsEqual(content.utf8) }) {
        var token = token
        token.special = true
        tokens.append(token)
      } else if let id = backend.added.id(of: content), var token = backend.added.tokens[id] {
        token.special = true
        tokens.append(token)
      } else {
        tokens.append(AddedToken(content, normalized: false, special: true))
      }
    }
    backend.addTokens(tokens)
  }

  // MARK: Vocabulary

  /// The number of tokens of the model alone.
  public var vocabularySize: Int { backend.modelVocabularySize }

  /// The number of tokens, added ones included.
  public var count: Int { backend.vocabularySize }

  /// The special tokens, each once.
  public var allSpecialTokens: [String] { specialTokens.all }

  /// The special tokens' ids.
  public var allSpecialIds: [Int] { allSpecialTokens.compactMap { backend.tokenToId($0) } }

  private func id(_ token: String?) -> Int? { token.flatMap { backend.tokenToId($0) } }

  /// The id of the token that begins a text.
  public var bosTokenId: Int? { id(specialTokens.bos) }
  /// The id of the token that ends a text.
  public var eosTokenId: Int? { id(specialTokens.eos) }
  /// The id of what is not in the vocabulary.
  public var unkTokenId: Int? { id(specialTokens.unk) }
  /// The id of the token between texts.
  public var sepTokenId: Int? { id(specialTokens.sep) }
  /// The id of the token that fills up.
  public var padTokenId: Int? { id(specialTokens.pad) }
  /// The id of the token for a whole text.
  public var clsTokenId: Int? { id(specialTokens.cls) }
  /// The id of the token for what is to be guessed.
  public var maskTokenId: Int? { id(specialTokens.mask) }

  /// The id of a token; that of the unknown token where there is none, and nil without one.
  public func convertTokenToId(_ token: String) -> Int? { backend.tokenToId(token) ?? unkTokenId }

  /// The ids of tokens.
  public func convertTokensToIds(_ tokens: [String]) -> [Int?] { tokens.map(convertTokenToId) }

  /// The tokens of ids, nil for those beyond the vocabulary.
  public func convertIdsToTokens(_ ids: [Int], skipSpecialTokens: Bool = false) -> [String?] {
    let special = Set(skipSpecialTokens ? allSpecialIds : [])
    return ids.filter { !special.contains($0) }.map { backend.idToToken($0) }
  }

  /// Adds tokens behind the vocabulary.
  /// - Returns: How many were added or changed.
  @discardableResult
  public mutating func addTokens(_ tokens: [AddedToken]) -> Int { backend.addTokens(tokens) }

  /// Adds tokens that are found as they stand.
  /// - Returns: How many were added or changed.
  @discardableResult
  public mutating func addTokens(_ tokens: [String], special: Bool = false) -> Int {
    backend.addTokens(tokens.map { AddedToken($0, special: special) })
  }

  /// Gives tokens a part to play, and adds those that the vocabulary lacks.
  /// - Returns: How many were added or changed.
  @discardableResult
  public mutating func addSpecialTokens(_ tokens: SpecialTokens) -> Int {
    let before = backend.added.tokens
    for (_, part) in SpecialTokens.names {
      if let token = tokens[keyPath: part] { specialTokens[keyPath: part] = token }
    }
    for token in tokens.additional where !specialTokens.additional.contains(token) {
      specialTokens.additional.append(token)
    }
    markSpecial([])
    return backend.added.tokens.count { before[$0.key] != $0.value }
  }

  /// How many special tokens are added to one text, or to two.
  public func numSpecialTokensToAdd(pair: Bool = false) -> Int {
    backend.addedTokenCount(isPair: pair)
  }

  /// The tokens of a text, without special ones unless asked for.
  /// - Throws: ``TokenizerError`` where the text cannot be divided.
  public func tokenize(_ text: String, addSpecialTokens: Bool = false) throws -> [String] {
    backend.tokens(of: try backend.encode(text, addSpecialTokens: addSpecialTokens))
  }

  // MARK: Decoding

  /// The text of ids.
  ///
  /// - Parameters:
  ///   - ids: Numbers of tokens.
  ///   - skipSpecialTokens: Whether special tokens are left out.
  ///   - cleanUpTokenizationSpaces: Whether spaces before punctuation fall away; nil is what the
  ///     folder says. Never for BPE, whose spaces are the text's own.
  public func decode(
    _ ids: [Int], skipSpecialTokens: Bool = false, cleanUpTokenizationSpaces: Bool? = nil
  ) -> String {
    let text = backend.decode(ids, skipSpecialTokens: skipSpecialTokens)
    guard cleanUpTokenizationSpaces ?? self.cleanUpTokenizationSpaces, !(backend.model is BPEModel)
    else { return text }
    return Self.cleanedUp(text)
  }

  /// The texts of rows of ids.
  public func batchDecode(
    _ rows: [[Int]], skipSpecialTokens: Bool = false, cleanUpTokenizationSpaces: Bool? = nil
  ) -> [String] {
    rows.map {
      decode(
        $0, skipSpecialTokens: skipSpecialTokens,
        cleanUpTokenizationSpaces: cleanUpTokenizationSpaces)
    }
  }

  private static func cleanedUp(_ text: String) -> String {
    var bytes = Array(text.utf8)
    for (old, new) in [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ] {
      bytes = bytes.replacing(Array(old.utf8), with: Array(new.utf8))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
