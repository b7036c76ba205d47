import Settings

extension ScheduleDefinition {
  /// `constant`: the optimizer's learning rate throughout, after a warm-up.
  static let constant = ScheduleDefinition(
    "constant", "one learning rate", ConstantScheduleOptions.self
  ) { options, input in
    WarmUpLR(
      input.optimizer, warmUp: .aboveZero(options.warmupSteps),
      totalSteps: max(input.steps, options.warmupSteps + 1), decay: .constant)
  }

  /// `cosine`: a warm-up, then half a cosine.
  static let cosine = ScheduleDefinition(
    "cosine", "half a cosine down to min_lr", DecayScheduleOptions.self
  ) { options, input in options.schedule(.cosine, input) }

  /// `linear`: a warm-up, then a line.
  static let linear = ScheduleDefinition(
    "linear", "a line down to min_lr", DecayScheduleOptions.self
  ) { options, input in options.schedule(.linear, input) }

  /// Hugging Face's `get_linear_schedule_with_warmup`.
  static let linearWithWarmup = ScheduleDefinition(
    of: LinearWithWarmupOptions.self, "linear_with_warmup", "Hugging Face's: from 0, then to 0"
  ) { values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps))
  }

  /// Hugging Face's `get_cosine_schedule_with_warmup`.
  static let cosineWithWarmup = ScheduleDefinition(
    of: CosineWithWarmupOptions.self, "cosine_with_warmup",
    "Hugging Face's: from 0, then a cosine"
  ) { values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps))
  }

  /// Hugging Face's `get_constant_schedule_with_warmup`.
  static let constantWithWarmup = ScheduleDefinition(
    of: ConstantWithWarmupOptions.self, "constant_with_warmup",
    "Hugging Face's: from 0, then one rate")
}

/// Keys of `constant`: the optimizer's learning rate throughout, after a warm-up.
public struct ConstantScheduleOptions: ConfigurationSection {
  /// Steps over which the rate rises from 0.
  public var warmupSteps = 0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "warmup_steps", \.warmupSteps, in: .steps(from: 0), "steps over which the rate rises from 0")
  ]
}

/// Keys of `cosine` and `linear`: a warm-up, then a decay to `min_lr`.
public struct DecayScheduleOptions: ExtendingSection {
  /// The warm-up's.
  public var base = ConstantScheduleOptions()
  /// The rate at the decay's end.
  public var minLR = 0.0
  /// Step at which the decay ends; nil for the run's last one.
  public var decaySteps: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field("min_lr", \.minLR, in: .float(), "the rate at the decay's end"),
      Field(
        "decay_steps", \.decaySteps, in: .steps(),
        "step at which the decay ends; null for the last"),
    ]
  /// The decay begins after the warm-up.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    guard let decaySteps, decaySteps <= self.warmupSteps else { return [] }
    return [
      (
        "decay_steps", "\(decaySteps) lies within the warm-up of \(self.warmupSteps)",
        "use more steps, or null for the run's last"
      )
    ]
  }
}

extension DecayScheduleOptions {
  /// A warm-up whose first step already moves, as nanoGPT's, then a decay. A run that is shorter than
  /// its warm-up ends within it.
  fileprivate func schedule(_ shape: WarmUpLR.Decay, _ input: ScheduleInput) -> LRScheduler {
    WarmUpLR(
      input.optimizer, warmUp: .aboveZero(self.warmupSteps),
      totalSteps: max(decaySteps ?? input.steps, self.warmupSteps + 1), decay: shape, minLR: minLR)
  }
}

/// Keys of `constant_with_warmup`.
public struct ConstantWithWarmupOptions: ConfigurationSection {
  /// Steps over which the rate rises from 0.
  public var numWarmupSteps = 0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "num_warmup_steps", \.numWarmupSteps, in: .steps(from: 0),
      "steps over which the rate rises from 0")
  ]
}

/// What Hugging Face's other schedules with an end have in common.
public struct WarmupOptions: ExtendingSection {
  /// The warm-up's.
  public var base = ConstantWithWarmupOptions()
  /// Steps in all; null for the run's.
  public var numTrainingSteps: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field(
        "num_training_steps", \.numTrainingSteps, in: .steps(), "steps in all; null for the run's")
    ]
}

/// Keys of `linear_with_warmup`.
public struct LinearWithWarmupOptions: ExtendingSection {
  /// The steps.
  public var base = WarmupOptions()
  /// The rate at the end.
  public var minLR = 0.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [Field("min_lr", \.minLR, in: .float(), "the rate at the end")]
  /// The warm-up is a part of the whole.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    guard let total = self.numTrainingSteps, total < self.numWarmupSteps else { return [] }
    return [
      (
        "num_training_steps", "\(total) lies within the warm-up of \(self.numWarmupSteps)",
        "use more steps, or null for the run's"
      )
    ]
  }
}

/// Keys of `cosine_with_warmup`.
public struct CosineWithWarmupOptions: ExtendingSection {
  /// The line's keys.
  public var base = LinearWithWarmupOptions()
  /// Cycles of the cosine; a half goes down once.
  public var numCycles = 0.5
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field("num_cycles", \.numCycles, in: .float(), "cycles of the cosine; a half goes down once")
    ]
}
