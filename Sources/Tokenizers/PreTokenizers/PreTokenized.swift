/// A part of a text that is being divided: bytes of ``PreTokenized/bytes``, or an added token.
struct TextPart {
  var start: Int32
  var end: Int32
  /// The id of the added token that it is, else −1.
  var token: Int32 = -1
  /// Whether it begins where the original text does.
  var isFirst = false

  @inline(__always) var range: Range<Int> { Int(start)..<Int(end) }
}

/// A text on its way through the pre-tokenizers: its normalized bytes and how they are divided.
struct PreTokenized {
  private(set) var bytes: [UInt8]
  /// What of the original each byte stands for; nil where that is the byte itself or nobody asks.
  private(set) var spans: [Span]?
  let isTracked: Bool
  var parts: [TextPart]

  init(bytes: [UInt8], spans: [Span]?, isTracked: Bool, parts: [TextPart]) {
    self.bytes = bytes
    self.spans = spans
    self.isTracked = isTracked
    self.parts = parts
  }

  /// Calls `body` with the bytes where there are any.
  func withBytes(
    _ body: (UnsafePointer<UInt8>) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(TokenizerError) in
      if let p = buffer.baseAddress { try body(p) }
    }
  }

  /// Divides each part that is no added token: `body` gives the ranges that are kept, in order.
  mutating func divide(
    _ body: (UnsafePointer<UInt8>, Range<Int>, (Int, Int) -> Void) -> Void
  ) {
    var result: [TextPart] = []
    result.reserveCapacity(max(parts.count, bytes.count / 5))
    let spans = spans
    bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      for part in parts {
        guard part.token < 0 else {
          result.append(part)
          continue
        }
        body(p, part.range) { start, end in
          guard end > start else { return }
          var one = TextPart(
            start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end))
          one.isFirst =
            start == Int(part.start)
            ? part.isFirst : spans.map { $0[start].start == 0 } ?? false
          result.append(one)
        }
      }
    }
    parts = result
  }

  /// Writes each part anew: `body` puts out its bytes. Added tokens are kept.
  mutating func rewrite(
    _ body: (UnsafePointer<UInt8>, TextPart, (Int) -> Span, inout Rewriting) -> Void
  ) {
    let text = AlignedText(bytes, spans: spans, isTracked: isTracked)
    var out = Rewriting(text, from: 0)
    var result: [TextPart] = []
    result.reserveCapacity(parts.count)
    let source = text.allSpans()
    text.bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      for var part in parts {
        let start = out.bytes.count
        if part.token >= 0 {
          out.keep(buffer, part.range)
        } else {
          body(p, part, { source?[$0] ?? Span(0, 0) }, &out)
        }
        part.start = Int32(truncatingIfNeeded: start)
        part.end = Int32(truncatingIfNeeded: out.bytes.count)
        if part.end > part.start { result.append(part) }
      }
    }
    bytes = out.bytes
    spans = out.spans
    parts = result
  }
}

/// What becomes of a match when a text is divided at it.
enum SplitBehavior: String {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// Divides a range at matches that follow one another, and gives the parts that are kept.
  ///
  /// - Parameter isInverted: Whether what lies between the matches counts as the matches.
  func divide(
    _ range: Range<Int>, isInverted: Bool, at matches: [(start: Int, end: Int)],
    _ keep: (Int, Int) -> Void
  ) {
    var done = range.lowerBound
    switch self {
    case .removed, .isolated:
      for (start, end) in matches {
        if start > done, self == .isolated || !isInverted { keep(done, start) }
        if self == .isolated || isInverted { keep(start, end) }
        done = end
      }
      if done < range.upperBound, self == .isolated || !isInverted { keep(done, range.upperBound) }
    case .contiguous, .mergedWithPrevious, .mergedWithNext:
      var pieces: [(start: Int, end: Int, isMatch: Bool)] = []
      for (start, end) in matches {
        if start > done { pieces.append((done, start, isInverted)) }
        pieces.append((start, end, !isInverted))
        done = end
      }
      if done < range.upperBound { pieces.append((done, range.upperBound, isInverted)) }
      for piece in folded(pieces) { keep(piece.start, piece.end) }
    }
  }

  private func folded(
    _ pieces: [(start: Int, end: Int, isMatch: Bool)]
  ) -> [(start: Int, end: Int)] {
    var result: [(start: Int, end: Int)] = []
    var previous = false
    func join(_ piece: (start: Int, end: Int, isMatch: Bool), _ joins: Bool) {
      if joins, !result.isEmpty {
        if self == .mergedWithNext {
          result[result.count - 1].start = piece.start
        } else {
          result[result.count - 1].end = piece.end
        }
      } else {
        result.append((piece.start, piece.end))
      }
      previous = piece.isMatch
    }
    switch self {
    case .contiguous: for piece in pieces { join(piece, piece.isMatch == previous) }
    case .mergedWithNext:
      for piece in pieces.reversed() { join(piece, piece.isMatch && !previous) }
      result.reverse()
    default: for piece in pieces { join(piece, piece.isMatch && !previous) }
    }
    return result
  }
}
