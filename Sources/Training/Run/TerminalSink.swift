import Models

/// Shows a run's events on the terminal. On rank 0 alone.
package final class TerminalSink: EventSink {
  private let progress = ProgressReport()
  private let epochs: Int?

  package init(epochs: Int?) { self.epochs = epochs }

  /// Prints a line that stays.
  package func say(_ line: String) { progress.print(line) }

  /// Ends the bar's line, so that what follows starts on a fresh one.
  package func endLine() { progress.finish() }

  package func take(_ event: TrainingEvent) {
    switch event {
    case .step(let report):
      progress.update(
        RunProgress(
          step: report.step, of: report.steps, epoch: epochs == nil ? nil : report.epoch + 1,
          of: epochs, samplesPerSecond: report.recordsPerSecond, figures: report.figures.values))
    case .evaluation(let report) where !report.isFinal:
      say("step \(report.step): \(Self.words(report))")
    case .ended: progress.finish()
    default: break
    }
  }

  /// `test loss 0.0256, test accuracy 98.89 %`
  package static func words(_ report: EvaluationReport) -> String {
    report.figures.values
      .map { "\(report.split) \($0.name) \(MetricDefinition.text($0.name, $0.value))" }
      .joined(separator: ", ")
  }
}
