import Foundation

/// Stops with the line number where bytes are not valid UTF-8.
/// - Parameter skipped: Bytes of the file that stood before these, such as a byte order mark.
func requireUTF8(_ data: Data, path: String, skipped: Int = 0) throws(DataError) {
  let fault = data.withUnsafeBytes { firstInvalidUTF8(in: $0) }
  guard let fault else { return }
  let line = data.prefix(fault).count { $0 == UInt8(ascii: "\n") } + 1
  let byte = data[data.startIndex + fault]
  throw DataError(
    .malformed, path: path, at: "line \(line)",
    "byte \(fault + skipped) is not valid UTF-8 (0x\(String(byte, radix: 16)))",
    remedy: remedy(data, fault: fault, path: path))
}

/// What to do about a file, which depends on what it seems to be.
private func remedy(_ data: Data, fault: Int, path: String) -> String {
  if data.contains(0) { return "This is no text, for it holds zero bytes: name a text file" }
  let rest = data.dropFirst(fault + 1)
  if (0xc2...0xf4).contains(data[data.startIndex + fault]), rest.count < 3,
    rest.allSatisfy({ (0x80...0xbf).contains($0) })
  {
    return "The file ends within a character, as one does that was cut off: get it again"
  }
  return """
    Convert the file from the encoding that it is in, which "file -i" guesses: for instance \
    iconv -f WINDOWS-1252 -t UTF-8 \(TextFile.quoted(path)) > utf8.txt
    """
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
