import Base
import Foundation

/// Records of text in bytes, in memory or mapped from a file: each is made when it is asked for.
///
/// The bytes are a mark, the length of a header as eight bytes, the header in JSON, and the numbers of each
/// `FeatureColumn`; all numbers little-endian.
public struct FeatureShard: Sendable {
  private struct Header: Codable {
    var records: Int
    var columns: [FeatureColumn]
  }

  private static let mark = Array("TorusFS1".utf8)

  /// How many records there are.
  public let count: Int
  /// The fields' names in their order.
  public var names: [String] { columns.map(\.name) }
  let columns: [FeatureColumn]
  private let data: Data
  /// Where the numbers begin.
  private let start: Int

  /// Reads the header of bytes, and makes sure that all numbers lie within them.
  /// - Throws: ``FeatureShardError`` where they are damaged, or something else.
  public init(_ data: Data) throws(FeatureShardError) {
    let prefix = Self.mark.count + 8
    guard data.count >= prefix, data.prefix(Self.mark.count).elementsEqual(Self.mark) else {
      throw FeatureShardError("it does not begin as records of text do")
    }
    self.data = data
    let length = Self.number(data, at: Self.mark.count)
    guard length >= 0, length <= data.count - prefix else {
      throw FeatureShardError("it ends inside its header")
    }
    let text = data.subdata(in: data.startIndex + prefix..<data.startIndex + prefix + length)
    guard let header = try? JSONReading.decode(Header.self, from: text), header.records >= 0 else {
      throw FeatureShardError("its header is damaged")
    }
    start = prefix + length
    count = header.records
    columns = header.columns
    for column in columns { try check(column) }
  }

  private func check(_ column: FeatureColumn) throws(FeatureShardError) {
    let room = data.count - start
    func fits(_ first: Int, _ count: Int, _ width: Int) -> Bool {
      let (bytes, overflows) = count.multipliedReportingOverflow(by: width)
      return !overflows && first >= 0 && count >= 0 && bytes >= 0 && first <= room
        && bytes <= room - first
    }
    let widths = column.kind.isWhole ? [0, 1, 2, 4] : [8]
    guard widths.contains(column.width), fits(column.values, column.count, column.width),
      (-(1 << 31)...(1 << 31)).contains(column.least),
      column.kind.isRow
        ? count < Int.max && fits(column.offsets, count + 1, 8) : column.count == count
    else { throw FeatureShardError("it ends inside \(column.name)") }
    guard column.kind.isRow else { return }
    var last = 0
    for row in 0...count {
      let end = offset(row, of: column)
      guard end >= last, end <= column.count, row > 0 || end == 0 else {
        throw FeatureShardError("rows of \(column.name) overlap")
      }
      last = end
    }
  }

  private static func number(_ data: Data, at place: Int) -> Int {
    data.withUnsafeBytes {
      Int(
        truncatingIfNeeded: UInt64(
          littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
    }
  }

  /// Where a record's row begins among the column's numbers.
  func offset(_ row: Int, of column: FeatureColumn) -> Int {
    Self.number(data, at: start + column.offsets + row * 8)
  }

  /// A field's column; nil where records have no such field.
  func column(_ name: String) -> FeatureColumn? { columns.first { $0.name == name } }

  /// Some of a column's whole numbers.
  func whole(_ range: Range<Int>, of column: FeatureColumn) -> [Int] {
    let first = start + column.values
    return data.withUnsafeBytes { bytes in
      range.map { index in
        let place = first + index * column.width
        let above =
          switch column.width {
          case 0: 0
          case 1: Int(bytes[place])
          case 2:
            Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt16.self)))
          default:
            Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
          }
        return column.least + above
      }
    }
  }

  private func broken(_ range: Range<Int>, of column: FeatureColumn) -> [Double] {
    range.map { index in
      let bits = Self.number(data, at: start + column.values + index * 8)
      return Double(bitPattern: UInt64(bitPattern: Int64(bits)))
    }
  }

  /// The record at `index`.
  public subscript(index: Int) -> TextFeature {
    var feature = TextFeature()
    for column in columns { feature[column.name] = value(column, of: index) }
    return feature
  }

  func value(_ column: FeatureColumn, of index: Int) -> FeatureValue {
    let one = index..<index + 1
    switch column.kind {
    case .int: return .int(whole(one, of: column)[0])
    case .double: return .double(broken(one, of: column)[0])
    case .ints: return .ints(whole(row(index, of: column), of: column))
    case .doubles: return .doubles(broken(row(index, of: column), of: column))
    }
  }

  private func row(_ index: Int, of column: FeatureColumn) -> Range<Int> {
    offset(index, of: column)..<offset(index + 1, of: column)
  }

  // MARK: Making

  /// Gathers records, all with the same fields, into the bytes of a shard.
  public struct Builder {
    private var columns: [FeatureColumnBuilder] = []
    /// How many records there are.
    public private(set) var count = 0

    /// No records.
    public init() {}

    /// Adds a record.
    /// - Throws: ``FeatureShardError`` where its fields are not those of the first, or hold texts.
    public mutating func add(_ feature: TextFeature) throws(FeatureShardError) {
      if count == 0 {
        for name in feature.names {
          guard let value = feature[name] else { continue }
          columns.append(try FeatureColumnBuilder(name, like: value))
        }
      }
      guard feature.names.count == columns.count else {
        throw FeatureShardError("some records have other fields than the first one")
      }
      for index in columns.indices {
        guard let value = feature[columns[index].name] else {
          throw FeatureShardError("some records have no \(columns[index].name)")
        }
        try columns[index].add(value)
      }
      count += 1
    }

    /// The shard's bytes.
    public func bytes() throws -> Data {
      var header = Header(records: count, columns: [])
      var body = Data()
      var known: [(bytes: [UInt8], place: Int)] = []
      func place(_ bytes: [UInt8], _ body: inout Data) -> Int {
        if let same = known.first(where: { $0.bytes == bytes }) { return same.place }
        while body.count % 8 != 0 { body.append(0) }
        known.append((bytes, body.count))
        body.append(contentsOf: bytes)
        return body.count - bytes.count
      }
      for column in columns {
        let packed = column.packed
        header.columns.append(
          FeatureColumn(
            name: column.name, kind: column.kind, width: packed.width, least: packed.least,
            count: column.kind.isWhole ? column.whole.count : column.broken.count,
            values: place(packed.bytes, &body),
            offsets: column.kind.isRow ? place(column.packedEnds, &body) : 0))
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      var text = try encoder.encode(header)
      // Numbers of eight bytes lie on eights.
      while (FeatureShard.mark.count + 8 + text.count) % 8 != 0 { text.append(0x20) }
      var data = Data(FeatureShard.mark)
      data.append(contentsOf: FeatureColumnBuilder.bytes(of: UInt64(text.count), 8))
      data.append(text)
      data.append(body)
      return data
    }
  }
}
