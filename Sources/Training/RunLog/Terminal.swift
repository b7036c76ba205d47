import Foundation

/// What standard output leads to.
package struct Terminal: Sendable, Equatable {
  /// Whether lines can be redrawn in place.
  package let isInteractive: Bool
  /// Characters in a line.
  package let columns: Int

  /// A terminal with the properties given.
  package init(isInteractive: Bool, columns: Int = 80) {
    self.isInteractive = isInteractive
    // What the environment says may be any number.
    self.columns = min(max(columns, 1), 10_000)
  }

  /// This process's standard output.
  ///
  /// Under mpirun standard output claims to be a terminal even when it is piped to a file, so
  /// there only the launcher's word counts: it sets `TORUS_TERMINAL` (0 or 1) and
  /// `TORUS_COLUMNS` for its workers.
  package static func standardOutput(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Terminal {
    let columns = environment["TORUS_COLUMNS"] ?? environment["COLUMNS"]
    if let word = environment["TORUS_TERMINAL"] {
      return Terminal(isInteractive: word == "1", columns: columns.flatMap(Int.init) ?? 80)
    }
    let underMPI = environment["OMPI_COMM_WORLD_SIZE"] != nil || environment["PMI_SIZE"] != nil
    guard !underMPI, isatty(STDOUT_FILENO) == 1, environment["TERM"] != "dumb" else {
      return Terminal(isInteractive: false)
    }
    var size = winsize()
    let known = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return Terminal(
      isInteractive: true, columns: known ? Int(size.ws_col) : columns.flatMap(Int.init) ?? 80)
  }
}
