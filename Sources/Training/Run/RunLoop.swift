import Models

/// What an evaluation leads to.
package enum EvaluationOutcome {
  /// The run goes on.
  case goesOn
  /// The run is over: it gets no better.
  case endsRun
  /// It was stopped in the midst of it, and takes place when the run goes on.
  case stopped
}

/// The loop of a configured run: a step, an evaluation and a checkpoint where they are due, and so on.
///
/// Every rank runs it, and all ranks evaluate and save at the same steps.
package final class RunLoop<Content> {
  private let trainer: Trainer<Content>
  private let evaluation: EvaluationConfiguration
  private let checkpoint: CheckpointConfiguration
  /// Tells the launcher of each step.
  private let progress: LaunchProgress?
  /// Whether the run's end is an evaluation as any other, and not one of its own.
  private let judgesEnd: Bool
  /// Judges the model.
  private let evaluate: () throws -> EvaluationOutcome
  /// Saves a checkpoint and returns its path. It is told whether an evaluation is due that did not take
  /// place, since the run stops.
  private let write: (_ awaitsEvaluation: Bool) throws -> String
  /// Keeps a checkpoint in memory.
  private let remember: () throws -> Void
  /// Waits until what was saved is on disk.
  private let settle: () throws -> Void
  private var savedStep: Int?

  package init(
    _ trainer: Trainer<Content>, _ evaluation: EvaluationConfiguration,
    _ checkpoint: CheckpointConfiguration, progress: LaunchProgress?, judgesEnd: Bool,
    evaluate: @escaping () throws -> EvaluationOutcome,
    save: @escaping (_ awaitsEvaluation: Bool) throws -> String,
    remember: @escaping () throws -> Void, settle: @escaping () throws -> Void
  ) {
    self.trainer = trainer
    self.evaluation = evaluation
    self.checkpoint = checkpoint
    self.progress = progress
    self.judgesEnd = judgesEnd
    self.evaluate = evaluate
    write = save
    self.remember = remember
    self.settle = settle
  }

  /// Runs a training that was begun.
  /// - Parameter awaitsEvaluation: Whether the checkpoint from which the run goes on stopped at a step
  ///   whose evaluation was due: it takes place now, so that the run goes on as one that never stopped.
  package func run(awaitsEvaluation: Bool) throws -> TrainingEnd {
    if awaitsEvaluation, let end = try endOfEvaluation() { return end }
    while let report = try trainer.next() {
      progress?.reached(step: report.step)
      let isEnd = report.step >= report.steps || report.endsEarly
      let isJudged = isEnd ? judgesEnd : report.isDue(evaluation.everySteps, evaluation.everyEpochs)
      if report.isStopping {
        // Whoever asked may not wait long; what is due is judged when the run goes on.
        try saveLast(awaitsEvaluation: isJudged)
        return .stopped
      }
      if isJudged, let end = try endOfEvaluation() { return end }
      if isEnd { continue }
      let isSaved = report.isDue(checkpoint.everySteps, checkpoint.everyEpochs)
      // One that is still being written is none to go on from.
      if report.isDue(checkpoint.memoryEvery, nil), !isSaved || checkpoint.asynchronous {
        try trainer.during(.checkpoint, named: "memory checkpoint", remember)
      }
      if isSaved { try save() }
    }
    return .finished
  }

  /// How the run ends by an evaluation; nil where it goes on.
  private func endOfEvaluation() throws -> TrainingEnd? {
    switch try evaluate() {
    case .goesOn: return nil
    case .endsRun: return .finished
    case .stopped:
      try saveLast(awaitsEvaluation: true)
      return .stopped
    }
  }

  /// Saves the present state, and waits until it is on disk.
  package func saveLast(awaitsEvaluation: Bool = false) throws {
    try save(awaitsEvaluation: awaitsEvaluation)
    try trainer.during(.checkpoint, named: "checkpoint on disk", settle)
  }

  /// Saves the present state, once for each step.
  private func save(awaitsEvaluation: Bool = false) throws {
    guard savedStep != trainer.step else { return }
    savedStep = trainer.step
    try trainer.checkParameters()
    let path = try trainer.during(.checkpoint) { try write(awaitsEvaluation) }
    try trainer.tell(.checkpoint(path: path, step: trainer.step))
  }
}

extension StepReport {
  /// Whether something is due that is done every so many steps or epochs.
  fileprivate func isDue(_ steps: Int?, _ epochs: Int?) -> Bool {
    if let steps, step % steps == 0 { return true }
    if let epochs, isLastOfEpoch, (epoch + 1) % epochs == 0 { return true }
    return false
  }
}
