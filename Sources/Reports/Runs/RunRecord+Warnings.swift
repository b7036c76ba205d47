import Base
import Foundation

extension RunRecord {
  /// What one should know of the run: why it failed, damaged files, numbers that are not finite, a validation loss that
  /// rises again, workers that wait, parameters that nothing reaches.
  package var warnings: [String] {
    var warnings = faults
    if status == .failed,
      let reason = lines.last(where: { $0.event == "failed" })?["reason"]?.string
    {
      warnings.insert("failed: \(reason)", at: 0)
    }
    if lines.isEmpty { warnings.append("metrics.jsonl holds no line yet") }
    for series in self.series {
      if let index = series.values.firstIndex(where: { !$0.isFinite }) {
        let count = series.values.count { !$0.isFinite }
        warnings.append(
          "\(series.name) is \(Self.word(series.values[index])) at step \(series.steps[index])"
            + (count > 1 ? " and later, \(count) times in all" : ""))
      }
      if series.name == "validation_loss", let rise = Self.rise(series) { warnings.append(rise) }
    }
    if let line = lines.last(where: { $0.event == "data_parallel" }) {
      let unused = line["unused_parameters"]?.array?.compactMap(\.string) ?? []
      if !unused.isEmpty {
        let shown = unused.prefix(5).joined(separator: ", ")
        warnings.append(
          "\(unused.count) parameters took part in no step: \(shown)\(unused.count > 5 ? ", …" : "")"
        )
      }
      if let wait = line["wait_seconds"]?.metric, let forward = line["forward_seconds"]?.metric,
        let backward = line["backward_seconds"]?.metric, wait > 0.3 * (forward + backward + wait)
      {
        let share = Int((100 * wait / (forward + backward + wait)).rounded())
        warnings.append("the first worker waits for others \(share) % of a step")
      }
    }
    return warnings
  }

  private static func rise(_ series: MetricSeries) -> String? {
    let finite = zip(series.steps, series.values).filter { $0.1.isFinite }
    guard let lowest = finite.min(by: { $0.1 < $1.1 }), let last = finite.last,
      last.1 > lowest.1 * 1.05, lowest.1 > 0
    else { return nil }
    return "validation_loss was lowest at step \(lowest.0) (\(short(lowest.1))) and is"
      + " \(short(last.1)) at step \(last.0)"
  }

  private static func short(_ value: Double) -> String { String(format: "%.4g", value) }

  private static func word(_ value: Double) -> String {
    value.isNaN ? "not a number" : value < 0 ? "-infinite" : "infinite"
  }
}
