import Settings
import Tensors

/// Reduces the learning rate when a metric stops getting better (`ReduceLROnPlateau`).
public final class ReduceLROnPlateau: LRScheduler {
  /// What is better.
  public enum Mode: String, ConfigurationChoice {
    /// Less, as of a loss.
    case min
    /// More, as of an accuracy.
    case max
  }

  /// What the threshold is measured by.
  public enum ThresholdMode: String, ConfigurationChoice {
    /// The best value so far.
    case relative = "rel"
    /// Nothing: a difference.
    case absolute = "abs"
  }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - mode: What is better.
  ///   - factor: What the learning rate is multiplied by, below 1.
  ///   - patience: The steps without an improvement that are borne.
  ///   - threshold: What counts as an improvement.
  ///   - thresholdMode: What the threshold is measured by.
  ///   - cooldown: The steps after a reduction that do not count.
  ///   - minLR: The smallest learning rate, one for all groups or one for each.
  ///   - eps: Smaller changes of the learning rate are left out.
  public init(
    _ optimizer: Optimizer, mode: Mode = .min, factor: Double = 0.1, patience: Int = 10,
    threshold: Double = 1e-4, thresholdMode: ThresholdMode = .relative, cooldown: Int = 0,
    minLR: some PerGroup = 0.0, eps: Double = 1e-8
  ) {
    super.init(
      optimizer,
      values: [
        "mode": .string(mode.rawValue), "factor": .double(factor), "patience": .int(patience),
        "threshold": .double(threshold), "threshold_mode": .string(thresholdMode.rawValue),
        "cooldown": .int(cooldown), "min_lrs": .doubles(optimizer.perGroup(minLR, "minLR")),
        "default_min_lr": (minLR as? Double).map { .double($0) } ?? .null,
        "eps": .double(eps), "best": .double(mode == .min ? .infinity : -.infinity),
        "cooldown_counter": 0, "num_bad_epochs": 0,
      ])
  }

  /// A reduction makes smaller.
  public override func problem(with values: OptionValues) -> String? {
    let factor = values.setting("factor")
    if !(factor < 1) { return "the factor must be below 1: \(factor)" }
    let isCounted = ["patience", "cooldown", "cooldown_counter", "num_bad_epochs"].allSatisfy {
      values[$0]?.int.map { $0 < 1 << 53 } == true
    }
    return isCounted ? nil : "patience, cool-down and their counters must be numbers of steps"
  }

  override func start() { lastEpoch = 0 }

  /// Stops the process: the schedule needs the metric.
  public override func step() {
    fail("ReduceLROnPlateau", "needs the metric: step(metric)")
  }

  /// Notes a metric and reduces the learning rate where patience has run out.
  /// - Parameter metric: The same number on every rank of a distributed run.
  public func step(_ metric: Double) {
    lastEpoch += 1
    var (bad, cooldown) = (int("num_bad_epochs"), int("cooldown_counter"))
    if isBetter(metric) {
      values["best"] = .double(metric)
      bad = 0
    } else {
      bad += 1
    }
    if cooldown > 0 {
      cooldown -= 1
      bad = 0
    }
    if bad > int("patience") {
      for (index, least) in leastRates().enumerated() {
        let rate = optimizer.groups[index].lr
        let reduced = Swift.max(rate * number("factor"), least)
        if rate - reduced > number("eps") { optimizer.groups[index].lr = reduced }
      }
      cooldown = int("cooldown")
      bad = 0
    }
    values["num_bad_epochs"] = .int(bad)
    values["cooldown_counter"] = .int(cooldown)
  }

  /// Takes over what a saved state remembers of metrics, and the reductions that it made; the settings,
  /// and each group's rate before them, stay this schedule's own.
  package func resume(_ state: OptionValue) {
    guard let saved = state.object, saved["mode"] == values["mode"],
      let rates = saved["_last_lr"]?.doubles, let bases = saved["base_lrs"]?.doubles,
      rates.count == optimizer.groups.count, bases.count == rates.count
    else { return }
    var settings = values
    for name in ["best", "num_bad_epochs", "cooldown_counter"] {
      guard let value = saved[name], value.double != nil else { return }
      settings[name] = value
    }
    guard problem(with: settings) == nil else { return }
    values = settings
    lastEpoch = saved["last_epoch"]?.int ?? 0
    for (index, rate) in rates.enumerated() {
      let own = optimizer.groups[index].lr
      optimizer.groups[index].lr =
        own == bases[index] ? rate : bases[index] > 0 ? own * (rate / bases[index]) : own
    }
  }

  /// The smallest learning rates, one a group; groups that were added later take the common one.
  private func leastRates() -> [Double] {
    let (count, rates) = (optimizer.groups.count, numbers("min_lrs"))
    if rates.count == count { return rates }
    guard let common = values["default_min_lr"]?.double else {
      fail(
        "ReduceLROnPlateau",
        "the optimizer has \(count) parameter groups and the schedule a smallest learning rate for "
          + "each of \(rates.count); add groups before making the schedule, or give it one for all")
    }
    let spread = [Double](repeating: common, count: count)
    values["min_lrs"] = .doubles(spread)
    baseLRs += optimizer.groups.dropFirst(baseLRs.count).map { group in
      group.options["initial_lr"]?.double ?? group.lr
    }
    return spread
  }

  private func isBetter(_ metric: Double) -> Bool {
    let (best, threshold) = (number("best"), number("threshold"))
    let isRelative = values["threshold_mode"]?.string != ThresholdMode.absolute.rawValue
    if values["mode"]?.string == Mode.max.rawValue {
      return metric > (isRelative ? best * (threshold + 1) : best + threshold)
    }
    return metric < (isRelative ? best * (1 - threshold) : best - threshold)
  }
}

extension ScheduleDefinition {
  /// `ReduceLROnPlateau`.
  static let plateau = ScheduleDefinition(
    of: PlateauOptions.self, "ReduceLROnPlateau", "less where an evaluation gets no better"
  ) {
    values, _, _ in
    values["metric"] = nil
    values.spread("min_lr")
  }
}

/// Keys of `ReduceLROnPlateau`, which looks at every evaluation of the run.
public struct PlateauOptions: ConfigurationSection {
  /// The figure of the evaluation that is looked at.
  public var metric = "loss"
  /// Whether less or more is better.
  public var mode = ReduceLROnPlateau.Mode.min
  /// What the rate is multiplied by.
  public var factor = 0.1
  /// Evaluations without an improvement that are borne.
  public var patience = 10
  /// What counts as an improvement.
  public var threshold = 1e-4
  /// A part of the best figure, or a difference.
  public var thresholdMode = ReduceLROnPlateau.ThresholdMode.relative
  /// Evaluations after a reduction that do not count.
  public var cooldown = 0
  /// The smallest rate, or one for each group.
  public var minLR = [0.0]
  /// Smaller changes of the rate are left out.
  public var eps = 1e-8
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("metric", \.metric, "the figure of the evaluation that is looked at"),
    Field("mode", \.mode, "whether less or more is better"),
    Field("factor", \.factor, in: .from(0, below: 1), "what the rate is multiplied by"),
    Field(
      "patience", \.patience, in: .count(from: 0),
      "evaluations without an improvement that are borne"),
    Field("threshold", \.threshold, in: .float(), "what counts as an improvement"),
    Field("threshold_mode", \.thresholdMode, "a part of the best figure, or a difference"),
    Field(
      "cooldown", \.cooldown, in: .count(from: 0), "evaluations after a reduction that do not count"
    ),
    Field("min_lr", \.minLR, in: .float(), "the smallest rate, or one for each group"),
    Field("eps", \.eps, in: .float(), "smaller changes of the rate are left out"),
  ]
}
