import ArgumentParser
import Base
import Foundation
import Reports
import Training

/// `ddp-train plot RUN… --metric loss`: curves in the terminal, or all numbers as CSV.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draws a run's curves in the terminal, or writes its numbers as CSV.",
    discussion: """
      ddp-train plot runs/digits-cnn --metric loss
      ddp-train plot runs/a runs/b --metric validation_loss --logarithmic
      ddp-train plot runs/a --csv > a.csv
      """)

  @Argument(
    help: "The run directories.", completion: .directory, transform: { try UserPath.expanded($0) })
  var runDirectories: [String]

  @Option(
    name: .shortAndLong,
    help: """
      A metric's name, as in train_loss, or the end of several: loss means train_loss and \
      validation_loss. May be given several times; by default loss, and with --csv all.
      """)
  var metric: [String] = []

  @Flag(help: "Write the numbers as CSV to standard output instead.")
  var csv = false

  @Flag(
    name: [.customLong("logarithmic"), .customLong("log")], help: "A logarithmic axis of values.")
  var logarithmic = false

  @Option(help: "Columns of a plot; by default the terminal's, else 80.")
  var width: Int?

  @Option(help: "Rows of a plot.")
  var height = 16

  func validate() throws {
    guard (24...1000).contains(width ?? 80), (3...200).contains(height) else {
      throw ValidationError("--width must be between 24 and 1000, and --height between 3 and 200")
    }
  }

  func run() throws {
    try reporting {
      let runs = try RunRecord.read(runDirectories)
      if csv {
        var names: [String]?
        for word in metric { names = (names ?? []) + (try MetricChoice.names(word, of: runs)) }
        StandardStream.output.write(CSVExport.table(runs, metrics: names))
        return
      }
      let terminal = Terminal.standardOutput()
      for (index, word) in (metric.isEmpty ? ["loss"] : metric).enumerated() {
        let names = try MetricChoice.names(word, of: runs)
        let curves = runs.flatMap { run in
          run.series.filter { names.contains($0.name) }.map { series in
            TerminalPlot.Curve(
              name: runs.count > 1 ? "\(run.name) \(series.name)" : series.name, series: series)
          }
        }
        let plot = TerminalPlot(
          curves, columns: width ?? (terminal.isInteractive ? terminal.columns : 80), rows: height,
          usesColour: terminal.isInteractive, isLogarithmic: logarithmic)
        let text = plot.lines.joined(separator: "\n") + "\n"
        StandardStream.output.write(index > 0 ? "\n" + text : text)
      }
    }
  }
}
