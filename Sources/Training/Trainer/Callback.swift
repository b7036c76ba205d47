/// Something that is told how training goes: logs, progress bars, checkpoints, early stopping.
///
/// Callbacks run on every rank, in the order in which they were added. One that only rank 0 needs
/// checks the rank itself, and calls no collective then.
public protocol TrainingCallback: AnyObject {
  /// The loop begins at a step.
  func trainingBegan(_ step: Int, of steps: Int) throws
  /// A step is done.
  func stepEnded(_ report: StepReport) throws
  /// The loader has handed out an epoch; the argument counts the epochs that are done.
  func epochEnded(_ epochs: Int) throws
}

extension TrainingCallback {
  /// Nothing.
  public func trainingBegan(_ step: Int, of steps: Int) throws {}
  /// Nothing.
  public func stepEnded(_ report: StepReport) throws {}
  /// Nothing.
  public func epochEnded(_ epochs: Int) throws {}
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
  /// Seconds that the step took on this rank.
  public let seconds: Double
  /// Records per second over all ranks since the run began.
  public let recordsPerSecond: Double
  /// Whether the run stops after this step because somebody asked for it.
  public let isStopping: Bool
  /// The norm of all gradients together before they were clipped, where they were or where
  /// ``TrainerOptions/reportsGradNorm`` asks for it.
  public let gradNorm: Double?

  init(
    step: Int, of steps: Int, epoch: Int, isLastOfEpoch: Bool, figures: Figures,
    learningRate: Double, seconds: Double, recordsPerSecond: Double, isStopping: Bool,
    gradNorm: Double? = nil
  ) {
    self.step = step
    self.steps = steps
    self.epoch = epoch
    self.isLastOfEpoch = isLastOfEpoch
    self.figures = figures
    self.learningRate = learningRate
    self.seconds = seconds
    self.recordsPerSecond = recordsPerSecond
    self.isStopping = isStopping
    self.gradNorm = gradNorm
  }
}
