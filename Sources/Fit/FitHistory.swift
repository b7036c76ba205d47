import Foundation
import Reports
import Tensors
import Training

/// The figures of a fitted model, epoch by epoch, as `Model.fit` of Keras returns them.
public struct FitHistory: Sendable {
  /// Training figures of each epoch.
  public internal(set) var training: [Figures] = []
  /// Validation figures after each epoch.
  public internal(set) var validation: [Figures] = []
  /// Seconds that each epoch took, its validation included; empty where the loop was not ``CompiledModel``'s.
  public internal(set) var seconds: [Double] = []
  /// Why training ended before its epochs were done; nil where it did not.
  public internal(set) var stoppedBy: String?

  /// The names of all figures: `loss`, `accuracy`, `val_loss`, …
  public var names: [String] {
    (training.first?.values.map(\.name) ?? [])
      + (validation.first?.values.map { "val_" + $0.name } ?? [])
  }

  /// A figure of each epoch by its name (Keras' `history.history["val_loss"]`).
  /// - Returns: Empty where there is no such figure.
  public subscript(name: String) -> [Double] {
    name.hasPrefix("val_")
      ? validation.compactMap { $0[String(name.dropFirst(4))] } : training.compactMap { $0[name] }
  }

  /// The curves of figures over the epochs as lines of text.
  /// - Parameters:
  ///   - names: Which figures, drawn over each other; by default the losses.
  ///   - columns: The width in characters.
  ///   - rows: The height of the curves.
  public func plot(_ names: [String] = ["loss", "val_loss"], columns: Int = 72, rows: Int = 12)
    -> String
  {
    let curves = names.compactMap { name -> TerminalPlot.Curve? in
      let values = self[name]
      guard !values.isEmpty else { return nil }
      return TerminalPlot.Curve(
        name: name,
        series: MetricSeries(name, steps: Array(1...values.count), values: values))
    }
    return TerminalPlot(curves, columns: columns, rows: rows).lines.joined(separator: "\n")
  }
}

extension FitHistory: CustomStringConvertible {
  /// A row for each epoch with all figures.
  public var description: String {
    var cells = [["epoch"] + names]
    for epoch in training.indices {
      cells.append(
        ["\(epoch + 1)"]
          + names.map { name in
            let values = self[name]
            return epoch < values.count ? RunProgress.fourDigits(values[epoch]) : "-"
          })
    }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let lines = cells.map { row in
      zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }
        .joined(separator: "  ")
    }
    return (lines + (stoppedBy.map { [$0] } ?? [])).joined(separator: "\n")
  }
}

/// The figures of an epoch's steps, added up.
struct EpochFigures {
  private var steps: [Figures] = []

  mutating func add(_ report: StepReport) { steps.append(report.figures) }

  /// The means over all steps; nil where there was nothing to be a mean over.
  var means: Figures? {
    let count = steps.reduce(0) { $0 + $1.count }
    guard count > 0 else { return nil }
    let names = steps.first?.values.map(\.name) ?? []
    var figures = Figures(
      records: steps.reduce(0) { $0 + $1.records },
      values: names.map { name in
        let sum = steps.reduce(0.0) { $0 + ($1[name] ?? 0) * Double($1.count) }
        return (name, sum / Double(count))
      })
    if steps.first?.targets != nil { figures.targets = count }
    return figures
  }
}

/// What `fit` shows of a training.
struct FitDisplay {
  private let epochs: Int
  private let report: ProgressReport?
  private let isInteractive: Bool

  init(_ epochs: Int, isShown: Bool) {
    self.epochs = epochs
    let terminal = Terminal.standardOutput()
    isInteractive = terminal.isInteractive
    report = isShown ? ProgressReport(terminal: terminal) : nil
  }

  func step(_ step: StepReport, epoch: Int) {
    guard isInteractive else { return }
    report?.update(
      RunProgress(
        step: step.step, of: step.steps, epoch: epoch, of: epochs,
        samplesPerSecond: step.recordsPerSecond, figures: step.figures.values))
  }

  func epoch(_ history: FitHistory) {
    let names = history.names
    let figures = names.compactMap { name in
      history[name].last.map { "\(name) \(RunProgress.fourDigits($0))" }
    }
    let seconds = history.seconds.last.map { String(format: "%.1f s", $0) } ?? ""
    say(
      (["epoch \(history.training.count)/\(epochs)"] + figures + [seconds]).joined(separator: "  "))
  }

  func say(_ line: String) { report?.print(line) }

  func end() { report?.finish() }
}
