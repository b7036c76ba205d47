import Foundation

/// The files of a tar archive (POSIX ustar, pax and GNU), found one after another.
struct TarFile: Sendable {
  /// One file of an archive.
  struct Entry: Sendable {
    let name: String
    /// Where its bytes are in the archive.
    let range: Range<Int>
  }

  let path: String
  private let data: Data
  private var position = 0
  private static let block = 512

  /// Opens an archive, gzip or plain.
  init(path: String) throws(DataError) {
    self.path = path
    data = try SourceFile.contents(of: path)
  }

  /// The bytes of an entry.
  func contents(of entry: Entry) -> Data {
    Data(data[data.startIndex + entry.range.lowerBound..<data.startIndex + entry.range.upperBound])
  }

  /// The next file; folders, links and the like are passed over. Nil at the end.
  mutating func next() throws(DataError) -> Entry? {
    var longName: String?
    var longSize: Int?
    while true {
      guard data.count - position >= Self.block else {
        if data.count == position { return nil }
        throw fault(.truncated, "the archive is cut short")
      }
      let header = [UInt8](
        data[data.startIndex + position..<data.startIndex + position + Self.block])
      if header.allSatisfy({ $0 == 0 }) { return nil }
      guard let sum = Self.octal(header[148..<156]), sum == Self.checksum(header) else {
        throw fault(.malformed, "the header's checksum is wrong")
      }
      let start = position + Self.block
      guard let size = longSize ?? Self.number(header[124..<136]), size <= data.count - start else {
        throw fault(.truncated, "a file reaches beyond the archive's end")
      }
      let entry = start..<start + size
      let padded = (size + Self.block - 1) / Self.block * Self.block
      guard padded <= data.count - start else {
        throw fault(.truncated, "a file's last block is cut short")
      }
      position = start + padded
      let body = data[data.startIndex + entry.lowerBound..<data.startIndex + entry.upperBound]
      switch header[156] {
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
        return Entry(name: longName ?? Self.name(header), range: entry)
      case UInt8(ascii: "L"):
        longName = Self.text(body)
      case UInt8(ascii: "x"):
        let records = try paxRecords(body)
        longName = records.path ?? longName
        longSize = records.size
      default:
        (longName, longSize) = (nil, nil)
      }
    }
  }

  private func fault(_ problem: DataError.Problem, _ message: String) -> DataError {
    DataError(
      problem, path: path, at: "byte \(position)", message,
      remedy: "Copy or write the archive again")
  }

  /// `LENGTH KEY=VALUE\n`, one after another.
  private func paxRecords(_ body: Data) throws(DataError) -> (path: String?, size: Int?) {
    var (path, size): (String?, Int?) = (nil, nil)
    var rest = body
    while !rest.isEmpty {
      guard
        let blank = rest.firstIndex(of: 0x20),
        let length = Int(String(decoding: rest[..<blank], as: UTF8.self)), length <= rest.count,
        length > blank - rest.startIndex + 1,
        let equals = rest[blank...].firstIndex(of: UInt8(ascii: "=")),
        equals < rest.startIndex + length
      else { throw fault(.malformed, "a pax record is broken") }
      let key = String(decoding: rest[(blank + 1)..<equals], as: UTF8.self)
      let value = rest[(equals + 1)..<(rest.startIndex + length)].dropLast()
      if key == "path" { path = String(decoding: value, as: UTF8.self) }
      if key == "size" {
        guard let bytes = Int(String(decoding: value, as: UTF8.self)), bytes >= 0 else {
          throw fault(.malformed, "a pax record has no size")
        }
        size = bytes
      }
      rest = rest.dropFirst(length)
    }
    return (path, size)
  }

  private static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func name(_ header: [UInt8]) -> String {
    let name = text(header[0..<100])
    let isPOSIX = text(header[257..<262]) == "ustar" && header[262] == 0
    let prefix = isPOSIX ? text(header[345..<500]) : ""
    return prefix.isEmpty ? name : "\(prefix)/\(name)"
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  /// A size: octal, or binary where GNU tar writes more than eight gigabytes.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    guard let first = field.first, first & 0x80 != 0 else { return octal(field) }
    guard field.dropFirst().prefix(4).allSatisfy({ $0 == 0 }), first == 0x80 else { return nil }
    let value = field.suffix(7).reduce(0) { $0 << 8 | Int($1) }
    return value
  }

  /// The sum of a header's bytes, its own field as blanks.
  static func checksum(_ header: [UInt8]) -> Int {
    header.enumerated().reduce(0) { sum, byte in
      sum + ((148..<156).contains(byte.offset) ? 0x20 : Int(byte.element))
    }
  }
}
