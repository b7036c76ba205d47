import Foundation

/// The end of a program that ran under mpirun.
public struct MPIRunResult: Sendable {
  /// The exit status, or 128 + the signal that ended mpirun.
  public let status: Int32
  /// Whether the deadline passed, after which everything was killed.
  public let timedOut: Bool
  /// Wall time.
  public let seconds: Double
  /// What all ranks wrote to standard output.
  public let output: String
  /// What all ranks and mpirun wrote to standard error.
  public let errors: String

  /// The last lines of both, for messages about failures.
  public var tail: String {
    func last(_ text: String) -> String {
      text.split(separator: "\n", omittingEmptySubsequences: false).suffix(60)
        .joined(separator: "\n")
    }
    return "status \(status)\(timedOut ? ", killed at the deadline" : ""), "
      + "\(String(format: "%.1f", seconds)) s\n\(last(output))\n\(last(errors))"
  }
}

/// Why a program could not be run.
public enum MPIRunError: Error, CustomStringConvertible {
  /// There is no mpirun.
  case noMPI
  /// The program could not be started.
  case start(String)
  /// A rank asked for another job: it would start itself without end.
  case nested

  /// One line with the remedy.
  public var description: String {
    switch self {
    case .noMPI: "mpirun is not in PATH: install openmpi-bin"
    case .start(let reason): "mpirun could not be started: \(reason)"
    case .nested:
      "a test that starts mpirun was itself started by mpirun: narrow the filter to the suites of "
        + "ranks"
    }
  }
}

/// Programs under mpirun, one job at a time, so that tests which run in parallel do not fight for
/// the cores.
public enum MPIRun {
  private static let turn = Turn()

  /// Where mpirun lies.
  public static var launcher: String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/usr/local/bin"
    return path.split(separator: ":").map { "\($0)/mpirun" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// This process's environment without what an outer MPI job left in it, and with what mpirun
  /// needs to start more ranks than cores, as root too.
  public static func environment(adding more: [String: String] = [:]) -> [String: String] {
    let foreign = ["OMPI_", "PMIX_", "PMI_", "PRTE_", "SLURM_"]
    var clean = ProcessInfo.processInfo.environment.filter { name, _ in
      !foreign.contains { name.hasPrefix($0) }
    }
    // Where /dev/shm is small, launch/env has named another folder.
    for name in ["OMPI_MCA_osc_sm_backing_directory", "OMPI_MCA_btl_vader_backing_directory"] {
      clean[name] = ProcessInfo.processInfo.environment[name]
    }
    clean["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    clean["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    clean["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    clean["OMPI_MCA_hwloc_base_binding_policy"] = "none"
    // A backtrace takes seconds on a busy machine, while the other ranks' deadlines pass.
    clean["SWIFT_BACKTRACE"] = "enable=no"
    // Tests are run in the same order on every rank.
    clean["SWIFT_DETERMINISTIC_HASHING"] = "1"
    return clean.merging(more) { $1 }
  }

  /// Runs a body whose jobs may run at the same time, when no other has its turn.
  public static func together<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    await turn.take()
    do {
      let result = try await body()
      await turn.give()
      return result
    } catch {
      await turn.give()
      throw error
    }
  }

  /// Runs a program on `ranks` ranks and waits for its end; past the deadline all of it is killed.
  ///
  /// - Parameters:
  ///   - ranks: Number of ranks; 0 runs the program without mpirun.
  ///   - options: Further arguments of mpirun.
  ///   - inTurn: Whether to wait until no other job runs; false within `together`.
  public static func run(
    _ executable: String, _ arguments: [String] = [], ranks: Int, options: [String] = [],
    environment more: [String: String] = [:], directory: String? = nil,
    timeout: Duration = .seconds(120), inTurn: Bool = true
  ) async throws -> MPIRunResult {
    if MPIRank.isOne { throw MPIRunError.start("a rank of a test may not start ranks itself") }
    guard !MPIRank.isInJob else { throw MPIRunError.nested }
    guard let launcher else { throw MPIRunError.noMPI }
    if inTurn { await turn.take() }
    let job = Process()
    if ranks == 0 {
      job.executableURL = URL(fileURLWithPath: executable)
      job.arguments = arguments
    } else {
      job.executableURL = URL(fileURLWithPath: launcher)
      job.arguments = ["-n", "\(ranks)"] + options + [executable] + arguments
    }
    job.environment = environment(adding: more)
    if let directory { job.currentDirectoryURL = URL(fileURLWithPath: directory) }
    // Whatever the program does, its own jobs are refused.
    job.environment?[MPIRank.jobMark] = "1"
    let result: Result<MPIRunResult, any Error>
    do {
      result = .success(try await watch(job, timeout: timeout))
    } catch {
      result = .failure(error)
    }
    if inTurn { await turn.give() }
    return try result.get()
  }

  /// Files, not pipes: a rank that outlives mpirun must not keep the test waiting.
  private static func watch(_ job: Process, timeout: Duration) async throws -> MPIRunResult {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-mpirun-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = ["out", "err"].map { folder.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    let handles = try files.map { try FileHandle(forWritingTo: $0) }
    job.standardInput = FileHandle.nullDevice
    job.standardOutput = handles[0]
    job.standardError = handles[1]

    let (elapsed, timedOut) = try await ended(job, timeout: timeout)
    let (seconds, attoseconds) = elapsed.components
    for handle in handles { try? handle.close() }
    let texts = files.map { String(decoding: (try? Data(contentsOf: $0)) ?? Data(), as: UTF8.self) }
    let signaled = job.terminationReason == .uncaughtSignal
    return MPIRunResult(
      status: job.terminationStatus + (signaled ? 128 : 0), timedOut: timedOut,
      seconds: Double(seconds) + Double(attoseconds) * 1e-18, output: texts[0], errors: texts[1])
  }
}

/// Runs a job to its end, and says how long it took and whether it was stopped for its deadline.
///
/// A thread of its own watches the clock: the tests' pool may be busy for longer than a deadline.
private func ended(_ job: Process, timeout: Duration) async throws -> (Duration, timedOut: Bool) {
  nonisolated(unsafe) let job = job
  return try await withCheckedThrowingContinuation { answer in
    Thread.detachNewThread {
      let clock = ContinuousClock()
      let begin = clock.now
      do {
        try job.run()
      } catch {
        return answer.resume(throwing: MPIRunError.start("\(error)"))
      }
      var timedOut = false
      while job.isRunning {
        usleep(10_000)
        let elapsed = clock.now - begin
        if elapsed > timeout && !timedOut {
          timedOut = true
          job.terminate()
        }
        if elapsed > timeout + .seconds(5) { kill(job.processIdentifier, SIGKILL) }
      }
      answer.resume(returning: (clock.now - begin, timedOut))
    }
  }
}

/// One at a time, first come, first served.
private actor Turn {
  private var taken = false
  private var queue: [CheckedContinuation<Void, Never>] = []

  func take() async {
    if !taken {
      taken = true
      return
    }
    await withCheckedContinuation { queue.append($0) }
  }

  func give() {
    if queue.isEmpty { taken = false } else { queue.removeFirst().resume() }
  }
}
