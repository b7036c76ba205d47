import Settings

extension ScheduleDefinition {
  /// `StepLR`.
  static let step = ScheduleDefinition(
    of: StepLROptions.self, "StepLR", "less every so many steps")
  /// `MultiStepLR`.
  static let multiStep = ScheduleDefinition(
    of: MultiStepLROptions.self, "MultiStepLR", "less at given steps")
  /// `ConstantLR`.
  static let constantFactor = ScheduleDefinition(
    of: ConstantLROptions.self, "ConstantLR", "less for the first steps")
  /// `LinearLR`.
  static let linearFactor = ScheduleDefinition(
    of: LinearLROptions.self, "LinearLR", "from one factor to another along a line")
  /// `ExponentialLR`.
  static let exponential = ScheduleDefinition(
    of: ExponentialLROptions.self, "ExponentialLR", "less at every step")
  /// `PolynomialLR`.
  static let polynomial = ScheduleDefinition(
    of: PolynomialLROptions.self, "PolynomialLR", "a power of what is left, down to 0"
  ) { values, _, input in
    values.settle("total_iters", max(input.steps, 1))
  }
}

/// Keys of `StepLR`.
public struct StepLROptions: ConfigurationSection {
  /// Steps between two changes.
  public var stepSize = 1
  /// What the rate is multiplied by.
  public var gamma = 0.1
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("step_size", \.stepSize, in: .steps(), required: true, "steps between two changes"),
    Field("gamma", \.gamma, in: .float(), "what the rate is multiplied by"),
  ]
}

/// Keys of `MultiStepLR`.
public struct MultiStepLROptions: ConfigurationSection {
  /// The steps at which the rate changes.
  public var milestones = [Int]()
  /// What the rate is multiplied by.
  public var gamma = 0.1
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "milestones", \.milestones, in: .steps(from: 0), required: true,
      "the steps at which the rate changes"),
    Field("gamma", \.gamma, in: .float(), "what the rate is multiplied by"),
  ]
}

/// Keys of `ConstantLR`.
public struct ConstantLROptions: ConfigurationSection {
  /// What the rate is multiplied by.
  public var factor = 1.0 / 3
  /// For how many steps.
  public var totalIters = 5
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("factor", \.factor, in: .above(0, upTo: 1), "what the rate is multiplied by"),
    Field("total_iters", \.totalIters, in: .steps(from: 0), "for how many steps"),
  ]
}

/// Keys of `LinearLR`.
public struct LinearLROptions: ConfigurationSection {
  /// Factor of the first step.
  public var startFactor = 1.0 / 3
  /// Factor from the last step on.
  public var endFactor = 1.0
  /// Steps from one to the other.
  public var totalIters = 5
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("start_factor", \.startFactor, in: .above(0, upTo: 1), "factor of the first step"),
    Field("end_factor", \.endFactor, in: .between(0, 1), "factor from the last step on"),
    Field("total_iters", \.totalIters, in: .steps(from: 0), "steps from one to the other"),
  ]
}

/// Keys of `ExponentialLR`.
public struct ExponentialLROptions: ConfigurationSection {
  /// What the rate is multiplied by at every step.
  public var gamma = 1.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "gamma", \.gamma, in: .float(), required: true, "what the rate is multiplied by at every step"
    )
  ]
}

/// Keys of `PolynomialLR`.
public struct PolynomialLROptions: ConfigurationSection {
  /// Steps until 0; null for the run's.
  public var totalIters: Int?
  /// The power.
  public var power = 1.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("total_iters", \.totalIters, in: .steps(), "steps until 0; null for the run's"),
    Field("power", \.power, in: .between(0, 1000), "the power"),
  ]
}
