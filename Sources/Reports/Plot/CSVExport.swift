import Base
import Foundation

/// Metrics of runs as CSV (RFC 4180): one line a run and step, one column a metric.
package enum CSVExport {
  /// The table, whose first line has the names: `run`, `step` and the metrics'.
  /// - Parameter metrics: The metrics that are wanted; nil for all.
  package static func table(_ runs: [RunRecord], metrics: [String]? = nil) -> String {
    let all = runs.map { run in
      run.series.filter { metrics?.contains($0.name) != false }
    }
    var names: [String] = []
    for series in all.joined() where !names.contains(series.name) { names.append(series.name) }
    var text = (["run", "step"] + names).map(field).joined(separator: ",") + "\r\n"
    for (run, series) in zip(runs, all) {
      var values: [Int: [String]] = [:]
      for one in series {
        guard let column = names.firstIndex(of: one.name) else { continue }
        for (step, value) in zip(one.steps, one.values) {
          values[step, default: [String](repeating: "", count: names.count)][column] =
            value.isFinite ? "\(value)" : value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
        }
      }
      for (step, row) in values.inKeyOrder {
        text += ([field(run.name), "\(step)"] + row).joined(separator: ",") + "\r\n"
      }
    }
    return text
  }

  /// A field, in quotes where it needs them.
  private static func field(_ text: String) -> String {
    let needsQuotes = text.utf8.contains { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }
    guard needsQuotes else { return text }
    var quoted = String.UnicodeScalarView("\"".unicodeScalars)
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted.append(scalar) }
      quoted.append(scalar)
    }
    return String(quoted) + "\""
  }
}
