import Base
import Foundation

/// The pipelines that the models of GGUF files stand for.
extension GGUFTokenizer {
  /// Tokens that only fill up the vocabulary, which the model's own tokenizer does not have.
  private func isFilling(_ id: Int) -> Bool {
    tokens[id].type == .unused && tokens[id].text == "[PAD\(id)]"
  }

  /// The tokens that are found in texts as they stand.
  private var added: [(id: Int, token: AddedToken)] {
    tokens.enumerated().compactMap { id, token in
      guard [.control, .userDefined, .unknown].contains(token.type) else { return nil }
      return (id, AddedToken(token.text, normalized: false, special: token.type != .userDefined))
    }
  }

  private func vocabulary(_ text: (Token) -> String = \.text) -> Vocabulary {
    Vocabulary(
      tokens.indices.filter { !isFilling($0) }.map { (Array(text(tokens[$0]).utf8), $0) })
  }

  /// A text between its first and last token, where there are any.
  private func marked(
    _ begin: String?, _ end: String?, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> String {
    guard begin != nil || end != nil else { return "null" }
    func pieces(_ name: String, _ type: Int) -> [TemplateText.Piece] {
      [begin.map { .special($0, type) }, .sequence(name, type), end.map { .special($0, type) }]
        .compactMap { $0 }
    }
    return TemplateText(
      single: pieces("A", 0), pair: pieces("A", 0) + pieces("B", 1),
      ids: try ids([begin, end], vocabulary)
    ).json
  }

  private func ids(
    _ tokens: [String?], _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> [String: Int] {
    var ids: [String: Int] = [:]
    for token in tokens.compactMap({ $0 }) { ids[token] = try id(of: token, vocabulary) }
    return ids
  }

  private func id(of token: String, _ vocabulary: Vocabulary) throws(TokenizerError) -> Int {
    guard let id = vocabulary.id(of: token) else {
      throw fault("tokenizer.ggml.tokens", "lacks \(token); convert the model again")
    }
    return id
  }

  /// The merges that the file lists as pairs with a space between them; nil where it lists none.
  private func merges(_ vocabulary: Vocabulary) throws(TokenizerError) -> MergeTable? {
    guard let list = try texts("tokenizer.ggml.merges") else { return nil }
    var builder = MergeBuilder(vocabulary, prefix: nil)
    for text in list {
      var bytes = Array(text.utf8)
      var middle = -1
      if let space = bytes.dropFirst().firstIndex(of: 0x20) {
        middle = space
        bytes.remove(at: space)
      }
      if let problem = builder.add(bytes, middle) {
        throw fault("tokenizer.ggml.merges:", "\(problem); convert the model again")
      }
    }
    return MergeTable(builder.merges)
  }

  // MARK: Models

  /// `gpt2`: byte-level BPE.
  func byteLevel(_ special: SpecialTokens) throws(TokenizerError) -> TokenizerFile {
    let pre: GGUFPreTokenizer
    let name = try text("tokenizer.ggml.pre") ?? "default"
    if name == "default" {
      pre = GGUFPreTokenizer(architecture: try text("general.architecture") ?? "")
    } else if let known = GGUFPreTokenizer(name) {
      pre = known
    } else {
      let known = GGUFPreTokenizer.all.flatMap(\.names).sorted().joined(separator: ", ")
      throw fault(
        "tokenizer.ggml.pre",
        "is \"\(name)\", and how such models divide texts is not known here; known are \(known). "
          + "Put the model's tokenizer.json beside the file")
    }
    var model = ModelTables(kind: .bpe, vocabulary: vocabulary())
    guard let merges = try merges(model.vocabulary) else {
      throw fault("tokenizer.ggml.merges", "is missing; convert the model again")
    }
    model.merges = merges
    model.settings.ignoresMerges = pre.ignoresMerges
    var result = TokenizerFile(model: model)
    result.normalizer = pre.normalizer
    result.preTokenizer = pre.preTokenizer
    result.decoder = #"{"type": "ByteLevel"}"#
    result.addedTokens = added
    let (first, last) = (special.cls ?? special.bos, special.sep ?? special.eos)
    if pre.isRoberta, let first, let last, try flag("add_bos_token") != false {
      let begin = try id(of: first, model.vocabulary)
      let end = try id(of: last, model.vocabulary)
      result.postProcessor =
        #"{"type": "RobertaProcessing", "sep": [\#(quotedJSON(last)), \#(end)], "cls": "#
        + #"[\#(quotedJSON(first)), \#(begin)], "trim_offsets": true, "add_prefix_space": false}"#
    } else {
      result.postProcessor = try marked(
        flag("add_bos_token") ?? pre.addsBegin ? special.bos : nil,
        flag("add_eos_token") ?? false ? special.eos : nil, model.vocabulary)
    }
    return result
  }

  /// The tokens as pieces of a SentencePiece model.
  private var pieces: [SentencePieceFile.Piece] {
    tokens.map { token in
      SentencePieceFile.Piece(
        text: Array(token.text.utf8), score: token.score,
        type: SentencePieceFile.PieceType(rawValue: token.type.rawValue) ?? .normal)
    }
  }

  private func replacing(_ old: String, _ new: String) -> String {
    #"{"type": "Replace", "pattern": {"String": "\#(old)"}, "content": "\#(new)"}"#
  }

  /// `llama`: SentencePiece's BPE, the whole text at once, with bytes for what is not in the vocabulary.
  func sentencePiece(_ special: SpecialTokens) throws(TokenizerError) -> TokenizerFile {
    var model = ModelTables(kind: .bpe, vocabulary: vocabulary())
    var pieces = pieces
    // Gemma's merges are in the order of its tokens, whatever their scores.
    if try text("general.architecture")?.hasPrefix("gemma") == true {
      for id in pieces.indices { pieces[id].score = -Float(id) }
    }
    model.merges =
      try merges(model.vocabulary)
      ?? MergeTable(
        SentencePieceConversion(
          file: SentencePieceFile(pieces: pieces), family: .llama,
          configuration: .object([]), special: special, path: path
        ).mergesByScore { $0 == .normal || $0 == .userDefined })
    model.settings.unknownToken = special.unk
    model.settings.fusesUnknown = true
    model.settings.byteFallback = tokens.contains { $0.type == .byte }
    var result = TokenizerFile(model: model)
    let hasPrefix = try flag("add_space_prefix") ?? true
    let prefix = hasPrefix ? [#"{"type": "Prepend", "prepend": "▁"}"#] : []
    let normalizers = prefix + [replacing(" ", "▁")]
    result.normalizer =
      #"{"type": "Sequence", "normalizers": [\#(normalizers.joined(separator: ", "))]}"#
    let strip = hasPrefix ? [#"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#] : []
    let decoders =
      [replacing("▁", " "), #"{"type": "ByteFallback"}"#, #"{"type": "Fuse"}"#] + strip
    result.decoder = #"{"type": "Sequence", "decoders": [\#(decoders.joined(separator: ", "))]}"#
    result.addedTokens = added
    result.postProcessor = try marked(
      flag("add_bos_token") ?? true ? special.bos : nil,
      flag("add_eos_token") ?? false ? special.eos : nil, model.vocabulary)
    return result
  }

  /// `t5`: SentencePiece's Unigram.
  func unigram(_ special: SpecialTokens) throws(TokenizerError) -> TokenizerFile {
    guard value("scores") != nil else {
      throw fault("tokenizer.ggml.scores", "is missing; convert the model again")
    }
    var pieces = pieces
    if try text("general.architecture")?.hasPrefix("t5") == true {
      // T5's hundred sentinels, the last first, are only room in files.
      for (number, id) in tokens.indices.filter(isFilling).prefix(100).enumerated() {
        pieces[id].text = Array("<extra_id_\(99 - number)>".utf8)
        pieces[id].type = .control
      }
    }
    let conversion = SentencePieceConversion(
      file: SentencePieceFile(pieces: pieces, characterMap: try characterMap()),
      family: .t5, configuration: .object([.init(name: "extra_ids", value: .number("0"))]),
      special: special, path: path)
    var result = try conversion.tokenizerFile()
    result.model.byteFallback = tokens.contains { $0.type == .byte }
    let vocabulary = result.model.vocabulary
    let unknown =
      special.unk.flatMap(vocabulary.id(of:)) ?? tokens.firstIndex { $0.type == .unknown }
    result.model.unknownId = unknown
    result.addedTokens += added.filter { tokens[$0.id].type == .unknown }
    let last = try flag("add_eos_token") ?? true ? special.eos : nil
    if let last, try flag("add_bos_token") ?? false, let first = special.cls ?? special.bos {
      let single: [TemplateText.Piece] = [.special(first, 0), .sequence("A", 0), .special(last, 0)]
      result.postProcessor =
        TemplateText(
          single: single,
          pair: single + [.special(last, 0), .sequence("B", 0), .special(last, 0)],
          ids: try ids([first, last], vocabulary)
        ).json
    } else if last == nil {
      result.postProcessor = "null"
    }
    return result
  }

  /// `bert`: WordPiece. Files mark the tokens that begin words, where the model marks the others.
  func wordPiece(_ special: SpecialTokens) throws(TokenizerError) -> TokenizerFile {
    // By scalars: a mark that combines with what is before it would be one character with "▁".
    func begins(_ token: Token) -> Bool { token.text.unicodeScalars.first == "▁" }
    let isMarked = tokens.contains { $0.type == .normal && begins($0) }
    let text: (Token) -> String = { token in
      guard isMarked, token.type == .normal else { return token.text }
      return begins(token) ? String(token.text.unicodeScalars.dropFirst()) : "##" + token.text
    }
    var model = ModelTables(kind: .wordPiece, vocabulary: vocabulary(text))
    model.unknownToken = special.unk ?? "[UNK]"
    let (first, last) = (special.cls ?? "[CLS]", special.sep ?? "[SEP]")
    for token in [first, last] where model.vocabulary.id(of: token) == nil {
      throw fault("tokenizer.ggml.tokens", "lacks \(token); convert the model again")
    }
    var result = TokenizerFile(model: model)
    // A vocabulary without capitals is one of lower case.
    let lowers =
      try flag("normalizer.lowercase")
      ?? !tokens.contains { token in
        token.type == .normal && token.text.unicodeScalars.contains { $0.properties.isUppercase }
      }
    let accents = try flag("normalizer.strip_accents").map { "\($0)" } ?? "null"
    result.normalizer =
      #"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "#
      + "\"strip_accents\": \(accents), \"lowercase\": \(lowers)}"
    result.preTokenizer = #"{"type": "BertPreTokenizer"}"#
    result.decoder = ###"{"type": "WordPiece", "prefix": "##", "cleanup": true}"###
    let single: [TemplateText.Piece] = [.special(first, 0), .sequence("A", 0), .special(last, 0)]
    result.postProcessor =
      TemplateText(
        single: single, pair: single + [.sequence("B", 1), .special(last, 1)],
        ids: try ids([first, last], model.vocabulary)
      ).json
    result.addedTokens = added
    return result
  }
}
