import Foundation

/// What failed first in an attempt, and how.
package struct Failure: Sendable, Equatable {
  /// The rank, nil where a host or mpirun itself failed.
  package var rank: Int?
  /// The host that was lost.
  package var host: String?
  /// What happened: `exit code 3`, `signal SIGKILL (Killed)`.
  package var reason: String
  /// The exit code that the launcher hands on: 128 + n for signal n.
  package var exitCode: Int32
  /// Where and when: `host node1, process 4711, after 1.2 s`.
  package var circumstances: String?
  /// The last lines that the rank wrote to standard error, or mpirun's own.
  package var lastLines: [String] = []

  /// The failure of a rank's program.
  package init(rank: Int, end: RankEnd, lastLines: [String]) {
    self.rank = rank
    reason = Self.reason(end.code)
    exitCode = end.code < 0 ? 128 - end.code : end.code
    circumstances =
      "host \(end.host), process \(end.pid), after \(String(format: "%.1f", end.seconds)) s"
    self.lastLines = lastLines
  }

  /// A failure that only mpirun tells of.
  package init(rank: Int?, reason: String, exitCode: Int32, lastLines: [String]) {
    self.rank = rank
    self.reason = reason
    self.exitCode = exitCode
    self.lastLines = lastLines
  }

  /// The first of the ranks' ends that was a failure of its own.
  ///
  /// The first report decides, and on that report's host, where clocks agree, the earliest end.
  package static func first(
    among ends: [(rank: Int, end: RankEnd)], lastLines: (Int) -> [String]
  ) -> Failure? {
    let failed = ends.filter { $0.end.code != 0 && !$0.end.wasAsked }
    guard let reported = failed.first,
      let first = failed.filter({ $0.end.host == reported.end.host })
        .min(by: { $0.end.time < $1.end.time })
    else { return nil }
    return Failure(rank: first.rank, end: first.end, lastLines: lastLines(first.rank))
  }

  /// What mpirun says of a rank that called MPI_Abort, which ends it together with all others.
  package static func abort(in lines: [String], lastLines: (Int) -> [String]) -> Failure? {
    guard let index = lines.firstIndex(where: { $0.contains("MPI_ABORT was invoked on rank") })
    else { return nil }
    func number(after words: String) -> Int? {
      for line in lines[index...] {
        guard let range = line.range(of: words) else { continue }
        return Int(line[range.upperBound...].prefix { $0.isNumber || $0 == "-" })
      }
      return nil
    }
    guard let rank = number(after: "invoked on rank ") else { return nil }
    let code = number(after: "errorcode ") ?? 1
    return Failure(
      rank: rank, reason: "MPI_Abort with code \(code)",
      exitCode: code & 0xFF == 0 ? 1 : Int32(code & 0xFF), lastLines: lastLines(rank))
  }

  /// A host that mpirun no longer reaches: switched off, or cut off.
  package static func lostHost(in lines: [String]) -> Failure? {
    guard lines.contains(where: { $0.contains("lost communication with a remote daemon") }),
      let line = lines.first(where: { $0.contains("Remote daemon:") }),
      let range = line.range(of: " on node ")
    else { return nil }
    var failure = Failure(
      rank: nil, reason: "it is switched off or cut off, or mpirun's daemon there died",
      exitCode: 69, lastLines: [])
    failure.host = line[range.upperBound...].trimmingCharacters(in: .whitespaces)
    return failure
  }

  /// The lines of the report.
  package var report: [String] {
    var lines = [
      (rank.map { "rank \($0) failed first: " } ?? host.map { "host \($0) was lost: " }
        ?? "mpirun failed: ") + reason + (circumstances.map { " (\($0))" } ?? "")
    ]
    if !lastLines.isEmpty {
      lines.append(rank == nil ? "mpirun said:" : "the last lines of its standard error:")
      lines += lastLines.map { "    \($0)" }
    }
    return lines
  }

  /// `exit code 3`, or `signal SIGKILL (Killed)` for a negative code.
  package static func reason(_ code: Int32) -> String {
    guard code < 0 else { return "exit code \(code)" }
    return "signal \(signalName(-code)) (\(String(cString: strsignal(-code))))"
  }

  /// `SIGKILL` for 9.
  package static func signalName(_ number: Int32) -> String {
    let names: [Int32: String] = [
      SIGHUP: "HUP", SIGINT: "INT", SIGQUIT: "QUIT", SIGILL: "ILL", SIGTRAP: "TRAP",
      SIGABRT: "ABRT", SIGBUS: "BUS", SIGFPE: "FPE", SIGKILL: "KILL", SIGUSR1: "USR1",
      SIGSEGV: "SEGV", SIGUSR2: "USR2", SIGPIPE: "PIPE", SIGALRM: "ALRM", SIGTERM: "TERM",
      SIGXCPU: "XCPU", SIGXFSZ: "XFSZ", SIGSYS: "SYS",
    ]
    return names[number].map { "SIG\($0)" } ?? "\(number)"
  }
}
