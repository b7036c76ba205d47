import Collectives
import NN
import Optimizers
import Tensors

/// Averages models over ranks every few steps (`averagers.PeriodicModelAverager`).
///
/// ```swift
/// try parallel.register(PostLocalSGDHook(subgroup: node, startLocalSGDIter: 100))
/// let averager = try PeriodicModelAverager(period: 4, warmupSteps: 100, group: world)
/// …
/// optimizer.step()
/// try averager.average(model.parameters())
/// ```
public final class PeriodicModelAverager {
  /// Steps so far.
  public var step = 0
  private let period: Int
  private let warmupSteps: Int
  private let group: ProcessGroup

  /// - Parameters:
  ///   - period: Steps from one average to the next.
  ///   - warmupSteps: Steps before the first average.
  ///   - group: The ranks whose models are averaged.
  public init(period: Int, warmupSteps: Int = 0, group: ProcessGroup) throws(DataParallelError) {
    guard period >= 1, warmupSteps >= 0 else {
      throw .options(
        "models are averaged every 1 or more steps after 0 or more; \(period) after \(warmupSteps) "
          + "was asked for")
    }
    (self.period, self.warmupSteps, self.group) = (period, warmupSteps, group)
  }

  /// Counts a step, and averages the parameters in place where it is due; every rank takes part.
  /// - Returns: Whether it was due.
  @discardableResult
  public func average(_ parameters: [Parameter]) throws -> Bool {
    defer { step += 1 }
    guard step >= warmupSteps, (step - warmupSteps) % period == 0 else { return false }
    try averageNow(parameters)
    return true
  }

  /// Whether ranks have moved by themselves, so that their models and optimizers may differ.
  public var hasDiverged: Bool { step > warmupSteps }

  /// Averages the parameters in place, whatever the step; every rank takes part.
  public func averageNow(_ parameters: [Parameter]) throws {
    let plan = BucketPlan(parameters.map { ($0.count, $0.dtype) }, limits: [25 << 20])
    for bucket in plan.buckets {
      let slices = bucket.map { position in
        let value = parameters[position].value
        value.storage.version &+= 1
        return BufferSlice(value.lentMemory, count: value.count, dtype: value.dtype)
      }
      try group.allReduceCoalesced(slices, op: .average, label: "model average").wait()
    }
  }
}

/// An optimizer whose steps end in a model average where one is due
/// (`torch.distributed.optim.PostLocalSGDOptimizer`).
public final class PostLocalSGDOptimizer {
  /// What moves the parameters.
  public let optimizer: Optimizer
  private let averager: PeriodicModelAverager

  /// - Parameters:
  ///   - optimizer: What moves the parameters.
  ///   - averager: What averages them afterwards.
  public init(_ optimizer: Optimizer, _ averager: PeriodicModelAverager) {
    self.optimizer = optimizer
    self.averager = averager
  }

  /// Moves every parameter, then averages where it is due.
  public func step() throws {
    optimizer.step()
    try averager.average(optimizer.parameters)
  }

  /// Forgets every gradient.
  public func zeroGrad() { optimizer.zeroGrad() }

  /// The optimizer's state with the averager's steps as `step`.
  public func stateDict() -> OptimizerState {
    var state = optimizer.stateDict()
    var values = state.values.object ?? [:]
    values["step"] = .int(averager.step)
    state.values = .object(values)
    return state
  }

  /// Takes over saved state; one without a step begins the averager's anew.
  public func load(_ state: OptimizerState) throws(OptimizerStateError) {
    try optimizer.load(state)
    averager.step = state.values.object?["step"]?.int ?? 0
  }
}
