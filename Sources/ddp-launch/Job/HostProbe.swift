import Foundation
import Synchronization

/// What came of starting a small program on a host, by the way that the workers will be started.
enum HostAnswer: Sendable {
  /// It ran, and the host has that many cores.
  case cores(Int)
  /// It did not; what mpirun or ssh said.
  case silence(String)
}

/// Asks hosts whether mpirun can start programs there, all at once.
package struct HostProbe {
  /// Seconds that a host has to answer.
  private static let deadline = 20.0

  let plan: JobPlan

  /// The answers of hosts, in their order.
  func ask(_ hosts: [HostEntry]) -> [HostAnswer] {
    let answers = Mutex([HostAnswer](repeating: .silence("not asked"), count: hosts.count))
    let group = DispatchGroup()
    for (index, host) in hosts.enumerated() {
      group.enter()
      // A child ends with the thread that started it, so each has one that waits for it.
      Thread.detachNewThread {
        let answer = ask(host)
        answers.withLock { $0[index] = answer }
        group.leave()
      }
    }
    group.wait()
    return answers.withLock { $0 }
  }

  private func ask(_ host: HostEntry) -> HostAnswer {
    let session = Self.session()
    defer { try? FileManager.default.removeItem(atPath: session) }
    var environment = plan.environment(inherited: ProcessInfo.processInfo.environment)
    environment["TMPDIR"] = session
    let run = CapturedRun(
      plan.mpirun,
      plan.extraOptions + [
        "-H", host.name, "-n", "1", "--bind-to", "none", "getconf", "_NPROCESSORS_ONLN",
      ],
      environment: environment, deadline: Self.deadline)
    guard let run else { return .silence("\(plan.mpirun) could not be started") }
    // ssh ends its lines with a carriage return too.
    let lines = String(decoding: run.output, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map(String.init)
    if run.code == 0, let cores = lines.last.flatMap({ Int($0) }) { return .cores(cores) }
    guard run.code != nil else {
      return .silence("no answer in \(Int(Self.deadline)) s (switched off, or cut off?)")
    }
    return .silence(Self.reason(in: lines))
  }

  /// A new folder for what an mpirun keeps while it runs: one that ends removes the folder that another one is
  /// about to use.
  static func session() -> String {
    let session = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-\(UUID().uuidString.prefix(8))").path
    try? FileManager.default.createDirectory(
      atPath: session, withIntermediateDirectories: true)
    return session
  }

  /// What kept a host from answering: ssh's own words, or mpirun's first line.
  package static func reason(in lines: [String]) -> String {
    let said = lines.filter { line in !line.isEmpty && !line.allSatisfy { $0 == "-" } }
    func says(_ words: String) -> Bool { said.contains { $0.contains(words) } }
    if says("plm_rsh_agent: ssh") {
      return "ssh is not installed here: apt-get install openssh-client"
    }
    if says("unable to complete a TCP connection") {
      return "no TCP connection from there to here (a firewall, or its network is cut?)"
    }
    return said.first { $0.hasPrefix("ssh: ") } ?? said.first ?? "mpirun gave no reason"
  }
}
