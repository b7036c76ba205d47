import ArgumentParser
import Base
import Foundation
import Reports
import Training

/// `ddp-train report RUN…`: one HTML page of one or several runs.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes one HTML page that shows runs: curves, times, configurations, warnings.",
    discussion: """
      The page holds all that it needs and asks the network for nothing. Several runs are drawn over each \
      other, and where their configurations differ is shown.
      """)

  @Argument(
    help: "The run directories.", completion: .directory, transform: { try UserPath.expanded($0) })
  var runDirectories: [String]

  @Option(
    name: .shortAndLong,
    help: "The file to write; by default report.html in the only run directory, else here.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var output: String?

  func run() throws {
    try reporting {
      let runs = try RunRecord.read(runDirectories)
      let path = output ?? (runs.count == 1 ? "\(runDirectories[0])/report.html" : "report.html")
      do {
        try Data(ReportPage(runs).html.utf8).write(
          to: URL(fileURLWithPath: path), options: .atomic)
      } catch {
        throw ReportError.unwritable(path, errno: error.errorNumber)
      }
      StandardStream.output.write("\(path)\n")
      for run in runs {
        for warning in run.warnings {
          StandardStream.output.write("\(run.name): \(warning)\n")
        }
      }
    }
  }
}
