import CProcess
import Foundation

/// Keeps a host's folder for checkpoints in memory while no workers of the job run there.
///
/// It ends when its launcher tells it, when the launcher or mpirun is gone, and when the host is cut off. Since
/// Open MPI may kill then whom it started, the folder is kept by a process that this one starts, which notices
/// its end and removes what is left.
package struct MemoryHolder {
  /// The argument by which `ddp-launch` knows that it is to be one.
  private static let marker = "--hold-memory"
  /// The second one of the process that has the folder.
  private static let inner = "alone"
  /// Seconds in which other processes of the job here give the folder up as well.
  private static let patience = 10.0

  private let folder: String
  private let isInner: Bool

  /// Its arguments.
  ///
  /// - Parameter folder: The name of the folder, as ``MemoryPlan`` says it.
  package static func arguments(folder: String) -> [String] { [marker, folder] }

  /// Reads such arguments; nil where they are others.
  init?(arguments: [String]) {
    guard (2...3).contains(arguments.count), arguments[0] == Self.marker else { return nil }
    folder = arguments[1]
    isInner = arguments.last == Self.inner
  }

  /// Keeps the folder until it is told to end, and returns the exit code.
  func run() -> Int32 {
    let parent = getppid()
    let signals = SignalPipe([SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
    torus_signal_on_parent_death(SIGHUP)
    return isInner ? hold(parent, signals) : start(parent, signals)
  }

  private func hold(_ parent: pid_t, _ signals: SignalPipe) -> Int32 {
    guard let folder = MemoryFolder(joining: folder) else { return 1 }
    while getppid() == parent, !isAskedToEnd(signals) {}
    folder.leave(within: Self.patience)
    return 0
  }

  private func start(_ parent: pid_t, _ signals: SignalPipe) -> Int32 {
    let sink = open("/dev/null", O_WRONLY | O_CLOEXEC)
    let child = try? ChildProcess(
      Bundle.main.executablePath ?? CommandLine.arguments[0],
      Self.arguments(folder: folder) + [Self.inner],
      environment: ProcessInfo.processInfo.environment, output: sink, error: sink, ownGroup: true,
      diesWith: SIGHUP)
    guard let child else { return 1 }
    var status: Int32?
    while getppid() == parent, status == nil, !isAskedToEnd(signals) {
      status = child.exitStatus()
    }
    if status == nil { kill(child.pid, SIGTERM) }
    let end = Date().addingTimeInterval(Self.patience)
    while status == nil, Date() < end {
      usleep(5000)
      status = child.exitStatus()
    }
    return torus_exit_code(status ?? 0)
  }

  /// Waits a second for a signal, and says whether it was one that ends this process.
  private func isAskedToEnd(_ signals: SignalPipe) -> Bool {
    _ = poll([signals.descriptor], milliseconds: 1000)
    // The last two are the workers' alone.
    return signals.received().contains { ![SIGCHLD, SIGUSR1, SIGUSR2].contains($0) }
  }
}
