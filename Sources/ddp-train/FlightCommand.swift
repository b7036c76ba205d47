import ArgumentParser
import Base
import Foundation
import Torus

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
    help: "The run directory, or its folder flight.", transform: { try UserPath.expanded($0) })
  var runDirectory: String

  func run() throws {
    do {
      let analysis = FlightAnalysis(try FlightDump.read(runDirectory))
      for line in analysis.lines { print(line) }
    } catch {
      FileHandle.standardError.write(Data("ddp-train: \(error)\n".utf8))
      throw ExitCode.failure
    }
  }
}
