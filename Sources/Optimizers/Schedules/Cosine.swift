import Foundation
import Settings
import Tensors

/// Half a cosine from the base down to a smallest learning rate, and up again after that
/// (`CosineAnnealingLR`).
///
/// Loshchilov and Hutter, SGDR, 2016, without the restarts.
public final class CosineAnnealingLR: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - steps: The steps until the smallest learning rate.
  ///   - minLR: The smallest learning rate.
  public init(_ optimizer: Optimizer, tMax steps: Int, etaMin minLR: Double = 0) {
    super.init(optimizer, values: ["T_max": .int(steps), "eta_min": .double(minLR)])
  }

  /// A way of no steps has no end.
  public override func problem(with values: OptionValues) -> String? {
    values["T_max"]?.int.map { $0 != 0 } == true
      ? nil : "the number of steps must be a whole number other than 0"
  }

  /// The distance to the smallest, times this step's height over the last one's.
  public override func learningRates(isInitial: Bool) -> [Double] {
    if isInitial { return lastLRs }
    let (steps, least) = (number("T_max"), number("eta_min"))
    let (turns, beyond) = (lastEpoch - 1).quotientAndRemainder(
      dividingBy: Int(clamping: int("T_max").magnitude))
    if beyond == 0 && turns % 2 != 0 {
      // The last height was 0, so there is nothing to multiply.
      return zip(lastLRs, baseLRs).map { $0 + ($1 - least) * (1 - cos(.pi / steps)) / 2 }
    }
    let height = 1 + cos(.pi * Double(lastEpoch) / steps)
    let before = 1 + cos(.pi * Double(lastEpoch - 1) / steps)
    return lastLRs.map { height / before * ($0 - least) + least }
  }

  /// min + (base - min)·(1 + cos(π·t/steps))/2.
  public override func closedForm() -> [Double]? {
    let (steps, least) = (number("T_max"), number("eta_min"))
    return baseLRs.map {
      least + ($0 - least) * (1 + cos(.pi * Double(lastEpoch) / steps)) / 2
    }
  }
}

/// Half a cosine down, then back to the base and down again, each time more slowly
/// (`CosineAnnealingWarmRestarts`).
///
/// Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2016.
public final class CosineAnnealingWarmRestarts: LRScheduler {
  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - steps: The steps until the first restart.
  ///   - factor: How much longer each stretch is than the one before.
  ///   - minLR: The smallest learning rate.
  public init(
    _ optimizer: Optimizer, t0 steps: Int, tMult factor: Int = 1, etaMin minLR: Double = 0
  ) {
    super.init(
      optimizer,
      values: [
        "T_0": .int(steps), "T_i": .int(steps), "T_mult": .int(factor),
        "eta_min": .double(minLR), "T_cur": .int(-1),
      ])
  }

  /// Stretches have steps, and no later one is shorter.
  public override func problem(with values: OptionValues) -> String? {
    let (first, length, factor) = (values["T_0"]?.int, values["T_i"]?.int, values["T_mult"]?.int)
    if let first, let length, let factor, first > 0, length > 0, factor >= 1 {
      return 0x1p53 > values.setting("T_cur").magnitude ? nil : "T_cur must be a number of steps"
    }
    return "steps must be positive and the factor at least 1"
  }

  override func start() {
    stepCount = 1
    restart()
  }

  override func restart() {
    lastEpoch = 0
    values["T_cur"] = 0
    values["T_i"] = values["T_0"]
    set(learningRates(isInitial: false))
  }

  /// One step down, or a restart.
  public override func step() {
    if Capture.isOn { return Capture.effect { [self] in step() } }
    stepCount += 1
    lastEpoch += 1
    var (current, length) = (number("T_cur") + 1, int("T_i"))
    if current >= Double(length) {
      current.formTruncatingRemainder(dividingBy: Double(length))
      let next = length.multipliedReportingOverflow(by: int("T_mult"))
      let most = OptionValue.largestCount
      length = next.overflow ? most : min(next.partialValue, most)
    }
    values["T_cur"] = .double(current)
    values["T_i"] = .int(length)
    set(learningRates(isInitial: false))
  }

  /// Goes to a fraction of an epoch: `step(epoch: epoch + batch / batches)`.
  public func step(epoch: Double) {
    require(
      0..<0x1p53 ~= epoch, "CosineAnnealingWarmRestarts",
      "the epoch must be a number of steps that a run can reach: \(epoch)")
    stepCount += 1
    let (first, factor) = (number("T_0"), number("T_mult"))
    var (start, length) = (0.0, first)
    if factor == 1 {
      start = (epoch / first).rounded(.down) * first
    } else if epoch >= first {
      let restarts = (log(epoch / first * (factor - 1) + 1) / log(factor)).rounded(.down)
      start = first * (pow(factor, restarts) - 1) / (factor - 1)
      length = first * pow(factor, restarts)
    }
    values["T_cur"] = .double(epoch - start)
    values["T_i"] = .int(Int(min(length, Double(OptionValue.largestCount))))
    lastEpoch = Int(epoch.rounded(.down))
    set(learningRates(isInitial: false))
  }

  /// min + (base - min)·(1 + cos(π·t/length))/2 within the present stretch.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let least = number("eta_min")
    let angle = Double.pi * number("T_cur") / number("T_i")
    return baseLRs.map { least + ($0 - least) * (1 + cos(angle)) / 2 }
  }
}

extension ScheduleDefinition {
  /// `CosineAnnealingLR`.
  static let cosineAnnealing = ScheduleDefinition(
    of: CosineAnnealingLROptions.self, "CosineAnnealingLR", "half a cosine down, and up again"
  ) { values, _, input in
    values.settle("T_max", max(input.steps, 1))
  }
  /// `CosineAnnealingWarmRestarts`.
  static let warmRestarts = ScheduleDefinition(
    of: WarmRestartsOptions.self, "CosineAnnealingWarmRestarts",
    "half a cosine down, again and again")
}

/// Keys of `CosineAnnealingLR`.
public struct CosineAnnealingLROptions: ConfigurationSection {
  /// Steps to the smallest rate; null for the run's.
  public var period: Int?
  /// The smallest rate.
  public var minLR = 0.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("T_max", \.period, in: .steps(), "steps to the smallest rate; null for the run's"),
    Field("eta_min", \.minLR, in: .float(), "the smallest rate"),
  ]
}

/// Keys of `CosineAnnealingWarmRestarts`.
public struct WarmRestartsOptions: ConfigurationSection {
  /// Steps until the first restart.
  public var firstPeriod = 1
  /// How much longer each stretch is than the one before.
  public var factor = 1
  /// The smallest rate.
  public var minLR = 0.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("T_0", \.firstPeriod, in: .steps(), required: true, "steps until the first restart"),
    Field("T_mult", \.factor, in: .count(), "how much longer each stretch is than the one before"),
    Field("eta_min", \.minLR, in: .float(), "the smallest rate"),
  ]
}
