import Models

/// The figures of an evaluation with what was judged by what.
package struct EvaluationFacts {
  /// All of it, as it is written to a file.
  package let metrics: MetricValues
  /// All of it in lines for people.
  package let text: String

  package init(
    _ request: JudgementRequest, split: JudgementRequest.Split, weights: String, step: Int?,
    figures: Figures
  ) {
    var metrics: MetricValues = ["run": .text(request.runDirectory), "weights": .text(weights)]
    if let step { metrics["step"] = .integer(step) }
    if let data = request.data {
      metrics["data"] = .text(data)
    } else {
      metrics["split"] = .text(split.rawValue)
    }
    metrics["records"] = .integer(figures.records)
    if let targets = figures.targets { metrics["targets"] = .integer(targets) }
    let what = request.data ?? "\(split.rawValue) records"
    var lines = [
      "\(figures.records) of \(what) with \(weights)" + (step.map { " (step \($0))" } ?? "")
    ]
    for (name, value) in figures.values {
      metrics[name] = .number(value)
      lines.append("\(name) \(MetricDefinition.text(name, value))")
    }
    self.metrics = metrics
    text = lines.joined(separator: "\n") + "\n"
  }
}
