import ArgumentParser
import DataParallel
import Foundation
import Torus

/// `ddp-bench scaling`: what a rank's training step loses by having company.
struct ScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Measures weak scaling: samples per second of n ranks ÷ n × one rank's.",
    discussion: """
      Run it under mpirun. Every rank trains the same batch size on one compute thread. One rank \
      alone, the others asleep, and all ranks together take turns in short blocks, so that both \
      meet the same machine; a block's time is that of its slowest rank, without its first step, \
      since training's caches are warm and those of who slept are not. Processor time, with what \
      waiting burns, tells what company costs where other programs use the machine too. Models are \
      those of ddp-bench step.

        mpirun -n 2 ddp-bench scaling gptb
      """)

  @Argument(help: "The model.")
  var model = "gptb"

  @Option(help: "Seconds to measure for.")
  var seconds = 20.0

  @OptionGroup var buckets: BucketArguments

  @Flag(help: "One JSON object instead of a table.")
  var json = false

  mutating func validate() throws {
    try StepBenchmark.check(model)
    guard seconds > 0 else { throw ValidationError("--seconds must be positive") }
  }

  func run() throws {
    Compute.setThreads(1)
    try World.run { world in
      let turns = try TurnTaking(
        model, world.group, options: buckets.options, seconds: seconds)
      try turns.run()
      guard world.rank == 0 else { return }
      let result = turns.result
      print(json ? result.json : result.table)
    }
  }
}

/// How gradients are put into buckets, as options of a command.
struct BucketArguments: ParsableArguments {
  @Option(help: "Most of a gradient bucket, in MiB.")
  var bucketMb = 25.0

  @Option(help: "Most of the first bucket, in MiB.")
  var firstBucketMb = 1.0

  @Option(help: "All-reduce algorithm; auto picks by size and ranks.")
  var algorithm = "auto"

  func validate() throws {
    guard bucketMb > 0, firstBucketMb > 0 else {
      throw ValidationError("--bucket-mb and --first-bucket-mb must be positive")
    }
    guard algorithm == "auto" || chosen != nil else {
      let known = AllReduceAlgorithm.allCases.map(\.rawValue) + ["auto"]
      throw ValidationError(
        "there is no algorithm \(algorithm); known are \(known.joined(separator: ", "))")
    }
  }

  /// The algorithm that was named; nil for auto.
  var chosen: AllReduceAlgorithm? { AllReduceAlgorithm(rawValue: algorithm) }

  var options: DataParallelOptions {
    var options = DataParallelOptions()
    options.bucketBytes = Int(bucketMb * 1_048_576)
    options.firstBucketBytes = Int(firstBucketMb * 1_048_576)
    options.algorithm = chosen
    return options
  }
}

/// One rank alone and all ranks together, in turns.
final class TurnTaking {
  private let model: String
  private let group: ProcessGroup
  private let alone: Replica
  private let together: Replica
  private let rounds: Int
  /// Steps of one block.
  private let block: Int
  private var times: (alone: [Double], together: [Double]) = ([], [])
  private var processor: (alone: [Double], together: [Double]) = ([], [])

  /// Lays both out. Every rank of the group must call it.
  init(
    _ model: String, _ group: ProcessGroup, options: DataParallelOptions, seconds: Double
  ) throws {
    self.model = model
    self.group = group
    alone = try Replica(model, nil)
    together = try Replica(model, group, options: options)
    _ = together.steps(3)
    let slowest = try group.allReduce(together.steps(4).min() ?? 0, op: .maximum)
    block = max(3, Int(0.2 / slowest))
    rounds = max(5, Int(seconds / (2 * slowest * Double(block + 1))))
  }

  func run() throws {
    if group.rank == 0 { _ = alone.steps(3) }
    for _ in 0..<rounds {
      try group.barrier()
      if group.rank == 0 {
        let mine = run(alone)
        times.alone.append(mine.wall)
        processor.alone.append(mine.processor)
      }
      try group.barrier()
      let mine = run(together)
      let slowest = try group.allReduce([mine.wall, mine.processor], op: .maximum)
      times.together.append(slowest[0])
      processor.together.append(slowest[1])
    }
  }

  /// Seconds a step of one block, after one step to warm up.
  private func run(_ replica: Replica) -> (wall: Double, processor: Double) {
    _ = replica.steps(1)
    let begin = Self.processorSeconds()
    let wall = replica.steps(block).reduce(0, +)
    return (wall / Double(block), (Self.processorSeconds() - begin) / Double(block))
  }

  /// What all threads of this process have used.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// On rank 0.
  var result: ScalingResult {
    ScalingResult(
      model: model, ranks: group.size, unit: together.benchmark.unit,
      units: together.benchmark.units, alone: times.alone.sorted(),
      together: times.together.sorted(), aloneProcessor: processor.alone.sorted(),
      togetherProcessor: processor.together.sorted())
  }
}

/// Seconds a step, of blocks of steps, shortest first.
struct ScalingResult {
  let model: String
  let ranks: Int
  let unit: String
  /// What a rank's step processes.
  let units: Int
  let alone: [Double]
  let together: [Double]
  /// Processor seconds a step, of the rank that used most.
  let aloneProcessor: [Double]
  let togetherProcessor: [Double]

  private func median(_ times: [Double]) -> Double { times[times.count / 2] }

  /// samples/s of n ranks ÷ (n × samples/s of one), by the medians.
  var efficiency: Double { median(alone) / median(together) }

  /// The same by the shortest blocks: what the machine allows when nobody else uses it.
  var bestEfficiency: Double { alone[0] / together[0] }

  /// The same by processor time, whoever else uses the machine.
  var processorEfficiency: Double { median(aloneProcessor) / median(togetherProcessor) }

  var table: String {
    func row(_ name: String, _ ranks: Int, _ times: [Double], _ processor: [Double]) -> String {
      name.padding(toLength: 16, withPad: " ", startingAt: 0)
        + String(
          format: "%6d %11.3f %10.3f %12.3f %12.0f  %@", ranks, median(times) * 1e3,
          times[0] * 1e3, median(processor) * 1e3, Double(ranks * units) / median(times), unit)
    }
    return """
      \(model.padding(toLength: 16, withPad: " ", startingAt: 0)) ranks   median ms     min ms processor ms      units/s  unit
      \(row("one rank", 1, alone, aloneProcessor))
      \(row("all ranks", ranks, together, togetherProcessor))
      \(String(
        format: "weak scaling efficiency %.1f %% by medians, %.1f %% by minima of %d blocks, "
          + "%.1f %% by processor time",
        efficiency * 100, bestEfficiency * 100, together.count, processorEfficiency * 100))
      """
  }

  var json: String {
    String(
      format: #"{"model": "%@", "ranks": %d, "alone_median_s": %.9f, "alone_min_s": %.9f, "#
        + #""together_median_s": %.9f, "together_min_s": %.9f, "per_second": %.1f, "#
        + #""unit": "%@", "efficiency": %.4f, "efficiency_by_min": %.4f, "#
        + #""efficiency_by_processor_time": %.4f, "blocks": %d}"#,
      model, ranks, median(alone), alone[0], median(together), together[0],
      Double(ranks * units) / median(together), unit, efficiency, bestEfficiency,
      processorEfficiency, together.count)
  }
}

extension StepBenchmark {
  /// Refuses a name that no model has.
  static func check(_ name: String) throws {
    guard all[name] == nil else { return }
    throw ValidationError(
      "there is no model \(name); known are \(all.keys.sorted().joined(separator: ", "))")
  }
}
