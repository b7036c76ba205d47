import Foundation
import Tensors

/// Multiplies the learning rate by γ every so many steps (`StepLR`).
public final class StepLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - stepSize: The steps between two changes.
  ///   - gamma: γ.
  public init(_ optimizer: Optimizer, stepSize: Int, gamma: Double = 0.1) {
    super.init(optimizer, values: ["step_size": .int(stepSize), "gamma": .double(gamma)])
  }

  /// Steps of no length never come.
  public override func problem(with values: OptionValues) -> String? {
    values["step_size"]?.int.map { $0 != 0 } == true
      ? nil : "the number of steps between two changes must be a whole number other than 0"
  }

  /// lr·γ at every multiple.
  public override func learningRates(isInitial: Bool) -> [Double] {
    if lastEpoch == 0 || lastEpoch % int("step_size") != 0 { return lastLRs }
    return lastLRs.map { $0 * number("gamma") }
  }

  /// base·γ^⌊t/every⌋.
  public override func closedForm() -> [Double]? {
    let changes = (Double(lastEpoch) / number("step_size")).rounded(.down)
    return baseLRs.map { $0 * pow(number("gamma"), changes) }
  }
}

/// Multiplies the learning rate by γ at given steps (`MultiStepLR`).
public final class MultiStepLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - milestones: The steps; one that comes twice counts twice.
  ///   - gamma: γ.
  public init(_ optimizer: Optimizer, milestones: [Int], gamma: Double = 0.1) {
    super.init(
      optimizer, values: ["milestones": .ints(milestones.sorted()), "gamma": .double(gamma)])
  }

  /// lr·γ at each milestone.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let count = numbers("milestones").count { $0 == Double(lastEpoch) }
    return count == 0 ? lastLRs : lastLRs.map { $0 * pow(number("gamma"), Double(count)) }
  }

  /// base·γ^(milestones passed).
  public override func closedForm() -> [Double]? {
    let passed = numbers("milestones").count { $0 <= Double(lastEpoch) }
    return baseLRs.map { $0 * pow(number("gamma"), Double(passed)) }
  }
}

/// A smaller learning rate for the first steps (`ConstantLR`).
public final class ConstantLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - factor: What the learning rate is multiplied by, in 0 ... 1.
  ///   - steps: For how many steps.
  public init(_ optimizer: Optimizer, factor: Double = 1.0 / 3, totalIters steps: Int = 5) {
    super.init(optimizer, values: ["factor": .double(factor), "total_iters": .int(steps)])
  }

  /// The factor makes the learning rate smaller.
  public override func problem(with values: OptionValues) -> String? {
    let factor = values.setting("factor")
    if !(0...1 ~= factor) { return "the factor must lie in 0 ... 1: \(factor)" }
    return values["total_iters"]?.int == nil ? "total_iters must be a whole number" : nil
  }

  /// lr·factor at the start, lr/factor at the end.
  public override func learningRates(isInitial: Bool) -> [Double] {
    if lastEpoch == 0 { return lastLRs.map { $0 * number("factor") } }
    if lastEpoch != int("total_iters") { return lastLRs }
    require(
      number("factor") != 0, "ConstantLR",
      "step \(lastEpoch) would divide by the factor 0, from which no learning rate comes back; use "
        + "a small factor, or a SequentialLR")
    return lastLRs.map { $0 * (1 / number("factor")) }
  }

  /// base·factor, then base.
  public override func closedForm() -> [Double]? {
    let factor = number("factor")
    return baseLRs.map { $0 * (factor + (lastEpoch >= int("total_iters") ? 1 : 0) * (1 - factor)) }
  }
}

/// A factor that goes straight from one value to another (`LinearLR`): a warm-up.
public final class LinearLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - startFactor: The factor of the first step, above 0 and at most 1.
  ///   - endFactor: The factor from the last step on, in 0 ... 1.
  ///   - steps: The steps from one to the other.
  public init(
    _ optimizer: Optimizer, startFactor: Double = 1.0 / 3, endFactor: Double = 1,
    totalIters steps: Int = 5
  ) {
    super.init(
      optimizer,
      values: [
        "start_factor": .double(startFactor), "end_factor": .double(endFactor),
        "total_iters": .int(steps),
      ])
  }

  /// The first factor is something to go on from.
  public override func problem(with values: OptionValues) -> String? {
    let (start, end) = (values.setting("start_factor"), values.setting("end_factor"))
    if !(start > 0 && start <= 1) {
      return "the first factor must be above 0 and at most 1: \(start)"
    }
    if !(0...1 ~= end) { return "the last factor must lie in 0 ... 1: \(end)" }
    return values["total_iters"]?.int == nil ? "total_iters must be a whole number" : nil
  }

  /// lr times this step's factor over the last one's.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let (start, steps) = (number("start_factor"), number("total_iters"))
    if lastEpoch == 0 { return lastLRs.map { $0 * start } }
    if isInitial || lastEpoch > int("total_iters") { return lastLRs }
    let slope = number("end_factor") - start
    return lastLRs.map { $0 * (1 + slope / (steps * start + Double(lastEpoch - 1) * slope)) }
  }

  /// base·(start + (end - start)·t/steps).
  public override func closedForm() -> [Double]? {
    let (start, steps) = (number("start_factor"), number("total_iters"))
    require(steps != 0, "LinearLR", "a way of 0 steps has no place on it to start from")
    let done = min(steps, Double(lastEpoch))
    return baseLRs.map { $0 * (start + (number("end_factor") - start) * done / steps) }
  }
}

/// Multiplies the learning rate by γ at every step (`ExponentialLR`).
public final class ExponentialLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - gamma: γ.
  public init(_ optimizer: Optimizer, gamma: Double) {
    super.init(optimizer, values: ["gamma": .double(gamma)])
  }

  /// lr·γ.
  public override func learningRates(isInitial: Bool) -> [Double] {
    isInitial ? lastLRs : lastLRs.map { $0 * number("gamma") }
  }

  /// base·γᵗ.
  public override func closedForm() -> [Double]? {
    baseLRs.map { $0 * pow(number("gamma"), Double(lastEpoch)) }
  }
}

/// A factor (1 - t/steps)^power that ends at 0 (`PolynomialLR`).
public final class PolynomialLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - steps: The steps until 0.
  ///   - power: The exponent.
  public init(_ optimizer: Optimizer, totalIters steps: Int = 5, power: Double = 1) {
    super.init(optimizer, values: ["total_iters": .int(steps), "power": .double(power)])
  }

  /// The last step is a whole number.
  public override func problem(with values: OptionValues) -> String? {
    values["total_iters"]?.int == nil ? "total_iters must be a whole number" : nil
  }

  /// lr times this step's factor over the last one's.
  public override func learningRates(isInitial: Bool) -> [Double] {
    if isInitial || lastEpoch > int("total_iters") { return lastLRs }
    let (steps, done) = (number("total_iters"), Double(lastEpoch))
    let factor = risen((1 - done / steps) / (1 - (done - 1) / steps))
    return lastLRs.map { $0 * factor }
  }

  /// base·(1 - t/steps)^power.
  public override func closedForm() -> [Double]? {
    let steps = number("total_iters")
    require(steps != 0, "PolynomialLR", "a way of 0 steps has no place on it to start from")
    let factor = risen(1 - min(steps, Double(lastEpoch)) / steps)
    return baseLRs.map { $0 * factor }
  }

  private func risen(_ base: Double) -> Double {
    let power = number("power")
    require(
      base != 0 || power >= 0, "PolynomialLR",
      "step \(lastEpoch) would raise 0 to the power \(power); powers are at least 0")
    return pow(base, power)
  }
}

/// A function of the step times the base (`LambdaLR`).
public final class LambdaLR: LRScheduler {
  private let factors: [(Int) -> Double]

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - factor: The factor of step t.
  public convenience init(_ optimizer: Optimizer, lrLambda factor: @escaping (Int) -> Double) {
    self.init(optimizer, lrLambdas: optimizer.groups.map { _ in factor })
  }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - factors: A function for each group.
  public init(_ optimizer: Optimizer, lrLambdas factors: [(Int) -> Double]) {
    require(
      factors.count == optimizer.groups.count, "LambdaLR",
      "\(factors.count) functions for \(optimizer.groups.count) groups")
    self.factors = factors
    super.init(optimizer, values: [:])
  }

  /// base·factor(t).
  public override func learningRates(isInitial: Bool) -> [Double] {
    zip(baseLRs, factors).map { $0 * $1(lastEpoch) }
  }
}

/// Multiplies the learning rate by a function of the step (`MultiplicativeLR`).
public final class MultiplicativeLR: LRScheduler {
  private let factors: [(Int) -> Double]

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - factor: What step t multiplies by.
  public convenience init(_ optimizer: Optimizer, lrLambda factor: @escaping (Int) -> Double) {
    self.init(optimizer, lrLambdas: optimizer.groups.map { _ in factor })
  }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - factors: A function for each group.
  public init(_ optimizer: Optimizer, lrLambdas factors: [(Int) -> Double]) {
    require(
      factors.count == optimizer.groups.count, "MultiplicativeLR",
      "\(factors.count) functions for \(optimizer.groups.count) groups")
    self.factors = factors
    super.init(optimizer, values: [:])
  }

  /// lr·factor(t).
  public override func learningRates(isInitial: Bool) -> [Double] {
    isInitial ? lastLRs : zip(lastLRs, factors).map { $0 * $1(lastEpoch) }
  }
}
