import Tensors

/// One schedule after the other (`SequentialLR`).
///
/// ```swift
/// let scheduler = SequentialLR(
///   optimizer, [LinearLR(optimizer, startFactor: 0.1, totalIters: 100), ExponentialLR(optimizer, gamma: 0.9)],
///   milestones: [100])
/// ```
public final class SequentialLR: LRScheduler {
  /// The schedules in order.
  public let schedulers: [LRScheduler]
  private var milestones: [Double] { numbers("_milestones") }

  /// - Parameters:
  ///   - optimizer: Whose learning rates are set.
  ///   - schedulers: Schedules of the same optimizer, none of which needs a metric.
  ///   - milestones: The step at which each of them but the first takes over.
  public init(_ optimizer: Optimizer, _ schedulers: [LRScheduler], milestones: [Int]) {
    checkCombined(schedulers, optimizer, "SequentialLR")
    require(
      milestones.count == schedulers.count - 1, "SequentialLR",
      "\(milestones.count) milestones between \(schedulers.count) schedules")
    self.schedulers = schedulers
    super.init(optimizer, values: ["_milestones": .ints(milestones)])
  }

  override func start() {
    lastEpoch = 0
    // Each schedule set the learning rates when it was made; only the first one's start counts.
    set(optimizer.groups.map { $0.double("initial_lr") })
    for scheduler in schedulers { scheduler.undo() }
    schedulers[passed(0)].start()
  }

  /// How many milestones a step has passed, by halving: in a list out of order PyTorch's answer too.
  private func passed(_ step: Int) -> Int {
    let milestones = milestones
    var (low, high) = (0, milestones.count)
    while low < high {
      let middle = (low + high) / 2
      if Double(step) < milestones[middle] { high = middle } else { low = middle + 1 }
    }
    return low
  }

  override func undo() { for scheduler in schedulers { scheduler.undo() } }

  override func restart() {
    lastEpoch = 0
    schedulers[passed(0)].restart()
  }

  /// A step of the present schedule, or the start of the next.
  public override func step() {
    if Capture.isOn { return Capture.effect { [self] in step() } }
    lastEpoch += 1
    let (milestones, passed) = (milestones, passed(lastEpoch))
    if passed > 0, milestones[passed - 1] == Double(lastEpoch) {
      schedulers[passed].restart()
    } else {
      schedulers[passed].step()
    }
  }

  /// With the states of all schedules.
  public override func stateDict() -> OptionValue { combinedState(super.stateDict(), schedulers) }

  /// Into all schedules.
  public override func load(_ state: OptionValue) throws(OptimizerStateError) {
    try loadCombined(state, schedulers)
    try super.load(state)
  }
}

/// Several schedules at once, whose factors multiply (`ChainedScheduler`).
public final class ChainedScheduler: LRScheduler {
  /// The schedules.
  public let schedulers: [LRScheduler]

  /// - Parameter schedulers: Schedules of one optimizer, none of which needs a metric.
  public init(_ schedulers: [LRScheduler]) {
    guard let optimizer = schedulers.first?.optimizer else {
      fail("ChainedScheduler", "needs at least one schedule")
    }
    checkCombined(schedulers, optimizer, "ChainedScheduler")
    self.schedulers = schedulers
    super.init(optimizer, values: [:])
  }

  override func start() { lastEpoch = 0 }

  override func undo() { for scheduler in schedulers { scheduler.undo() } }

  override func restart() {
    lastEpoch = 0
    for scheduler in schedulers { scheduler.restart() }
  }

  /// A step of each.
  public override func step() {
    if Capture.isOn { return Capture.effect { [self] in step() } }
    lastEpoch += 1
    for scheduler in schedulers { scheduler.step() }
  }

  /// With the states of all schedules.
  public override func stateDict() -> OptionValue { combinedState(super.stateDict(), schedulers) }

  /// Into all schedules.
  public override func load(_ state: OptionValue) throws(OptimizerStateError) {
    try loadCombined(state, schedulers)
    try super.load(state)
  }
}

private func checkCombined(_ schedulers: [LRScheduler], _ optimizer: Optimizer, _ name: String) {
  require(!schedulers.isEmpty, name, "needs at least one schedule")
  for (index, scheduler) in schedulers.enumerated() {
    require(
      !(scheduler is ReduceLROnPlateau), name,
      "schedule \(index) is ReduceLROnPlateau, which needs a metric at every step")
    require(
      scheduler.optimizer === optimizer, name, "schedule \(index) belongs to another optimizer")
  }
}

private func combinedState(_ own: OptionValue, _ schedulers: [LRScheduler]) -> OptionValue {
  var state = own.object ?? [:]
  state["_schedulers"] = .list(schedulers.map { $0.stateDict() })
  return .object(state)
}

private func loadCombined(
  _ state: OptionValue, _ schedulers: [LRScheduler]
) throws(OptimizerStateError) {
  guard let states = state.object?["_schedulers"]?.list, states.count == schedulers.count else {
    throw .malformed(path: "_schedulers", expected: "the states of \(schedulers.count) schedules")
  }
  for (scheduler, state) in zip(schedulers, states) { try scheduler.load(state) }
}
