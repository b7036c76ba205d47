import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench step`: seconds per training step of a few models on this process alone.
struct StepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Times training steps: forward, loss, backward and optimizer.",
    discussion: """
      digits    the digits CNN (32 and 64 channels, 128 hidden), batch 64, AdamW
      mlp_sgd   784-128-10, batch 64, SGD
      gptb      4 layers, 4 heads, 128 wide, context 64, batch 12, AdamW
      gpt       6 layers, 6 heads, 384 wide, context 256, batch 8, AdamW
      """)

  @Argument(help: "Models to time; all where none is named.")
  var models: [String] = []

  @Option(help: "Compute threads.")
  var threads = 1

  @Option(help: "Precision of forward passes: f32, or mixed precision with bf16 or f16.")
  var precision = TrainingPrecision.f32

  @Option(help: "Seconds to measure each model for.")
  var seconds = 4.0

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  mutating func validate() throws {
    for name in models { try StepBenchmark.check(name) }
    guard threads > 0, seconds > 0 else {
      throw ValidationError("--threads and --seconds must be positive")
    }
  }

  func run() throws {
    Compute.setThreads(threads)
    if !json {
      StandardStream.output.print(
        "model       median ms     min ms   spread %    units/s  unit     steps")
    }
    for name in models.isEmpty ? StepBenchmark.all.keys.sorted() : models {
      guard let make = StepBenchmark.all[name] else { continue }
      manualSeed(0)
      var benchmark = make()
      benchmark.precision = precision
      let times = benchmark.measure(seconds: seconds)
      StandardStream.output.print(
        json ? times.json(name, threads: threads, precision: precision) : times.row(name))
    }
  }
}

/// One model with a batch and an optimizer.
struct StepBenchmark {
  let module: Module
  let optimizer: Optimizer
  /// The forward pass.
  let loss: () -> Tensor
  /// What a step processes, and how many.
  let unit: String
  let units: Int
  /// What the forward pass computes in.
  var precision = TrainingPrecision.f32 {
    didSet { scaler = GradScaler(enabled: precision == .f16) }
  }
  private var scaler = GradScaler(enabled: false)

  /// The models by name.
  static let all: [String: @Sendable () -> StepBenchmark] = [
    "digits": {
      let model = ImageCNN(size: 8)
      return classifier(
        model, AdamW(model.parameters(), lr: 1e-4, weightDecay: 0.01), .randn([64, 1, 8, 8]),
        .randint(0, 10, [64])
      ) { model($0) }
    },
    "mlp_sgd": {
      let model = MLP(inputs: 784, hidden: [128], classes: 10)
      return classifier(
        model, SGD(model.parameters(), lr: 0.01), .randn([64, 784]), .randint(0, 10, [64])
      ) { model($0) }
    },
    "gptb": {
      let model = CharGPT(vocabulary: 65, context: 64, bias: true)
      return classifier(
        model, AdamW(model.parameters(), lr: 1e-4, weightDecay: 0.01), .randint(0, 65, [12, 64]),
        .randint(0, 65, [12 * 64]), unit: "tokens"
      ) { model($0).flattened(to: 1) }
    },
    "gpt": {
      let model = CharGPT(
        vocabulary: 65, context: 256, layers: 6, heads: 6, width: 384, bias: true)
      return classifier(
        model, AdamW(model.parameters(), lr: 1e-4, weightDecay: 0.01), .randint(0, 65, [8, 256]),
        .randint(0, 65, [8 * 256]), unit: "tokens"
      ) { model($0).flattened(to: 1) }
    },
  ]

  private static func classifier(
    _ module: Module, _ optimizer: Optimizer, _ x: Tensor, _ y: Tensor, unit: String = "samples",
    _ forward: @escaping (Tensor) -> Tensor
  ) -> StepBenchmark {
    StepBenchmark(
      module: module, optimizer: optimizer, loss: { F.crossEntropy(forward(x), y) }, unit: unit,
      units: y.count)
  }

  /// Forward, loss, backward and optimizer.
  func step() {
    let loss = precision.computing(self.loss)
    optimizer.zeroGrad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    if scaler.isEnabled { scaler.update() }
  }

  func measure(seconds: Double) -> StepTimes {
    for _ in 0..<5 { step() }
    var times: [Double] = []
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while clock.now < end || times.count < 5 {
      times.append(clock.measure(step) / .seconds(1))
    }
    return StepTimes(sorted: times.sorted(), unit: unit, units: units)
  }
}

/// The measured times of one model, shortest first.
struct StepTimes {
  let sorted: [Double]
  let unit: String
  let units: Int

  var median: Double { sorted[sorted.count / 2] }

  /// The distance between the quartiles as a part of the median.
  var spread: Double { (sorted[sorted.count * 3 / 4] - sorted[sorted.count / 4]) / median }

  func row(_ name: String) -> String {
    let padded = name.padding(toLength: 10, withPad: " ", startingAt: 0)
    return padded
      + String(
        format: "%11.3f %10.3f %10.1f %10.0f", median * 1e3, sorted[0] * 1e3, spread * 100,
        Double(units) / median) + "  " + unit.padding(toLength: 8, withPad: " ", startingAt: 0)
      + " \(sorted.count)"
  }

  func json(_ name: String, threads: Int, precision: TrainingPrecision) -> String {
    String(
      format:
        #"{"model": "%@", "threads": %d, "precision": "%@", "steps": %d, "median_s": %.9f, "min_s": %.9f, "spread": %.4f, "per_second": %.1f, "unit": "%@"}"#,
      name, threads, precision.rawValue, sorted.count, median, sorted[0], spread,
      Double(units) / median, unit)
  }
}

extension TrainingPrecision: ExpressibleByArgument {}
