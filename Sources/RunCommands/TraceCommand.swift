import ArgumentParser
import Base
import Foundation
import Training

/// `ddp-train trace RUN`: makes a trace of what the workers of a failed run left.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Puts together what the workers of a failed run have left of its timeline.",
    discussion: """
      With --trace each worker writes its events to RUN/trace.json.parts/rank-R.json as they come. A \
      run that fails makes RUN/trace.failed.json of them by itself, unless all its workers were \
      killed, or there is very much.
      """)

  @Argument(
    help: "The run directory, the file that --trace named, or its folder of parts.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var path: String

  func run() throws {
    let parts = TraceParts(at: path)
    do {
      guard let merged = try parts.merge(because: "killed") else {
        throw Busy(folder: parts.folder)
      }
      let ranks = merged.ranks
      for (rank, lines) in merged.damaged {
        StandardStream.error.print(
          "ddp-train: \(lines) damaged lines of \(parts.folder)/rank-\(rank).json are left out")
      }
      StandardStream.output.print(
        "\(parts.failedTrace): rank\(ranks.count == 1 ? "" : "s") "
          + ranks.map(String.init).joined(separator: ", "))
    } catch {
      StandardStream.error.print("ddp-train: \(error)")
      throw ExitCode.failure
    }
  }

  private struct Busy: Error, CustomStringConvertible {
    let folder: String
    var description: String {
      "a worker puts the parts in \(folder) together now; wait for its end"
    }
  }
}
