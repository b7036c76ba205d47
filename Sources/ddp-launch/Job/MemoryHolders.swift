import CProcess
import Foundation

/// The processes that keep a job's checkpoints in memory from one attempt to the next: a ``MemoryHolder`` on
/// each of the first two hosts, where workers leave copies.
///
/// Each has an mpirun of its own, so that a host that is lost takes no other's with it.
final class MemoryHolders {
  /// How many hosts have copies.
  private static let copies = 2
  /// Seconds that they have to end.
  private static let patience = 5.0

  private struct Holder {
    /// The attempt since which it keeps its folder.
    let attempt: Int
    let child: ChildProcess
    /// Where its mpirun keeps what it needs.
    let session: String
  }

  private let program: String
  private let job = "\(String(UInt32.random(in: .min ... .max), radix: 16))-\(getpid())"
  private var holders: [String: Holder] = [:]

  /// - Parameter program: This program's path, the same on all hosts.
  init(program: String) { self.program = program }

  /// Sees to it that the hosts which are to have copies in an attempt keep them, and gives up what hosts have
  /// without which it runs.
  func follow(_ plan: JobPlan, attempt: Int) -> MemoryPlan {
    let hosts = plan.hosts.map(\.name)
    for (host, holder) in holders {
      let hasEnded = holder.child.exitStatus() != nil
      if hasEnded || !hosts.contains(host) { drop(host, holder, hasEnded: hasEnded) }
    }
    for host in hosts.prefix(Self.copies) where holders[host] == nil {
      holders[host] = start(on: host, plan, attempt)
    }
    var result = MemoryPlan(job: job)
    for (number, host) in hosts.enumerated() { result.since[number] = holders[host]?.attempt }
    return result
  }

  /// Ends all, and with them what they keep.
  func end() {
    for holder in holders.values { kill(holder.child.pid, SIGTERM) }
    let end = Date().addingTimeInterval(Self.patience)
    while !holders.isEmpty, Date() < end {
      for (host, holder) in holders where holder.child.exitStatus() != nil {
        drop(host, holder, hasEnded: true)
      }
      usleep(10_000)
    }
    for (host, holder) in holders { drop(host, holder, hasEnded: false) }
  }

  /// Forgets one, whose host may not be reached any more: without its mpirun it ends by itself.
  private func drop(_ host: String, _ holder: Holder, hasEnded: Bool) {
    if !hasEnded {
      kill(-holder.child.pid, SIGKILL)
      var ignored: Int32 = 0
      waitpid(holder.child.pid, &ignored, 0)
    }
    try? FileManager.default.removeItem(atPath: holder.session)
    holders[host] = nil
  }

  private func start(on host: String, _ plan: JobPlan, _ attempt: Int) -> Holder? {
    let session = HostProbe.session()
    var environment = plan.environment(inherited: ProcessInfo.processInfo.environment)
    environment["TMPDIR"] = session
    let sink = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(sink) }
    let exported = ["PATH", "LD_LIBRARY_PATH"].filter { environment[$0] != nil }
    let child = try? ChildProcess(
      plan.mpirun,
      plan.extraOptions + ["-H", host, "-n", "1", "--bind-to", "none"]
        + exported.flatMap { ["-x", $0] } + [program]
        + MemoryHolder.arguments(folder: MemoryPlan.folder(job: job, since: attempt)),
      environment: environment, output: sink, error: sink, ownGroup: true, diesWith: SIGTERM)
    guard let child else {
      try? FileManager.default.removeItem(atPath: session)
      return nil
    }
    return Holder(attempt: attempt, child: child, session: session)
  }
}
