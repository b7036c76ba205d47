import Foundation
import Tensors

/// Up and down between two learning rates, again and again, the momentum the other way round
/// (`CyclicLR`).
///
/// Smith, Cyclical Learning Rates for Training Neural Networks, 2015.
public final class CyclicLR: LRScheduler {
  /// How the height changes from cycle to cycle.
  public enum Mode: String, Sendable {
    /// Stays.
    case triangular
    /// Halves with each cycle.
    case triangular2
    /// Shrinks by γ with each step.
    case expRange = "exp_range"
  }

  /// - Parameters:
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
    _ optimizer: Optimizer, baseLR: some PerGroup, maxLR: some PerGroup, up: Int = 2000,
    down: Int? = nil, mode: Mode = .triangular, gamma: Double = 1, cyclesMomentum: Bool = true,
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
