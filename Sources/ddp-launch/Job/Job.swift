import CProcess
import Foundation

/// A job: attempts, one after another, until one succeeds, the user stops it or restarts are used
/// up.
struct Job {
  /// Exit codes after which another attempt would fail the same way: a wrong command line or
  /// configuration (2 by custom, 64 and 78 by sysexits.h), and a program that cannot be run.
  private static let hopeless: Set<Int32> = [2, 64, 78, 126, 127]

  var plan: JobPlan
  /// The hosts that exist; those that do not answer leave it before a restart.
  var hosts: [HostEntry]
  var hostRange: HostRange
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
    var available = hosts
    var keeperPlan = keeperPlan
    for restart in 0...maxRestarts {
      if restart > 0, !available.isEmpty {
        available = answering(available, plan, &console)
      }
      try use(available, &plan)
      // Rank 0 runs on the first host.
      keeperPlan.masterAddress =
        masterAddress
        ?? (plan.hostCount == 1 ? "127.0.0.1" : plan.hosts.first?.name ?? Machine.hostName)
      keeperPlan.restart = restart
      keeperPlan.command = [plan.program] + arguments(ofRestart: restart)
      keeperPlan.masterPort = self.keeperPlan.masterPort ?? Machine.freePort()
      let logs = try logFolder.map { folder throws(LaunchError) in
        try RankLogs(
          folder: "\(folder)/\(keeperPlan.runID)/attempt_\(restart)", limit: logLimit)
      }
      var attempt = attempt
      let outcome = try attempt.run(
        mpirun: plan.mpirun, arguments: plan.mpirunArguments(keeper: keeper, plan: keeperPlan),
        environment: plan.environment(inherited: ProcessInfo.processInfo.environment),
        signals: signals, console: &console, logs: logs)
      switch outcome {
      case .succeeded: return 0
      case .stopped(let signal): return 128 + signal
      case .failed(let failure):
        for line in failure.report { console.note(line) }
        if failure.rank != nil, plan.workers > 1 {
          console.note(
            plan.workers == 2
              ? "the other rank was ended"
              : "the other \(plan.workers - 1) ranks were ended")
        }
        if let logFolder { console.note("logs: \(logFolder)/\(keeperPlan.runID)") }
        guard restart < maxRestarts, !Self.hopeless.contains(failure.exitCode) else {
          return failure.exitCode
        }
        let delay = min(60, restartDelay * Double(1 << min(restart, 10)))
        console.note(
          "restart \(restart + 1) of \(maxRestarts) in \(String(format: "%.1f", delay)) s")
        if let signal = Self.signal(within: delay, signals) { return 128 + signal }
      }
    }
    return 1
  }

  /// The program's arguments: `ddp-train` goes on from its last checkpoint after a restart, as
  /// any program can that reads TORUS_RESTART_COUNT.
  func arguments(ofRestart restart: Int) -> [String] {
    let isOurs = URL(fileURLWithPath: plan.program).lastPathComponent == "ddp-train"
    let resumes = plan.arguments.contains { $0 == "--resume" || $0.hasPrefix("--resume=") }
    return plan.arguments + (restart > 0 && isOurs && !resumes ? ["--resume"] : [])
  }

  private func use(_ available: [HostEntry], _ plan: inout JobPlan) throws(LaunchError) {
    guard !hosts.isEmpty else { return }
    guard available.count >= hostRange.fewest else {
      throw .tooFewHosts(
        have: available.count, need: hostRange.fewest,
        remedy: "add hosts to the host file, or allow fewer with --nnodes MIN:MAX")
    }
    plan.hosts = Array(available.prefix(hostRange.most))
    plan.hostCount = plan.hosts.count
  }

  /// Those of several hosts on which mpirun can start a program.
  private func answering(
    _ hosts: [HostEntry], _ plan: JobPlan, _ console: inout RankConsole
  ) -> [HostEntry] {
    guard hosts.count > 1 else { return hosts }
    let environment = plan.environment(inherited: ProcessInfo.processInfo.environment)
    return hosts.filter { host in
      let run = CapturedRun(
        plan.mpirun, plan.extraOptions + ["-H", host.name, "-n", "1", "true"],
        environment: environment, deadline: 20)
      if run?.code != 0 { console.note("host \(host.name) does not answer: left out") }
      return run?.code == 0
    }
  }

  /// Waits; returns early with a signal that asks to stop.
  private static func signal(within seconds: Double, _ signals: SignalPipe) -> Int32? {
    let end = Date().addingTimeInterval(seconds)
    while end.timeIntervalSinceNow > 0 {
      _ = poll([signals.descriptor], milliseconds: Int(end.timeIntervalSinceNow * 1000) + 1)
      let ending = signals.received().first { $0 != SIGCHLD && $0 != SIGUSR2 }
      if let ending { return ending }
    }
    return nil
  }
}
