import ArgumentParser
import Base
import CProcess
import Foundation
import Settings
import Training

/// `ddp-train sweep FILE`: many runs of a configuration with other values.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Trains a configuration with many values of its keys, and ranks the runs.",
    discussion: """
      FILE names a configuration, the keys with their values, and how they are tried:

      configuration: digits-cnn
      method: random                 (grid, random or halving)
      trials: 20
      metric: validation_accuracy
      direction: maximize
      space:
        optimizer.lr: {log_uniform: [1e-4, 1e-1]}
        model.hidden: [32, 64, 128]
        model.dropout: {uniform: [0, 0.5]}
        batch_size: {int: [16, 64], step: 16}
      set: {epochs: 5}

      Every trial is a run folder in sweeps/NAME, with the table of results beside them. A sweep that was \
      ended goes on where it was when it is started again. The keys:

      \(keys)
      """)

  private static var keys: String {
    guard Program.isHelpAskedFor else { return "" }
    let fields = SweepConfiguration.fields.flatMap { $0.describe(SweepConfiguration(), $0.name) }
    return fields.map {
      "  \($0.path): \($0.help); \($0.expectation)"
        + ($0.standard.map { " (default: \($0))" } ?? "")
    }.joined(separator: "\n")
  }

  @Argument(help: "A YAML file.", completion: .file(), transform: { try UserPath.expanded($0) })
  var file: String

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    do {
      let variables = LaunchVariables(environment: ProcessInfo.processInfo.environment)
      guard !variables.isMPI else { throw SweepError.withinJob }
      let status = try SweepLoop(Sweep(SweepConfiguration(file: file))).run()
      if status != 0 { throw ExitCode(status) }
    } catch let code as ExitCode {
      throw code
    } catch {
      StandardStream.error.write("\(Program.name): \(error)\n")
      throw ExitCode(error is ConfigurationError ? 2 : 1)
    }
  }
}

/// Runs the trials of a sweep, as many at once as there is room for.
private final class SweepLoop {
  private let sweep: Sweep
  private var running: [TrialProcess] = []
  private var stopped: Int32?
  private var deadline: Date?
  private let parallel: Int
  private let threads: Int
  /// How long trials have to save and stop.
  private static let patience = 30.0

  init(_ sweep: Sweep) {
    self.sweep = sweep
    let configuration = sweep.configuration
    let cores = max(1, Int(torus_usable_cores(0)))
    parallel = configuration.parallel ?? max(1, cores / configuration.workers)
    threads = max(1, cores / (parallel * configuration.workers))
  }

  /// Exit codes: 0 where a trial came to its end, 128 + n where signal n stopped the sweep, 1 otherwise.
  func run() throws -> Int32 {
    let signals = torus_signal_pipe([SIGINT, SIGTERM, SIGHUP], 3)
    defer { for process in running { process.end() } }
    let path = try sweep.writeTable()
    while true {
      while stopped == nil, running.count < parallel, let job = sweep.next() {
        say("trial \(job.number) of \(sweep.count): \(job.description)")
        running.append(
          try TrialProcess(job, workers: sweep.configuration.workers, threads: threads))
      }
      if running.isEmpty { break }
      listen(signals)
      try reap()
    }
    _ = try sweep.writeTable()
    StandardStream.output.write(sweep.table)
    say(path)
    if let stopped {
      say("stopped as asked; the same command goes on")
      return 128 + stopped
    }
    if sweep.failedCount == sweep.count {
      throw SweepError.allFailed(sweep.count, folder: sweep.configuration.runDirectory)
    }
    return 0
  }

  private func say(_ line: String) { StandardStream.output.write(line + "\n") }

  /// Waits a moment for a signal; the first one stops all trials, a second one ends them.
  private func listen(_ pipe: Int32) {
    var entry = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
    if poll(&entry, 1, 50) > 0 {
      var byte: UInt8 = 0
      while read(pipe, &byte, 1) == 1 {
        if stopped != nil {
          for process in running { process.end() }
        } else {
          stopped = Int32(byte)
          deadline = Date(timeIntervalSinceNow: Self.patience)
          for process in running { process.stop() }
        }
      }
    }
    if let deadline, deadline < Date() { for process in running { process.end() } }
  }

  /// Notes the trials that have ended.
  private func reap() throws {
    for process in running {
      guard let code = process.exitCode() else { continue }
      running.removeAll { $0.job.number == process.job.number }
      let isStopped = code != 0 && stopped != nil
      let words = try sweep.ended(
        process.job, failure: code == 0 || isStopped ? nil : process.failure(code),
        isStopped: isStopped)
      say("trial \(process.job.number): \(words)")
      _ = try sweep.writeTable()
    }
  }
}
