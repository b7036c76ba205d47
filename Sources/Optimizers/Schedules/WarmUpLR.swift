import Foundation
import Tensors

/// A linear warm-up, then a decay that ends at the smallest learning rate with the last step: what
/// transformers are trained with.
///
/// With base b, n steps of warm-up and N in all, at step t ≥ n, where x = (t - n)/(N - n):
///
///     cosine: min + (b - min)·(1 + cos(π·2·cycles·x))/2
///     linear: min + (b - min)·(1 - x)
///
/// From step N on it stays at the smallest (the cosine with half a cycle). With the default options
/// this is Hugging Face's `get_cosine_schedule_with_warmup` and `get_linear_schedule_with_warmup`;
/// with `.aboveZero(n)` and a smallest learning rate it is nanoGPT's.
public final class WarmUpLR: LRScheduler {
  /// The first steps.
  public enum WarmUp: Sendable {
    /// b·t/n: the very first step moves nothing, as in Hugging Face's schedules.
    case fromZero(Int)
    /// b·(t + 1)/(n + 1), as in nanoGPT.
    case aboveZero(Int)
  }

  /// The rest.
  public enum Decay: String, Sendable {
    /// Along a cosine.
    case cosine
    /// Along a straight line.
    case linear
    /// None: stays at the base.
    case constant
  }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - warmUp: The first steps.
  ///   - totalSteps: N.
  ///   - decay: The shape of the rest.
  ///   - minLR: The learning rate from step N on.
  ///   - cycles: The cosine's cycles; a half goes down once.
  public init(
    _ optimizer: Optimizer, warmUp: WarmUp, totalSteps: Int, decay: Decay = .cosine,
    minLR: Double = 0, cycles: Double = 0.5
  ) {
    let (steps, offset) =
      switch warmUp {
      case .fromZero(let steps): (steps, 0)
      case .aboveZero(let steps): (steps, 1)
      }
    super.init(
      optimizer,
      values: [
        "warm_up": .int(steps), "offset": .int(offset), "total_steps": .int(totalSteps),
        "decay": .string(decay.rawValue), "min_lr": .double(minLR), "cycles": .double(cycles),
      ])
  }

  /// The warm-up is a part of the whole.
  public override func problem(with values: OptionValues) -> String? {
    guard let warmUp = values["warm_up"]?.int, let total = values["total_steps"]?.int,
      warmUp >= 0, total >= warmUp
    else {
      return "\(values["warm_up"] ?? .null) steps of warm-up of "
        + "\(values["total_steps"] ?? .null) in all"
    }
    return nil
  }

  /// The formula above.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let (step, warmUp) = (Double(lastEpoch), number("warm_up"))
    if step < warmUp {
      let offset = number("offset")
      return baseLRs.map { $0 * ((step + offset) / (warmUp + offset)) }
    }
    let total = number("total_steps")
    let position = (step - warmUp) / max(1, total - warmUp)
    let least = number("min_lr")
    let height =
      switch values["decay"]?.string.flatMap(Decay.init) {
      case .linear: max(0, (total - step) / max(1, total - warmUp))
      case .constant: 1.0
      case .cosine, nil:
        // Half a cycle ends at its lowest point; the way up again is nobody's wish.
        number("cycles") == 0.5 && step >= total
          ? 0.0 : max(0, 0.5 * (1 + cos(.pi * number("cycles") * 2 * position)))
      }
    return baseLRs.map { least + height * ($0 - least) }
  }
}
