import Base

/// The values of a tokenizer's keys, each of the type that the key has.
extension GGUFTokenizer {
  private static let remedy = "convert the model again"

  /// The text of a key, or nil where there is none.
  func text(_ key: String) throws(TokenizerError) -> String? {
    guard let value = metadata[key] else { return nil }
    guard let text = value.string else { throw fault(key, "is no text; \(Self.remedy)") }
    return text
  }

  /// The texts of a key, or nil where there are none.
  func texts(_ key: String) throws(TokenizerError) -> [String]? {
    guard let value = metadata[key] else { return nil }
    guard let values = value.array, values.allSatisfy({ $0.string != nil }) else {
      throw fault(key, "is no list of texts; \(Self.remedy)")
    }
    return values.compactMap(\.string)
  }

  /// Whether a key under `tokenizer.ggml` says so, or nil where there is none.
  func flag(_ key: String) throws(TokenizerError) -> Bool? {
    guard let value = value(key) else { return nil }
    guard let flag = value.bool else {
      throw fault("tokenizer.ggml.\(key)", "is neither true nor false; \(Self.remedy)")
    }
    return flag
  }

  /// The bytes of the map of characters, which files have with or without a sign.
  func characterMap() throws(TokenizerError) -> [UInt8] {
    let key = "precompiled_charsmap"
    guard let value = value(key) else { return [] }
    let bytes = value.array?.map(\.int)
    guard let bytes, bytes.allSatisfy({ $0.map { -128...255 ~= $0 } ?? false }) else {
      throw fault("tokenizer.ggml.\(key)", "is no list of bytes; \(Self.remedy)")
    }
    let map = bytes.compactMap { $0.map { UInt8(truncatingIfNeeded: $0) } }
    guard map.isEmpty || CharacterMap(map) != nil else {
      throw fault("tokenizer.ggml.\(key)", "is damaged; \(Self.remedy)")
    }
    return map
  }

  // MARK: Tokens

  /// The tokens, each with its type and score.
  func readTokens() throws(TokenizerError) -> [Token] {
    let key = "tokenizer.ggml.tokens"
    let texts = try texts(key) ?? []
    guard texts.count <= Vocabulary.largestID else {
      throw fault(key, "has \(texts.count) entries, which are too many")
    }
    func checkCount(_ name: String, _ count: Int) throws(TokenizerError) {
      guard count != texts.count else { return }
      throw fault(
        "tokenizer.ggml.\(name)",
        "has \(count) entries for \(texts.count) tokens; \(Self.remedy)")
    }
    var tokens = texts.map { Token(text: $0) }
    if let value = value("token_type") {
      guard let types = value.array, types.allSatisfy({ $0.int != nil }) else {
        throw fault("tokenizer.ggml.token_type", "is no list of whole numbers; \(Self.remedy)")
      }
      try checkCount("token_type", types.count)
      for (id, number) in types.compactMap(\.int).enumerated() {
        // Nothing is told of tokens with 0.
        guard let type = number == 0 ? .normal : TokenType(rawValue: number) else {
          throw fault(
            "tokenizer.ggml.token_type",
            "is \(number) for token \(id), and there are types from 1 to 6; \(Self.remedy)")
        }
        tokens[id].type = type
      }
    }
    if let value = value("scores") {
      guard let scores = value.array, scores.allSatisfy({ $0.number != nil && $0.int == nil })
      else { throw fault("tokenizer.ggml.scores", "is no list of floats; \(Self.remedy)") }
      try checkCount("scores", scores.count)
      for (id, number) in scores.compactMap(\.number).enumerated() {
        guard number.isFinite else {
          throw fault("tokenizer.ggml.scores", "is \(number) for token \(id); \(Self.remedy)")
        }
        tokens[id].score = Float(number)
      }
    }
    // Spaces that users defined stand in the vocabulary with their marks. With other characters between
    // them they are found in texts as they are.
    if value("model")?.string == "llama" {
      for id in tokens.indices where tokens[id].type == .userDefined {
        let text = tokens[id].text
        guard text.utf8.allSatisfy({ $0 == 0x20 }) else { continue }
        tokens[id].text = String(repeating: "▁", count: text.utf8.count)
      }
    }
    return tokens
  }

  /// The ids of the tokens with a part to play.
  /// - Throws: ``TokenizerError`` where a key names no token.
  func readNamed() throws(TokenizerError) -> [String: Int?] {
    // Others are for whoever generates.
    for (key, _) in metadata.pairs
    where key.hasPrefix("tokenizer.ggml.") && key.hasSuffix("_token_id") {
      guard let id = try id(under: key), !tokens.indices.contains(id) else { continue }
      throw fault(key, "is \(id), and there are \(tokens.count) tokens; \(Self.remedy)")
    }
    var named: [String: Int?] = [:]
    for (name, _) in Self.parts {
      for spelling in name == "seperator" ? [name, "separator"] : [name]
      where named[name] == nil && value("\(spelling)_token_id") != nil {
        named[name] = .some(try id(spelling))
      }
    }
    return named
  }

  /// The id that a part's key names; nil where there is no such key, or no such token.
  func id(_ name: String) throws(TokenizerError) -> Int? {
    try id(under: "tokenizer.ggml.\(name)_token_id")
  }

  private func id(under key: String) throws(TokenizerError) -> Int? {
    guard let value = metadata[key] else { return nil }
    guard let id = value.int else { throw fault(key, "is no whole number; \(Self.remedy)") }
    // Files say that there is none by the largest number.
    return id == Int(UInt32.max) || id == -1 ? nil : id
  }
}
