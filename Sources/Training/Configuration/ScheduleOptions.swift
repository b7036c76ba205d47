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
public struct DecayScheduleOptions: ConfigurationSection {
  /// Steps over which the rate rises from 0.
  public var warmupSteps = 0
  /// The rate at the decay's end.
  public var minLR = 0.0
  /// Step at which the decay ends; nil for the run's last one.
  public var decaySteps: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "warmup_steps", \.warmupSteps, in: .steps(from: 0), "steps over which the rate rises from 0"),
    Field("min_lr", \.minLR, in: .float(), "the rate at the decay's end"),
    Field(
      "decay_steps", \.decaySteps, in: .steps(),
      "step at which the decay ends; null for the last"),
  ]
  /// The decay begins after the warm-up.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    guard let decaySteps, decaySteps <= warmupSteps else { return [] }
    return [
      (
        "decay_steps", "\(decaySteps) lies within the warm-up of \(warmupSteps)",
        "use more steps, or null for the run's last"
      )
    ]
  }
}
