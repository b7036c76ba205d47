import Base
import Reports
import Settings

/// Writes a run's events to TensorBoard's event files. On rank 0 alone.
///
/// Scalars are grouped as TensorBoard does: `loss/train`, `loss/validation`, `run/learning_rate`. A file that
/// cannot be written any more is said once, and the training goes on.
final class TensorBoardSink: EventSink {
  private var writer: SummaryWriter?
  private let every: Int
  private let yaml: String

  /// - Parameters:
  ///   - options: Where the files lie, and how many numbers they hold.
  ///   - context: The run.
  /// - Throws: `SummaryWriterError` where the folder cannot be made.
  init(_ options: TensorBoardOptions, _ context: RunContext) throws {
    let configuration = context.configuration
    yaml = configuration.yaml()
    every = options.every ?? configuration.logEvery
    writer = try SummaryWriter(
      logDir: options.path ?? "\(configuration.runDirectory)/tensorboard")
  }

  func take(_ event: TrainingEvent) {
    guard let writer else { return }
    do {
      try write(event, to: writer)
    } catch {
      self.writer = nil
      StandardStream.error.print("ddp-train: TensorBoard's files end here: \(error)")
    }
  }

  private func write(_ event: TrainingEvent, to writer: SummaryWriter) throws {
    switch event {
    case .started(let start):
      // Markdown takes a text between fences as it is.
      try writer.addText("config", "```\n\(yaml)\n```", globalStep: start.step)
    case .step(let report):
      guard report.step % every == 0 || report.isLast else { return }
      try add(report.figures, "train", report.step, to: writer)
      var facts = [
        ("learning_rate", report.learningRate), ("step_seconds", report.seconds),
        ("samples_per_second", report.recordsPerSecond),
      ]
      if let norm = report.gradNorm { facts.append(("gradient_norm", norm)) }
      for (name, value) in facts {
        try writer.addScalar("run/\(name)", value, globalStep: report.step)
      }
    case .evaluation(let report):
      try add(report.figures, report.split, report.step, to: writer)
      try writer.flush()
    case .checkpoint: try writer.flush()
    case .ended:
      try writer.close()
      self.writer = nil
    case .hashes, .epoch, .phase, .collective: break
    }
  }

  private func add(
    _ figures: Figures, _ split: String, _ step: Int, to writer: SummaryWriter
  ) throws {
    for (name, value) in figures.values {
      try writer.addScalar("\(name)/\(split)", value, globalStep: step)
    }
  }
}

/// Keys of `tensorboard`.
public struct TensorBoardOptions: ConfigurationSection {
  /// The folder of the event files; nil for `tensorboard` in the run directory.
  public var path: String?
  /// Steps between two of which numbers are written; nil for `log_every`.
  public var every: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, "the folder of the event files; tensorboard in the run directory"),
    Field("every", \.every, in: .steps(), "steps between two of which numbers are written"),
  ]
}

extension CallbackDefinition {
  /// `tensorboard`
  static let tensorboard = CallbackDefinition(
    "tensorboard", "writes what TensorBoard shows", TensorBoardOptions.self
  ) { options, context in context.rank == 0 ? try TensorBoardSink(options, context) : nil }
}
