extension Tokenizer {
  /// Finds added tokens, normalizes, divides into words and these into tokens.
  func tokenize(
    _ buffer: UnsafeBufferPointer<UInt8>, isTracked: Bool, _ scratch: Scratch
  ) throws(TokenizerError) -> (sink: TokenSink, text: PreTokenized, words: [Int32]) {
    guard buffer.count < Int(Int32.max) / 4 else {
      throw TokenizerError.call(
        "a text has \(buffer.count) bytes; divide it into parts of at most 512 MB")
    }
    var text = prepared(buffer, isTracked: isTracked || needsSpans)
    preTokenizer?.preTokenize(&text)
    // The number of the word of each token, where wanted.
    var words: [Int32] = []
    let sink = try scratch.fill { (sink) throws(TokenizerError) in
      try text.withBytes { (p) throws(TokenizerError) in
        for (index, part) in text.parts.enumerated() {
          if part.token >= 0 {
            if isTracked { sink.literals.append((sink.count, part.range)) }
            sink.append(part.token, Int(part.start), Int(part.end))
          } else {
            let before = sink.count
            try model.tokenize(p, part.range, into: &sink, scratch)
            if isTracked { sink.noteOutside(of: part.range, from: before) }
          }
          if isTracked {
            while words.count < sink.count { words.append(Int32(truncatingIfNeeded: index)) }
          }
        }
      }
    }
    return (sink, text, words)
  }

  /// The text, normalized, as one part or as those between added tokens.
  private func prepared(
    _ buffer: UnsafeBufferPointer<UInt8>, isTracked: Bool
  ) -> PreTokenized {
    guard let p = buffer.baseAddress, buffer.count > 0 else {
      return PreTokenized(bytes: [], spans: nil, isTracked: isTracked, parts: [])
    }
    var parts: [TextPart] = []
    func add(_ start: Int, _ end: Int, _ token: Int, _ isFirst: Bool) {
      guard end > start else { return }
      parts.append(
        TextPart(
          start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end),
          token: Int32(truncatingIfNeeded: token), isFirst: isFirst))
    }
    let whole = 0..<buffer.count
    guard let normalizer else {
      added.plain.divide(p, whole, keepsSpecial: encodesSpecialTokens) { start, end, token in
        guard token < 0 else { return add(start, end, token, start == 0) }
        added.normalized.divide(p, start..<end, keepsSpecial: encodesSpecialTokens) {
          add($0, $1, $2, $0 == 0)
        }
      }
      return PreTokenized(bytes: Array(buffer), spans: nil, isTracked: isTracked, parts: parts)
    }
    var bytes: [UInt8] = []
    var spans: [Span]?
    added.plain.divide(p, whole, keepsSpecial: encodesSpecialTokens) { start, end, token in
      var piece = AlignedText(p, from: start, to: end, isTracked: isTracked)
      if token < 0 { normalizer.normalize(&piece) }
      let offset = bytes.count
      if start == 0, end == buffer.count {
        (bytes, spans) = (piece.bytes, piece.spans)
      } else {
        bytes += piece.bytes
        if let more = piece.allSpans() {
          if spans == nil { spans = [] }
          spans?.append(contentsOf: more)
        }
      }
      guard token < 0, !piece.isEmpty else { return add(offset, bytes.count, token, start == 0) }
      piece.bytes.withUnsafeBufferPointer { normalized in
        guard let q = normalized.baseAddress else { return }
        added.normalized.divide(q, 0..<normalized.count, keepsSpecial: encodesSpecialTokens) {
          let isFirst =
            spans.map { [position = offset + $0] in $0[position].start == 0 }
            ?? (start == 0 && $0 == 0)
          add(offset + $0, offset + $1, $2, isFirst)
        }
      }
    }
    return PreTokenized(bytes: bytes, spans: spans, isTracked: isTracked, parts: parts)
  }

  /// The encoding of a text alone.
  func encoding(
    of buffer: UnsafeBufferPointer<UInt8>, word: Int?, isTracked: Bool, _ scratch: Scratch
  ) throws(TokenizerError) -> Encoding {
    let (sink, text, words) = try tokenize(buffer, isTracked: isTracked, scratch)
    var encoding = Encoding()
    encoding.isTracked = isTracked
    encoding.ids = sink.ids
    encoding.typeIds = Array(repeating: 0, count: sink.count)
    encoding.specialTokensMask = encoding.typeIds
    encoding.attentionMask = Array(repeating: 1, count: sink.count)
    guard isTracked else { return encoding }
    for literal in sink.literals {
      encoding.literals[literal.index] = String(
        decoding: text.bytes[literal.range], as: UTF8.self)
    }
    encoding.wordIds =
      word.map { Array(repeating: $0, count: sink.count) } ?? words.map { Int($0) }
    encoding.sequenceIds = Array(repeating: 0, count: sink.count)
    encoding.offsets = OffsetFinder(buffer).offsets(sink, text.spans)
    return encoding
  }
}
