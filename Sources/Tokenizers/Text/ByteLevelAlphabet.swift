/// The printable characters that stand for bytes in byte-level vocabularies.
///
/// `!`…`~`, `¡`…`¬` and `®`…`ÿ` stand for themselves, the other 68 bytes, in their order, are
/// U+0100 and up.
enum ByteLevelAlphabet {
  /// The code point of each byte.
  static let codePoints: [UInt32] = {
    var result: [UInt32] = []
    var extra: UInt32 = 0x100
    for byte: UInt32 in 0..<256 {
      switch byte {
      case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: result.append(byte)
      default:
        result.append(extra)
        extra += 1
      }
    }
    return result
  }()

  /// The byte of each code point below 0x144, or −1.
  static let bytes: [Int16] = {
    var result = [Int16](repeating: -1, count: 0x144)
    for (byte, point) in codePoints.enumerated() { result[Int(point)] = Int16(byte) }
    return result
  }()

  /// Makes each byte its character; all of a code point's characters stand for it.
  static func encode(_ text: inout AlignedText) {
    var rewriting = Rewriting(text, from: 0)
    let spans = text.allSpans()
    let codePoints = codePoints
    text.bytes.withUnsafeBufferPointer { buffer in
      for i in 0..<buffer.count {
        rewriting.put(codePoints[Int(buffer[i])], spans?[i] ?? Span(0, 0))
      }
    }
    text.replace(bytes: rewriting.bytes, spans: rewriting.spans)
  }

  /// The bytes that a token in the alphabet stands for; nil where a character is none of it.
  static func decode(_ token: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard let p = token.baseAddress else { return [] }
    var result: [UInt8] = []
    result.reserveCapacity(token.count)
    var i = 0
    while i < token.count {
      let (value, length) = UTF8Reader.read(p, i)
      guard value < 0x144, bytes[Int(value)] >= 0 else { return nil }
      result.append(UInt8(truncatingIfNeeded: bytes[Int(value)]))
      i += length
    }
    return result
  }
}
