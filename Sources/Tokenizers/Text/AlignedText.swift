/// The bytes of the original text that something stands for.
struct Span: Equatable {
  var start: UInt32
  var end: UInt32

  @inline(__always)
  init(_ start: Int, _ end: Int) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
  }
}

/// A text on its way through the normalizers, in UTF-8, and what of the original each of its bytes
/// stands for.
///
/// Where offsets are not wanted, or as long as every byte still stands where it stood, no spans are
/// kept. All bytes of a code point have the same span.
struct AlignedText {
  private(set) var bytes: [UInt8]
  /// A span for each byte, or nil: byte i is the original's byte `base + i`, or nobody asks.
  private(set) var spans: [Span]?
  /// Where the text begins in the original.
  let base: Int
  /// Whether spans are wanted.
  let isTracked: Bool

  init(_ bytes: [UInt8], base: Int, isTracked: Bool) {
    self.bytes = bytes
    self.base = base
    self.isTracked = isTracked
  }

  /// A text whose spans are known, or nil for bytes that stand as they stood in the original.
  init(_ bytes: [UInt8], spans: [Span]?, isTracked: Bool) {
    self.bytes = bytes
    self.spans = spans
    base = 0
    self.isTracked = isTracked
  }

  /// A part of a text that stands as it stood in the original.
  init(_ p: UnsafePointer<UInt8>, from start: Int, to end: Int, isTracked: Bool) {
    bytes = Array(UnsafeBufferPointer(start: p + start, count: end - start))
    base = start
    self.isTracked = isTracked
  }

  var isEmpty: Bool { bytes.isEmpty }

  /// The spans, made where they were not needed so far; nil where nobody asks.
  func allSpans() -> [Span]? {
    if !isTracked { return nil }
    if let spans { return spans }
    var result: [Span] = []
    result.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      let length = UTF8Reader.length(bytes[i])
      let span = Span(base + i, base + i + length)
      for _ in 0..<length { result.append(span) }
      i += length
    }
    return result
  }

  /// Changes bytes without moving any; the code points' borders stay.
  @inline(__always)
  mutating func changeInPlace(_ body: (inout UnsafeMutableBufferPointer<UInt8>) -> Void) {
    bytes.withUnsafeMutableBufferPointer { body(&$0) }
  }

  /// Takes the place of the text.
  mutating func replace(bytes: [UInt8], spans: [Span]?) {
    self.bytes = bytes
    self.spans = isTracked ? spans : nil
  }

  /// Keeps a part.
  mutating func keep(_ range: Range<Int>) {
    if range.count == bytes.count { return }
    spans = allSpans().map { Array($0[range]) }
    bytes = Array(bytes[range])
  }

  /// Puts a text before this one, which is not empty: it stands for the same as the first code point.
  mutating func prepend(_ text: [UInt8]) {
    guard !bytes.isEmpty, !text.isEmpty else { return }
    if var spans = allSpans() {
      spans.insert(contentsOf: repeatElement(spans[0], count: text.count), at: 0)
      self.spans = spans
    }
    bytes.insert(contentsOf: text, at: 0)
  }

  /// Puts a text behind this one, which is not empty: it stands for the same as the last code point.
  mutating func append(_ text: [UInt8]) {
    guard !bytes.isEmpty, !text.isEmpty else { return }
    if var spans = allSpans() {
      spans.append(contentsOf: repeatElement(spans[spans.count - 1], count: text.count))
      self.spans = spans
    }
    bytes.append(contentsOf: text)
  }

  /// Rewrites each code point as any number of others, which all stand for the same as it.
  ///
  /// `body` is given each code point beyond ASCII, and each ASCII byte that `plain` does not take.
  mutating func rewrite(
    plain: (UInt8) -> Bool, _ body: (UInt32, inout Rewriting) -> Void
  ) {
    let first = bytes.firstIndex { !plain($0) }
    guard let first else { return }
    var rewriting = Rewriting(self, from: first)
    bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      var i = first
      while i < buffer.count {
        if p[i] < 0x80 && plain(p[i]) {
          rewriting.keep(p[i], at: i)
          i += 1
        } else {
          let (value, length) = UTF8Reader.read(p, i)
          rewriting.position = i
          body(value, &rewriting)
          i += length
        }
      }
    }
    replace(bytes: rewriting.bytes, spans: rewriting.spans)
  }

  /// Makes a new text of code points with the reference's bookkeeping: a change of 0 takes the next
  /// code point's place, 1 is inserted behind it, −n takes the place of n + 1.
  ///
  /// - Parameters:
  ///   - range: The bytes that are replaced.
  ///   - removed: How many code points at the range's start fall away first.
  ///   - result: Where the new bytes and spans go.
  static func transform(
    _ bytes: UnsafeBufferPointer<UInt8>, _ spans: [Span]?, range: Range<Int>,
    to changes: [(value: UInt32, change: Int)], removed: Int, into result: inout Rewriting
  ) {
    guard let p = bytes.baseAddress else { return }
    var next = range.lowerBound
    func skip(_ count: Int) {
      var left = count
      while left > 0, next < range.upperBound {
        next += UTF8Reader.length(p[next])
        left -= 1
      }
    }
    skip(removed)
    for (value, change) in changes {
      let place = next
      if change <= 0 { skip(1 - change) }
      var span = Span(0, 0)
      if let spans {
        if change <= 0 {
          span = place < spans.count ? spans[place] : Span(0, 0)
        } else if place > 0 {
          span = spans[place - 1]
        }
      }
      result.put(value, span)
    }
  }
}

/// The new bytes of a text that is being rewritten, with their spans.
struct Rewriting {
  private(set) var bytes: [UInt8]
  private(set) var spans: [Span]?
  private let source: [Span]?
  /// Where the code point that is being rewritten begins.
  fileprivate(set) var position = 0

  /// A rewriting that keeps what stands before `first`.
  init(_ text: AlignedText, from first: Int) {
    source = text.allSpans()
    bytes = []
    bytes.reserveCapacity(text.bytes.count + text.bytes.count / 4 + 16)
    bytes.append(contentsOf: text.bytes[..<first])
    spans = source.map { Array($0[..<first]) }
    spans?.reserveCapacity(text.bytes.count)
  }

  /// Puts out a code point that stands for the same as the one at ``position``.
  @inline(__always)
  mutating func put(_ value: UInt32) {
    let before = bytes.count
    bytes.append(codePoint: value)
    if let source {
      let span = source[position]
      for _ in before..<bytes.count { spans?.append(span) }
    }
  }

  /// Puts out a code point with a span.
  @inline(__always)
  mutating func put(_ value: UInt32, _ span: Span) {
    let before = bytes.count
    bytes.append(codePoint: value)
    if source != nil {
      for _ in before..<bytes.count { spans?.append(span) }
    }
  }

  /// Puts out bytes that all have one span.
  mutating func put(_ text: [UInt8], _ span: Span) {
    bytes.append(contentsOf: text)
    if source != nil { spans?.append(contentsOf: repeatElement(span, count: text.count)) }
  }

  /// Keeps a byte of the source.
  @inline(__always)
  mutating func keep(_ byte: UInt8, at i: Int) {
    bytes.append(byte)
    if let source { spans?.append(source[i]) }
  }

  /// Keeps a range of the source's bytes.
  mutating func keep(_ buffer: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    bytes.append(contentsOf: buffer[range])
    if let source { spans?.append(contentsOf: source[range]) }
  }
}
