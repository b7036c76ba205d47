import Base
import Foundation

/// What failed first in an attempt, and how.
package struct Failure: Sendable {
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
  /// The ranks for which it waited in vain, each with the last lines of its standard error.
  package var missing: [(rank: Int, lastLines: [String])] = []

  /// The failure of a rank's program.
  package init(rank: Int, end: RankEnd, lastLines: [String]) {
    self.rank = rank
    reason = Self.reason(end.code)
    exitCode = end.code < 0 ? 128 - end.code : end.code
    circumstances =
      "host \(end.host), process \(end.pid), after \(String(format: "%.1f", end.seconds)) s"
    self.lastLines = lastLines
  }

  /// A failure that the rank has explained.
  ///
  /// - Parameter end: How its program ended, where that is known and was not another's doing.
  package init(
    rank: Int, report: RankReport, end: RankEnd?, exitCode: Int32, lastLines: (Int) -> [String]
  ) {
    self.init(
      rank: rank,
      end: end
        ?? RankEnd(
          host: report.host, pid: report.pid, code: exitCode, wasAsked: false, time: report.time,
          seconds: report.seconds),
      lastLines: [])
    let cause = report.message.lines.first { !$0.isEmpty }.map(String.init) ?? ""
    if !cause.isEmpty { reason = cause }
    self.lastLines = lastLines(rank).filter { !$0.contains(reason) }
    missing = report.waitsFor.prefix(Self.shownMissing).map {
      ($0, lastLines($0).suffix(Self.linesOfMissing))
    }
  }

  private static let shownMissing = 4, linesOfMissing = 3

  /// A failure that only mpirun tells of.
  package init(rank: Int?, reason: String, exitCode: Int32, lastLines: [String]) {
    self.rank = rank
    self.reason = reason
    self.exitCode = exitCode
    self.lastLines = lastLines
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

  /// What mpirun says of a rank's keeper that a signal has ended: a program's own end its keeper tells.
  package static func killedKeeper(in lines: [String]) -> Failure? {
    for line in lines {
      guard let range = line.range(of: "noticed that process rank ") else { continue }
      let words = line[range.upperBound...].split(separator: " ")
      guard let rank = words.first.flatMap({ Int($0) }),
        let place = words.firstIndex(of: "signal"), place + 1 < words.count,
        let number = Int32(words[place + 1]), (1...64).contains(number)
      else { continue }
      let node = words.firstIndex(of: "node").flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
      return Failure(
        rank: rank,
        reason: "its keeper was ended by \(reason(-number))"
          + (node.map { " on host \($0)" } ?? ""),
        exitCode: 128 + number, lastLines: [])
    }
    return nil
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
    for (rank, said) in missing {
      lines.append(
        "it waited for rank \(rank), "
          + (said.isEmpty
            ? "which said nothing on standard error"
            : "the last lines of whose standard error are:"))
      lines += said.map { "    \($0)" }
    }
    if !lastLines.isEmpty {
      let own = missing.isEmpty ? "the last lines of its standard error:" : nil
      lines.append(rank.map { own ?? "rank \($0) said besides:" } ?? "mpirun said:")
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
