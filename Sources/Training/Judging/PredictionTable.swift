import Collectives

/// A line of predictions for each record, by the record's place.
package struct PredictionTable {
  /// How lines are written.
  package let format: PredictionFormat
  private var rows: [Row] = []

  /// A line, its values as they are written.
  private struct Row: Codable {
    package var index: Int
    package var names: [String]
    package var values: [String]
  }

  package init(_ format: PredictionFormat) { self.format = format }

  /// The number of lines.
  package var count: Int { rows.count }

  /// Adds a record's line.
  package mutating func add(_ line: MetricValues, at index: Int) {
    rows.append(
      format == .csv
        ? Row(index: index, names: line.pairs.map(\.name), values: line.pairs.map(\.value.csv))
        : Row(index: index, names: [], values: [line.json]))
  }

  /// All ranks' lines in the order of their records, on rank 0; every rank takes part.
  package func gathered(_ group: ProcessGroup) throws -> PredictionTable? {
    guard let all = try group.gather(object: rows, label: "predictions") else { return nil }
    var table = PredictionTable(format)
    table.rows = all.flatMap { $0 }.sorted { $0.index < $1.index }
    return table
  }

  /// The lines as text, each with its end.
  package var text: String {
    guard format == .csv else { return rows.map { $0.values[0] + "\n" }.joined() }
    var places: [String: Int] = [:]
    var names: [String] = []
    for name in rows.flatMap(\.names) where places[name] == nil {
      places[name] = names.count
      names.append(name)
    }
    let lines = rows.map { row in
      var fields = [String](repeating: "", count: names.count)
      for (name, value) in zip(row.names, row.values) { places[name].map { fields[$0] = value } }
      return fields.joined(separator: ",") + "\n"
    }
    return names.joined(separator: ",") + "\n" + lines.joined()
  }
}

/// How predictions are written.
package enum PredictionFormat: String, Sendable, CaseIterable {
  /// A JSON object a line.
  case jsonl
  /// RFC 4180, with a line of names; what a list holds stands with spaces between.
  case csv
}

extension MetricValue {
  /// The value as a field of CSV.
  package var csv: String {
    switch self {
    case .text(let text): Self.field(text)
    case .list(let values): Self.field(values.map(\.word).joined(separator: " "))
    default: word
    }
  }

  /// The value without quotes.
  private var word: String {
    switch self {
    case .text(let text): text
    case .null: ""
    case .number(let value) where !value.isFinite: value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
    default: json
    }
  }

  /// A text, in quotes where it holds what would end the field.
  private static func field(_ text: String) -> String {
    let ends: Set<Unicode.Scalar> = [",", "\"", "\n", "\r"]
    guard text.unicodeScalars.contains(where: ends.contains) else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      quoted.unicodeScalars.append(scalar)
      if scalar == "\"" { quoted.unicodeScalars.append(scalar) }
    }
    return quoted + "\""
  }
}
