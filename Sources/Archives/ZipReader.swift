import Foundation

/// A zip archive that is in memory or mapped (PKWARE's APPNOTE 6.3), with zip64.
///
/// Sizes and places come from the central directory. Entries are stored or deflated; encrypted and
/// split archives are refused.
public struct ZipReader: Sendable {
  /// One file in the archive.
  public struct Entry: Sendable, Equatable {
    /// The path inside the archive.
    public let name: String
    /// Whether the bytes stand there as they are.
    public let isStored: Bool
    /// The size when decompressed.
    public let size: Int
    let compressedSize: Int
    let checksum: UInt32
    let header: Int
  }

  /// The files in the order of the directory.
  public let entries: [Entry]
  private let archive: Data
  private let places: [[UInt8]: Int]

  /// The size of the whole archive.
  public var byteCount: Int { archive.count }

  /// Reads the directory of an archive.
  /// - Throws: ``ArchiveError`` where there is none, it is cut short or points outside the file.
  public init(_ archive: Data) throws(ArchiveError) {
    let archive = archive.startIndex == 0 ? archive : Data(archive)
    let bytes = LittleEndian(archive)
    guard let end = Self.endOfDirectory(bytes) else {
      throw .truncated("the archive has no end-of-directory record")
    }
    var count = Int(bytes.u16(end + 10))
    var size = UInt64(bytes.u32(end + 12))
    var start = UInt64(bytes.u32(end + 16))
    if bytes.u16(end + 4) != 0 && bytes.u16(end + 4) != 0xffff {
      throw .unsupported("an archive in several parts")
    }
    if count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff,
      end >= 20, bytes.u32(end - 20) == 0x0706_4b50
    {
      let position = bytes.u64(end - 12)
      guard archive.count >= 56, position <= UInt64(archive.count - 56),
        bytes.u32(Int(position)) == 0x0606_4b50
      else {
        throw .corrupt("the zip64 record is not where its locator says")
      }
      let record = Int(position)
      count = Int(clamping: bytes.u64(record + 32))
      size = bytes.u64(record + 40)
      start = bytes.u64(record + 48)
    }
    guard start <= UInt64(end), size <= UInt64(end) - start else {
      throw .corrupt("the directory lies outside the archive")
    }
    entries = try Self.directory(bytes, Int(start), end: Int(start + size), count: count)
    var places: [[UInt8]: Int] = [:]
    for (index, entry) in entries.enumerated() { places[Array(entry.name.utf8)] = index }
    self.places = places
    self.archive = archive
  }

  /// The entry of a name, the last one where several have it.
  public func entry(_ name: String) -> Entry? {
    places[Array(name.utf8)].map { entries[$0] }
  }

  /// The bytes of an entry, verified by their checksum; of a stored one they are not copied.
  /// - Parameters:
  ///   - entry: An entry of this archive.
  ///   - limit: The most bytes that a compressed entry may have; ``InflationLimit`` where nil.
  public func contents(of entry: Entry, limit: Int? = nil) throws(ArchiveError) -> Data {
    let bytes = LittleEndian(archive)
    let header = entry.header
    guard header <= archive.count - 30, bytes.u32(header) == 0x0403_4b50 else {
      throw .corrupt("\(entry.name) has no header where the directory says")
    }
    let start = header + 30 + Int(bytes.u16(header + 26)) + Int(bytes.u16(header + 28))
    guard start <= archive.count, entry.compressedSize <= archive.count - start else {
      throw .truncated("\(entry.name) ends after the archive")
    }
    let raw = archive[start..<start + entry.compressedSize]
    var contents = Data()
    if entry.isStored {
      contents = raw
    } else {
      let limit = limit ?? InflationLimit.bytes(from: raw.count)
      guard entry.size <= limit else {
        throw .oversized(
          "\(entry.name) has \(entry.size) bytes, and at most \(limit) are taken from "
            + "\(raw.count) compressed ones")
      }
      // A deflate stream cannot shrink its contents more than about a thousandfold.
      contents.reserveCapacity(min(entry.size, 1032 * raw.count + 64))
      let inflater = try Inflater(.raw)
      var failure: ArchiveError?
      raw.withUnsafeBytes { source in
        do throws(ArchiveError) {
          _ = try inflater.inflate(source, into: &contents, limit: entry.size)
        } catch { failure = error }
      }
      if let failure { throw failure }
    }
    guard contents.count == entry.size else {
      throw .corrupt("\(entry.name) has \(contents.count) bytes instead of \(entry.size)")
    }
    guard contents.withUnsafeBytes({ crc32(of: $0) }) == entry.checksum else {
      throw .corrupt("\(entry.name) fails its checksum")
    }
    return contents
  }

  private static func endOfDirectory(_ bytes: LittleEndian) -> Int? {
    // 22 bytes, followed by a comment of up to 65,535.
    var position = bytes.count - 22
    while position >= max(0, bytes.count - 22 - 0xffff) {
      if bytes.u32(position) == 0x0605_4b50,
        position + 22 + Int(bytes.u16(position + 20)) <= bytes.count
      {
        return position
      }
      position -= 1
    }
    return nil
  }

  private static func directory(
    _ bytes: LittleEndian, _ start: Int, end: Int, count: Int
  ) throws(ArchiveError) -> [Entry] {
    var entries: [Entry] = []
    var position = start
    var total = 0
    while entries.count < count {
      guard end - position >= 46, bytes.u32(position) == 0x0201_4b50 else {
        throw .corrupt("the directory has \(entries.count) of \(count) entries")
      }
      let nameEnd = position + 46 + Int(bytes.u16(position + 28))
      let extraEnd = nameEnd + Int(bytes.u16(position + 30))
      let next = extraEnd + Int(bytes.u16(position + 32))
      guard next <= end else { throw .corrupt("a directory entry is cut short") }
      let name = bytes.string(position + 46..<nameEnd)
      var fields = [24, 20, 42].map { UInt64(bytes.u32(position + $0)) }
      try readZip64(bytes, nameEnd..<extraEnd, into: &fields, name: name)
      let method = bytes.u16(position + 10)
      guard bytes.u16(position + 8) & 1 == 0, method == 0 || method == 8 else {
        throw .unsupported("\(name) is encrypted or compressed by method \(method)")
      }
      guard fields.allSatisfy({ $0 <= UInt64(Int.max / 2) }),
        method == 8 || fields[0] == fields[1]
      else { throw .corrupt("\(name) has impossible sizes") }
      // Many entries over the same bytes would make a large archive of a small one.
      let (sum, overflow) = total.addingReportingOverflow(Int(fields[1]))
      guard !overflow, sum <= bytes.count else {
        throw .corrupt("the entries up to \(name) are longer together than the archive")
      }
      total = sum
      entries.append(
        Entry(
          name: name, isStored: method == 0, size: Int(fields[0]), compressedSize: Int(fields[1]),
          checksum: bytes.u32(position + 16), header: Int(fields[2])))
      position = next
    }
    return entries
  }

  /// Replaces the fields that are all ones by those of the zip64 extra field, in its order: size,
  /// compressed size, place.
  private static func readZip64(
    _ bytes: LittleEndian, _ range: Range<Int>, into fields: inout [UInt64], name: String
  ) throws(ArchiveError) {
    guard fields.contains(0xffff_ffff) else { return }
    var position = range.lowerBound
    while range.upperBound - position >= 4 {
      let size = Int(bytes.u16(position + 2))
      var value = position + 4
      let end = value + size
      guard end <= range.upperBound else { break }
      if bytes.u16(position) == 1 {
        for index in fields.indices where fields[index] == 0xffff_ffff {
          guard value + 8 <= end else { throw .corrupt("\(name) lacks its 64-bit sizes") }
          fields[index] = bytes.u64(value)
          value += 8
        }
        return
      }
      position = end
    }
  }
}

/// Little-endian numbers in data whose first index is 0. Reading past the end gives zeros, which no
/// signature is made of.
struct LittleEndian {
  private let data: Data
  var count: Int { data.count }

  init(_ data: Data) { self.data = data }

  private func number(_ position: Int, _ size: Int) -> UInt64 {
    guard position >= 0, size <= data.count, position <= data.count - size else { return 0 }
    return data[position..<position + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  func u16(_ position: Int) -> UInt16 { UInt16(number(position, 2)) }
  func u32(_ position: Int) -> UInt32 { UInt32(number(position, 4)) }
  func u64(_ position: Int) -> UInt64 { number(position, 8) }
  func string(_ range: Range<Int>) -> String { String(decoding: data[range], as: UTF8.self) }
}
