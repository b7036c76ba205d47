import Foundation

/// Lays out zip archives of stored entries, with zip64 where sizes need it.
public enum ZipWriter {
  /// One file to be put in an archive.
  public struct Entry: Sendable {
    /// The path inside the archive.
    public var name: String
    /// The contents.
    public var contents: Data

    /// A file with its contents.
    public init(name: String, contents: Data) {
      self.name = name
      self.contents = contents
    }
  }

  /// An archive's bytes in pieces, of which the entries' contents are not copied.
  /// - Parameters:
  ///   - entries: In order.
  ///   - alignment: Where contents begin: at multiples of this, reached by an extra field `FB` of
  ///     padding, as PyTorch does.
  ///   - limit: The size from which 64-bit fields are written; lower only for tests.
  public static func pieces(
    of entries: [Entry], alignment: Int = 1, limit: Int = 0xffff_ffff
  ) -> [Data] {
    var pieces: [Data] = []
    var directory = Data()
    var position = 0
    for entry in entries {
      let checksum = entry.contents.withUnsafeBytes { crc32(of: $0) }
      let isLarge = entry.contents.count >= limit
      let isFar = position >= limit
      let size = entry.contents.count
      let zip64 = isLarge ? extraField(1, [size, size]) : Data()
      let name = Data(entry.name.utf8)
      let unpadded = position + 30 + name.count + zip64.count
      var padding = Data()
      if alignment > 1, unpadded % alignment != 0 {
        let gap = (alignment - (unpadded + 4) % alignment) % alignment
        padding = field(0x4246, 2) + field(gap, 2) + Data(repeating: 0x5a, count: gap)
      }
      // Version, flags (names are UTF-8), method, time and date (1 January 1980), checksum, sizes.
      func common(_ extra: Int) -> Data {
        let written = isLarge ? 0xffff_ffff : size
        let fields: [(value: Int, bytes: Int)] = [
          (isLarge || isFar ? 45 : 20, 2), (0x800, 2), (0, 2), (0, 2), (0x21, 2),
          (Int(checksum), 4), (written, 4), (written, 4), (name.count, 2), (extra, 2),
        ]
        return fields.reduce(into: Data()) { $0 += field($1.value, $1.bytes) }
      }
      pieces.append(
        field(0x0403_4b50, 4) + common(zip64.count + padding.count) + name + zip64 + padding)
      pieces.append(entry.contents)

      let wide: [Int] = (isLarge ? [size, size] : []) + (isFar ? [position] : [])
      let extra = wide.isEmpty ? Data() : extraField(1, wide)
      directory += field(0x0201_4b50, 4) + field(45, 2) + common(extra.count)
      directory += Data(count: 10) + field(isFar ? 0xffff_ffff : position, 4) + name + extra
      position = unpadded + padding.count + size
    }
    return pieces + [directory + end(entries.count, directory.count, position, limit: limit)]
  }

  private static func end(_ count: Int, _ size: Int, _ start: Int, limit: Int) -> Data {
    var data = Data()
    let needsZip64 = count >= 0xffff || size >= limit || start >= limit
    if needsZip64 {
      data += field(0x0606_4b50, 4) + field(44, 8) + field(45, 2) + field(45, 2) + Data(count: 8)
      data += field(count, 8) + field(count, 8) + field(size, 8) + field(start, 8)
      data += field(0x0706_4b50, 4) + field(0, 4) + field(start + size, 8) + field(1, 4)
    }
    let entries = needsZip64 ? 0xffff : count
    data += field(0x0605_4b50, 4) + field(0, 4) + field(entries, 2) + field(entries, 2)
    data += field(needsZip64 ? 0xffff_ffff : size, 4) + field(needsZip64 ? 0xffff_ffff : start, 4)
    return data + field(0, 2)
  }

  private static func extraField(_ tag: Int, _ values: [Int]) -> Data {
    var data = field(tag, 2) + field(8 * values.count, 2)
    for value in values { data += field(value, 8) }
    return data
  }

  private static func field(_ value: Int, _ size: Int) -> Data {
    Data((0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
  }
}
