import ArgumentParser
import Base
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
      alone, the others asleep, all ranks each for itself, and all ranks together take turns in \
      short blocks, so that all three meet the same machine; a block's time is that of its slowest \
      rank, without its first step, since training's caches are warm and those of who slept are \
      not. What is lost side by side is lost to shared caches, memory and execution units; the \
      rest to communication and waiting. Processor time, with what waiting burns, tells what \
      company costs where other programs use the machine too. Models are those of ddp-bench step.

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
      StandardStream.output.print(json ? result.json : result.table)
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

/// One rank alone, all ranks side by side without a word, and all ranks together, in turns.
final class TurnTaking {
  private let model: String
  private let group: ProcessGroup
  /// The model of a rank that waits for nobody.
  private let own: Replica
  /// The model whose gradients are averaged.
  private let shared: Replica
  private let rounds: Int
  /// Steps of one block.
  private let block: Int
  private var alone = Blocks()
  private var beside = Blocks()
  private var together = Blocks()

  /// Lays both out. Every rank of the group must call it.
  init(
    _ model: String, _ group: ProcessGroup, options: DataParallelOptions, seconds: Double
  ) throws {
    self.model = model
    self.group = group
    own = try Replica(model, nil)
    shared = try Replica(model, group, options: options)
    _ = own.steps(3)
    _ = shared.steps(3)
    let slowest = try group.allReduce(shared.steps(4).min() ?? 0, op: .maximum)
    block = max(3, Int(0.2 / slowest))
    rounds = max(5, Int(seconds / (3 * slowest * Double(block + 1))))
  }

  func run() throws {
    for _ in 0..<rounds {
      try group.barrier()
      if group.rank == 0 { alone.append(block(of: own)) }
      try group.barrier()
      beside.append(try group.allReduce(block(of: own), op: .maximum))
      try group.barrier()
      together.append(try group.allReduce(block(of: shared), op: .maximum))
    }
  }

  /// Seconds a step of one block after one step to warm up: by the clock and the processor's.
  private func block(of replica: Replica) -> [Double] {
    _ = replica.steps(1)
    let begin = Self.processorSeconds()
    let wall = replica.steps(block).reduce(0, +)
    return [wall / Double(block), (Self.processorSeconds() - begin) / Double(block)]
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
      model: model, ranks: group.size, unit: shared.benchmark.unit,
      units: shared.benchmark.units, alone: alone, beside: beside, together: together)
  }
}

/// Seconds a step, of blocks of steps.
struct Blocks {
  private var wall: [Double] = []
  private var processor: [Double] = []

  /// Adds a block: its seconds a step by the clock and the processor's.
  mutating func append(_ seconds: [Double]) {
    wall.append(seconds[0])
    processor.append(seconds[1])
  }

  var count: Int { wall.count }
  var median: Double { wall.sorted()[count / 2] }
  var minimum: Double { wall.min() ?? 0 }
  /// Processor seconds a step, of the rank that used most.
  var medianProcessor: Double { processor.sorted()[count / 2] }
}

/// What one rank takes for a step, what each takes beside the others, and what all take together.
struct ScalingResult {
  let model: String
  let ranks: Int
  let unit: String
  /// What a rank's step processes.
  let units: Int
  let alone: Blocks
  let beside: Blocks
  let together: Blocks

  /// samples/s of n ranks ÷ (n × samples/s of one), by the medians.
  var efficiency: Double { alone.median / together.median }

  /// The same by the shortest blocks: what the machine allows when nobody else uses it.
  var bestEfficiency: Double { alone.minimum / together.minimum }

  /// The same by processor time, whoever else uses the machine.
  var processorEfficiency: Double { alone.medianProcessor / together.medianProcessor }

  /// What n ranks that never talk would reach, by the medians: the machine's share of the loss.
  var besideEfficiency: Double { alone.median / beside.median }

  var table: String {
    func row(_ name: String, _ ranks: Int, _ blocks: Blocks) -> String {
      name.padding(toLength: 16, withPad: " ", startingAt: 0)
        + String(
          format: "%6d %11.3f %10.3f %12.3f %12.0f  %@", ranks, blocks.median * 1e3,
          blocks.minimum * 1e3, blocks.medianProcessor * 1e3,
          Double(ranks * units) / blocks.median, unit)
    }
    return """
      \(model.padding(toLength: 16, withPad: " ", startingAt: 0)) ranks   median ms     min ms processor ms      units/s  unit
      \(row("one rank", 1, alone))
      \(row("side by side", ranks, beside))
      \(row("all ranks", ranks, together))
      \(String(
        format: "weak scaling efficiency %.1f %% by medians, %.1f %% by minima of %d blocks, "
          + "%.1f %% by processor time; %.1f %% side by side without communication",
        efficiency * 100, bestEfficiency * 100, together.count, processorEfficiency * 100,
        besideEfficiency * 100))
      """
  }

  var json: String {
    String(
      format: #"{"model": "%@", "ranks": %d, "alone_median_s": %.9f, "alone_min_s": %.9f, "#
        + #""beside_median_s": %.9f, "beside_min_s": %.9f, "#
        + #""together_median_s": %.9f, "together_min_s": %.9f, "per_second": %.1f, "#
        + #""unit": "%@", "efficiency": %.4f, "efficiency_by_min": %.4f, "#
        + #""efficiency_by_processor_time": %.4f, "efficiency_beside": %.4f, "blocks": %d}"#,
      model, ranks, alone.median, alone.minimum, beside.median, beside.minimum, together.median,
      together.minimum, Double(ranks * units) / together.median, unit, efficiency,
      bestEfficiency, processorEfficiency, besideEfficiency, together.count)
  }
}
