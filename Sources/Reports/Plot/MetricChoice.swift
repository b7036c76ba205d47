/// Which metrics a word on the command line means.
package enum MetricChoice {
  /// The names that a word means: its own, or all that end with it, as `loss` means `train_loss` and
  /// `validation_loss`.
  /// - Throws: ``ReportError/noMetric(_:known:)``.
  package static func names(
    _ word: String, of runs: [RunRecord]
  ) throws(ReportError) -> [String] {
    var known: [String] = []
    for series in runs.lazy.flatMap(\.series) where !known.contains(series.name) {
      known.append(series.name)
    }
    let spelled = String(word.map { $0 == "-" ? "_" : $0 })
    if known.contains(spelled) { return [spelled] }
    let meant = known.filter { $0.hasSuffix("_\(spelled)") }
    guard !meant.isEmpty else { throw .noMetric(word, known: known) }
    return meant
  }
}
