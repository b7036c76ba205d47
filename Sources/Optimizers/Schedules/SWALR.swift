import Foundation
import Settings
import Tensors

/// To a constant learning rate, at which weights are averaged (`torch.optim.swa_utils.SWALR`).
///
/// Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, 2018.
public final class SWALR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - swaLR: The learning rate to go to, one for all groups or one for each.
  ///   - steps: The steps on the way.
  ///   - annealing: The shape of the way.
  public init(
    _ optimizer: Optimizer, swaLR: some PerGroup, annealEpochs steps: Int = 10,
    annealStrategy annealing: OneCycleLR.Annealing = .cosine
  ) {
    for (index, rate) in optimizer.perGroup(swaLR, "swaLR").enumerated() {
      optimizer.groups[index].options["swa_lr"] = .double(rate)
    }
    super.init(
      optimizer,
      values: ["anneal_epochs": .int(steps), "_anneal_strategy": .string(annealing.rawValue)])
  }

  /// No way has a negative number of steps.
  public override func problem(with values: OptionValues) -> String? {
    let steps = values.setting("anneal_epochs")
    return steps >= 0 ? nil : "the number of steps must not be negative: \(steps)"
  }

  /// Where the present learning rate came from is worked out, then the next place on that way.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let steps = number("anneal_epochs")
    func share(_ step: Double) -> Double {
      let t = max(0, min(1, step / max(1, steps)))
      let isLinear = values["_anneal_strategy"]?.string == OneCycleLR.Annealing.linear.rawValue
      return isLinear ? t : (1 - cos(.pi * t)) / 2
    }
    let step = steps == 0 ? max(1, Double(stepCount - 1)) : Double(stepCount - 1)
    let (before, now) = (share(step - 1), share(step))
    return optimizer.groups.enumerated().map { index, group in
      guard let goal = group.options["swa_lr"]?.double else {
        fail(
          "SWALR",
          "parameter group \(index) was added after the schedule was made and has no swa_lr; add "
            + "groups before making the schedule, or make a new one afterwards")
      }
      let start = before == 1 ? goal : (group.lr - before * goal) / (1 - before)
      return goal * now + start * (1 - now)
    }
  }
}

extension ScheduleDefinition {
  /// `SWALR`.
  static let swa = ScheduleDefinition(
    of: SWALROptions.self, "SWALR", "to a constant rate, at which weights are averaged"
  ) { values, _, _ in values.spread("swa_lr") }
}

/// Keys of `SWALR`.
public struct SWALROptions: ConfigurationSection {
  /// The rate to go to, or one for each group.
  public var swaLR = [Double]()
  /// Steps on the way.
  public var annealEpochs = 10
  /// The shape of the way.
  public var annealStrategy = OneCycleLR.Annealing.cosine
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "swa_lr", \.swaLR, in: .float(), required: true, "the rate to go to, or one for each group"),
    Field("anneal_epochs", \.annealEpochs, in: .steps(from: 0), "steps on the way"),
    Field("anneal_strategy", \.annealStrategy, "the shape of the way"),
  ]
}
