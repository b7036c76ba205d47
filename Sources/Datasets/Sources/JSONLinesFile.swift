import Base
import Foundation
import Tensors

/// A file with one JSON object a line, gzip or plain; blank lines are none.
///
/// Lines are found at once, and each is read when it is asked for.
public struct JSONLinesFile: Dataset, Sendable {
  /// Where the file is.
  public let path: String
  private let data: Data
  private let lines: [(range: Range<Int>, number: Int)]

  /// Opens a file.
  /// - Throws: ``DataError`` where it is missing, empty or not UTF-8.
  public init(path: String) throws(DataError) {
    let text = try TextFile.contents(of: path)
    var found: [(range: Range<Int>, number: Int)] = []
    text.withUnsafeBytes { bytes in
      var start = 0
      var number = 1
      for place in 0...bytes.count where place == bytes.count || bytes[place] == 0x0a {
        let isBlank = bytes[start..<place].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
        if !isBlank { found.append((start..<place, number)) }
        start = place + 1
        number += 1
      }
    }
    guard !found.isEmpty else {
      throw DataError(.empty, path: path, "there are no records", remedy: "Check the file")
    }
    (self.path, data, lines) = (path, text, found)
  }

  /// The number of records.
  public var count: Int { lines.count }

  /// One record.
  /// - Throws: ``DataError`` with the line where it is no JSON object.
  public subscript(index: Int) -> TableRow {
    get throws(DataError) {
      let (range, number) = lines[index]
      let bytes = Array(data.dropFirst(range.lowerBound).prefix(range.count))
      let value: JSONValue
      do throws(JSONParser.Fault) {
        value = try JSONParser.parse(bytes)
      } catch {
        throw DataError(
          .malformed, path: path, at: "line \(number)",
          "it is not JSON: \(error.message) at byte \(error.position)", remedy: "Repair the line")
      }
      guard let members = value.members else {
        throw DataError(
          .malformed, path: path, at: "line \(number)", "it is no JSON object",
          remedy: "Write an object with named values on each line")
      }
      return TableRow(
        path: path, line: number, names: members.map(\.name), values: members.map(\.value))
    }
  }

  /// The size and number of records, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(file: path, records: count)
  }
}

/// A record of named values, read as the types that one expects.
///
/// Each method throws ``DataError`` with the line where there is no such name, or another kind of value.
/// Fields of CSV are texts, which count as numbers where they spell one.
public struct TableRow: Sendable {
  /// The file.
  public let path: String
  /// The line on which the record begins, counted from 1.
  public let line: Int
  /// The names in the file's order.
  public let names: [String]
  private let values: [JSONValue]

  init(path: String, line: Int, names: [String], values: [JSONValue]) {
    (self.path, self.line, self.names, self.values) = (path, line, names, values)
  }

  /// Whether there is a value of the name that is not null.
  public func has(_ name: String) -> Bool { find(name).map { !$0.isNull } ?? false }

  /// A text; numbers and truth values as they are written.
  public func string(_ name: String) throws(DataError) -> String {
    switch try value(name) {
    case .string(let text), .number(let text): return text
    case .bool(let truth): return String(truth)
    case .null, .array, .object: throw other(name, "a text")
    }
  }

  /// A whole number.
  public func int(_ name: String) throws(DataError) -> Int {
    let found = try value(name)
    if let number = found.int { return number }
    if case .string(let text) = found, let number = Int(trimmed(text)) { return number }
    throw other(name, "a whole number")
  }

  /// A finite number.
  public func double(_ name: String) throws(DataError) -> Double {
    let found = try value(name)
    if let number = found.double, number.isFinite { return number }
    if case .string(let text) = found, let number = NumberText.double(text), number.isFinite {
      return number
    }
    throw other(name, "a number")
  }

  /// True or false; of texts `true` and `false`, `1` and `0`, in any case.
  public func bool(_ name: String) throws(DataError) -> Bool {
    switch try value(name) {
    case .bool(let truth): return truth
    case .string(let text), .number(let text):
      switch trimmed(text).lowercased() {
      case "true", "1": return true
      case "false", "0": return false
      default: throw other(name, "true or false")
      }
    case .null, .array, .object: throw other(name, "true or false")
    }
  }

  /// A list of finite numbers.
  public func doubles(_ name: String) throws(DataError) -> [Double] {
    guard let elements = try value(name).array else { throw other(name, "a list of numbers") }
    var numbers: [Double] = []
    for element in elements {
      guard let number = element.double, number.isFinite else {
        throw other(name, "a list of numbers")
      }
      numbers.append(number)
    }
    return numbers
  }

  private func find(_ name: String) -> JSONValue? {
    names.lastIndex { $0.utf8.elementsEqual(name.utf8) }.map { values[$0] }
  }

  private func value(_ name: String) throws(DataError) -> JSONValue {
    if let value = find(name) { return value }
    let known = names.prefix(20).joined(separator: ", ")
    throw DataError(
      .malformed, path: path, at: "line \(line)", "there is no “\(name)”",
      remedy: names.isEmpty ? "Repair the line" : "Name one of: \(known)")
  }

  private func other(_ name: String, _ expected: String) -> DataError {
    let found: String =
      switch find(name) {
      case .string(let text)?: "“\(text.prefix(40))”"
      case .number(let text)?: text
      case .bool(let truth)?: "\(truth)"
      case .array?: "a list"
      case .object?: "an object"
      case .null?, nil: "null"
      }
    return DataError(
      .malformed, path: path, at: "line \(line), “\(name)”",
      "\(found) stands where \(expected) belongs", remedy: "Repair the field")
  }

  private func trimmed(_ text: String) -> String {
    text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

extension CSVFile {
  /// The records with their columns' names, as typed values; the file must have been opened with
  /// `hasHeader: true`.
  ///
  /// ```swift
  /// let rows = try CSVFile(path: "train.tsv", hasHeader: true, separator: "\t").rows
  /// let pairs = rows.mapped { (try $0.string("text"), try $0.int("label")) }
  /// ```
  public var rows: CSVRows { CSVRows(file: self) }
}

/// A CSV file's records by their columns' names.
public struct CSVRows: Dataset, Sendable {
  private let file: CSVFile
  private let names: [String]

  init(file: CSVFile) {
    require(
      file.header != nil, "CSVFile.rows", "the file was opened without names; give hasHeader: true")
    (self.file, names) = (file, file.header ?? [])
  }

  /// The number of records.
  public var count: Int { file.count }

  /// One record.
  /// - Throws: ``DataError`` where its fields are not as many as the columns.
  public subscript(index: Int) -> TableRow {
    get throws(DataError) {
      TableRow(
        path: file.path, line: file.line(of: index), names: names,
        values: try file[index].map { .string($0) })
    }
  }
}
