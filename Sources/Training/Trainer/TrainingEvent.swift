import Collectives
import DataParallel

/// Something that happened in a training, on this rank. Figures are those of all ranks.
public enum TrainingEvent {
  /// The loop begins.
  case started(TrainingStart)
  /// A step is done.
  case step(StepReport)
  /// Held-out records were judged.
  case evaluation(EvaluationReport)
  /// A checkpoint was taken. One that is written while training goes on is complete when the next is taken, or
  /// the run ends.
  case checkpoint(path: String, step: Int)
  /// The parameters' checksums after a step; told on rank 0 where ``TrainerOptions/hashEvery`` asks.
  case hashes(ParameterHashes)
  /// The loader has handed out an epoch; the number counts the epochs that are done.
  case epoch(Int)
  /// A part of a step begins or has ended; for sinks that want phases.
  case phase(PhaseReport)
  /// A collective has ended; for sinks that want collectives, and told at the step's end.
  case collective(CollectiveRecord)
  /// Nothing more will happen.
  case ended(TrainingResult)
}

/// Something that takes the events of a training: a log, a progress bar, a chart, early stopping.
///
/// Every rank has its own sinks and tells them in the order in which they were added, on the thread that
/// trains. One that only rank 0 needs is added there alone; it calls no collective.
public protocol EventSink: AnyObject {
  /// Takes an event; what it throws ends the training.
  func take(_ event: TrainingEvent) throws
  /// Is told that the training ends by an error, with no further event.
  func trainingFailed(_ error: any Error)
  /// Whether phases are told, too.
  var wantsPhases: Bool { get }
  /// Whether collectives are told, too, whose times are noted only then.
  var wantsCollectives: Bool { get }
  /// Whether the training is to end after the step under way, as a finished one; true on one rank ends
  /// all of them at the same step.
  var wantsEnd: Bool { get }
}

extension EventSink {
  /// Nothing is to be done.
  public func trainingFailed(_ error: any Error) {}
  /// Steps and what is rarer are enough.
  public var wantsPhases: Bool { false }
  /// Steps and what is rarer are enough.
  public var wantsCollectives: Bool { false }
  /// The training goes on.
  public var wantsEnd: Bool { false }
}

/// What a training begins with.
public struct TrainingStart: Sendable {
  /// Optimizer steps done by earlier parts of it.
  public let step: Int
  /// Optimizer steps at which it will end.
  public let steps: Int
  /// Training records over all ranks; nil where the loop was not told.
  public let records: Int?
  /// How many ranks train together.
  public let worldSize: Int
  /// Trained numbers, and others that the model holds as parameters.
  public let parameters: Int
}

/// What a step did.
public struct StepReport: Sendable {
  /// Optimizer steps done, this one included.
  public let step: Int
  /// Optimizer steps in the whole run.
  public let steps: Int
  /// The epoch, counted from 0.
  public let epoch: Int
  /// Whether the epoch's last batch was trained on.
  public let isLastOfEpoch: Bool
  /// The step's loss and figures over all ranks.
  public let figures: Figures
  /// The learning rate that the next step will use.
  public let learningRate: Double
  /// The learning rate that this step used.
  public let usedLearningRate: Double
  /// Seconds that the step took on this rank.
  public let seconds: Double
  /// Records per second over all ranks since the run began.
  public let recordsPerSecond: Double
  /// Whether the run stops after this step because somebody asked for it.
  public let isStopping: Bool
  /// Whether a sink has asked for the training's end.
  public let endsEarly: Bool
  /// The norm of all gradients together before they were clipped, where they were or where
  /// ``TrainerOptions/reportsGradNorm`` asks for it.
  public let gradNorm: Double?

  /// Whether no step follows, unless the run is resumed.
  public var isLast: Bool { step >= steps || isStopping || endsEarly }
}

/// What an evaluation found.
public struct EvaluationReport: Sendable {
  /// Optimizer steps done.
  public let step: Int
  /// What was judged by, as figures are called: `validation`, `test`.
  public let split: String
  /// The loss and figures over all ranks.
  public let figures: Figures
  /// Whether the training is over.
  public let isFinal: Bool

  /// Figures with what they are of.
  public init(step: Int, split: String, figures: Figures, isFinal: Bool = false) {
    self.step = step
    self.split = split
    self.figures = figures
    self.isFinal = isFinal
  }
}

/// A part of a step, of an evaluation or of a checkpoint.
public struct PhaseReport: Sendable {
  /// The step that is under way, counted from 1; of what lies between two steps, the next one.
  public let step: Int
  /// What it is.
  public let phase: RunPhase
  /// What it is called, where that says more than the phase.
  public let name: String
  /// When it began, in nanoseconds of `ProcessGroup.now`.
  public let began: UInt64
  /// When it ended; nil while it is under way.
  public let ended: UInt64?

  /// A part of a step.
  public init(step: Int, phase: RunPhase, name: String, began: UInt64, ended: UInt64?) {
    self.step = step
    self.phase = phase
    self.name = name
    self.began = began
    self.ended = ended
  }
}

/// What came of a training.
public struct TrainingResult: Sendable {
  /// How it ended.
  public let end: TrainingEnd
  /// Optimizer steps done.
  public let step: Int
  /// Records trained on per second; nil where none was.
  public let recordsPerSecond: Double?
  /// What data parallelism was and took; nil for a process on its own.
  public let statistics: DataParallelStatistics?
  /// What a configured run is judged by, and where its model is.
  public let results: MetricValues
}

/// How a training ended.
public enum TrainingEnd: Sendable {
  /// All epochs or steps are done, or a sink asked for the end.
  case finished
  /// Somebody asked to stop.
  case stopped
}
