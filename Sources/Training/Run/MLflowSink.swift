import Base
import Foundation
import Reports
import Settings

/// Writes a run's events to MLflow's folder. On rank 0 alone.
///
/// Parameters are the configuration's keys, metrics have the names of `metrics.jsonl`, and the configuration is
/// kept as a file. A resumed run goes on with MLflow's run of the same run directory. A folder that cannot be
/// written any more is said once, and the training goes on.
final class MLflowSink: EventSink {
  private var run: MLflowRun?
  private let options: MLflowOptions
  private let configuration: RunConfiguration
  private let every: Int

  init(_ options: MLflowOptions, _ context: RunContext) {
    self.options = options
    configuration = context.configuration
    every = options.every ?? configuration.logEvery
  }

  func take(_ event: TrainingEvent) throws {
    // Where the folder cannot be made, the run ends before it has begun.
    if case .started(let start) = event { return try begin(at: start.step) }
    guard let run else { return }
    do {
      try write(event, to: run)
    } catch {
      self.run = nil
      StandardStream.error.print("ddp-train: MLflow's files end here: \(error)")
    }
  }

  func trainingFailed(_ error: any Error) {
    guard let run else { return }
    self.run = nil
    do {
      try run.setTag("torus.error", "\(error)")
      try run.end(.failed)
    } catch {
      StandardStream.error.print("ddp-train: MLflow's files end here: \(error)")
    }
  }

  private func begin(at step: Int) throws(MLflowError) {
    let tag = "torus.run_dir"
    let directory = URL(fileURLWithPath: configuration.runDirectory).path
    if step > 0 {
      run = try MLflowRun(
        resuming: (tag, directory), of: options.experiment, in: options.path, at: step)
    }
    if run != nil { return }
    let run = try MLflowRun(
      in: options.path, experiment: options.experiment, name: configuration.name,
      tags: [tag: directory, "mlflow.source.name": "ddp-train"])
    for (name, value) in configuration.settings.inKeyOrder {
      try run.logParam(MLflowRun.sanitized(name), value)
    }
    try run.logText(configuration.yaml(), artifact: "config.yaml")
    self.run = run
  }

  private func write(_ event: TrainingEvent, to run: MLflowRun) throws(MLflowError) {
    switch event {
    case .step(let report):
      guard report.step % every == 0 || report.isLast else { return }
      try add(report.figures, "train", report.step, to: run)
      var facts = [
        ("epoch", Double(report.epoch)), ("learning_rate", report.learningRate),
        ("step_seconds", report.seconds), ("samples_per_second", report.recordsPerSecond),
      ]
      if let norm = report.gradNorm { facts.append(("grad_norm", norm)) }
      for (name, value) in facts { try run.logMetric(name, value, step: report.step) }
    case .evaluation(let report): try add(report.figures, report.split, report.step, to: run)
    case .ended(let result):
      try run.end(result.end == .stopped ? .killed : .finished)
      self.run = nil
    case .started, .checkpoint, .hashes, .epoch, .phase, .collective: break
    }
  }

  private func add(
    _ figures: Figures, _ split: String, _ step: Int, to run: MLflowRun
  ) throws(MLflowError) {
    for (name, value) in figures.values {
      try run.logMetric(MLflowRun.sanitized("\(split)_\(name)"), value, step: step)
    }
  }
}

/// Keys of `mlflow`.
public struct MLflowOptions: ConfigurationSection {
  /// The folder of all experiments.
  public var path = "mlruns"
  /// The experiment that the run belongs to.
  public var experiment = "Default"
  /// Steps between two of which numbers are written; nil for `log_every`.
  public var every: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, "the folder of all experiments"),
    Field("experiment", \.experiment, "the experiment that the run belongs to"),
    Field("every", \.every, in: .steps(), "steps between two of which numbers are written"),
  ]
}

extension CallbackDefinition {
  /// `mlflow`
  static let mlflow = CallbackDefinition(
    "mlflow", "writes the run into MLflow's folder", MLflowOptions.self
  ) { options, context in context.rank == 0 ? MLflowSink(options, context) : nil }
}
