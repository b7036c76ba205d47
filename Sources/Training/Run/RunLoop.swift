import Models

/// The loop of a configured run: a step, an evaluation and a checkpoint where they are due, and so on.
///
/// Every rank runs it, and all ranks evaluate and save at the same steps.
final class RunLoop<Content> {
  private let trainer: Trainer<Content>
  private let evaluation: EvaluationConfiguration
  private let checkpoint: CheckpointConfiguration
  /// Whether the run's end is an evaluation as any other, and not one of its own.
  private let judgesEnd: Bool
  /// Judges the model; false ends the run.
  private let evaluate: () throws -> Bool
  /// Saves a checkpoint and returns its path. It is told whether an evaluation is due that did not take
  /// place, since the run stops.
  private let write: (_ awaitsEvaluation: Bool) throws -> String
  /// Keeps a checkpoint in memory.
  private let remember: () throws -> Void
  private var savedStep: Int?

  init(
    _ trainer: Trainer<Content>, _ evaluation: EvaluationConfiguration,
    _ checkpoint: CheckpointConfiguration, judgesEnd: Bool, evaluate: @escaping () throws -> Bool,
    save: @escaping (_ awaitsEvaluation: Bool) throws -> String,
    remember: @escaping () throws -> Void
  ) {
    self.trainer = trainer
    self.evaluation = evaluation
    self.checkpoint = checkpoint
    self.judgesEnd = judgesEnd
    self.evaluate = evaluate
    write = save
    self.remember = remember
  }

  /// Runs a training that was begun.
  /// - Parameter awaitsEvaluation: Whether the checkpoint from which the run goes on stopped at a step
  ///   whose evaluation was due: it takes place now, so that the run goes on as one that never stopped.
  func run(awaitsEvaluation: Bool) throws -> TrainingEnd {
    if awaitsEvaluation, try !evaluate() { return .finished }
    while let report = try trainer.next() {
      let isEnd = report.step >= report.steps || report.endsEarly
      let isJudged = isEnd ? judgesEnd : report.isDue(evaluation.everySteps, evaluation.everyEpochs)
      if report.isStopping {
        // Whoever asked may not wait long; what is due is judged when the run goes on.
        try save(awaitsEvaluation: isJudged)
        return .stopped
      }
      if isJudged, try !evaluate() { return .finished }
      if isEnd { continue }
      if report.isDue(checkpoint.everySteps, checkpoint.everyEpochs) {
        try save()
      } else if report.isDue(checkpoint.memoryEvery, nil) {
        try trainer.during(.checkpoint, named: "memory checkpoint", remember)
      }
    }
    return .finished
  }

  /// Saves the present state, once for each step.
  func save(awaitsEvaluation: Bool = false) throws {
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
