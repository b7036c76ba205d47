import Base

/// Schedules by name.
extension LRScheduler {
  /// The names of all schedules that options alone describe, in alphabetical order.
  public static var names: [String] {
    (kinds.keys + TransformersLR.Kind.allCases.map(\.rawValue)).sorted()
  }

  /// A schedule by its PyTorch name, its options by PyTorch's: `StepLR` with
  /// `["step_size": 30, "gamma": 0.5]`. Those of Hugging Face's `get_scheduler` are there too, by its
  /// names (``TransformersLR/Kind``), with `num_warmup_steps` and `num_training_steps` among their
  /// options, and `linear_with_warmup` and `cosine_with_warmup`.
  ///
  /// Values that make no sense are programmer's errors, as in the initializers.
  /// - Returns: nil where there is no schedule of that name.
  /// - Throws: ``OptimizerStateError`` naming an option that is missing, unknown or of another kind.
  public static func named(
    _ name: String, _ optimizer: Optimizer, options: OptionValues = [:]
  ) throws(OptimizerStateError) -> LRScheduler? {
    if let kind = TransformersLR.Kind(rawValue: name) {
      return try transformers(kind, optimizer, options)
    }
    guard let kind = kinds[name] else { return nil }
    let reader = OptionReader(options, optimizer)
    let scheduler = kind(reader)
    if let error = reader.error { throw error }
    if let unknown = reader.unread.first {
      throw .malformed(path: "\(name).\(unknown)", expected: "an option of \(name)")
    }
    return scheduler
  }

  private static func transformers(
    _ kind: TransformersLR.Kind, _ optimizer: Optimizer, _ options: OptionValues
  ) throws(OptimizerStateError) -> LRScheduler {
    func steps(_ name: String) throws(OptimizerStateError) -> Int? {
      guard let value = options[name], !value.isNull else { return nil }
      guard let steps = value.int, 0..<1 << 53 ~= steps else {
        throw .malformed(
          path: "\(kind.rawValue).\(name)", expected: "a number of steps, not \(value)")
      }
      return steps
    }
    let warmUp = try steps("num_warmup_steps")
    let total = try steps("num_training_steps")
    var own = options
    own["num_warmup_steps"] = nil
    own["num_training_steps"] = nil
    for (name, value) in own.inKeyOrder {
      guard let usual = kind.defaults[name] else {
        throw .malformed(
          path: "\(kind.rawValue).\(name)", expected: "an option of \(kind.rawValue)")
      }
      let fits =
        value.isNull || (usual.string == nil ? value.double != nil : value.string != nil)
      guard fits else {
        throw .malformed(
          path: "\(kind.rawValue).\(name)", expected: "a value like \(usual), not \(value)")
      }
    }
    if let problem = TransformersLR.problem(kind, optimizer, warmUp ?? 0, total, own) {
      throw .malformed(path: kind.rawValue, expected: problem)
    }
    return TransformersLR(
      optimizer, kind, warmupSteps: warmUp ?? 0, trainingSteps: total, options: own)
  }

  private static let kinds: [String: @Sendable (OptionReader) -> LRScheduler?] = [
    "StepLR": {
      StepLR(
        $0.optimizer, stepSize: $0.int("step_size", 1, required: true),
        gamma: $0.double("gamma", 0.1))
    },
    "MultiStepLR": {
      MultiStepLR($0.optimizer, milestones: $0.ints("milestones"), gamma: $0.double("gamma", 0.1))
    },
    "ConstantLR": {
      ConstantLR(
        $0.optimizer, factor: $0.double("factor", 1.0 / 3), totalIters: $0.int("total_iters", 5))
    },
    "LinearLR": {
      LinearLR(
        $0.optimizer, startFactor: $0.double("start_factor", 1.0 / 3),
        endFactor: $0.double("end_factor", 1), totalIters: $0.int("total_iters", 5))
    },
    "ExponentialLR": {
      ExponentialLR($0.optimizer, gamma: $0.double("gamma", 1, required: true))
    },
    "PolynomialLR": {
      PolynomialLR($0.optimizer, totalIters: $0.int("total_iters", 5), power: $0.double("power", 1))
    },
    "CosineAnnealingLR": {
      CosineAnnealingLR(
        $0.optimizer, tMax: $0.int("T_max", 1, required: true), etaMin: $0.double("eta_min", 0))
    },
    "CosineAnnealingWarmRestarts": {
      CosineAnnealingWarmRestarts(
        $0.optimizer, t0: $0.int("T_0", 1, required: true), tMult: $0.int("T_mult", 1),
        etaMin: $0.double("eta_min", 0))
    },
    "OneCycleLR": {
      let (epochs, perEpoch) = ($0.int("epochs", 1), $0.int("steps_per_epoch", 1))
      let product = epochs.multipliedReportingOverflow(by: perEpoch)
      let steps = product.overflow ? Int.max : product.partialValue
      return OneCycleLR(
        $0.optimizer, maxLR: $0.perGroup("max_lr", nil),
        totalSteps: $0.int("total_steps", steps, required: steps == 1),
        pctStart: $0.double("pct_start", 0.3),
        annealStrategy: $0.choice("anneal_strategy", .cosine),
        cycleMomentum: $0.bool("cycle_momentum", true),
        baseMomentum: $0.perGroup("base_momentum", 0.85),
        maxMomentum: $0.perGroup("max_momentum", 0.95), divFactor: $0.double("div_factor", 25),
        finalDivFactor: $0.double("final_div_factor", 1e4),
        threePhase: $0.bool("three_phase", false)
      )
    },
    "CyclicLR": {
      let up = $0.int("step_size_up", 2000)
      return CyclicLR(
        $0.optimizer, baseLR: $0.perGroup("base_lr", nil), maxLR: $0.perGroup("max_lr", nil),
        stepSizeUp: up, stepSizeDown: $0.int("step_size_down", up),
        mode: $0.choice("mode", .triangular),
        gamma: $0.double("gamma", 1), cycleMomentum: $0.bool("cycle_momentum", true),
        baseMomentum: $0.perGroup("base_momentum", 0.8),
        maxMomentum: $0.perGroup("max_momentum", 0.9))
    },
    "ReduceLROnPlateau": {
      ReduceLROnPlateau(
        $0.optimizer, mode: $0.choice("mode", .min), factor: $0.double("factor", 0.1),
        patience: $0.int("patience", 10), threshold: $0.double("threshold", 1e-4),
        thresholdMode: $0.choice("threshold_mode", .relative), cooldown: $0.int("cooldown", 0),
        minLR: $0.oneOrPerGroup("min_lr", 0), eps: $0.double("eps", 1e-8))
    },
    "SWALR": {
      SWALR(
        $0.optimizer, swaLR: $0.perGroup("swa_lr", nil), annealEpochs: $0.int("anneal_epochs", 10),
        annealStrategy: $0.choice("anneal_strategy", .cosine))
    },
    "linear_with_warmup": { $0.warmUp(.linear) },
    "cosine_with_warmup": { $0.warmUp(.cosine) },
  ]
}

/// Reads options, noting the first that does not fit and those that nobody asked for.
private final class OptionReader {
  let optimizer: Optimizer
  private(set) var error: OptimizerStateError?
  private let options: OptionValues
  private var read: Set<String> = []

  init(_ options: OptionValues, _ optimizer: Optimizer) {
    self.options = options
    self.optimizer = optimizer
  }

  var unread: [String] { options.keys.filter { !read.contains($0) }.sorted() }

  func double(_ name: String, _ fallback: Double, required: Bool = false) -> Double {
    value(name, "a number", fallback, required) { $0.double }
  }

  func int(_ name: String, _ fallback: Int, required: Bool = false) -> Int {
    value(name, "a whole number", fallback, required) { $0.int }
  }

  func bool(_ name: String, _ fallback: Bool) -> Bool {
    value(name, "a truth value", fallback, false) { $0.bool }
  }

  func ints(_ name: String) -> [Int] {
    value(name, "whole numbers", [], true) { value in
      value.list.flatMap { list in
        let ints = list.compactMap(\.int)
        return ints.count == list.count ? ints : nil
      }
    }
  }

  func choice<Choice: RawRepresentable<String>>(_ name: String, _ fallback: Choice) -> Choice {
    value(name, "one of its names", fallback, false) { $0.string.flatMap(Choice.init) }
  }

  func perGroup(_ name: String, _ fallback: Double?) -> [Double] {
    let count = optimizer.groups.count
    let spread = [Double](repeating: fallback ?? 0, count: count)
    return value(name, "a number or \(count)", spread, fallback == nil) { value in
      value.double.map { Array(repeating: $0, count: count) }
        ?? value.doubles.flatMap { $0.count == count ? $0 : nil }
    }
  }

  /// The one number that was given, or the list.
  func oneOrPerGroup(_ name: String, _ fallback: Double) -> any PerGroup {
    let values = perGroup(name, fallback)
    return (options[name] ?? .double(fallback)).double ?? values
  }

  func warmUp(_ decay: WarmUpLR.Decay) -> LRScheduler {
    let steps = int("num_warmup_steps", 0, required: true)
    return WarmUpLR(
      optimizer, warmUp: .fromZero(steps),
      totalSteps: int("num_training_steps", steps, required: true), decay: decay,
      minLR: double("min_lr", 0), cycles: double("num_cycles", 0.5))
  }

  private func value<Result>(
    _ name: String, _ expected: String, _ fallback: Result, _ required: Bool,
    _ convert: (OptionValue) -> Result?
  ) -> Result {
    read.insert(name)
    let found = options[name] ?? .null
    if found.isNull, !required { return fallback }
    if let value = convert(found) { return value }
    error = error ?? .malformed(path: name, expected: "\(expected), not \(found)")
    return fallback
  }
}
