import Foundation
import Settings
import Tensors

/// Up and down between two learning rates, again and again, the momentum the other way round
/// (`CyclicLR`).
///
/// Smith, Cyclical Learning Rates for Training Neural Networks, 2015.
public final class CyclicLR: LRScheduler {
  /// How the height changes from cycle to cycle.
  public enum Mode: String, ConfigurationChoice {
    /// Stays.
    case triangular
    /// Halves with each cycle.
    case triangular2
    /// Shrinks by γ with each step.
    case expRange = "exp_range"
  }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - baseLR: The smallest learning rate, one for all groups or one for each.
  ///   - maxLR: The largest of the first cycle.
  ///   - up: The steps of the rising half.
  ///   - down: The steps of the falling half, by default as many.
  ///   - mode: How the height changes.
  ///   - gamma: γ.
  ///   - cyclesMomentum: Whether the momentum, or the first beta, falls and rises in turn.
  ///   - baseMomentum: The momentum at the largest learning rate.
  ///   - maxMomentum: The momentum at the smallest.
  public init(
    _ optimizer: Optimizer, baseLR: some PerGroup, maxLR: some PerGroup, stepSizeUp up: Int = 2000,
    stepSizeDown down: Int? = nil, mode: Mode = .triangular, gamma: Double = 1,
    cycleMomentum cyclesMomentum: Bool = true,
    baseMomentum: some PerGroup = 0.8, maxMomentum: some PerGroup = 0.9
  ) {
    let down = down ?? up
    require(
      up > 0 && down >= 0, "CyclicLR",
      "the rising half must take steps, and the falling one no negative number: \(up), \(down)")
    let total = Double(up) + Double(down)
    let rates = optimizer.perGroup(baseLR, "baseLR")
    for (index, rate) in rates.enumerated() { optimizer.groups[index].lr = rate }
    var values: OptionValues = [
      "max_lrs": .doubles(optimizer.perGroup(maxLR, "maxLR")),
      "total_size": .double(total), "step_ratio": .double(Double(up) / total),
      "mode": .string(mode.rawValue),
      "gamma": .double(gamma), "cycle_momentum": .bool(cyclesMomentum),
    ]
    if cyclesMomentum {
      let base = optimizer.perGroup(baseMomentum, "baseMomentum")
      let max = optimizer.perGroup(maxMomentum, "maxMomentum")
      optimizer.startMomentum(base: base, max: max, "CyclicLR")
      values["base_momentums"] = .doubles(base)
      values["max_momentums"] = .doubles(max)
    }
    bounds = rates
    super.init(optimizer, values: values)
    baseLRs = rates
  }

  /// A cycle has steps, some of which rise.
  public override func problem(with values: OptionValues) -> String? {
    let (total, ratio) = (values.setting("total_size"), values.setting("step_ratio"))
    return total > 0 && ratio > 0 && ratio <= 1
      ? nil : "a cycle needs steps, some of which rise: \(total), of which \(ratio)"
  }

  /// The smallest learning rates until the base is theirs.
  private let bounds: [Double]

  override func start() {
    // The cycle stands on its own smallest learning rates, whatever an earlier schedule noted.
    baseLRs = bounds
    super.start()
  }

  /// The height of the step in its cycle; sets the momentum too.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let (step, total, ratio) = (Double(lastEpoch), number("total_size"), number("step_ratio"))
    let cycle = (1 + step / total).rounded(.down)
    let x = 1 + step / total - cycle
    let height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1)
    let scale =
      switch values["mode"]?.string.flatMap(Mode.init) {
      case .triangular, nil: 1.0
      case .triangular2: 1 / pow(2, cycle - 1)
      case .expRange: pow(number("gamma"), step)
      }
    if values["cycle_momentum"]?.bool == true, baseLRs.count == optimizer.groups.count {
      let momenta = zip(numbers("base_momentums"), numbers("max_momentums"))
      for (index, (least, most)) in momenta.enumerated() {
        optimizer.groups[index].momentum = most - (most - least) * height * scale
      }
    }
    return zip(baseLRs, numbers("max_lrs")).map { $0 + ($1 - $0) * height * scale }
  }
}

extension ScheduleDefinition {
  /// `CyclicLR`.
  static let cyclic = ScheduleDefinition(
    of: CyclicLROptions.self, "CyclicLR", "up and down between two rates"
  ) { values, options, input throws(ConfigurationError) in
    values.spread("base_lr", "max_lr", "base_momentum", "max_momentum")
    if options.cycleMomentum { try input.requireMomentum() }
  }
}

/// Keys of `CyclicLR`.
public struct CyclicLROptions: ConfigurationSection {
  /// The smallest rate, or one for each group.
  public var baseLR = [Double]()
  /// The largest rate, or one for each group.
  public var maxLR = [Double]()
  /// Steps of the rising half.
  public var stepSizeUp = 2000
  /// Steps of the falling half; null for as many.
  public var stepSizeDown: Int?
  /// How the height changes from cycle to cycle.
  public var mode = CyclicLR.Mode.triangular
  /// What exp_range multiplies the height by at every step.
  public var gamma = 1.0
  /// Whether the momentum, or the first beta, goes the other way round.
  public var cycleMomentum = true
  /// The momentum at the largest rate.
  public var baseMomentum = [0.8]
  /// The momentum at the smallest rate.
  public var maxMomentum = [0.9]
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "base_lr", \.baseLR, in: .float(), required: true, "the smallest rate, or one for each group"),
    Field(
      "max_lr", \.maxLR, in: .float(), required: true, "the largest rate, or one for each group"),
    Field("step_size_up", \.stepSizeUp, in: .steps(), "steps of the rising half"),
    Field(
      "step_size_down", \.stepSizeDown, in: .steps(from: 0),
      "steps of the falling half; null for as many"),
    Field("mode", \.mode, "how the height changes from cycle to cycle"),
    Field("gamma", \.gamma, in: .float(), "what exp_range multiplies the height by at every step"),
    Field(
      "cycle_momentum", \.cycleMomentum,
      "whether the momentum, or the first beta, goes the other way round"),
    Field(
      "base_momentum", \.baseMomentum, in: .from(0, below: 1), "the momentum at the largest rate"),
    Field(
      "max_momentum", \.maxMomentum, in: .from(0, below: 1), "the momentum at the smallest rate"),
  ]
}
