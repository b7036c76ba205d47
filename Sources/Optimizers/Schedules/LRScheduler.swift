import Base
import NN
import Tensors

/// Changes the learning rates of an optimizer's groups from step to step
/// (`torch.optim.lr_scheduler.LRScheduler`).
///
/// ```swift
/// let scheduler = CosineAnnealingLR(optimizer, tMax: 1000)
/// for batch in loader {
///   …
///   optimizer.step()
///   scheduler.step()
/// }
/// ```
///
/// Making a scheduler sets the learning rates of the first step and remembers the optimizer's own as
/// each group's `initial_lr`. Most schedules go on from the present learning rates, so that several
/// multiply (``ChainedScheduler``); the sums are PyTorch's to the last digit.
open class LRScheduler {
  /// The optimizer whose learning rates change.
  public let optimizer: Optimizer

  /// The steps made, 0 before the first (`last_epoch`).
  public internal(set) var lastEpoch = -1

  /// Each group's learning rate before any schedule.
  public internal(set) var baseLRs: [Double] = []

  /// What the schedule was made with, by PyTorch's names, and what else it must remember.
  public internal(set) var values: OptionValues

  /// Calls of ``step()``, the first by the initializer.
  var stepCount = 0

  /// A schedule.
  /// - Parameters:
  ///   - optimizer: Its groups' present learning rates are the base, unless a schedule already took
  ///     note of earlier ones.
  ///   - values: The schedule's settings, which saved state holds.
  public init(_ optimizer: Optimizer, values: OptionValues) {
    self.optimizer = optimizer
    self.values = values
    if let problem = problem(with: values) { fail("\(Self.self)", problem) }
    for index in optimizer.groups.indices where optimizer.groups[index].options["initial_lr"] == nil
    {
      optimizer.groups[index].options["initial_lr"] = .double(optimizer.groups[index].lr)
    }
    baseLRs = optimizer.groups.map { $0.double("initial_lr") }
    start()
  }

  /// Why settings make no schedule, whether they come from an initializer or from saved state; nil
  /// where they do.
  open func problem(with values: OptionValues) -> String? { nil }

  /// Sets the learning rates of the first step.
  func start() {
    stepCount = 1
    lastEpoch += 1
    set(learningRates(isInitial: true))
  }

  /// The learning rates of step ``lastEpoch``, one a group (`get_lr`).
  /// - Parameter isInitial: Whether the schedule is being made: learning rates that go on from the
  ///   present ones stay as they are.
  open func learningRates(isInitial: Bool) -> [Double] {
    fail("\(Self.self)", "the scheduler says nowhere what the learning rates are")
  }

  /// The same computed from the base alone, where there is such a formula.
  open func closedForm() -> [Double]? { nil }

  /// Goes on by one step; to be called after `optimizer.step()`.
  open func step() {
    if Capture.isOn { return Capture.effect { [self] in step() } }
    stepCount += 1
    lastEpoch += 1
    set(learningRates(isInitial: false))
  }

  /// Takes the first step back, for a schedule that starts later.
  func undo() { lastEpoch -= 1 }

  /// Starts anew from the base.
  func restart() {
    lastEpoch = 0
    set(closedForm() ?? learningRates(isInitial: false))
  }

  /// The present learning rates, one a group (`get_last_lr`).
  public var lastLRs: [Double] { optimizer.groups.map(\.lr) }

  /// Groups that were added after the schedule was made follow it where it goes on from the present
  /// learning rates, as in PyTorch; a schedule that needs each group's base cannot know theirs.
  func set(_ rates: [Double]) {
    let count = optimizer.groups.count
    require(
      rates.count == count, "\(Self.self)",
      "the optimizer has \(count) parameter groups and the schedule learning rates for "
        + "\(rates.count); add groups before making the schedule, or make a new one afterwards")
    for (index, rate) in rates.enumerated() { optimizer.groups[index].lr = rate }
  }

  /// Everything that going on takes (`state_dict`); the optimizer's own state holds the present
  /// learning rates.
  open func stateDict() -> OptionValue {
    var state = values
    state["last_epoch"] = .int(lastEpoch)
    state["_step_count"] = .int(stepCount)
    state["base_lrs"] = .doubles(baseLRs)
    state["_last_lr"] = .doubles(lastLRs)
    return .object(state)
  }

  /// Takes over saved state (`load_state_dict`), settings too. Closures are not saved.
  /// - Throws: ``OptimizerStateError`` naming the entry that is missing or of another kind.
  open func load(_ state: OptionValue) throws(OptimizerStateError) {
    guard let saved = state.object else {
      throw .malformed(path: "\(Self.self)", expected: "an object of values by name")
    }
    try state.requireModest("\(Self.self)")
    let lastEpoch = try saved.required("last_epoch", "a number of steps") { $0.stepNumber }
    let stepCount = try saved["_step_count"].map { count throws(OptimizerStateError) in
      guard let count = count.stepNumber else {
        throw .malformed(path: "_step_count", expected: "a number of steps, not \(count)")
      }
      return count
    }
    let rates = try saved.required("base_lrs", "\(baseLRs.count) numbers") { $0.doubles }
    // A state that was saved after a group had been added has bases of the groups before it only.
    guard rates.count == baseLRs.count || (1..<baseLRs.count).contains(rates.count) else {
      throw .malformed(path: "base_lrs", expected: "\(baseLRs.count) numbers, not \(rates.count)")
    }
    var settings = values
    for (name, own) in values.inKeyOrder {
      guard let value = saved[name] else { continue }
      guard own.isNull || !value.isNull && own.accepts(value) && own.isReadAlike(value) else {
        throw .malformed(path: name, expected: "a value like \(own), not \(value)")
      }
      settings[name] = value
    }
    if let problem = problem(with: settings) {
      throw .malformed(path: "\(Self.self)", expected: "settings of a schedule; \(problem)")
    }
    values = settings
    self.lastEpoch = lastEpoch
    baseLRs = rates
    self.stepCount = stepCount ?? lastEpoch + 1
  }
}

extension OptionValue {
  /// A number of steps, -1 before the first; nil where it is none that a run can have reached.
  fileprivate var stepNumber: Int? { int.flatMap { -1..<1 << 53 ~= $0 ? $0 : nil } }

  /// Whether a list of numbers meets a list of numbers.
  fileprivate func isReadAlike(_ other: OptionValue) -> Bool {
    doubles == nil || list == nil || other.doubles != nil
  }
}

/// Reading settings.
extension LRScheduler {
  func number(_ name: String) -> Double {
    guard let value = values[name]?.double else {
      fail("\(Self.self)", "\(name) should be a number; it is \(values[name] ?? .null)")
    }
    return value
  }

  func int(_ name: String) -> Int {
    guard let value = values[name]?.int else {
      fail("\(Self.self)", "\(name) should be a whole number; it is \(values[name] ?? .null)")
    }
    return value
  }

  func numbers(_ name: String) -> [Double] {
    guard let value = values[name]?.doubles else {
      fail("\(Self.self)", "\(name) should be numbers; it is \(values[name] ?? .null)")
    }
    return value
  }
}

extension OptionValues {
  /// A setting of ``LRScheduler/problem(with:)``, nan where there is none.
  func setting(_ name: String) -> Double { self[name]?.double ?? .nan }

  func required<Result>(
    _ name: String, _ expected: String, _ read: (OptionValue) -> Result?
  ) throws(OptimizerStateError) -> Result {
    guard let value = self[name].flatMap(read) else {
      throw .malformed(path: name, expected: expected)
    }
    return value
  }
}

/// One number for every group, or a list with one for each.
public protocol PerGroup {
  /// The numbers for `count` groups; nil where a list has another length.
  func values(for count: Int) -> [Double]?
}

extension Double: PerGroup {
  /// The number for each.
  public func values(for count: Int) -> [Double]? { Array(repeating: self, count: count) }
}

extension [Double]: PerGroup {
  /// The list.
  public func values(for count: Int) -> [Double]? { self.count == count ? self : nil }
}

extension Optimizer {
  /// A number for each group, or a stop where a list has another length.
  func perGroup(_ numbers: some PerGroup, _ name: String) -> [Double] {
    guard let values = numbers.values(for: groups.count) else {
      fail("lr_scheduler", "\(name) must be one number or \(groups.count), one for each group")
    }
    return values
  }
}
