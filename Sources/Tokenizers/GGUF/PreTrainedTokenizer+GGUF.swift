import Base

extension PreTrainedTokenizer {
  /// The tokenizer as GGUF files carry it, under llama.cpp's keys: byte-level BPE as `gpt2`, SentencePiece's
  /// BPE as `llama`.
  /// - Parameter count: How many rows the model's embeddings have, each of which is a token in such files.
  /// - Throws: ``TokenizerError`` that says which part of the tokenizer has no place there.
  package func ggufMetadata(count: Int) throws -> [(key: String, value: GGUFValue)] {
    guard self.count <= count else {
      throw TokenizerError.call(
        "the tokenizer has \(self.count) tokens and the model \(count); use the tokenizer that the "
          + "model was trained with")
    }
    let file = backend.file
    let kind = try GGUFKind(file)
    var pairs: [(key: String, value: GGUFValue)] = [
      ("tokenizer.ggml.model", .string(kind.model)), ("tokenizer.ggml.pre", .string(kind.pre)),
    ]
    func put(_ key: String, _ value: GGUFValue) { pairs.append(("tokenizer.ggml.\(key)", value)) }
    let (texts, types) = tokens(kind, count)
    put("tokens", .array(texts.map { .string($0) }))
    put("token_type", .array(types.map { .signed(Int64($0.rawValue)) }))
    func text(_ id: Int) -> String { file.model.vocabulary.token(of: id) ?? "" }
    let ranked = file.model.merges.ranked
    if kind.isSentencePiece {
      var scores = [Float](repeating: 0, count: count)
      for (rank, merge) in ranked.enumerated().reversed() {
        if let id = file.model.vocabulary.id(of: text(merge.left) + text(merge.right)) {
          scores[id] = -Float(rank)
        }
      }
      put("scores", .array(scores.map { .float($0) }))
    }
    put("merges", .array(ranked.map { .string("\(text($0.left)) \(text($0.right))") }))
    for (name, id) in [
      ("bos", bosTokenId), ("eos", eosTokenId), ("unknown", unkTokenId), ("seperator", sepTokenId),
      ("padding", padTokenId), ("cls", clsTokenId), ("mask", maskTokenId),
    ] {
      if let id { put("\(name)_token_id", .unsigned(UInt64(id))) }
    }
    let (begins, ends) = try marks()
    put("add_bos_token", .bool(begins))
    put("add_eos_token", .bool(ends))
    if kind.isSentencePiece { put("add_space_prefix", .bool(kind.addsSpace)) }
    let templates = try chatTemplates().inKeyOrder
    for (name, template) in templates {
      pairs.append(
        (
          name == "default" ? "tokenizer.chat_template" : "tokenizer.chat_template.\(name)",
          .string(template)
        ))
    }
    let others = templates.map(\.key).filter { $0 != "default" }
    if !others.isEmpty {
      pairs.append(("tokenizer.chat_templates", .array(others.map { .string($0) })))
    }
    return pairs
  }

  /// The tokens in the order of their ids, and their kinds; filling where there are none.
  private func tokens(
    _ kind: GGUFKind, _ count: Int
  ) -> (texts: [String], types: [GGUFTokenizer.TokenType]) {
    var texts: [String] = []
    var types: [GGUFTokenizer.TokenType] = []
    for id in 0..<count {
      let added = backend.added.tokens[id]
      var text = added?.content ?? backend.file.model.vocabulary.token(of: id)
      var type = GGUFTokenizer.TokenType.normal
      if let added { type = added.special ? .control : .userDefined }
      if kind.isSentencePiece, let own = text {
        if id == unkTokenId { type = .unknown }
        if own.utf8.count == 6, own.hasPrefix("<0x"), own.hasSuffix(">") { type = .byte }
        // Marks alone are spaces in files; between other characters they are found in texts as they are.
        if type == .userDefined, own.unicodeScalars.allSatisfy({ $0 == "▁" }) {
          text = own.replacing("▁", with: " ")
        }
      }
      texts.append(text ?? "[PAD\(id)]")
      types.append(text == nil ? .unused : type)
    }
    return (texts, types)
  }

  /// Whether texts get a first and a last token.
  private func marks() throws -> (begins: Bool, ends: Bool) {
    let ids = try backend.encode("", offsets: false).ids
    let (begin, end) = (bosTokenId.map { [$0] } ?? [], eosTokenId.map { [$0] } ?? [])
    if ids.isEmpty { return (false, false) }
    if ids == begin { return (true, false) }
    if ids == end { return (false, true) }
    if ids == begin + end { return (true, true) }
    throw TokenizerError.call(
      "the tokenizer puts \(ids.compactMap { backend.idToToken($0) }) around texts, and GGUF files can "
        + "only have bos_token (\(specialTokens.bos ?? "none")) and eos_token "
        + "(\(specialTokens.eos ?? "none")); set these, or save the model without its tokenizer")
  }
}

/// What GGUF files call a pipeline.
private struct GGUFKind {
  var isSentencePiece = false
  var pre = "default"
  var addsSpace = false

  var model: String { isSentencePiece ? "llama" : "gpt2" }

  init(_ file: TokenizerFile) throws(TokenizerError) {
    guard file.model.kind == .bpe else { throw Self.fault("a \(file.model.kind.rawValue) model") }
    let normalizer = Self.canonical(file.normalizer)
    let division = Self.canonical(file.preTokenizer)
    if file.model.settings.byteFallback {
      isSentencePiece = true
      let replace = #"{"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#
      let prepend = #"{"type": "Prepend", "prepend": "▁"}"#
      func sequence(_ parts: String) -> String {
        Self.canonical(#"{"type": "Sequence", "normalizers": [\#(parts)]}"#)
      }
      if division == "null" {
        if normalizer == sequence("\(prepend), \(replace)") {
          addsSpace = true
          return
        }
        if normalizer == sequence(replace) || normalizer == Self.canonical(replace) { return }
      } else if normalizer == "null" {
        for scheme in ["first", "always", "never"] {
          let metaspace =
            #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "\#(scheme)", "split": false}"#
          guard division == Self.canonical(metaspace) else { continue }
          addsSpace = scheme != "never"
          return
        }
      }
      throw Self.fault(
        "the normalizer \(file.normalizer) with the pre-tokenizer \(file.preTokenizer)")
    }
    let same = GGUFPreTokenizer.all.filter {
      Self.canonical($0.preTokenizer) == division && Self.canonical($0.normalizer) == normalizer
    }
    let found = same.first { $0.ignoresMerges == file.model.settings.ignoresMerges } ?? same.first
    guard let name = found?.names.first else {
      throw Self.fault(
        "the normalizer \(file.normalizer) with the pre-tokenizer \(file.preTokenizer)")
    }
    pre = name
  }

  private static func fault(_ part: String) -> TokenizerError {
    .call(
      "the tokenizer is not written as GGUF: there is no name for \(part). Save the model without it, and "
        + "the tokenizer beside the file with savePretrained")
  }

  /// A component's JSON with its members in order, without what is usual and what only offsets tell.
  private static func canonical(_ text: String) -> String {
    guard let value = try? JSONParser.parse(Array(text.utf8)) else { return text }
    return canonical(value).jsonText
  }

  private static func canonical(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let values): return .array(values.map(canonical))
    case .object(let members):
      let kept = members.filter { member in
        member.name != "trim_offsets" && !(member.name == "invert" && member.value == .bool(false))
      }
      // One part in a sequence is that part.
      if value["type"]?.string == "Sequence" {
        let parts = value["normalizers"]?.array ?? value["pretokenizers"]?.array ?? []
        if parts.isEmpty { return .null }
        if parts.count == 1 { return canonical(parts[0]) }
      }
      return .object(
        kept.map { .init(name: $0.name, value: canonical($0.value)) }.sorted { $0.name < $1.name })
    default: return value
    }
  }
}
