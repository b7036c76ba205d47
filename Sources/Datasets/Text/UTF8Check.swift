import Foundation

/// Stops with the line number where bytes are not valid UTF-8.
func requireUTF8(_ data: Data, path: String) throws(DataError) {
  let fault = data.withUnsafeBytes { firstInvalidUTF8(in: $0) }
  guard let fault else { return }
  let line = data.prefix(fault).count { $0 == UInt8(ascii: "\n") } + 1
  throw DataError(
    .malformed, path: path, at: "line \(line)",
    "byte \(fault) is not valid UTF-8 (0x\(String(data[data.startIndex + fault], radix: 16)))",
    remedy: "Convert the file, for instance with iconv -f LATIN1 -t UTF-8")
}

/// The position of the first byte that begins no well-formed sequence (Unicode 17, table 3-7).
package func firstInvalidUTF8(in bytes: UnsafeRawBufferPointer) -> Int? {
  var position = 0
  while position < bytes.count {
    // Texts are mostly ASCII: eight bytes at a time while none has its top bit set.
    if position + 8 <= bytes.count,
      bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
      position += 8
      continue
    }
    let lead = bytes[position]
    let following: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch lead {
    case 0x00...0x7f: following = 0
    case 0xc2...0xdf: following = 1
    case 0xe0: (following, second) = (2, 0xa0...0xbf)
    case 0xed: (following, second) = (2, 0x80...0x9f)
    case 0xe1...0xef: following = 2
    case 0xf0: (following, second) = (3, 0x90...0xbf)
    case 0xf4: (following, second) = (3, 0x80...0x8f)
    case 0xf1...0xf3: following = 3
    default: return position
    }
    guard position + following < bytes.count else { return position }
    for offset in 0..<following {
      let allowed = offset == 0 ? second : 0x80...0xbf
      guard allowed.contains(bytes[position + 1 + offset]) else { return position }
    }
    position += 1 + following
  }
  return nil
}
