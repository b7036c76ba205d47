import Base
import Foundation

/// Makes a pipeline of a SentencePiece model.
struct SentencePieceConversion {
  let file: SentencePieceFile
  let family: TokenizerFamily
  let configuration: JSONValue
  let special: SpecialTokens
  let path: String

  private var isLegacy: Bool { configuration["legacy"]?.bool ?? (family != .llama) }

  func tokenizerFile() throws(TokenizerError) -> TokenizerFile {
    switch family {
    case .t5: return t5()
    case .llama where file.modelType == .bpe: return llama()
    default: return try plain()
    }
  }

  private static let mark = "▁"

  /// A vocabulary of the pieces in their order, and more behind them.
  private func vocabulary(_ more: [String] = []) -> Vocabulary {
    Vocabulary(
      (file.pieces.map(\.text) + more.map { Array($0.utf8) }).enumerated().map { ($1, $0) })
  }

  /// T5's: white space divides, every word begins with ▁, and sentinels follow the pieces.
  private func t5() -> TokenizerFile {
    let count = configuration["extra_ids"]?.count ?? 100
    // Pieces that are sentinels already are not added again.
    let known = Set(file.pieces.map(\.text))
    let sentinels = (0..<count).reversed().map { "<extra_id_\($0)>" }
      .filter { !known.contains(Array($0.utf8)) }
    var model = ModelTables(kind: .unigram, vocabulary: vocabulary(sentinels))
    model.scores = file.pieces.map { Double($0.score) } + sentinels.map { _ in 0 }
    model.unknownId = file.unknownId
    var result = TokenizerFile(model: model)
    if !file.characterMap.isEmpty { result.normalizer = precompiled }
    let metaspace =
      #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}"#
    result.preTokenizer =
      #"{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, \#(metaspace)]}"#
    result.decoder = metaspace
    let end = special.eos ?? "</s>"
    result.postProcessor =
      TemplateText(
        single: [.sequence("A", 0), .special(end, 0)],
        pair: [.sequence("A", 0), .special(end, 0), .sequence("B", 0), .special(end, 0)],
        ids: [end: model.vocabulary.id(of: end) ?? file.eosID]
      ).json
    add(sentinels.map { AddedToken($0, normalized: false, special: true) }, to: &result)
    return result
  }

  private var precompiled: String {
    let map = Data(file.characterMap).base64EncodedString()
    return #"{"type": "Precompiled", "precompiled_charsmap": "\#(map)"}"#
  }

  /// Llama's: byte-pair encoding of the whole text, which begins with ▁.
  private func llama() -> TokenizerFile {
    var model = ModelTables(kind: .bpe, vocabulary: vocabulary())
    model.merges = MergeTable(mergesByPiece())
    model.settings.fusesUnknown = true
    model.settings.byteFallback = true
    var result = TokenizerFile(model: model)
    let hasPrefix = configuration["add_prefix_space"]?.bool ?? true
    let scheme = hasPrefix ? isLegacy ? "always" : "first" : "never"
    result.preTokenizer =
      #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "\#(scheme)", "split": false}"#
    result.decoder = decoder(bytes: true, strips: hasPrefix)
    result.postProcessor = marked(model.vocabulary)
    add([], to: &result)
    return result
  }

  /// The text between its first and last token, where the folder asks for them.
  private func marked(_ vocabulary: Vocabulary) -> String {
    let begin = configuration["add_bos_token"]?.bool ?? false ? special.bos : nil
    let end = configuration["add_eos_token"]?.bool ?? false ? special.eos : nil
    func pieces(_ name: String, _ type: Int) -> [TemplateText.Piece] {
      [begin.map { .special($0, type) }, .sequence(name, type), end.map { .special($0, type) }]
        .compactMap { $0 }
    }
    var ids: [String: Int] = [:]
    for token in [begin, end].compactMap({ $0 }) { ids[token] = vocabulary.id(of: token) ?? 0 }
    return TemplateText(single: pieces("A", 0), pair: pieces("A", 0) + pieces("B", 1), ids: ids)
      .json
  }

  private func decoder(bytes: Bool, strips: Bool) -> String {
    var parts = [#"{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}"#]
    if bytes { parts.append(#"{"type": "ByteFallback"}"#) }
    if bytes || strips { parts.append(#"{"type": "Fuse"}"#) }
    if strips { parts.append(#"{"type": "Strip", "content": " ", "start": 1, "stop": 0}"#) }
    return #"{"type": "Sequence", "decoders": [\#(parts.joined(separator: ", "))]}"#
  }

  /// What SentencePiece itself does, from the model's own settings.
  /// - Parameter marksControls: Whether control pieces are found in texts, as special tokens.
  func plain(marksControls: Bool = true) throws(TokenizerError) -> TokenizerFile {
    var model: ModelTables
    let vocabulary = marksControls ? self.vocabulary() : vocabularyWithoutControls
    switch file.modelType {
    case .unigram:
      model = ModelTables(kind: .unigram, vocabulary: vocabulary)
      model.scores = file.pieces.map { Double($0.score) }
      model.unknownId = file.unknownId >= 0 ? file.unknownId : nil
      model.byteFallback = file.byteFallback
    case .bpe:
      model = ModelTables(kind: .bpe, vocabulary: vocabulary)
      model.merges = MergeTable(mergesByScore())
      model.settings.unknownToken = file.unknownPiece
      model.settings.fusesUnknown = true
      model.settings.byteFallback = file.byteFallback
      model.settings.ignoresMerges = !userDefined.isEmpty
    case .word, .character:
      throw TokenizerError.file(
        path: path, problem: "its model type is neither unigram nor BPE; train one of these")
    }
    var result = TokenizerFile(model: model)
    result.normalizer = plainNormalizer
    result.preTokenizer = plainPreTokenizer
    result.decoder = decoder(bytes: file.byteFallback, strips: file.addsDummyPrefix)
    result.postProcessor = marked(model.vocabulary)
    add([], to: &result, controls: marksControls)
    return result
  }

  /// The pieces in their order, of which control pieces are spelled as no text is.
  private var vocabularyWithoutControls: Vocabulary {
    Vocabulary(
      file.pieces.enumerated().map { id, piece in
        (piece.type == .control ? Array("\u{10fffe}\u{10ffff}".utf8) + piece.text : piece.text, id)
      })
  }

  private var userDefined: [[UInt8]] {
    file.pieces.filter { $0.type == .userDefined }.map(\.text)
  }

  private var plainNormalizer: String {
    func replace(_ pattern: String, _ content: String) -> String {
      #"{"type": "Replace", "pattern": {"Regex": \#(quotedJSON(pattern))}, "content": "\#(content)"}"#
    }
    var parts: [String] = []
    if !file.characterMap.isEmpty { parts.append(precompiled) }
    if file.removesExtraWhitespaces {
      parts.append(replace(#"\A +| +\z"#, ""))
      parts.append(replace(" {2,}", " "))
    }
    if file.escapesWhitespaces { parts.append(replace(" ", Self.mark)) }
    if file.addsDummyPrefix, isLegacy { parts.append(replace(#"\A▁"#, "▁▁")) }
    return #"{"type": "Sequence", "normalizers": [\#(parts.joined(separator: ", "))]}"#
  }

  private var plainPreTokenizer: String {
    var parts: [String] = []
    if file.addsDummyPrefix {
      parts.append(
        #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "#
          + #""\#(isLegacy ? "always" : "first")", "split": false}"#)
    }
    if !userDefined.isEmpty {
      let choices = userDefined.sorted { $0.count > $1.count }.map { piece in
        String(decoding: piece, as: UTF8.self).unicodeScalars.map { scalar in
          scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
            ? "\\\(scalar)" : "\(scalar)"
        }.joined()
      }
      parts.append(
        #"{"type": "Split", "pattern": {"Regex": \#(quotedJSON(choices.joined(separator: "|")))}, "#
          + #""behavior": "Isolated", "invert": false}"#)
    }
    if parts.isEmpty { return "null" }
    return #"{"type": "Sequence", "pretokenizers": [\#(parts.joined(separator: ", "))]}"#
  }

  /// Makes control and user-defined pieces, and `more`, added tokens.
  private func add(
    _ more: [AddedToken], to result: inout TokenizerFile, controls: Bool = true
  ) {
    for (id, piece) in file.pieces.enumerated()
    where piece.type == .control && controls || piece.type == .userDefined {
      let text = String(decoding: piece.text, as: UTF8.self)
      result.addedTokens.append(
        (id, AddedToken(text, normalized: false, special: piece.type == .control)))
    }
    for token in more {
      result.addedTokens.append((result.model.vocabulary.id(of: token.content) ?? 0, token))
    }
  }
}

extension SentencePieceConversion {
  private typealias Merge = (left: Int32, right: Int32, result: Int32)

  /// Each way to divide a piece into two others.
  private func divisions(
    _ isPart: (Int) -> Bool
  ) -> [(piece: Int, left: Int, right: Int, leftLength: Int, rightLength: Int)] {
    let table = vocabulary()
    var result: [(piece: Int, left: Int, right: Int, leftLength: Int, rightLength: Int)] = []
    for (index, piece) in file.pieces.enumerated() where isPart(index) {
      let text = piece.text
      let characters = text.count { $0 & 0xc0 != 0x80 }
      var before = 0
      text.withUnsafeBufferPointer { buffer in
        guard let p = buffer.baseAddress else { return }
        for middle in 0..<buffer.count where p[middle] & 0xc0 != 0x80 {
          if middle > 0 {
            let left = Int(table.id(of: p, middle))
            let right = Int(table.id(of: p + middle, buffer.count - middle))
            if left >= 0, right >= 0, isPart(left), isPart(right) {
              result.append((index, left, right, before, characters - before))
            }
          }
          before += 1
        }
      }
    }
    return result
  }

  /// The merges in the order of the pieces that they make.
  private func mergesByPiece() -> [(left: Int32, right: Int32, result: Int32)] {
    divisions { _ in true }.sorted {
      ($0.piece, $0.leftLength, $0.rightLength, $0.left, $0.right)
        < ($1.piece, $1.leftLength, $1.rightLength, $1.left, $1.right)
    }.map { (Int32($0.left), Int32($0.right), Int32($0.piece)) }
  }

  /// The merges of normal pieces, those to the pieces of the highest score first.
  /// - Parameter isPart: Which pieces are merged, and made.
  func mergesByScore(
    _ isPart: (SentencePieceFile.PieceType) -> Bool = { $0 == .normal }
  ) -> [(left: Int32, right: Int32, result: Int32)] {
    let found = divisions { isPart(file.pieces[$0].type) }
    return found.sorted { a, b in
      let (first, second) = (file.pieces[a.piece].score, file.pieces[b.piece].score)
      if first != second { return first > second }
      return (a.piece, a.leftLength) < (b.piece, b.leftLength)
    }.map { (Int32($0.left), Int32($0.right), Int32($0.piece)) }
  }
}

/// A TemplateProcessing as JSON.
struct TemplateText {
  enum Piece {
    case sequence(String, Int)
    case special(String, Int)
  }

  let single: [Piece]
  let pair: [Piece]
  let ids: [String: Int]

  var json: String {
    func list(_ pieces: [Piece]) -> String {
      pieces.map { piece in
        switch piece {
        case .sequence(let name, let type):
          #"{"Sequence": {"id": "\#(name)", "type_id": \#(type)}}"#
        case .special(let token, let type):
          #"{"SpecialToken": {"id": \#(quotedJSON(token)), "type_id": \#(type)}}"#
        }
      }.joined(separator: ", ")
    }
    let tokens = ids.inKeyOrder.map { token, id in
      let name = quotedJSON(token)
      return #"\#(name): {"id": \#(name), "ids": [\#(id)], "tokens": [\#(name)]}"#
    }.joined(separator: ", ")
    return #"{"type": "TemplateProcessing", "single": [\#(list(single))], "#
      + #""pair": [\#(list(pair))], "special_tokens": {\#(tokens)}}"#
  }
}
