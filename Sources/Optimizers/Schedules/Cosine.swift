import Foundation
import Tensors

/// Half a cosine from the base down to a smallest learning rate, and up again after that
/// (`CosineAnnealingLR`).
///
/// Loshchilov and Hutter, SGDR, 2016, without the restarts.
public final class CosineAnnealingLR: LRScheduler {
  /// - Parameters:
  ///   - steps: The steps until the smallest learning rate.
  ///   - minLR: The smallest learning rate.
  public init(_ optimizer: Optimizer, steps: Int, minLR: Double = 0) {
    require(steps > 0, "CosineAnnealingLR", "the number of steps must be positive: \(steps)")
    super.init(optimizer, values: ["T_max": .int(steps), "eta_min": .double(minLR)])
  }

  /// The distance to the smallest, times this step's height over the last one's.
  public override func learningRates(isInitial: Bool) -> [Double] {
    if isInitial { return lastLRs }
    let (steps, least) = (number("T_max"), number("eta_min"))
    if (lastEpoch - 1 - int("T_max")) % (2 * int("T_max")) == 0 {
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
  ///   - steps: The steps until the first restart.
  ///   - factor: How much longer each stretch is than the one before.
  ///   - minLR: The smallest learning rate.
  public init(_ optimizer: Optimizer, steps: Int, factor: Int = 1, minLR: Double = 0) {
    require(
      steps > 0 && factor >= 1, "CosineAnnealingWarmRestarts",
      "steps must be positive and the factor at least 1: \(steps), \(factor)")
    super.init(
      optimizer,
      values: [
        "T_0": .int(steps), "T_i": .int(steps), "T_mult": .int(factor),
        "eta_min": .double(minLR), "T_cur": .int(-1),
      ])
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
    stepCount += 1
    lastEpoch += 1
    var (current, length) = (int("T_cur") + 1, int("T_i"))
    if current >= length {
      current %= length
      length *= int("T_mult")
    }
    values["T_cur"] = .int(current)
    values["T_i"] = .int(length)
    set(learningRates(isInitial: false))
  }

  /// Goes to a fraction of an epoch: `step(epoch: epoch + batch / batches)`.
  public func step(epoch: Double) {
    require(epoch >= 0, "CosineAnnealingWarmRestarts", "the epoch must not be negative: \(epoch)")
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
    values["T_i"] = .int(Int(length))
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
