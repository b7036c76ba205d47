import Collectives
import Datasets

/// Judges and saves a run as it goes on, as often as its configuration says. On every rank, since
/// both are done by all.
final class RunLoop: TrainingCallback {
  private let configuration: RunConfiguration
  private unowned let trainer: Trainer<Workload.Content>
  private let data: WorkloadData
  private let checkpoints: RunCheckpoints
  private let reporter: RunReporter
  private var savedStep: Int?

  init(
    _ configuration: RunConfiguration, _ trainer: Trainer<Workload.Content>, _ data: WorkloadData,
    _ checkpoints: RunCheckpoints, _ reporter: RunReporter
  ) {
    self.configuration = configuration
    self.trainer = trainer
    self.data = data
    self.checkpoints = checkpoints
    self.reporter = reporter
  }

  func stepEnded(_ report: StepReport) throws {
    let evaluation = configuration.evaluation
    let isLast = report.step == report.steps
    if !isLast, !report.isStopping,
      isDue(report, evaluation.everySteps, evaluation.everyEpochs)
    {
      let figures = try trainer.evaluate(
        data.validation ?? data.heldOut, maxBatches: evaluation.maxBatches)
      try reporter.judged(figures, step: report.step, prefix: "validation")
    }
    let checkpoint = configuration.checkpoint
    if report.isStopping
      || !isLast && isDue(report, checkpoint.everySteps, checkpoint.everyEpochs)
    {
      try save()
    }
  }

  private func isDue(_ report: StepReport, _ steps: Int?, _ epochs: Int?) -> Bool {
    if let steps, report.step % steps == 0 { return true }
    if let epochs, report.isLastOfEpoch, (report.epoch + 1) % epochs == 0 { return true }
    return false
  }

  /// Saves a checkpoint of the present step, unless there is one.
  func save() throws {
    guard savedStep != trainer.step else { return }
    savedStep = trainer.step
    try trainer.checkParameters()
    let path = try trainer.during(.checkpoint) { try checkpoints.save(trainer, data.training) }
    try reporter.saved(path, step: trainer.step)
  }
}
