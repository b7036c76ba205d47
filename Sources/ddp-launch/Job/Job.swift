import CProcess
import Foundation

/// A job: attempts, one after another, until one succeeds, the user stops it or restarts are used
/// up.
struct Job {
  /// Exit codes after which another attempt would fail the same way: a wrong command line or
  /// configuration (2 by custom, 64 and 78 by sysexits.h), and a program that cannot be run.
  private static let hopeless: Set<Int32> = [2, 64, 78, 126, 127]

  var plan: JobPlan
  /// The hosts that may be used; those that do not answer are left out of an attempt.
  var hosts: [HostEntry]
  var hostRange: HostRange
  /// Workers on each host; nil for the slots of its entry.
  var workersPerHost: WorkersPerHost?
  var maxRestarts: Int
  /// Seconds before the first restart; each further one waits twice as long, at most a minute.
  var restartDelay: Double
  var attempt: Attempt
  var keeperPlan: KeeperPlan
  /// MASTER_ADDR; nil for the first host.
  var masterAddress: String?
  var logFolder: String?
  var logLimit: Int

  /// Runs the job and returns the launcher's exit code.
  func run(keeper: String, console: inout RankConsole, signals: SignalPipe) throws(LaunchError)
    -> Int32
  {
    var plan = plan
    var keeperPlan = keeperPlan
    // Memory in which workers leave what the next attempt goes on from: this host's, so for jobs on it alone.
    let memory =
      hosts.isEmpty && plan.layout.counts.count == 1 && maxRestarts > 0
      ? SessionFiles.memoryFolder() : nil
    defer { if let memory { SessionFiles.removeMemory(memory) } }
    for restart in 0...maxRestarts {
      if !hosts.isEmpty {
        do {
          try useHosts(&plan, &console)
        } catch {
          // A host that was lost may be on its way back.
          guard restart > 0, restart < maxRestarts else { throw error }
          console.note("\(error)")
          if let signal = pause(after: restart, &console, signals) { return 128 + signal }
          continue
        }
      }
      // Rank 0 runs on the first host.
      keeperPlan.masterAddress =
        masterAddress
        ?? (plan.layout.counts.count == 1
          ? "127.0.0.1" : plan.hosts.first?.name ?? Machine.hostName)
      keeperPlan.layout = plan.layout
      keeperPlan.restart = restart
      keeperPlan.command = [plan.program] + arguments(ofRestart: restart)
      keeperPlan.masterPort = self.keeperPlan.masterPort ?? Machine.freePort()
      var logs: RankLogs?
      if let logFolder {
        do throws(LaunchError) {
          logs = try RankLogs(
            folder: "\(logFolder)/\(keeperPlan.runID)/attempt_\(restart)", limit: logLimit)
        } catch {
          // A job that ran is not given up for its logs.
          guard restart > 0 else { throw error }
          console.note("\(error). The job goes on without logs")
        }
      }
      var attempt = attempt
      attempt.layout = plan.layout
      var environment = plan.environment(inherited: ProcessInfo.processInfo.environment)
      if let memory { environment[SessionFiles.memoryVariable] = memory }
      let outcome = try attempt.run(
        mpirun: plan.mpirun, arguments: plan.mpirunArguments(keeper: keeper, plan: keeperPlan),
        environment: environment,
        signals: signals, console: &console, logs: logs)
      switch outcome {
      case .succeeded: return 0
      case .stopped(let signal, let failure):
        guard let failure else { return 128 + signal }
        for line in failure.report { console.note(line) }
        return failure.exitCode
      case .failed(let failure):
        for line in failure.report { console.note(line) }
        if let note = Self.ended(by: failure, plan) { console.note(note) }
        if let logFolder { console.note("logs: \(logFolder)/\(keeperPlan.runID)") }
        guard restart < maxRestarts, !Self.hopeless.contains(failure.exitCode) else {
          return failure.exitCode
        }
        if let signal = pause(after: restart, &console, signals) { return 128 + signal }
      }
    }
    return 1
  }

  /// The program's arguments: `ddp-train` goes on from its last checkpoint after a restart, as
  /// any program can that reads TORUS_RESTART_COUNT.
  func arguments(ofRestart restart: Int) -> [String] {
    let resumes = plan.arguments.contains { $0 == "--resume" || $0.hasPrefix("--resume=") }
    return plan.arguments + (restart > 0 && plan.isTraining && !resumes ? ["--resume"] : [])
  }

  /// What became of the ranks that did not fail themselves.
  private static func ended(by failure: Failure, _ plan: JobPlan) -> String? {
    let workers = plan.layout.workers
    if let host = failure.host {
      // mpirun cuts names at their first dot.
      let lost = plan.hosts.firstIndex { $0.name == host || $0.name.hasPrefix("\(host).") }
      guard let ranks = lost.map({ plan.layout.ranks(ofHost: $0) }) else { return nil }
      let names =
        ranks.count == 1
        ? "rank \(ranks.lowerBound)" : "ranks \(ranks.lowerBound) to \(ranks.upperBound - 1)"
      return "\(names) ran there; the other \(workers - ranks.count) were ended"
    }
    guard failure.rank != nil, workers > 1 else { return nil }
    return workers == 2 ? "the other rank was ended" : "the other \(workers - 1) ranks were ended"
  }

  /// Plans the next attempt with the hosts that answer.
  private func useHosts(_ plan: inout JobPlan, _ console: inout RankConsole) throws(LaunchError) {
    plan.hosts = hosts
    let answers = HostProbe(plan: plan).ask(hosts)
    var used: [(host: HostEntry, workers: Int)] = []
    for (host, answer) in zip(hosts, answers) {
      switch answer {
      case .silence(let reason): console.note("host \(host.name) does not answer: \(reason)")
      case .cores(let cores):
        switch workersPerHost {
        case .number(let count): used.append((host, count))
        case .cores: used.append((host, cores))
        case nil: used.append((host, host.slots ?? 1))
        }
      }
    }
    guard used.count >= hostRange.fewest else {
      throw .tooFewHosts(
        have: used.count, need: hostRange.fewest,
        remedy: "add hosts to the host file, or allow fewer with --nnodes MIN:MAX")
    }
    plan.hosts = used.prefix(hostRange.most).map(\.host)
    plan.layout = HostLayout(used.prefix(hostRange.most).map(\.workers))
  }

  /// Says when the next restart comes and waits for it; returns early with a signal that asks to
  /// stop.
  private func pause(
    after restart: Int, _ console: inout RankConsole, _ signals: SignalPipe
  ) -> Int32? {
    let delay = min(60, restartDelay * Double(1 << min(restart, 10)))
    console.note("restart \(restart + 1) of \(maxRestarts) in \(String(format: "%.1f", delay)) s")
    let end = Date().addingTimeInterval(delay)
    while end.timeIntervalSinceNow > 0 {
      _ = poll([signals.descriptor], milliseconds: Int(end.timeIntervalSinceNow * 1000) + 1)
      let ending = signals.received().first { $0 != SIGCHLD && $0 != SIGUSR2 }
      if let ending { return ending }
    }
    return nil
  }
}
