/// A step that changes the text before it is divided.
protocol Normalizer: Sendable {
  func normalize(_ text: inout AlignedText)
}

/// Several normalizers, one after the other.
struct NormalizerSequence: Normalizer {
  let parts: [any Normalizer]

  func normalize(_ text: inout AlignedText) {
    for part in parts { part.normalize(&text) }
  }
}

/// NFC, NFD, NFKC or NFKD.
struct UnicodeNormalizer: Normalizer {
  let form: NormalizationForm

  func normalize(_ text: inout AlignedText) { form.apply(&text) }
}

/// Lower case, code point by code point, whatever stands beside it.
struct LowercaseNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.changeInPlace { buffer in
      for i in 0..<buffer.count where buffer[i] &- 0x41 < 26 { buffer[i] |= 0x20 }
    }
    text.rewrite(plain: { $0 < 0x80 }) { value, out in Lowercase.put(value, &out) }
  }
}

/// The lower case of a code point.
enum Lowercase {
  @inline(__always)
  static func put(_ value: UInt32, _ out: inout Rewriting) {
    guard CodePoint(value).has(CodePoint.hasLowercase) else { return out.put(value) }
    if value == 0x130 {
      out.put(0x69)
      out.put(0x307)
    } else if value < 0x80 {
      out.put(value | 0x20)
    } else {
      out.put(UnicodeLookup.lowercase(value))
    }
  }
}

/// Cuts white space off the ends.
struct StripNormalizer: Normalizer {
  let left: Bool
  let right: Bool

  func normalize(_ text: inout AlignedText) {
    let range = text.bytes.withUnsafeBufferPointer { buffer -> Range<Int> in
      guard let p = buffer.baseAddress else { return 0..<0 }
      var start = 0
      var end = buffer.count
      while left, start < end {
        let (value, length) = UTF8Reader.read(p, start)
        guard CodePoint(value).has(CodePoint.whitespace) else { break }
        start += length
      }
      while right, end > start {
        let (value, length) = UTF8Reader.readBackward(p, end)
        guard CodePoint(value).has(CodePoint.whitespace) else { break }
        end -= length
      }
      return start..<end
    }
    text.keep(range)
  }
}

/// Drops marks.
struct StripAccentsNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.rewrite(plain: { $0 < 0x80 }) { value, out in
      if !CodePoint(value).has(CodePoint.mark) { out.put(value) }
    }
  }
}

/// Drops control characters and makes other blanks spaces, as Google's NMT preprocessing does.
struct NmtNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.rewrite(plain: { $0 >= 0x20 && $0 < 0x7f }) { value, out in
      switch value {
      case 0x9, 0xa, 0xc, 0xd, 0x1680, 0x200b...0x200f, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd:
        out.put(0x20)
      case 0x1...0x8, 0xb, 0xe...0x1f, 0x7f, 0x8f, 0x9f: break
      default: out.put(value)
      }
    }
  }
}

/// Puts a text before every text that is not empty.
struct PrependNormalizer: Normalizer {
  let prefix: [UInt8]

  func normalize(_ text: inout AlignedText) { text.prepend(prefix) }
}

/// Puts a text behind every text that is not empty.
struct AppendNormalizer: Normalizer {
  let suffix: [UInt8]

  func normalize(_ text: inout AlignedText) { text.append(suffix) }
}

/// Makes each byte of the text a printable character.
struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) { ByteLevelAlphabet.encode(&text) }
}

/// Replaces what a pattern matches by a text, which stands for the same as the last code point of
/// the match.
struct ReplaceNormalizer: Normalizer {
  let pattern: TextPattern
  let content: [UInt8]

  func normalize(_ text: inout AlignedText) {
    let matches = pattern.matches(in: text.bytes)
    guard !matches.isEmpty else { return }
    var rewriting = Rewriting(text, from: 0)
    let spans = text.allSpans()
    text.bytes.withUnsafeBufferPointer { buffer in
      var done = 0
      for match in matches {
        rewriting.keep(buffer, done..<match.lowerBound)
        let span = spans.flatMap { match.upperBound > 0 ? $0[match.upperBound - 1] : nil }
        rewriting.put(content, span ?? Span(text.base, text.base))
        done = match.upperBound
      }
      rewriting.keep(buffer, done..<buffer.count)
    }
    text.replace(bytes: rewriting.bytes, spans: rewriting.spans)
  }
}
