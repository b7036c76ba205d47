import Base
import Foundation
import Tensors

/// The records of a CSV file (RFC 4180, and Python's `csv` where that leaves something open), gzip or
/// plain: a field that begins with a quote may hold separators, line ends and doubled quotes; a quote
/// anywhere else stands for itself. Lines end with LF, CR LF or CR. Records are found at once and read
/// one by one; blank lines are none.
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
  ///   - separator: What stands between fields: an ASCII character other than a quote or a line end.
  ///   - encoding: How its bytes are characters.
  /// - Throws: ``DataError`` where the file is missing, empty or not UTF-8, or a quote stays open.
  public init(
    path: String, hasHeader: Bool = false, separator: Character = ",",
    encoding: FileEncoding = .utf8
  ) throws(DataError) {
    try self.init(
      text: SourceFile.contents(of: path), path: path, hasHeader: hasHeader, separator: separator,
      encoding: encoding)
  }

  /// Reads CSV that is in memory; errors call it `path`.
  init(
    text: Data, path: String, hasHeader: Bool = false, separator: Character = ",",
    encoding: FileEncoding = .utf8
  ) throws(DataError) {
    let scalar = separator.unicodeScalars.first ?? ","
    require(
      separator.unicodeScalars.count == 1 && scalar.isASCII
        && !"\"\r\n".unicodeScalars.contains(scalar),
      "CSVFile", "the separator “\(separator)” is no ASCII character that may stand between fields")
    data = try TextFile.text(text, path: path, keepsLineEnds: true, encoding: encoding)
    self.path = path
    self.separator = UInt8(truncatingIfNeeded: scalar.value)
    var found = try Self.findRecords(in: data, separator: self.separator, path: path)
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
    SourceFingerprint(file: path, records: count)
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

  /// The fields of one record as finite numbers, written as Python's `float()` takes them, but for
  /// underscores.
  public func numbers(_ index: Int) throws(DataError) -> [Double] {
    var numbers: [Double] = []
    for (column, field) in try self[index].enumerated() {
      guard let number = NumberText.double(field), number.isFinite else {
        let isLarge = NumberText.double(field)?.isInfinite == true && field.contains { $0.isNumber }
        throw DataError(
          .malformed, path: path, at: "line \(line(of: index)), column \(column + 1)",
          isLarge ? "the number “\(field)” is too large" : "“\(field)” is no number",
          remedy: "Repair the field, or drop the column")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Finds the records: a line each, unless a quoted field holds line ends.
  private static func findRecords(
    in data: Data, separator: UInt8, path: String
  ) throws(DataError) -> [(range: Range<Int>, line: Int)] {
    var scanner = CSVScanner(separator: separator)
    data.withUnsafeBytes { scanner.scan($0) }
    if let line = scanner.openQuoteLine {
      throw DataError(
        .malformed, path: path, at: "line \(line)", "a quote is opened and never closed",
        remedy: "Close it, or write a quote inside a field twice")
    }
    return scanner.records
  }

  private static func fields(
    of data: Data, _ range: Range<Int>, _ separator: UInt8, path: String, line: Int
  ) throws(DataError) -> [String] {
    let bytes = [UInt8](data.dropFirst(range.lowerBound).prefix(range.count))
    guard let fields = CSVScanner.fields(of: bytes, separator: separator) else {
      throw DataError(
        .malformed, path: path, at: "line \(line)", "text follows a closing quote",
        remedy: "Put the whole field in quotes, and write a quote inside it twice")
    }
    return fields
  }
}
