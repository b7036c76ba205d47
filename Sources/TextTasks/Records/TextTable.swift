import Base
import Datasets
import Foundation

/// Records of text in a file: CSV or TSV with a line of names, JSON lines, or plain lines.
///
/// The file's ending says which: `.csv`, `.tsv`, `.jsonl`, `.json` or `.ndjson`; of any other each line
/// is a record with the field `text`, or with `label_first` a label, a space and a text. Of a folder all
/// files with these endings or `.txt` are read, in the order of their names.
public struct TextTable: Sendable {
  /// How the lines of a file without fields are read.
  public enum Lines: String, Sendable, CaseIterable {
    /// A line is a text.
    case text
    /// A line is a label, a space and a text.
    case labelFirst = "label_first"
    /// A file is a text, lines and all, which is read in pieces that end with lines.
    case document
  }

  /// A record.
  private struct Row: Sendable {
    let fields: [String: Value]
    let file: String
    let line: Int
    /// Whether the next record is the text's next piece.
    var goesOn = false
  }

  /// A value of a record.
  public enum Value: Sendable, Equatable {
    /// A text, or a number as it is written.
    case text(String)
    /// Several.
    case list([Value])
    /// Values by name, as a message of a conversation.
    case object([String: Value])
    /// Nothing.
    case null

    /// The text, or nil where there is none.
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The values, or nil where there is no list.
    public var list: [Value]? { if case .list(let values) = self { values } else { nil } }
    /// The value of a name.
    public subscript(name: String) -> Value? {
      if case .object(let members) = self { members[name] } else { nil }
    }
  }

  /// The file.
  public let path: String
  private let rows: [Row]

  /// Reads a file.
  /// - Parameters:
  ///   - path: The file.
  ///   - lines: How lines are read where a file has no fields.
  ///   - encoding: How its bytes are characters.
  /// - Throws: `DataError` that names the line that breaks its form.
  public init(path: String, lines: Lines = .text, encoding: FileEncoding = .utf8) throws {
    self.path = path
    rows = try Self.files(of: path).flatMap { try Self.rows($0, lines, encoding) }
    guard !rows.isEmpty else {
      throw DataError(.empty, path: path, "there are no records", remedy: "Check the file")
    }
  }

  private init(path: String, rows: [Row]) {
    self.path = path
    self.rows = rows
  }

  /// The number of records.
  public var count: Int { rows.count }

  /// Some of the records.
  public subscript(range: Range<Int>) -> TextTable {
    TextTable(path: path, rows: Array(rows[range]))
  }

  /// The files that a path means: itself, or those of a folder.
  public static func files(of path: String) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { return [path] }
    let endings = ["csv", "tsv", "jsonl", "json", "ndjson", "txt"]
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { endings.contains(($0 as NSString).pathExtension.lowercased()) }
      .sortedByBytes().map { "\(path)/\($0)" }
  }

  /// Whether the next record is the next piece of the same text.
  public func goesOn(_ row: Int) -> Bool { rows[row].goesOn }

  /// A field of a record.
  /// - Throws: `DataError` where the record has no such field.
  public func value(_ name: String, of row: Int) throws(DataError) -> Value {
    if let value = rows[row].fields[name] {
      guard value == .null else { return value }
      throw fault(row, "\(name) is null", "Write a value, or take the record out")
    }
    let known = rows[row].fields.keys.sorted().joined(separator: ", ")
    throw fault(row, "there is no field \(name); there are \(known)", "Name the field in data")
  }

  /// Whether a record has a field.
  public func has(_ name: String, in row: Int) -> Bool {
    rows[row].fields[name].map { $0 != .null } ?? false
  }

  /// A field that is a text.
  public func text(_ name: String, of row: Int) throws(DataError) -> String {
    let value = try value(name, of: row)
    guard let text = value.text else {
      throw fault(row, "\(name) is no text", "Write it as a text")
    }
    return text
  }

  /// What is wrong with a record.
  public func fault(_ row: Int, _ message: String, _ remedy: String) -> DataError {
    DataError(
      .malformed, path: rows[row].file, at: "line \(rows[row].line)", message, remedy: remedy)
  }

  private static func rows(
    _ path: String, _ lines: Lines, _ encoding: FileEncoding
  ) throws(DataError) -> [Row] {
    switch URL(fileURLWithPath: path).pathExtension.lowercased() {
    case "csv": try separated(path, ",", encoding)
    case "tsv": try separated(path, "\t", encoding)
    case "jsonl", "json", "ndjson": try objects(path, encoding)
    default: lines == .document ? try document(path, encoding) : try plain(path, lines, encoding)
    }
  }

  /// A text in pieces of about as many bytes, whatever reads them.
  private static func document(
    _ path: String, _ encoding: FileEncoding, pieceBytes: Int = 1 << 16
  ) throws(DataError) -> [Row] {
    let text = Array(try contents(path, encoding).utf8)
    var rows: [Row] = []
    var (start, line) = (0, 1)
    while start < text.count {
      var end = min(text.count, start + pieceBytes)
      while end < text.count, text[end - 1] != 0x0A { end += 1 }
      let piece = text[start..<end]
      rows.append(
        Row(
          fields: ["text": .text(String(decoding: piece, as: UTF8.self))], file: path, line: line,
          goesOn: end < text.count))
      line += piece.count { $0 == 0x0A }
      start = end
    }
    return rows
  }

  private static func separated(
    _ path: String, _ separator: Character, _ encoding: FileEncoding
  ) throws(DataError) -> [Row] {
    do throws(DataError) {
      let file = try CSVFile(path: path, hasHeader: true, separator: separator, encoding: encoding)
      let names = file.header ?? []
      var rows: [Row] = []
      for index in 0..<file.count {
        let fields = zip(names, try file[index]).map { ($0, Value.text($1)) }
        rows.append(
          Row(
            fields: Dictionary(fields) { first, _ in first }, file: path,
            line: file.line(of: index)))
      }
      return rows
    } catch {
      throw hinting(error, encoding)
    }
  }

  static func contents(
    _ path: String, _ encoding: FileEncoding
  ) throws(DataError) -> String {
    do {
      return String(decoding: try TextFile.contents(of: path, encoding: encoding), as: UTF8.self)
    } catch {
      throw Self.hinting(error, encoding)
    }
  }

  /// A fault in the bytes, with what to do about it here.
  private static func hinting(_ error: DataError, _ encoding: FileEncoding) -> DataError {
    guard encoding == .utf8, error.message.contains("is not valid UTF-8") else { return error }
    return DataError(
      error.problem, path: error.path, at: error.place, error.message,
      remedy: "Set data.encoding: latin-1 where it is Latin-1, or convert it with iconv")
  }

  private static func plain(
    _ path: String, _ form: Lines, _ encoding: FileEncoding
  ) throws(DataError) -> [Row] {
    var rows: [Row] = []
    for (number, line) in try contents(path, encoding).lines.enumerated() {
      if line.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      guard form == .labelFirst else {
        rows.append(Row(fields: ["text": .text(String(line))], file: path, line: number + 1))
        continue
      }
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2 else {
        throw DataError(
          .malformed, path: path, at: "line \(number + 1)",
          "a label, a space and a text are expected", remedy: "Repair the line")
      }
      rows.append(
        Row(
          fields: ["label": .text(String(parts[0])), "text": .text(String(parts[1]))], file: path,
          line: number + 1))
    }
    return rows
  }

  private static func objects(
    _ path: String, _ encoding: FileEncoding
  ) throws(DataError) -> [Row] {
    var rows: [Row] = []
    for (number, line) in try contents(path, encoding).lines.enumerated() {
      if line.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      let json = try? JSONParser.parse(Array(line.utf8))
      guard let json, case .object(let members) = Value(json) else {
        throw DataError(
          .malformed, path: path, at: "line \(number + 1)", "the line is no JSON object",
          remedy: "Write one object a line")
      }
      rows.append(Row(fields: members, file: path, line: number + 1))
    }
    return rows
  }
}

extension TextTable.Value {
  init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .text(value ? "1" : "0")
    case .number(let text): self = .text(text)
    case .string(let text): self = .text(text)
    case .array(let values): self = .list(values.map(Self.init))
    case .object(let members):
      self = .object(
        Dictionary(members.map { ($0.name, Self($0.value)) }) { _, last in last })
    }
  }
}
