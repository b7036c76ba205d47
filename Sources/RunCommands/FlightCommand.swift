import ArgumentParser
import Base
import Collectives
import Foundation
import Training

/// `ddp-train flight RUN`: says from the ranks' flight recorders who held a failed run up.
struct FlightCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flight",
    abstract: "Says which worker of a failed run is behind, and at which operation.",
    discussion: """
      Workers write their last operations to RUN/flight/rank-R.json when a run fails, and whenever \
      they get SIGUSR2.
      """)

  @Argument(
    help: "The run directory, or its folder flight.", completion: .directory,
    transform: { try UserPath.expanded($0) })
  var runDirectory: String

  func run() throws {
    let analysis: FlightAnalysis
    do {
      analysis = FlightAnalysis(try FlightDump.read(runDirectory))
    } catch {
      StandardStream.error.print("ddp-train: \(error)")
      throw ExitCode.failure
    }
    let text = analysis.lines.joined(separator: "\n")
    guard StandardStream.output.print(text) else { throw ExitCode.failure }
  }
}
