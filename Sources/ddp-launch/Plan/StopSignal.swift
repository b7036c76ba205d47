import Foundation

/// The signal by which workers are asked to save and stop.
package enum StopSignal: String, Sendable, CaseIterable {
  /// What most programs expect.
  case term = "TERM"
  /// As Ctrl-C.
  case interrupt = "INT"
  /// As of a terminal that went away.
  case hangup = "HUP"
  /// As Ctrl-\\.
  case quit = "QUIT"
  /// What `ddp-train` expects: mpirun's TERM, when another rank fails, is then something else.
  case user1 = "USR1"
  /// Another signal that is the program's own.
  case user2 = "USR2"

  /// Reads `TERM` or `SIGTERM`.
  package init(_ text: String) throws(LaunchError) {
    let name = text.uppercased()
    guard let signal = Self(rawValue: name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name)
    else {
      throw .badValue(
        option: "--stop-signal", given: text,
        expected: "one of " + Self.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self = signal
  }

  /// Its number.
  package var number: Int32 {
    switch self {
    case .term: SIGTERM
    case .interrupt: SIGINT
    case .hangup: SIGHUP
    case .quit: SIGQUIT
    case .user1: SIGUSR1
    case .user2: SIGUSR2
    }
  }
}
