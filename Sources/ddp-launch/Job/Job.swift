import CProcess
import Foundation

/// A job: attempts, one after another, until one succeeds, the user stops it or restarts are used
/// up. Attempts may have fewer workers than the first, and then more again: see ``Membership``.
struct Job {
  /// Exit codes after which another attempt would fail the same way: a wrong command line or
  /// configuration (2 by custom, 64 and 78 by sysexits.h), files that cannot be written until somebody makes
  /// room or gives rights (73 and 74), and a program that cannot be run.
  private static let hopeless: Set<Int32> = [2, 64, 73, 74, 78, 126, 127]

  var plan: JobPlan
  /// The hosts that may be used; those that do not answer are left out of an attempt.
  var hosts: [HostEntry]
  var hostRange: HostRange
  /// Workers on each host; nil for the slots of its entry.
  var workersPerHost: WorkerRange?
  /// Restarts with as many workers.
  var maxRestarts: Int
  /// Seconds before the first restart; each further one waits twice as long, at most a minute.
  var restartDelay: Double
  /// Seconds for which an attempt with fewer workers than it may have runs before it is given more.
  var growInterval: Double
  var attempt: Attempt
  var keeperPlan: KeeperPlan
  /// MASTER_ADDR; nil for the first host.
  var masterAddress: String?
  var logFolder: String?
  var logLimit: Int

  /// Whether the number of workers may change.
  private var isElastic: Bool {
    workersPerHost?.range != nil || hostRange.fewest < hostRange.most
  }

  /// Runs the job and returns the launcher's exit code.
  func run(keeper: String, console: inout RankConsole, signals: SignalPipe) throws(LaunchError)
    -> Int32
  {
    var plan = plan
    var keeperPlan = keeperPlan
    var membership = Membership(
      workers: workersPerHost?.range, fewestHosts: hostRange.fewest, maxRestarts: maxRestarts)
    // Memory in which workers leave what the next attempt goes on from.
    let isRestartable = maxRestarts > 0 || isElastic
    let memory =
      isRestartable && hosts.isEmpty && plan.layout.counts.count == 1 ? MemoryFolder() : nil
    let holders = isRestartable && !hosts.isEmpty ? MemoryHolders(program: keeper) : nil
    defer {
      memory?.remove()
      holders?.end()
    }
    var reached: Int?
    for number in 0... {
      do {
        try layOut(&plan, membership, &console)
      } catch {
        // A host that was lost may be on its way back.
        guard number > 0, case .again(let restart) = membership.failed(on: nil, hasSaved: false)
        else { throw error }
        console.note("\(error)")
        if let signal = pause(before: restart, &console, signals) { return 128 + signal }
        continue
      }
      // Rank 0 runs on the first host.
      keeperPlan.masterAddress =
        masterAddress
        ?? (plan.layout.counts.count == 1
          ? "127.0.0.1" : plan.hosts.first?.name ?? Machine.hostName)
      keeperPlan.layout = plan.layout
      keeperPlan.restart = number
      keeperPlan.memory = holders?.follow(plan, attempt: number)
      keeperPlan.command = [plan.program] + arguments(ofRestart: number)
      keeperPlan.masterPort = self.keeperPlan.masterPort ?? Machine.freePort()
      let logs = try logs(ofAttempt: number, &console)
      var attempt = attempt
      attempt.layout = plan.layout
      attempt.growth = growth(of: plan, membership)
      attempt.reachedBefore = reached
      var environment = plan.environment(inherited: ProcessInfo.processInfo.environment)
      if let memory { environment[MemoryFolder.variable] = memory.path }
      let outcome = try attempt.run(
        mpirun: plan.mpirun, arguments: plan.mpirunArguments(keeper: keeper, plan: keeperPlan),
        environment: environment,
        signals: signals, console: &console, logs: logs)
      if let step = attempt.progress?.step { reached = max(reached ?? 0, step) }
      switch outcome {
      case .succeeded: return 0
      case .stoppedToGrow: membership.grow()
      case .stopped(let signal, let failure):
        guard let failure else { return 128 + signal }
        for line in failure.report { console.note(line) }
        return failure.exitCode
      case .failed(let failure):
        for line in failure.report { console.note(line) }
        if let note = Self.ended(by: failure, plan) { console.note(note) }
        if let logFolder { console.note("logs: \(logFolder)/\(keeperPlan.runID)") }
        guard !Self.hopeless.contains(failure.exitCode) else { return failure.exitCode }
        let decision = membership.failed(
          on: place(of: failure, plan), isHostLost: failure.host != nil,
          hosts: plan.layout.counts.count, hasSaved: attempt.progress?.saved != nil)
        if decision == .over { return failure.exitCode }
        if let note = note(on: decision, membership) { console.note(note) }
        let restart = if case .again(let restart) = decision { restart } else { 0 }
        if let signal = pause(before: restart, &console, signals) { return 128 + signal }
      }
    }
    return 1
  }

  /// The logs of an attempt; nil where none are kept.
  private func logs(
    ofAttempt number: Int, _ console: inout RankConsole
  ) throws(LaunchError) -> RankLogs? {
    guard let logFolder else { return nil }
    do throws(LaunchError) {
      return try RankLogs(
        folder: "\(logFolder)/\(keeperPlan.runID)/attempt_\(number)", limit: logLimit)
    } catch {
      // A job that ran is not given up for its logs.
      guard number > 0 else { throw error }
      console.note("\(error). The job goes on without logs")
      return nil
    }
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

  /// Says when the next restart comes and waits for it; returns early with a signal that asks to
  /// stop.
  ///
  /// - Parameter restart: Which restart with as many workers it is; 0 for one with others.
  private func pause(
    before restart: Int, _ console: inout RankConsole, _ signals: SignalPipe
  ) -> Int32? {
    let delay = min(60, restartDelay * Double(1 << min(max(0, restart - 1), 10)))
    let seconds = "in \(String(format: "%.1f", delay)) s"
    console.note(
      restart > 0 ? "restart \(restart) of \(maxRestarts) \(seconds)" : "restart \(seconds)")
    let end = Date().addingTimeInterval(delay)
    while end.timeIntervalSinceNow > 0 {
      _ = poll([signals.descriptor], milliseconds: Int(end.timeIntervalSinceNow * 1000) + 1)
      let ending = signals.received().first { $0 != SIGCHLD && $0 != SIGUSR2 }
      if let ending { return ending }
    }
    return nil
  }
}
