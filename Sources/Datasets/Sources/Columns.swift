import Base
import Tensors

/// A table by its columns, each read as the type that one expects.
///
/// ```swift
/// let table = try Columns(CSVFile(path: "iris.csv", hasHeader: true).rows)
/// let x = try table.tensor(["sepal_length", "sepal_width"])  // [rows, 2]
/// let y = try table.ints("class")
/// ```
public struct Columns: Sendable {
  /// What a column's values can be read as; the narrowest that holds for all.
  public enum Kind: String, Sendable {
    /// Whole numbers.
    case int
    /// Numbers.
    case double
    /// True and false.
    case bool
    /// Texts.
    case string
  }

  /// The names of the columns in order.
  public let names: [String]
  private let rows: [TableRow]

  /// Reads all rows of a table.
  /// - Throws: What reading a row throws.
  public init<Source: Dataset>(_ rows: Source) throws where Source.Element == TableRow {
    self.rows = try (0..<rows.count).map { try rows[$0] }
    var (names, known): ([String], Set<[UInt8]>) = ([], [])
    for row in self.rows {
      for name in row.names where known.insert(Array(name.utf8)).inserted { names.append(name) }
    }
    self.names = names
  }

  /// The number of rows.
  public var count: Int { rows.count }

  /// The narrowest type that all values of a column have.
  /// - Throws: ``DataError`` where there is no such column.
  public func kind(of name: String) throws(DataError) -> Kind {
    let texts = try strings(name)
    if !texts.isEmpty {
      if texts.allSatisfy({ NumberText.int($0) != nil }) { return .int }
      if texts.allSatisfy({ NumberText.double($0)?.isFinite == true }) { return .double }
      if texts.allSatisfy({ ["true", "false"].contains($0.lowercased()) }) { return .bool }
    }
    return .string
  }

  /// A column of texts.
  public func strings(_ name: String) throws(DataError) -> [String] {
    try read { row throws(DataError) in try row.string(name) }
  }

  /// A column of whole numbers.
  /// - Throws: ``DataError`` with the line where a value is none, as for the others.
  public func ints(_ name: String) throws(DataError) -> [Int] {
    try read { row throws(DataError) in try row.int(name) }
  }

  /// A column of numbers.
  public func doubles(_ name: String) throws(DataError) -> [Double] {
    try read { row throws(DataError) in try row.double(name) }
  }

  /// A column of truth values.
  public func bools(_ name: String) throws(DataError) -> [Bool] {
    try read { row throws(DataError) in try row.bool(name) }
  }

  /// Columns of numbers side by side: `[rows, columns]`.
  public func tensor(_ names: [String], dtype: DType = .float32) throws(DataError) -> Tensor {
    var values: [Double] = []
    for row in rows {
      for name in names { values.append(try row.double(name)) }
    }
    return Tensor(values, shape: [count, names.count], dtype: dtype)
  }

  private func read<Value>(
    _ value: (TableRow) throws(DataError) -> Value
  ) throws(DataError) -> [Value] {
    var values: [Value] = []
    for row in rows { values.append(try value(row)) }
    return values
  }
}
