import ArgumentParser
import Base
import Foundation

/// `ddp-launch doctor`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check what training on this machine needs, and say what to set.",
    discussion: "Exits with 1 where something is missing without which no job can run.")

  @Option(
    help: "Open MPI's mpirun, where it is not on PATH.",
    transform: { try UserPath.expanded($0) })
  var mpirun: String?

  func run() throws {
    let findings =
      MPIChecks(mpirun: mpirun).findings() + MachineChecks().findings()
    for finding in findings { StandardStream.output.print(finding.text) }
    if findings.contains(where: { $0.state == .broken }) { throw ExitCode(1) }
  }
}

/// What one check found.
package struct Finding: Sendable, Equatable {
  /// How bad it is.
  package enum State: String, Sendable {
    /// Nothing to do.
    case ok
    /// It works; it could work better, or plain mpirun needs more than ddp-launch.
    case advice
    /// No job can run.
    case broken
  }

  /// How bad it is.
  package var state: State
  /// What was checked.
  package var subject: String
  /// What was found.
  package var detail: String
  /// What to set or install.
  package var remedy: String?

  package init(_ state: State, _ subject: String, _ detail: String, remedy: String? = nil) {
    self.state = state
    self.subject = subject
    self.detail = detail
    self.remedy = remedy
  }

  /// The finding as a line, and its remedy as another.
  package var text: String {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    let head = padded(state.rawValue, 8) + padded(subject, 14) + detail
    return head + (remedy.map { "\n\(String(repeating: " ", count: 22))→ \($0)" } ?? "")
  }
}
