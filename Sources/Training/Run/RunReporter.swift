import Base
import Collectives
import DataParallel
import Foundation

/// Tells the terminal and `metrics.jsonl` how a run goes. On rank 0 alone it has anything to do.
final class RunReporter: TrainingCallback {
  private let log: MetricsLog?
  private let progress: ProgressReport?
  private let every: Int
  private let epochs: Int?

  /// - Parameters:
  ///   - isWriter: Whether this is rank 0.
  ///   - step: The checkpoint's step for a resumed run.
  init(_ configuration: RunConfiguration, isWriter: Bool, resumingAt step: Int?) throws {
    every = configuration.logEvery
    epochs = configuration.epochs
    log =
      isWriter
      ? try MetricsLog(directory: configuration.runDirectory, resumingAt: step) : nil
    progress = isWriter ? ProgressReport() : nil
  }

  /// Writes the other files of the run directory again, where somebody has deleted it meanwhile.
  var restore: (() throws -> Void)?

  /// Prints a line that stays.
  func say(_ line: String) { progress?.print(line) }

  /// Logs a line; a run directory that is gone is made again first, and that is said.
  private func write(_ event: String, _ metrics: Metrics) throws {
    guard let log else { return }
    try restoreDirectory(log)
    try log.write(event, metrics)
  }

  private func restoreDirectory(_ log: MetricsLog) throws {
    guard try log.restoreIfDeleted() else { return }
    progress?.finish()
    StandardStream.error.write(
      "ddp-train: \(log.path) was deleted or moved while the run goes on: it and the run's other files"
        + " are written again; earlier checkpoints are gone\n")
    try restore?()
  }

  /// Logs a line of the run's beginning.
  func began(_ metrics: Metrics) throws { try write("started", metrics) }

  func stepEnded(_ report: StepReport) throws {
    guard let progress else { return }
    progress.update(
      RunProgress(
        step: report.step, of: report.steps, epoch: epochs == nil ? nil : report.epoch + 1,
        of: epochs, samplesPerSecond: report.recordsPerSecond, figures: report.figures.values))
    guard report.step % every == 0 || report.step == report.steps || report.isStopping else {
      return
    }
    var line: Metrics = [
      "step": .integer(report.step), "epoch": .integer(report.epoch),
      "learning_rate": .number(report.learningRate), "step_seconds": .number(report.seconds),
      "samples_per_second": .number(report.recordsPerSecond),
    ]
    for (name, value) in report.figures.values { line["train_\(name)"] = .number(value) }
    try write("step", line)
  }

  /// Reports figures of held-out records.
  func judged(_ figures: Figures, step: Int, prefix: String, isLast: Bool = false) throws {
    guard progress != nil else { return }
    let words = figures.values.map { "\(prefix) \($0.name) \(RunReporter.text($0))" }
    if !isLast { say("step \(step): " + words.joined(separator: ", ")) }
    var line: Metrics = ["step": .integer(step), "records": .integer(figures.records)]
    for (name, value) in figures.values { line["\(prefix)_\(name)"] = .number(value) }
    try write("evaluation", line)
  }

  /// Reports a checkpoint.
  func saved(_ path: String, step: Int) throws {
    try write("checkpoint", ["step": .integer(step), "path": .text(path)])
  }

  /// Logs what data parallelism was and took: seconds are averages over steps.
  func paralleled(_ statistics: DataParallelStatistics, step: Int) throws {
    func list(_ bytes: [Int]) -> MetricValue { .list(bytes.map { .integer($0) }) }
    try write(
      "data_parallel",
      [
        "step": .integer(step), "world_size": .integer(statistics.worldSize),
        "hook": statistics.hook.map { .text($0) } ?? .null,
        "parameter_bytes": .integer(statistics.parameterBytes),
        "added_bytes": .integer(statistics.addedBytes),
        "shares_memory": .flag(statistics.sharesMemory),
        "initial_bucket_bytes": list(statistics.initialBucketBytes),
        "bucket_bytes": list(statistics.bucketBytes),
        "unused_parameters": .list(statistics.unusedParameters.map { .text($0) }),
        "forward_seconds": .number(statistics.forwardSeconds),
        "backward_seconds": .number(statistics.backwardSeconds),
        "communication_seconds": .number(statistics.communicationSeconds),
        "overlap_seconds": .number(statistics.overlapSeconds),
        "wait_seconds": .number(statistics.waitSeconds),
      ])
  }

  /// Ends the log of a run that was asked to stop.
  func stopped(step: Int) throws {
    progress?.finish()
    try write("stopped", ["step": .integer(step)])
  }

  /// Ends the log of a finished run.
  func finished(worldSize: Int, samplesPerSecond: Double?, results: Metrics) throws {
    progress?.finish()
    if let log { try restoreDirectory(log) }
    try log?.finish(worldSize: worldSize, samplesPerSecond: samplesPerSecond, results)
  }

  static func text(_ figure: (name: String, value: Double)) -> String {
    figure.name == "accuracy"
      ? String(format: "%.2f %%", figure.value * 100) : String(format: "%.4f", figure.value)
  }
}
