import Settings

/// Ends a training whose evaluations get no better (Keras' and Hugging Face's early stopping).
///
/// Figures are those of all ranks, so that every rank's sink asks for the end at the same evaluation.
public final class EarlyStopping: EventSink {
  private let options: EarlyStoppingOptions
  private var best: Double?
  private var waited = 0
  /// Whether patience has run out.
  public private(set) var wantsEnd = false

  /// - Parameter options: What is looked at, and for how long.
  public init(_ options: EarlyStoppingOptions = .init()) { self.options = options }

  /// Looks at evaluations.
  /// - Throws: ``Settings/ConfigurationError`` where they have no such figure.
  public func take(_ event: TrainingEvent) throws {
    guard case .evaluation(let report) = event, !report.isFinal else { return }
    guard let value = report.figures[options.metric] else {
      throw ConfigurationError.conflict(
        "callbacks.metric", problem: "evaluations have no \(options.metric)",
        remedy:
          "name one of \(report.figures.values.map(\.name).joined(separator: ", ")), or add it to metrics"
      )
    }
    let gain = best.map { options.mode == .min ? $0 - value : value - $0 } ?? .infinity
    if gain > options.minDelta {
      (best, waited) = (value, 0)
    } else {
      waited += 1
      if waited >= options.patience { wantsEnd = true }
    }
  }
}

/// Keys of `early-stopping`.
public struct EarlyStoppingOptions: ConfigurationSection {
  /// Which is better.
  public enum Mode: String, ConfigurationChoice {
    /// Less, as of a loss.
    case min
    /// More, as of an accuracy.
    case max
  }
  /// The figure of evaluations that is looked at.
  public var metric = "loss"
  /// Which is better.
  public var mode = Mode.min
  /// Evaluations without a gain after which the run ends.
  public var patience = 3
  /// What a gain must exceed.
  public var minDelta = 0.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("metric", \.metric, "the figure of evaluations that is looked at"),
    Field("mode", \.mode, "whether less or more is better"),
    Field(
      "patience", \.patience, in: .count(), "evaluations without a gain after which the run ends"),
    Field("min_delta", \.minDelta, in: .float(), "what a gain must exceed"),
  ]
}

extension CallbackDefinition {
  /// `early-stopping`
  static let earlyStopping = CallbackDefinition(
    "early-stopping", "ends a run that gets no better", EarlyStoppingOptions.self
  ) { options, _ in EarlyStopping(options) }
}
