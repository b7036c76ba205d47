import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench step`: seconds per training step of nine models on this process alone.
struct StepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Times training steps: forward, loss, backward and optimizer.",
    discussion: StepModels.all.map {
      $0.name.padding(toLength: 10, withPad: " ", startingAt: 0) + $0.summary
    }.joined(separator: "\n"))

  @Argument(help: "Models to time; all where none is named.")
  var models: [String] = []

  @Option(
    help: ArgumentHelp(
      "Compute threads. Of several, the efficiency is printed, too: one thread's time over theirs together, "
        + "each timed for as long as --seconds says."))
  var threads = 1

  @Option(help: "Precision of forward passes: f32, or mixed precision with bf16 or f16.")
  var precision = TrainingPrecision.f32

  @Flag(help: "Captures forward passes and replays them, as the key compile does.")
  var compile = false

  @Option(help: "Seconds to measure each model for.")
  var seconds = 4.0

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  @Flag(help: "Prints afterwards what ten more steps went into, by operation and by layer.")
  var profile = false

  @Flag(
    help: ArgumentHelp(
      "Measures for as long as each line of standard input says; for ddp-bench compare.",
      visibility: .hidden))
  var onDemand = false

  mutating func validate() throws {
    for name in models { try StepBenchmark.check(name) }
    guard threads > 0, seconds > 0 else {
      throw ValidationError("--threads and --seconds must be positive")
    }
    guard !(profile && json) else {
      throw ValidationError("--profile prints tables, and --json lines: one of them")
    }
  }

  func run() throws {
    Compute.setThreads(threads)
    if onDemand { return answer() }
    if !json { StandardStream.output.print(StepTimes.heading) }
    for name in models.isEmpty ? StepModels.all.map(\.name) : models {
      guard var benchmark = StepBenchmark.make(name, precision: precision, compiles: compile) else {
        continue
      }
      let times = benchmark.measure(seconds: seconds, threads: threads)
      StandardStream.output.print(
        json ? times.json(name, threads: threads, precision: precision) : times.row(name))
      if profile { StandardStream.output.print(benchmark.profile(steps: 10)) }
    }
  }

  /// A line of JSON for every number of seconds that is asked for.
  private func answer() {
    guard let name = models.first,
      var benchmark = StepBenchmark.make(name, precision: precision, compiles: compile)
    else { return }
    while let line = readLine(), let seconds = Double(line), seconds > 0 {
      let times = benchmark.measure(seconds: seconds)
      StandardStream.output.print(times.json(name, threads: threads, precision: precision))
    }
  }
}

extension TrainingPrecision: ExpressibleByArgument {
  /// The models of a benchmark keep their parameters in float32.
  public static var allValueStrings: [String] {
    allCases.filter { $0 != .bf16True }.map(\.rawValue)
  }

  /// One of those.
  public init?(argument: String) {
    guard Self.allValueStrings.contains(argument) else { return nil }
    self.init(rawValue: argument)
  }
}
