import Tensors

/// Writes a run's events to `metrics.jsonl`. On rank 0 alone.
package final class MetricsSink: EventSink {
  private let log: MetricsLog
  private let every: Int
  /// Says that somebody has deleted the log, and makes the run directory's other files again.
  private let restore: (_ path: String) throws -> Void

  /// Whether a step's line has the rate that it used, as Hugging Face's logs have, and not the next one.
  private let logsUsedRate: Bool

  /// - Parameters:
  ///   - directory: The run directory.
  ///   - every: Steps between two lines.
  ///   - step: The checkpoint's step for a resumed run.
  ///   - logsUsedRate: Whether a step's line has the rate that it used.
  ///   - restore: Called with the log's path where it was deleted and is there again.
  package init(
    _ directory: String, every: Int, resumingAt step: Int?, logsUsedRate: Bool = false,
    restore: @escaping (_ path: String) throws -> Void
  ) throws {
    self.every = every
    self.logsUsedRate = logsUsedRate
    log = try MetricsLog(folder: directory, resumingAt: step)
    self.restore = restore
  }

  package func take(_ event: TrainingEvent) throws {
    switch event {
    case .started(let start): try write("started", facts(start))
    case .step(let report):
      if report.step % every == 0 || report.isLast { try write("step", line(report)) }
    case .evaluation(let report):
      var line: MetricValues = [
        "step": .integer(report.step), "records": .integer(report.figures.records),
      ]
      line.add(report.figures, prefix: report.split)
      try write("evaluation", line)
    case .checkpoint(let path, let step):
      try write("checkpoint", ["step": .integer(step), "path": .text(path)])
    case .hashes(let hashes):
      try write(
        "hashes",
        ["step": .integer(hashes.step), "parameters": .list(hashes.words.map { .text($0) })])
    case .ended(let result): try end(result)
    case .epoch, .phase, .collective: break
    }
  }

  /// The log's last line says why; where it cannot be written, the error itself is what counts.
  package func trainingFailed(_ error: any Error) {
    try? log.write("failed", ["reason": .text("\(error)")])
  }

  private func facts(_ start: TrainingStart) -> MetricValues {
    var facts: MetricValues = [
      "world_size": .integer(start.worldSize), "parameters": .integer(start.parameters),
    ]
    if let records = start.records { facts["records"] = .integer(records) }
    facts["threads"] = .integer(Compute.threads)
    facts["cpu_level"] = .text(Compute.level)
    facts["blas_core"] = .text(Compute.blasCore)
    return facts
  }

  private func line(_ report: StepReport) -> MetricValues {
    var line: MetricValues = [
      "step": .integer(report.step), "epoch": .integer(report.epoch),
      "learning_rate": .number(logsUsedRate ? report.usedLearningRate : report.learningRate),
      "step_seconds": .number(report.seconds),
      "samples_per_second": .number(report.recordsPerSecond),
    ]
    line.add(report.figures, prefix: "train")
    if let norm = report.gradNorm { line["grad_norm"] = .number(norm) }
    return line
  }

  private func end(_ result: TrainingResult) throws {
    if let statistics = result.statistics {
      try write("data_parallel", MetricValues(statistics, step: result.step))
    }
    switch result.end {
    case .stopped: try write("stopped", ["step": .integer(result.step)])
    case .finished:
      try restoreDirectory()
      try log.finish(
        worldSize: result.statistics?.worldSize ?? 1, recordsPerSecond: result.recordsPerSecond,
        result.results)
    }
  }

  /// Logs a line; a run directory that is gone is made again first, and that is said.
  private func write(_ event: String, _ metrics: MetricValues) throws {
    try restoreDirectory()
    try log.write(event, metrics)
  }

  private func restoreDirectory() throws {
    if try log.restoreIfDeleted() { try restore(log.path) }
  }
}

extension MetricValues {
  /// Adds figures by their names behind a prefix: `test_loss`.
  package mutating func add(_ figures: Figures, prefix: String) {
    for (name, value) in figures.values { self["\(prefix)_\(name)"] = .number(value) }
  }
}
