import Foundation

/// The records of a CSV file (RFC 4180), gzip or plain: fields in quotes may hold separators, line
/// breaks and doubled quotes. Records are found at once and read one by one; blank lines are none.
public struct CSVFile: Dataset, Sendable {
  /// Where the file is.
  public let path: String
  /// The names of the columns, where the first record names them.
  public let header: [String]?
  /// The number of fields in every record.
  public let columnCount: Int
  private let data: Data
  private let separator: UInt8
  private let records: [(range: Range<Int>, line: Int)]

  /// Opens a CSV file.
  /// - Parameters:
  ///   - path: The file.
  ///   - hasHeader: Whether the first record names the columns.
  ///   - separator: What stands between fields: an ASCII character.
  /// - Throws: ``DataError`` where the file is missing, empty or not UTF-8, or a quote stays open.
  public init(path: String, hasHeader: Bool = false, separator: Character = ",") throws(DataError) {
    try self.init(
      text: SourceFile.contents(of: path), path: path, hasHeader: hasHeader, separator: separator)
  }

  /// Reads CSV that is in memory; errors call it `path`.
  init(
    text: Data, path: String, hasHeader: Bool = false, separator: Character = ","
  ) throws(DataError) {
    data = text
    self.path = path
    self.separator = separator.asciiValue ?? UInt8(ascii: ",")
    try requireUTF8(data, path: path)
    var found = try Self.findRecords(in: data, path: path)
    let names: [String]?
    if hasHeader, let first = found.first {
      names = try Self.fields(of: data, first.range, self.separator, path: path, line: first.line)
      found.removeFirst()
    } else {
      names = nil
    }
    guard let first = found.first else {
      throw DataError(.empty, path: path, "there are no records", remedy: "Check the file")
    }
    if let names {
      columnCount = names.count
    } else {
      columnCount = try Self.fields(
        of: data, first.range, self.separator, path: path, line: first.line
      ).count
    }
    header = names
    records = found
  }

  /// The number of records.
  public var count: Int { records.count }

  /// The line on which a record begins, counted from 1.
  public func line(of index: Int) -> Int { records[index].line }

  /// The size and number of records, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(
      records: count,
      files: [
        SourceFingerprint.File(
          name: SourceFile.name(of: path), bytes: (try? SourceFile.size(of: path)) ?? 0,
          records: count)
      ])
  }

  /// The fields of one record.
  /// - Throws: ``DataError`` where they are not as many as in the first record.
  public subscript(index: Int) -> [String] {
    get throws(DataError) {
      let (range, line) = records[index]
      let fields = try Self.fields(of: data, range, separator, path: path, line: line)
      guard fields.count == columnCount else {
        throw DataError(
          .malformed, path: path, at: "line \(line)",
          "there are \(fields.count) fields where \(columnCount) belong", remedy: "Repair the line")
      }
      return fields
    }
  }

  /// The fields of one record as numbers.
  public func numbers(_ index: Int) throws(DataError) -> [Double] {
    var numbers: [Double] = []
    for (column, field) in try self[index].enumerated() {
      guard let number = Double(field.filter { $0 != " " }), number.isFinite else {
        throw DataError(
          .malformed, path: path, at: "line \(line(of: index)), column \(column + 1)",
          "“\(field)” is no number", remedy: "Repair the field, or drop the column")
      }
      numbers.append(number)
    }
    return numbers
  }

  private static func findRecords(
    in data: Data, path: String
  ) throws(DataError) -> [(range: Range<Int>, line: Int)] {
    var records: [(range: Range<Int>, line: Int)] = []
    var line = 1
    var firstLine = 1
    var quotedAt: Int?
    data.withUnsafeBytes { bytes in
      var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
      func close(at end: Int) {
        let stop = end > start && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
        if stop > start { records.append((start..<stop, firstLine)) }
      }
      for position in start..<max(bytes.count, start) {
        switch bytes[position] {
        case UInt8(ascii: "\""): quotedAt = quotedAt == nil ? line : nil
        case UInt8(ascii: "\n"):
          line += 1
          if quotedAt == nil {
            close(at: position)
            start = position + 1
            firstLine = line
          }
        default: break
        }
      }
      close(at: bytes.count)
    }
    if let quotedAt {
      throw DataError(
        .malformed, path: path, at: "line \(quotedAt)", "a quote is opened and never closed",
        remedy: "Close it, or write a quote inside a field twice")
    }
    return records
  }

  private static func fields(
    of data: Data, _ range: Range<Int>, _ separator: UInt8, path: String, line: Int
  ) throws(DataError) -> [String] {
    let quote = UInt8(ascii: "\"")
    let bytes = [UInt8](data.dropFirst(range.lowerBound).prefix(range.count))
    var fields: [String] = []
    var field: [UInt8] = []
    var position = bytes.startIndex
    while true {
      if position < bytes.endIndex, bytes[position] == quote {
        position += 1
        while position < bytes.endIndex {
          if bytes[position] != quote {
            field.append(bytes[position])
          } else if position + 1 < bytes.endIndex, bytes[position + 1] == quote {
            field.append(quote)
            position += 1
          } else {
            break
          }
          position += 1
        }
        position += 1
        guard position >= bytes.endIndex || bytes[position] == separator else {
          throw DataError(
            .malformed, path: path, at: "line \(line)", "text follows a closing quote",
            remedy: "Put the whole field in quotes")
        }
      } else {
        while position < bytes.endIndex, bytes[position] != separator {
          field.append(bytes[position])
          position += 1
        }
      }
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      guard position < bytes.endIndex else { return fields }
      position += 1
    }
  }
}
