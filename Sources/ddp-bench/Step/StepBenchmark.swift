import Foundation
import Torus

/// One model with a batch and an optimizer.
package struct StepBenchmark {
  let module: Module
  let optimizer: Optimizer
  /// The inputs and what they should give.
  let batch: (x: Tensor, y: Tensor)
  /// The forward pass.
  private(set) var loss: () -> Tensor
  /// What a step processes, and how many.
  let unit: String
  let units: Int
  /// What the forward pass computes in.
  var precision = TrainingPrecision.f32 {
    didSet { scaler = GradScaler(enabled: precision == .f16) }
  }
  private var scaler = GradScaler(enabled: false)
  private var operations: Double?

  init(
    module: Module, optimizer: Optimizer, batch: (x: Tensor, y: Tensor),
    loss: @escaping () -> Tensor, unit: String, units: Int
  ) {
    self.module = module
    self.optimizer = optimizer
    self.batch = batch
    self.loss = loss
    self.unit = unit
    self.units = units
  }

  /// A model by its name, of the same numbers every time; nil where there is none of the name.
  /// - Parameter compiles: Whether the forward pass is captured and replayed.
  package static func make(
    _ name: String, precision: TrainingPrecision = .f32, compiles: Bool = false
  ) -> StepBenchmark? {
    guard let model = StepModels.all.first(where: { $0.name == name }) else { return nil }
    manualSeed(0)
    var benchmark = model.make()
    benchmark.precision = precision
    if compiles {
      let compiled = compile(benchmark.loss)
      benchmark.loss = { compiled() }
    }
    return benchmark
  }

  /// Of the parameters and what the optimizer keeps, once a step is done.
  var stateBytes: Int {
    module.parameters().reduce(optimizer.stateByteCount) {
      $0 + $1.value.count * $1.value.dtype.size
    }
  }

  /// Forward, loss, backward and optimizer.
  func step() { _ = timedStep() }

  /// The losses of the next steps.
  package func losses(steps: Int) -> [Double] {
    (0..<steps).map { _ in
      var loss = Double.nan
      _ = timedStep { loss = Double($0.item()) }
      return loss
    }
  }

  /// A step, with the seconds of its three parts.
  private func timedStep(_ look: (Tensor) -> Void = { _ in }) -> StepParts {
    let clock = ContinuousClock()
    let start = clock.now
    let loss = precision.computing(self.loss)
    let computed = clock.now
    look(loss)
    optimizer.zeroGrad()
    scaler.scale(loss).backward()
    let walked = clock.now
    scaler.step(optimizer)
    if scaler.isEnabled { scaler.update() }
    let end = clock.now
    return StepParts(
      forward: (computed - start) / .seconds(1), backward: (walked - computed) / .seconds(1),
      optimizer: (end - walked) / .seconds(1))
  }

  /// Steps for a number of seconds, after a few that warm caches up.
  package mutating func measure(seconds: Double) -> StepTimes {
    let operations = self.operations ?? countOperations()
    self.operations = operations
    return StepTimes(timedSteps(seconds), operations: operations, unit: unit, units: units)
  }

  /// Steps for a number of seconds on one thread and on several, in turns, so that what else the machine
  /// does meets both alike.
  package mutating func measure(seconds: Double, threads: Int) -> StepTimes {
    guard threads > 1 else { return measure(seconds: seconds) }
    let operations = self.operations ?? countOperations()
    self.operations = operations
    let turns = 4
    var (alone, together): ([StepParts], [StepParts]) = ([], [])
    for _ in 0..<turns {
      Compute.setThreads(1)
      alone += timedSteps(seconds / Double(turns))
      Compute.setThreads(threads)
      together += timedSteps(seconds / Double(turns))
    }
    var times = StepTimes(together, operations: operations, unit: unit, units: units)
    let one = StepTimes(alone, operations: operations, unit: unit, units: units)
    times.efficiency = one.median / times.median / Double(threads)
    return times
  }

  private func timedSteps(_ seconds: Double) -> [StepParts] {
    for _ in 0..<3 { step() }
    var parts: [StepParts] = []
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while clock.now < end || parts.count < 5 { parts.append(timedStep()) }
    return parts
  }

  /// What some steps went into, beside what the machine can do.
  package func profile(steps: Int) -> String {
    var profile = Torus.profile(module) { for _ in 0..<steps { step() } }.profile
    profile.limits = .measured(precision.dtype)
    return profile.description
  }

  /// Additions and multiplications of a step's products, convolutions, recurrences and attention.
  ///
  /// The walk back multiplies each product's gradient by both of its operands: twice the forward
  /// pass. (A first layer, whose input wants no gradient, does half of that; PyTorch's counts of
  /// training steps say the same.)
  private func countOperations() -> Double {
    let forward = noGrad { traceOperations(loss).operations.reduce(0) { $0 + $1.multiplyAdds } }
    return 3 * 2 * Double(forward)
  }
}

/// Seconds of a step's parts.
struct StepParts {
  /// The forward pass with the loss.
  let forward: Double
  let backward: Double
  let optimizer: Double

  var total: Double { forward + backward + optimizer }
}

/// The measured times of one model.
package struct StepTimes {
  /// Steps, the shortest first.
  private let sorted: [Double]
  private let parts: [StepParts]
  private let operations: Double
  private let unit: String
  private let units: Int
  /// One thread's time over that of all threads together; nil where one thread was timed alone.
  package var efficiency: Double?

  init(_ parts: [StepParts], operations: Double, unit: String, units: Int) {
    sorted = parts.map(\.total).sorted()
    self.parts = parts
    self.operations = operations
    self.unit = unit
    self.units = units
  }

  var median: Double { sorted[sorted.count / 2] }

  /// The distance between the quartiles as a part of the median.
  var spread: Double { (sorted[sorted.count * 3 / 4] - sorted[sorted.count / 4]) / median }

  private func share(_ part: (StepParts) -> Double) -> Double {
    parts.reduce(0) { $0 + part($1) } / parts.reduce(0) { $0 + $1.total }
  }

  static let heading =
    "model       median ms     min ms  spread %  forward %  backward %  optimizer %  GFLOP/s  peak MB    units/s  unit     steps  efficiency %"

  func row(_ name: String) -> String {
    name.padding(toLength: 10, withPad: " ", startingAt: 0)
      + String(
        format: "%11.3f %10.3f %9.1f %10.1f %11.1f %12.1f %8.1f %8d %10.0f  ", median * 1e3,
        sorted[0] * 1e3, spread * 100, share(\.forward) * 100, share(\.backward) * 100,
        share(\.optimizer) * 100, operations / median / 1e9, StepTimes.peakMegabytes,
        Double(units) / median) + unit.padding(toLength: 8, withPad: " ", startingAt: 0)
      + String(format: " %5d", sorted.count)
      + (efficiency.map { String(format: " %13.1f", $0 * 100) } ?? String(repeating: " ", count: 13)
        + "-")
  }

  package func json(_ name: String, threads: Int, precision: TrainingPrecision) -> String {
    let labels = String(
      format: #""model": "%@", "threads": %d, "precision": "%@", "unit": "%@", "steps": %d"#, name,
      threads, precision.rawValue, unit, sorted.count)
    let times = String(
      format:
        #""median_s": %.9f, "min_s": %.9f, "spread": %.4f, "per_second": %.1f, "gflops": %.2f"#,
      median, sorted[0], spread, Double(units) / median, operations / median / 1e9)
    let shares = String(
      format: #""forward": %.4f, "backward": %.4f, "optimizer": %.4f, "peak_mb": %d"#,
      share(\.forward), share(\.backward), share(\.optimizer), StepTimes.peakMegabytes)
    let efficiency = efficiency.map { String(format: #", "efficiency": %.4f"#, $0) } ?? ""
    return "{\(labels), \(times), \(shares)\(efficiency)}"
  }

  /// The most memory that this process has held.
  static var peakMegabytes: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss / (1024 * 1024)
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss / 1024
    #endif
  }
}
