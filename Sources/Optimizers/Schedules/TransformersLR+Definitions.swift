import Settings

extension ScheduleDefinition {
  /// `cosine_with_restarts`
  static let cosineWithRestarts = ScheduleDefinition(
    of: CosineWithRestartsOptions.self, "cosine_with_restarts",
    "Hugging Face's: half a cosine down, again and again"
  ) {
    values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps, 1))
  }
  /// `cosine_with_min_lr`
  static let cosineWithMinLR = ScheduleDefinition(
    of: CosineWithMinLROptions.self, "cosine_with_min_lr",
    "Hugging Face's: a cosine down to a smallest rate"
  ) {
    values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps, 1))
  }
  /// `cosine_warmup_with_min_lr`
  static let cosineWarmupWithMinLR = ScheduleDefinition(
    of: CosineWarmupWithMinLROptions.self, "cosine_warmup_with_min_lr",
    "Hugging Face's: the same, whose first step moves"
  ) {
    values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps, 1))
  }
  /// `polynomial`
  static let polynomialWithWarmup = ScheduleDefinition(
    of: PolynomialWithWarmupOptions.self, "polynomial", "Hugging Face's: a power of what is left"
  ) {
    values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps, 1))
  }
  /// `inverse_sqrt`
  static let inverseSqrt = ScheduleDefinition(
    of: InverseSqrtOptions.self, "inverse_sqrt",
    "Hugging Face's: by the inverse square root of the step")
  /// `warmup_stable_decay`
  static let warmupStableDecay = ScheduleDefinition(
    of: WarmupStableDecayOptions.self, "warmup_stable_decay",
    "Hugging Face's: a warm-up, a plateau, a decay"
  ) {
    values, options, input in
    values.settle("num_training_steps", max(input.steps, options.numWarmupSteps, 1))
  }
}

extension TransformersLR {
  /// The shape of a warm-up or a decay.
  public enum Way: String, ConfigurationChoice {
    /// A straight line.
    case linear
    /// Half a cosine.
    case cosine
    /// 1 less the square root.
    case oneMinusSqrt = "1-sqrt"
  }
}

/// Keys of `cosine_with_restarts`.
public struct CosineWithRestartsOptions: ExtendingSection {
  /// The steps.
  public var base = WarmupOptions()
  /// How often it goes down.
  public var numCycles = 1
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field("num_cycles", \.numCycles, in: .count(), "how often it goes down")
    ]
}

/// Keys of `cosine_with_min_lr`.
public struct CosineWithMinLROptions: ExtendingSection {
  /// The steps.
  public var base = WarmupOptions()
  /// Cycles of the cosine.
  public var numCycles = 0.5
  /// The rate at the end; null for min_lr_rate.
  public var minLR: Double?
  /// The same as a part of the rate; null for min_lr.
  public var minLRRate: Double?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field("num_cycles", \.numCycles, in: .float(), "cycles of the cosine"),
      Field("min_lr", \.minLR, in: .float(), "the rate at the end; null for min_lr_rate"),
      Field(
        "min_lr_rate", \.minLRRate, in: .between(0, 1),
        "the same as a part of the rate; null for min_lr"),
    ]
  /// The rate at the end is said in one way.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    endConflicts(minLR, minLRRate)
  }
}

/// Keys of `cosine_warmup_with_min_lr`.
public struct CosineWarmupWithMinLROptions: ExtendingSection {
  /// The keys of `cosine_with_min_lr`.
  public var base = CosineWithMinLROptions()
  /// Part of the rate at which the warm-up begins.
  public var warmupLRRate: Double?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field(
        "warmup_lr_rate", \.warmupLRRate, in: .between(0, 1),
        "part of the rate at which the warm-up begins")
    ]
}

/// Keys of `polynomial`.
public struct PolynomialWithWarmupOptions: ExtendingSection {
  /// The steps.
  public var base = WarmupOptions()
  /// The rate at the end.
  public var lrEnd = 1e-7
  /// The power.
  public var power = 1.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field("lr_end", \.lrEnd, in: .float(), "the rate at the end"),
      Field("power", \.power, in: .between(0, 1000), "the power"),
    ]
}

/// Keys of `inverse_sqrt`.
public struct InverseSqrtOptions: ExtendingSection {
  /// The warm-up's.
  public var base = ConstantWithWarmupOptions()
  /// Steps over which it falls; null for those of the warm-up, or else 10,000.
  public var timescale: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field(
        "timescale", \.timescale, in: .steps(),
        "steps over which it falls; null for those of the warm-up, or else 10,000")
    ]
}

/// Keys of `warmup_stable_decay`.
public struct WarmupStableDecayOptions: ExtendingSection {
  /// The steps.
  public var base = WarmupOptions()
  /// Steps of the decay.
  public var numDecaySteps = 1
  /// Steps of the plateau; null for what the others leave.
  public var numStableSteps: Int?
  /// The shape of the warm-up.
  public var warmupType = TransformersLR.Way.linear
  /// The shape of the decay.
  public var decayType = TransformersLR.Way.cosine
  /// Part of the rate at the end.
  public var minLRRatio = 0.0
  /// Cycles of the cosine.
  public var numCycles = 0.5
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] =
    baseFields + [
      Field("num_decay_steps", \.numDecaySteps, in: .steps(), "steps of the decay"),
      Field(
        "num_stable_steps", \.numStableSteps, in: .steps(from: 0),
        "steps of the plateau; null for what the others leave"),
      Field("warmup_type", \.warmupType, "the shape of the warm-up"),
      Field("decay_type", \.decayType, "the shape of the decay"),
      Field("min_lr_ratio", \.minLRRatio, in: .between(0, 1), "part of the rate at the end"),
      Field("num_cycles", \.numCycles, in: .float(), "cycles of the cosine"),
    ]
}

private func endConflicts(
  _ rate: Double?, _ part: Double?
) -> [(key: String, problem: String, remedy: String)] {
  switch (rate, part) {
  case (nil, nil):
    [("min_lr", "neither it nor min_lr_rate says where the rate ends", "set one of them")]
  case (_?, _?): [("min_lr", "min_lr_rate says where the rate ends, too", "set one of them")]
  default: []
  }
}
