import Foundation
import Settings
import Tensors

/// Up to a large learning rate and far down again, the momentum the other way round (`OneCycleLR`).
///
/// Smith and Topin, Super-Convergence, 2017.
public final class OneCycleLR: LRScheduler {
  /// The shape of the way between two learning rates.
  public enum Annealing: String, ConfigurationChoice {
    /// Half a cosine.
    case cosine = "cos"
    /// A straight line.
    case linear
  }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - maxLR: The largest learning rate, one for all groups or one for each.
  ///   - totalSteps: The steps of the cycle; a step more is a programmer's error.
  ///   - rising: The part of the steps on which the learning rate rises.
  ///   - annealing: The shape of the ways.
  ///   - cyclesMomentum: Whether the momentum, or the first beta, falls and rises in turn.
  ///   - baseMomentum: The momentum at the largest learning rate.
  ///   - maxMomentum: The momentum at the start and the end.
  ///   - divisor: The learning rate starts at maxLR/divisor
  ///   - finalDivisor: and ends at that divided by this.
  ///   - threePhases: Falls to the start as fast as it rose, then to the end.
  public init(
    _ optimizer: Optimizer, maxLR: some PerGroup, totalSteps: Int, pctStart rising: Double = 0.3,
    annealStrategy annealing: Annealing = .cosine, cycleMomentum cyclesMomentum: Bool = true,
    baseMomentum: some PerGroup = 0.85, maxMomentum: some PerGroup = 0.95,
    divFactor divisor: Double = 25,
    finalDivFactor finalDivisor: Double = 1e4, threePhase threePhases: Bool = false
  ) {
    require(
      divisor != 0 && finalDivisor != 0, "OneCycleLR",
      "the divisors must not be 0: \(divisor), \(finalDivisor)")
    let largest = optimizer.perGroup(maxLR, "maxLR")
    for (index, rate) in largest.enumerated() {
      let initial = rate / divisor
      optimizer.groups[index].options["initial_lr"] = .double(initial)
      optimizer.groups[index].options["max_lr"] = .double(rate)
      optimizer.groups[index].options["min_lr"] = .double(initial / finalDivisor)
    }
    if cyclesMomentum {
      optimizer.startMomentum(
        base: optimizer.perGroup(baseMomentum, "baseMomentum"),
        max: optimizer.perGroup(maxMomentum, "maxMomentum"), "OneCycleLR")
    }
    super.init(
      optimizer,
      values: [
        "total_steps": .int(totalSteps), "pct_start": .double(rising),
        "_anneal_func_type": .string(annealing.rawValue), "cycle_momentum": .bool(cyclesMomentum),
        "three_phase": .bool(threePhases),
      ])
  }

  /// A cycle of so many epochs of so many steps; the other parameters are as for a number of steps.
  public convenience init(
    _ optimizer: Optimizer, maxLR: some PerGroup, epochs: Int, stepsPerEpoch: Int,
    pctStart rising: Double = 0.3, annealStrategy annealing: Annealing = .cosine,
    cycleMomentum cyclesMomentum: Bool = true, baseMomentum: some PerGroup = 0.85,
    maxMomentum: some PerGroup = 0.95, divFactor divisor: Double = 25,
    finalDivFactor finalDivisor: Double = 1e4, threePhase threePhases: Bool = false
  ) {
    let (steps, isTooLarge) = epochs.multipliedReportingOverflow(by: stepsPerEpoch)
    require(
      epochs > 0 && stepsPerEpoch > 0 && !isTooLarge, "OneCycleLR",
      "\(epochs) epochs of \(stepsPerEpoch) steps make no cycle")
    self.init(
      optimizer, maxLR: maxLR, totalSteps: steps, pctStart: rising, annealStrategy: annealing,
      cycleMomentum: cyclesMomentum, baseMomentum: baseMomentum, maxMomentum: maxMomentum,
      divFactor: divisor, finalDivFactor: finalDivisor, threePhase: threePhases)
  }

  /// A cycle has steps, and rises on a part of them.
  public override func problem(with values: OptionValues) -> String? {
    guard let steps = values["total_steps"]?.int, steps > 0 else {
      return "the number of steps must be positive: \(values["total_steps"] ?? .null)"
    }
    let rising = values.setting("pct_start")
    return 0...1 ~= rising ? nil : "the rising part must lie in 0 ... 1: \(rising)"
  }

  /// The phases: the last step of each, and between which of the group's values it goes.
  private var phases: [(end: Double, rate: (String, String), momentum: (String, String))] {
    let (total, rising) = (number("total_steps"), number("pct_start"))
    let up = (
      rising * total - 1, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum")
    )
    if values["three_phase"]?.bool == true {
      return [
        up,
        (
          2 * rising * total - 2, ("max_lr", "initial_lr"), ("base_momentum", "max_momentum")
        ),
        (total - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum")),
      ]
    }
    return [up, (total - 1, ("max_lr", "min_lr"), ("base_momentum", "max_momentum"))]
  }

  /// The place on the way of the present phase; sets the momentum too.
  public override func learningRates(isInitial: Bool) -> [Double] {
    require(
      lastEpoch <= int("total_steps"), "OneCycleLR",
      "step \(lastEpoch) of a cycle of \(int("total_steps"))")
    let (step, phases) = (Double(lastEpoch), phases)
    let index = phases.firstIndex { step <= $0.end } ?? phases.count - 1
    let phase = phases[index]
    let start = index == 0 ? 0 : phases[index - 1].end
    require(
      phase.end != start, "OneCycleLR",
      "step \(lastEpoch) falls into a phase of no width: \(int("total_steps")) steps of which "
        + "\(number("pct_start")) rise leave it none; change either of them a little")
    requireOwnRates(phase.rate)
    let position = (step - start) / (phase.end - start)
    func between(_ ends: (String, String), _ group: ParameterGroup) -> Double {
      let (from, to) = (group.double(ends.0), group.double(ends.1))
      if values["_anneal_func_type"]?.string == Annealing.linear.rawValue {
        return (to - from) * position + from
      }
      return to + (from - to) / 2 * (cos(.pi * position) + 1)
    }
    if values["cycle_momentum"]?.bool == true {
      for index in optimizer.groups.indices {
        optimizer.groups[index].momentum = between(phase.momentum, optimizer.groups[index])
      }
    }
    return optimizer.groups.map { between(phase.rate, $0) }
  }
}

extension OneCycleLR {
  /// Stops where a group was added after the cycle was made, without learning rates of its own.
  private func requireOwnRates(_ names: (String, String)) {
    for (index, group) in optimizer.groups.enumerated() {
      let lacks = [names.0, names.1].first { group.options[$0]?.double == nil }
      require(
        lacks == nil, "OneCycleLR",
        "parameter group \(index) was added after the schedule was made and has no \(lacks ?? ""); "
          + "add groups before making the schedule, or make a new one afterwards")
    }
  }
}

extension Optimizer {
  /// Starts every group at its largest momentum.
  func startMomentum(base: [Double], max: [Double], _ scheduler: String) {
    require(
      defaults["momentum"] != nil || defaults["betas"] != nil, scheduler,
      "\(Self.self) has neither momentum nor betas to cycle")
    for index in groups.indices {
      groups[index].momentum = max[index]
      groups[index].options["max_momentum"] = .double(max[index])
      groups[index].options["base_momentum"] = .double(base[index])
    }
  }
}

extension ScheduleDefinition {
  /// `OneCycleLR`.
  static let oneCycle = ScheduleDefinition(
    of: OneCycleLROptions.self, "OneCycleLR", "up to a large rate and far down again"
  ) { values, options, input throws(ConfigurationError) in
    values.spread("max_lr", "base_momentum", "max_momentum")
    values.settle("total_steps", max(input.steps, 1))
    if options.cycleMomentum { try input.requireMomentum() }
    try options.requireWidth(of: values["total_steps"]?.int ?? 1, steps: input.steps)
  }
}

/// Keys of `OneCycleLR`.
public struct OneCycleLROptions: ConfigurationSection {
  /// The largest rate, or one for each group.
  public var maxLR = [Double]()
  /// Steps of the cycle; null for the run's.
  public var totalSteps: Int?
  /// Part of the steps on which the rate rises.
  public var pctStart = 0.3
  /// The shape of the ways.
  public var annealStrategy = OneCycleLR.Annealing.cosine
  /// Whether the momentum, or the first beta, goes the other way round.
  public var cycleMomentum = true
  /// The momentum at the largest rate.
  public var baseMomentum = [0.85]
  /// The momentum at the start and the end.
  public var maxMomentum = [0.95]
  /// What the largest rate is divided by at the start.
  public var divFactor = 25.0
  /// What that is divided by at the end.
  public var finalDivFactor = 1e4
  /// Whether to fall to the start first, then to the end.
  public var threePhase = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "max_lr", \.maxLR, in: .float(), required: true, "the largest rate, or one for each group"),
    Field("total_steps", \.totalSteps, in: .steps(), "steps of the cycle; null for the run's"),
    Field("pct_start", \.pctStart, in: .between(0, 1), "part of the steps on which the rate rises"),
    Field("anneal_strategy", \.annealStrategy, "the shape of the ways"),
    Field(
      "cycle_momentum", \.cycleMomentum,
      "whether the momentum, or the first beta, goes the other way round"),
    Field(
      "base_momentum", \.baseMomentum, in: .from(0, below: 1), "the momentum at the largest rate"),
    Field(
      "max_momentum", \.maxMomentum, in: .from(0, below: 1), "the momentum at the start and the end"
    ),
    Field(
      "div_factor", \.divFactor, in: .positiveFloat,
      "what the largest rate is divided by at the start"),
    Field(
      "final_div_factor", \.finalDivFactor, in: .positiveFloat, "what that is divided by at the end"
    ),
    Field("three_phase", \.threePhase, "whether to fall to the start first, then to the end"),
  ]
}

extension OneCycleLROptions {
  /// Refuses a cycle that is shorter than the run, or of which a phase has no width.
  fileprivate func requireWidth(of total: Int, steps: Int) throws(ConfigurationError) {
    guard total >= steps else {
      throw .conflict(
        "schedule.total_steps", problem: "the run has \(steps) steps, and the cycle \(total)",
        remedy: "set it to null, or to \(steps) at least")
    }
    let (rising, all) = (pctStart * Double(total), Double(total))
    var ends = [0, rising - 1, all - 1]
    if threePhase { ends.insert(2 * rising - 2, at: 2) }
    guard zip(ends, ends.dropFirst()).contains(where: { $0 == $1 }) else { return }
    throw .conflict(
      "schedule.pct_start", problem: "of \(total) steps it leaves a phase of the cycle none",
      remedy: "change it, or total_steps, a little")
  }
}

extension ScheduleInput {
  /// Refuses to cycle the momentum of an optimizer that has none.
  func requireMomentum() throws(ConfigurationError) {
    guard optimizer.defaults["momentum"] == nil, optimizer.defaults["betas"] == nil else { return }
    throw .conflict(
      "schedule.cycle_momentum", problem: "the optimizer has neither momentum nor betas to cycle",
      remedy: "set it to false, or name another optimizer")
  }
}
