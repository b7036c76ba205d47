/// A step that adds special tokens and joins two texts.
protocol PostProcessor: Sendable {
  /// How many tokens are added to one text, or to two.
  func addedCount(isPair: Bool) -> Int

  /// Works on the encodings of one or two texts; the caller joins what comes back.
  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding]
}

/// The text of tokens, for those steps that look at it.
struct TokenText {
  let bytes: (Int) -> [UInt8]
}

/// Several post-processors, one after the other.
struct PostProcessorSequence: PostProcessor {
  let parts: [any PostProcessor]

  func addedCount(isPair: Bool) -> Int {
    parts.reduce(0) { $0 + $1.addedCount(isPair: isPair) }
  }

  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding] {
    parts.reduce(encodings) {
      $1.process($0, addsSpecialTokens: addsSpecialTokens, words)
    }
  }
}

/// What is done without a post-processor: two texts stand one behind the other.
struct PlainPostProcessor: PostProcessor {
  func addedCount(isPair: Bool) -> Int { 0 }

  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding] {
    var encodings = encodings
    guard encodings.count > 1 else { return encodings }
    for i in encodings.indices {
      encodings[i].setSequence(i)
      encodings[i].setTypeId(i)
    }
    return encodings
  }
}

/// Cuts the spaces that byte-level tokens begin or end with off their offsets.
struct ByteLevelPostProcessor: PostProcessor {
  let trimsOffsets: Bool
  let addsPrefixSpace: Bool

  func addedCount(isPair: Bool) -> Int { 0 }

  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding] {
    var encodings = encodings
    for i in encodings.indices {
      if trimsOffsets { Self.trim(&encodings[i], addsPrefixSpace, words) }
      encodings[i].setSequence(i)
    }
    return encodings
  }

  static func trim(_ encoding: inout Encoding, _ addsPrefixSpace: Bool, _ words: TokenText) {
    for i in encoding.overflowing.indices {
      trim(&encoding.overflowing[i], addsPrefixSpace, words)
    }
    guard encoding.isTracked else { return }
    for i in encoding.ids.indices {
      let text = encoding.literals[i].map { Array($0.utf8) } ?? words.bytes(encoding.ids[i])
      var (leading, trailing) = spaces(text)
      if leading == 0, trailing == 0 { continue }
      var (start, end) = (encoding.offsets[i].lowerBound, encoding.offsets[i].upperBound)
      if leading > 0 {
        // One space may have been put before the text: then none of it is the text's. More of them
        // were not.
        if i == 0 || start == 0, addsPrefixSpace, leading == 1 { leading = 0 }
        start = min(start + leading, end)
      }
      if trailing > 0, end >= trailing { end = max(end - trailing, start) }
      encoding.offsets[i] = start..<end
    }
  }

  /// The numbers of spaces, also in the byte-level alphabet, at both ends.
  private static func spaces(_ text: [UInt8]) -> (Int, Int) {
    guard let first = text.first, let last = text.last else { return (0, 0) }
    // Most tokens begin and end with letters.
    if first &- 0x21 < 0x5e, last &- 0x21 < 0x5e { return (0, 0) }
    func isSpace(_ value: UInt32) -> Bool {
      value == 0x120 || CodePoint(value).has(CodePoint.whitespace)
    }
    return text.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return (0, 0) }
      var (leading, trailing) = (0, 0)
      var i = 0
      while i < buffer.count {
        let (value, length) = UTF8Reader.read(p, i)
        guard isSpace(value) else { break }
        leading += 1
        i += length
      }
      i = buffer.count
      while i > 0 {
        let (value, length) = UTF8Reader.readBackward(p, i)
        guard isSpace(value) else { break }
        trailing += 1
        i -= length
      }
      return (leading, trailing)
    }
  }
}

/// BERT's: `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`.
struct BertPostProcessor: PostProcessor {
  let separator: Int
  let classifier: Int

  func addedCount(isPair: Bool) -> Int { isPair ? 3 : 2 }

  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding] {
    encodings.enumerated().map { number, encoding in
      var encoding = encoding
      encoding.setSequence(number)
      guard addsSpecialTokens else { return encoding }
      return number == 0
        ? encoding.between([classifier], [separator], typeId: 0)
        : encoding.between([], [separator], typeId: 1)
    }
  }
}

/// RoBERTa's: `<s> A </s>`, `<s> A </s></s> B </s>`, all in segment 0.
struct RobertaPostProcessor: PostProcessor {
  let separator: Int
  let classifier: Int
  let trimsOffsets: Bool
  let addsPrefixSpace: Bool

  func addedCount(isPair: Bool) -> Int { isPair ? 4 : 2 }

  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding] {
    encodings.enumerated().map { number, encoding in
      var encoding = encoding
      if trimsOffsets { ByteLevelPostProcessor.trim(&encoding, addsPrefixSpace, words) }
      encoding.setTypeId(0)
      for i in encoding.overflowing.indices { encoding.overflowing[i].setTypeId(0) }
      encoding.setSequence(number)
      guard addsSpecialTokens else { return encoding }
      return encoding.between([number == 0 ? classifier : separator], [separator], typeId: 0)
    }
  }
}

extension Encoding {
  /// The tokens, and each window's, between special ones.
  func between(_ before: [Int], _ after: [Int], typeId: Int) -> Encoding {
    var result = Encoding(special: before, typeId: typeId, isTracked: isTracked)
    result.append(self)
    result.append(Encoding(special: after, typeId: typeId, isTracked: isTracked))
    return result
  }
}

/// Special tokens and texts in an order that is given.
struct TemplatePostProcessor: PostProcessor {
  enum Piece: Sendable {
    case sequence(Int, typeId: Int)
    case special(String, typeId: Int)
  }

  let single: [Piece]
  let pair: [Piece]
  /// The ids of each special token.
  let specials: [String: [Int]]

  func addedCount(isPair: Bool) -> Int {
    (isPair ? pair : single).reduce(0) { total, piece in
      if case .special(let name, _) = piece { total + (specials[name]?.count ?? 0) } else { total }
    }
  }

  func process(_ encodings: [Encoding], addsSpecialTokens: Bool, _ words: TokenText) -> [Encoding] {
    let isTracked = encodings.first?.isTracked ?? false
    return (encodings.count > 1 ? pair : single).compactMap { piece in
      switch piece {
      case .sequence(let number, let typeId):
        guard number < encodings.count else { return nil }
        var encoding = encodings[number]
        encoding.setTypeId(typeId)
        encoding.setSequence(number)
        return encoding
      case .special(let name, let typeId):
        guard addsSpecialTokens, let ids = specials[name] else { return nil }
        return Encoding(special: ids, typeId: typeId, isTracked: isTracked)
      }
    }
  }
}
