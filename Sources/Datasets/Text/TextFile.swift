import Foundation

/// How the bytes of a file are characters.
public enum FileEncoding: String, Sendable, CaseIterable {
  /// UTF-8, or what a byte order mark says.
  case utf8 = "utf-8"
  /// ISO 8859-1: every byte is the character of that number.
  case latin1 = "latin-1"
}

/// Text files as editors and systems write them, in one form: UTF-8 without a byte order mark.
///
/// A byte order mark of UTF-16 or UTF-32 says how the rest is to be read; without one a file is UTF-8.
package enum TextFile {
  /// The text of a file, gzip or plain, as valid UTF-8.
  /// - Parameter keepsLineEnds: Whether CR LF and CR stay; otherwise every line ends with LF, as in
  ///   Python's text mode.
  /// - Throws: ``DataError`` with the line where the text is malformed.
  package static func contents(
    of path: String, keepsLineEnds: Bool = false, encoding: FileEncoding = .utf8
  ) throws(DataError) -> Data {
    try text(
      SourceFile.contents(of: path), path: path, keepsLineEnds: keepsLineEnds, encoding: encoding)
  }

  /// The same of bytes that were read.
  static func text(
    _ data: Data, path: String, keepsLineEnds: Bool = false, encoding: FileEncoding = .utf8
  ) throws(DataError) -> Data {
    let text =
      switch encoding {
      case .utf8: try decoded(data, path: path)
      case .latin1: Data(data.flatMap { $0 < 0x80 ? [$0] : [0xc0 | $0 >> 6, 0x80 | $0 & 0x3f] })
      }
    return keepsLineEnds ? text : withUnixLineEnds(text)
  }

  private static func decoded(_ data: Data, path: String) throws(DataError) -> Data {
    let start = Array(data.prefix(4))
    if start == [0xff, 0xfe, 0, 0] { return try wide(data, path, bytes: 4, isBig: false) }
    if start == [0, 0, 0xfe, 0xff] { return try wide(data, path, bytes: 4, isBig: true) }
    if start.starts(with: [0xff, 0xfe]) { return try wide(data, path, bytes: 2, isBig: false) }
    if start.starts(with: [0xfe, 0xff]) { return try wide(data, path, bytes: 2, isBig: true) }
    let text = start.starts(with: [0xef, 0xbb, 0xbf]) ? data.dropFirst(3) : data
    if let name = unmarkedEncoding(of: text) {
      throw DataError(
        .malformed, path: path, "this looks like \(name) without a byte order mark, not like UTF-8",
        remedy: "Convert the file: iconv -f \(name) -t UTF-8 \(quoted(path)) > utf8.txt")
    }
    try requireUTF8(text, path: path, skipped: data.count - text.count)
    return text
  }

  /// UTF-16 or UTF-32 as UTF-8, without the mark.
  private static func wide(
    _ data: Data, _ path: String, bytes size: Int, isBig: Bool
  ) throws(DataError) -> Data {
    let name = "UTF-\(8 * size)"
    var line = 1
    func malformed(_ message: String) -> DataError {
      DataError(
        .malformed, path: path, at: "line \(line)", "\(message) (\(name))",
        remedy: "Save it again as UTF-8")
    }
    guard data.count % size == 0 else {
      throw malformed("the \(data.count) bytes are no whole number of \(size)-byte units")
    }
    let bytes = [UInt8](data)
    func unit(_ position: Int) -> UInt32 {
      (0..<size).reduce(UInt32(0)) { value, index in
        value << 8 | UInt32(bytes[position + (isBig ? index : size - 1 - index)])
      }
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = size
    while position < bytes.count {
      var value = unit(position)
      position += size
      if size == 2, (0xd800..<0xdc00).contains(value) {
        let low = position < bytes.count ? unit(position) : 0
        guard (0xdc00..<0xe000).contains(low) else { throw malformed("a surrogate stands alone") }
        value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        position += size
      }
      guard let scalar = Unicode.Scalar(value) else {
        throw malformed("there is no character U+\(String(value, radix: 16, uppercase: true))")
      }
      if scalar == "\n" { line += 1 }
      result.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
    }
    return Data(result)
  }

  /// The encoding of a text in which every other byte, or three of four, are zero.
  private static func unmarkedEncoding(of data: Data) -> String? {
    let sample = Array(data.prefix(4096 - 4096 % 4))
    guard sample.count >= 4, sample.contains(0) else { return nil }
    var zeros = [0, 0, 0, 0]
    for (index, byte) in sample.enumerated() where byte == 0 { zeros[index % 4] += 1 }
    let quarter = sample.count / 4
    func are(_ places: Int...) -> Bool { places.allSatisfy { 4 * zeros[$0] >= 3 * quarter } }
    if are(1, 2, 3) { return "UTF-32LE" }
    if are(0, 1, 2) { return "UTF-32BE" }
    // A character such as U+1F600 has a zero where others have none.
    let (even, odd) = (zeros[0] + zeros[2], zeros[1] + zeros[3])
    if are(1, 3), 4 * even <= odd { return "UTF-16LE" }
    return are(0, 2) && 4 * odd <= even ? "UTF-16BE" : nil
  }

  /// A path as a shell takes it.
  static func quoted(_ path: String) -> String {
    "'" + path.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  /// The text with LF where CR LF or CR were; not copied where there are none.
  private static func withUnixLineEnds(_ data: Data) -> Data {
    guard data.contains(UInt8(ascii: "\r")) else { return data }
    var result: [UInt8] = []
    result.reserveCapacity(data.count)
    var previous: UInt8 = 0
    data.withUnsafeBytes { bytes in
      for byte in bytes {
        if byte == UInt8(ascii: "\r") {
          result.append(UInt8(ascii: "\n"))
        } else if byte != UInt8(ascii: "\n") || previous != UInt8(ascii: "\r") {
          result.append(byte)
        }
        previous = byte
      }
    }
    return Data(result)
  }
}
