import Foundation
import NN

/// The schedules of Hugging Face's `get_scheduler`, under its names: a linear warm-up from 0, and
/// then a factor by which each group's learning rate is multiplied.
///
/// With n steps of warm-up, N in all, and p = (t − n)/(N − n) at step t:
///
///     constant, constant_with_warmup   1
///     linear                           max(0, 1 − p)
///     cosine                           max(0, (1 + cos(2π·cycles·p))/2)
///     cosine_with_restarts             (1 + cos(π·(cycles·p mod 1)))/2, 0 from p = 1 on
///     cosine_with_min_lr               the cosine between 1 and the smallest rate
///     cosine_warmup_with_min_lr        the same, one step ahead: the first step moves
///     polynomial                       ((1 − p)^power·(lr − end) + end)/lr
///     inverse_sqrt                     1/√((t + τ − n)/τ)
///     warmup_stable_decay              1, then down to min_lr_ratio over the last steps
///
/// ```swift
/// let scheduler = TransformersLR(
///   optimizer, .cosine, warmupSteps: 100, trainingSteps: 1000, options: ["num_cycles": 0.5])
/// ```
public final class TransformersLR: LRScheduler {
  /// The schedules' names.
  public enum Kind: String, CaseIterable, Sendable {
    /// No change at all.
    case constant
    /// No change after the warm-up.
    case constantWithWarmup = "constant_with_warmup"
    /// Down to 0 along a straight line.
    case linear
    /// Along a cosine; `num_cycles` 0.5 goes down once.
    case cosine
    /// Half a cosine down, `num_cycles` times.
    case cosineWithRestarts = "cosine_with_restarts"
    /// A cosine that ends at `min_lr`, or at `min_lr_rate` of the learning rate.
    case cosineWithMinLR = "cosine_with_min_lr"
    /// The same, with a warm-up that begins above 0, or at `warmup_lr_rate`.
    case cosineWarmupWithMinLR = "cosine_warmup_with_min_lr"
    /// Down to `lr_end` (1e-7) by a `power` (1).
    case polynomial
    /// By the inverse square root, over a `timescale` that is the warm-up or else 10,000 steps.
    case inverseSqrt = "inverse_sqrt"
    /// A warm-up, a plateau, and `num_decay_steps` down to `min_lr_ratio`; `warmup_type` and
    /// `decay_type` are `linear`, `cosine` or `1-sqrt`.
    case warmupStableDecay = "warmup_stable_decay"

    /// Whether the schedule must know how many steps there are in all.
    public var needsTrainingSteps: Bool {
      switch self {
      case .constant, .constantWithWarmup, .inverseSqrt, .warmupStableDecay: false
      default: true
      }
    }

    /// The options that the schedule takes besides the numbers of steps, with what they are by
    /// default; null stands for a value that follows from others.
    var defaults: OptionValues {
      switch self {
      case .constant, .constantWithWarmup, .linear: [:]
      case .cosine: ["num_cycles": 0.5]
      case .cosineWithRestarts: ["num_cycles": 1]
      case .cosineWithMinLR: ["num_cycles": 0.5, "min_lr": .null, "min_lr_rate": .null]
      case .cosineWarmupWithMinLR:
        ["num_cycles": 0.5, "min_lr": .null, "min_lr_rate": .null, "warmup_lr_rate": .null]
      case .polynomial: ["lr_end": 1e-7, "power": 1.0]
      case .inverseSqrt: ["timescale": .null]
      case .warmupStableDecay:
        [
          "num_decay_steps": .null, "num_stable_steps": .null, "warmup_type": "linear",
          "decay_type": "cosine", "min_lr_ratio": 0.0, "num_cycles": 0.5,
        ]
      }
    }
  }

  /// - Parameters:
  ///   - optimizer: Its groups' learning rates are the ones that are multiplied.
  ///   - kind: The schedule.
  ///   - warmupSteps: How many steps the learning rate rises (`num_warmup_steps`).
  ///   - trainingSteps: How many steps there are in all (`num_training_steps`).
  ///   - options: The schedule's own options by Hugging Face's names.
  public init(
    _ optimizer: Optimizer, _ kind: Kind, warmupSteps: Int = 0, trainingSteps: Int? = nil,
    options: OptionValues = [:]
  ) {
    super.init(optimizer, values: Self.values(kind, optimizer, warmupSteps, trainingSteps, options))
  }

  private static func values(
    _ kind: Kind, _ optimizer: Optimizer, _ warmUp: Int, _ total: Int?, _ options: OptionValues
  ) -> OptionValues {
    var values = kind.defaults.merging(options.filter { !$0.value.isNull }) { $1 }
    values["name"] = .string(kind.rawValue)
    values["num_warmup_steps"] = .int(warmUp)
    values["num_training_steps"] = total.map { .int($0) } ?? .null
    values["lr"] = .double(
      optimizer.defaults["lr"]?.double ?? optimizer.groups.first?.lr ?? 0)
    return values
  }

  /// Why the settings make no schedule; nil where they do.
  static func problem(
    _ kind: Kind, _ optimizer: Optimizer, _ warmUp: Int, _ total: Int?, _ options: OptionValues
  ) -> String? {
    problem(in: values(kind, optimizer, warmUp, total, options))
  }

  /// Numbers of steps that fit each other, options that the schedule knows, and rates below the
  /// learning rate.
  public override func problem(with values: OptionValues) -> String? {
    Self.problem(in: values)
  }

  private static func problem(in values: OptionValues) -> String? {
    guard let kind = values["name"]?.string.flatMap(Kind.init) else {
      return "there is no schedule \(values["name"] ?? .null)"
    }
    let warmUp = values["num_warmup_steps"]?.int ?? -1
    let total = values["num_training_steps"]?.int
    if warmUp < 0 { return "num_warmup_steps must be at least 0" }
    if kind.needsTrainingSteps, total == nil { return "num_training_steps must be given" }
    let known = Set(kind.defaults.keys)
    let standing: Set = [
      "name", "num_warmup_steps", "num_training_steps", "lr", "last_epoch", "_step_count",
      "base_lrs", "_last_lr",
    ]
    if let other = values.keys.sorted().first(where: {
      !known.contains($0) && !standing.contains($0)
    }) {
      return "\(kind.rawValue) has no option \(other)"
    }
    let lr = values.setting("lr")
    switch kind {
    case .polynomial where !(lr > values.setting("lr_end")):
      return "lr_end \(values.setting("lr_end")) must be below the learning rate \(lr)"
    case .cosineWithMinLR, .cosineWarmupWithMinLR:
      let given = ["min_lr", "min_lr_rate"].filter { !(values[$0]?.isNull ?? true) }
      if given.count != 1 { return "one of min_lr and min_lr_rate must be given" }
    case .inverseSqrt:
      if let timescale = values["timescale"]?.double, timescale <= 0 {
        return "timescale must be above 0"
      }
    case .warmupStableDecay:
      guard let decay = values["num_decay_steps"]?.int, decay >= 0 else {
        return "num_decay_steps must be given"
      }
      if values["num_stable_steps"]?.int == nil, total == nil {
        return "num_training_steps or num_stable_steps must be given"
      }
      for name in ["warmup_type", "decay_type"] {
        guard let type = values[name]?.string, ["linear", "cosine", "1-sqrt"].contains(type) else {
          return "\(name) must be linear, cosine or 1-sqrt"
        }
      }
    default: break
    }
    return nil
  }

  /// The learning rates of the step by the formula of the schedule.
  public override func learningRates(isInitial: Bool) -> [Double] {
    let factor = factor(at: Double(lastEpoch))
    return baseLRs.map { $0 * factor }
  }

  private func factor(at step: Double) -> Double {
    let kind = values["name"]?.string.flatMap(Kind.init) ?? .constant
    let warmUp = number("num_warmup_steps")
    let total = values["num_training_steps"]?.double ?? warmUp
    switch kind {
    case .constant: return 1
    case .cosineWarmupWithMinLR: return earlyCosine(step, warmUp, total)
    case .warmupStableDecay: return stableDecay(step, warmUp, total)
    default: break
    }
    if step < warmUp { return step / max(1, warmUp) }
    let progress = (step - warmUp) / max(1, total - warmUp)
    switch kind {
    case .linear: return max(0, (total - step) / max(1, total - warmUp))
    case .cosine: return max(0, cosine(progress))
    case .cosineWithRestarts:
      guard progress < 1 else { return 0 }
      let part = (number("num_cycles") * progress).truncatingRemainder(dividingBy: 1)
      return max(0, 0.5 * (1 + cos(.pi * part)))
    case .cosineWithMinLR: return max(0, cosine(progress) * (1 - minRate) + minRate)
    case .polynomial:
      let (first, last) = (number("lr"), number("lr_end"))
      guard step <= total, total > warmUp else { return last / first }
      let remaining = 1 - (step - warmUp) / (total - warmUp)
      return ((first - last) * pow(remaining, number("power")) + last) / first
    case .inverseSqrt:
      let scale = values["timescale"]?.double ?? (warmUp > 0 ? warmUp : 10_000)
      return 1 / ((step + (scale - warmUp)) / scale).squareRoot()
    default: return 1
    }
  }

  private func cosine(_ progress: Double) -> Double {
    0.5 * (1 + cos(.pi * number("num_cycles") * 2 * progress))
  }

  /// The smallest rate as a share of the learning rate.
  private var minRate: Double {
    values["min_lr"]?.double.map { $0 / number("lr") } ?? values["min_lr_rate"]?.double ?? 0
  }

  private func earlyCosine(_ step: Double, _ warmUp: Double, _ total: Double) -> Double {
    if step < warmUp {
      guard let rate = values["warmup_lr_rate"]?.double else { return (step + 1) / max(1, warmUp) }
      return rate + (1 - rate) * step / max(1, warmUp - 1)
    }
    let progress = (step - warmUp + 1) / max(1, total - warmUp)
    return max(0, cosine(progress) * (1 - minRate) + minRate)
  }

  private func stableDecay(_ step: Double, _ warmUp: Double, _ total: Double) -> Double {
    let (least, decay) = (number("min_lr_ratio"), number("num_decay_steps"))
    let stable = values["num_stable_steps"]?.double ?? total - warmUp - decay
    func between(_ factor: Double) -> Double { max(0, factor * (1 - least) + least) }
    if step < warmUp {
      let progress = step / max(1, warmUp)
      switch values["warmup_type"]?.string {
      case "cosine": return between(0.5 * (1 - cos(.pi * progress)))
      case "1-sqrt": return between(1 - (1 - progress).squareRoot())
      default: return between(progress)
      }
    }
    if step < warmUp + stable { return 1 }
    guard step < warmUp + stable + decay else { return least }
    let progress = (step - warmUp - stable) / max(1, decay)
    switch values["decay_type"]?.string {
    case "linear": return between(1 - progress)
    case "1-sqrt": return between(1 - progress.squareRoot())
    default: return between(cosine(progress))
    }
  }
}
