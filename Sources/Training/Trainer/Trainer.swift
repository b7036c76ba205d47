import Collectives
import DataParallel
import Datasets
import Dispatch
import NN
import Optimizers
import Tensors

/// The training loop: forward, backward, averaged gradients, one optimizer step, and exact global
/// figures, on one process or as one of many.
///
/// ```swift
/// let trainer = try Trainer(model, optimizer: optimizer) { batch in
///   .classification(model(batch.images), batch.labels)
/// }
/// try trainer.fit(loader, epochs: 5, validation: held)
/// ```
///
/// Every rank makes the same calls. Whatever decides how a run goes on (a NaN loss, a request to
/// stop) travels in the one reduction that each step does anyway, so all ranks decide alike.
public final class Trainer<Content> {
  /// The replica.
  public let model: Module
  /// What changes its parameters.
  public let optimizer: Optimizer
  /// What changes the learning rate, once a step.
  public var scheduler: LRScheduler?
  /// The ranks that train together; nil for a process on its own.
  public let group: ProcessGroup?
  /// How the loop runs.
  public let options: TrainerOptions
  /// Told of every step, evaluation and epoch, on every rank.
  public var callbacks: [TrainingCallback] = []

  /// Optimizer steps done, earlier parts of a resumed run included.
  public internal(set) var step = 0
  /// The norm of the last step's gradients, before they were clipped; nil where it was not asked for.
  var gradNorm: Double?
  /// Seconds spent on steps, evaluation and saving left out; with earlier parts of a run that is
  /// resumed on as many workers.
  public internal(set) var trainingSeconds = 0.0
  /// Records trained on meanwhile, over all ranks.
  public internal(set) var trainedRecords = 0
  /// Records trained on per second; nil before the first step.
  public var recordsPerSecond: Double? {
    trainingSeconds > 0 ? Double(trainedRecords) / trainingSeconds : nil
  }
  /// What scales losses in float16; does nothing in other precisions.
  public let scaler: GradScaler
  /// Steps of this trainer that were left out because a scaled gradient overflowed.
  public internal(set) var skippedSteps = 0
  let parallel: DistributedDataParallel<Module>?
  /// What reduces gradients in place of the average.
  let hook: (any CommunicationHook)?
  /// What brings ranks' models together where gradients no longer do.
  let averager: PeriodicModelAverager?
  /// Told of every phase that begins, with the step counted from 1, for tests that break a rank.
  package var onPhase: ((_ step: Int, _ phase: RunPhase) throws -> Void)?
  let forward: (Content) throws -> StepOutput
  /// What losses are means over; nil for records.
  let targets: TargetCount<Content>?

  /// Prepares training. With a group, blocks until all ranks have called it: replicas are compared
  /// and made equal.
  /// - Parameters:
  ///   - model: The replica; it stays in the mode it is in until the loop sets it.
  ///   - optimizer: Over the model's parameters; one that is sharded belongs to the same group.
  ///   - scheduler: Stepped after every optimizer step.
  ///   - group: The ranks that train together.
  ///   - options: Clipping and buckets.
  ///   - hook: What reduces gradients in place of the average; not used without a group.
  ///   - averager: What averages models after steps, where the hook lets them go apart.
  ///   - targets: What the loss is a mean over where it is not one over records; `forward` then
  ///     returns sums, as ``StepOutput/tokens(_:_:ignoreIndex:)`` does. The same on every rank.
  ///   - forward: The model's output for one batch.
  public init(
    _ model: Module, optimizer: Optimizer, scheduler: LRScheduler? = nil,
    group: ProcessGroup? = nil, options: TrainerOptions = .init(),
    hook: (any CommunicationHook)? = nil, averager: PeriodicModelAverager? = nil,
    targets: TargetCount<Content>? = nil, forward: @escaping (Content) throws -> StepOutput
  ) throws {
    self.model = model
    self.optimizer = optimizer
    self.scheduler = scheduler
    self.group = group
    self.options = options
    self.forward = forward
    self.targets = targets
    self.hook = group == nil ? nil : hook
    self.averager = group == nil ? nil : averager
    scaler = GradScaler(enabled: options.precision == .f16)
    parallel = try group.map {
      try DistributedDataParallel(
        model, group: $0, options: options.parallel, optimizer: optimizer as? ShardedOptimizer)
    }
    if let hook { try parallel?.register(hook) }
  }

  var worldSize: Int { group?.size ?? 1 }

  /// What data parallelism is set up as and has seen; nil for a process on its own.
  public var statistics: DataParallelStatistics? { parallel?.statistics }

  /// The order in which gradients are added up over ranks; nil for a process on its own, and where
  /// it follows from the optimizer's shards.
  var bucketPlan: BucketPlan? {
    (optimizer as? ShardedOptimizer)?.stage == .zero2 ? nil : parallel?.bucketPlan
  }

  /// What the optimizer remembers, on rank 0; every rank takes part where it is shared out.
  func optimizerState() throws -> OptimizerState? {
    if let sharded = optimizer as? ShardedOptimizer { return try sharded.consolidated() }
    return (group?.rank ?? 0) == 0 ? optimizer.stateDict() : nil
  }

  /// The forward pass of one part of a batch, which the other ranks are told of.
  private func output(of content: Content) throws -> StepOutput {
    try options.precision.computing {
      guard let parallel else { return try forward(content) }
      return try parallel.forward { _ in try forward(content) }
    }
  }

  /// Trains until the epochs or steps are done, or somebody asks to stop.
  /// - Parameters:
  ///   - loader: This rank's share of the training records, cut into parts.
  ///   - epochs: Passes over the records, earlier parts of a resumed run included.
  ///   - steps: Optimizer steps, likewise; what comes first ends the run.
  ///   - shouldStop: Whether this rank was asked to stop; asked once a step, and true on one rank
  ///     stops all at the same step.
  /// - Returns: How the run ended.
  /// - Throws: ``TrainingError`` for a loss that is not finite, or what data, collectives and
  ///   callbacks throw.
  @discardableResult
  public func run(
    _ loader: any BatchLoading<[BatchPart<Content>]>, epochs: Int? = nil, steps: Int? = nil,
    shouldStop: () -> Bool = { false }
  ) throws -> TrainingEnd {
    let planned = plannedSteps(loader, epochs: epochs, steps: steps)
    for callback in callbacks { try callback.trainingBegan(self.step, of: planned) }
    while step < planned {
      let began = DispatchTime.now().uptimeNanoseconds
      options.timeline?.stepBegins(step + 1)
      guard let batch = try during(.data, loader.next) else {
        for callback in callbacks { try callback.epochEnded(loader.epoch) }
        continue
      }
      model.trainIfNeeded()
      let (figures, isStopping) = try trainStep(batch, wantsStop: shouldStop())
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
      trainingSeconds += seconds
      trainedRecords += figures.records
      let report = StepReport(
        step: step, of: planned, epoch: batch.epoch,
        isLastOfEpoch: loader.step == loader.batchCount,
        figures: figures, learningRate: optimizer.groups.first?.lr ?? 0, seconds: seconds,
        recordsPerSecond: recordsPerSecond ?? 0,
        isStopping: isStopping, gradNorm: gradNorm)
      try checkReplicas()
      for callback in callbacks { try callback.stepEnded(report) }
      options.timeline?.stepEnded()
      if isStopping { return .stopped }
    }
    return .finished
  }

  /// Runs a part of the training: noted for messages about failures, and drawn on the timeline, by
  /// `name` where that says more than the phase.
  func during<Result>(
    _ phase: RunPhase, named name: String? = nil, _ body: () throws -> Result
  ) throws -> Result {
    let isBetweenSteps = phase == .checkpoint || phase == .evaluation
    group?.mark(step: isBetweenSteps ? step : step + 1, phase)
    try onPhase?(step + 1, phase)
    return try options.timeline.span(name ?? phase.name, always: isBetweenSteps, body)
  }

  /// Stops where a parameter is not finite, so that no checkpoint is written of it: a gradient can
  /// overflow while the loss is still finite, which the next step's loss would tell.
  func checkParameters() throws {
    for (name, parameter) in model.namedParameters() where parameter.dtype.isFloatingPoint {
      let isSound = noGrad { parameter.value.isFinite().all().item() != 0 }
      if !isSound { throw TrainingError.parameterNotFinite(name, step: step) }
    }
  }

  /// Compares the replicas' parameters bit by bit after every so many steps.
  private func checkReplicas() throws {
    guard let every = options.checksumEvery, let group, step % every == 0 else { return }
    try Replicas.compare(model, group, step: step)
  }

  /// The number of steps at which the run will end.
  func plannedSteps(
    _ loader: any BatchLoading<[BatchPart<Content>]>, epochs: Int?, steps: Int?
  ) -> Int {
    // The steps that are left of this epoch, and those of the whole epochs after it.
    let byEpochs = epochs.map { epochs -> Int in
      let (whole, overflows) = max(epochs - loader.epoch, 0)
        .multipliedReportingOverflow(by: loader.batchCount)
      let left = overflows ? Int.max : whole - loader.step
      return left <= 0 ? step : step > Int.max - left ? Int.max : step + left
    }
    return min(byEpochs ?? .max, steps ?? .max)
  }

  /// One step on one global batch.
  private func trainStep(
    _ batch: Batch<[BatchPart<Content>]>, wantsStop: Bool
  ) throws -> (figures: Figures, isStopping: Bool) {
    var sums = FigureSums(countsTargets: targets != nil)
    let parts = batch.content
    let counts = try parts.map { part -> (records: Int, targets: Int?) in
      let records = batch.count == 0 ? 0 : part.count
      return (records, try targets?.count(part.content, records: records))
    }
    let globalTargets = try globalTargets(counts.reduce(0) { $0 + ($1.targets ?? 0) }, of: batch)
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      let count = counts[index]
      let walk = { [self] in
        let output = try during(.forward) {
          let output = try self.output(of: part.content)
          sums.add(output, records: count.records, targets: count.targets)
          return output
        }
        // A record, or a target, weighs the same on whatever rank it is: the mean over this part
        // counts by its share of the global batch, and a sum over targets as one of them, times the
        // ranks over which gradients are averaged.
        let whole = try globalTargets?.value()
        let weight =
          whole.map { count.records == 0 ? 0 : Double(worldSize) / Double(max(1, $0)) }
          ?? Double(count.records) * Double(worldSize) / Double(batch.globalCount)
        try during(.backward) {
          scaler.scale(weight == 1 ? output.loss : output.loss * weight).backward()
        }
      }
      if isLast { try walk() } else { try parallel?.noSync(walk) ?? walk() }
    }
    let total = try during(.collective, named: "agreement") {
      try reduced(sums.vector + [wantsStop ? 1 : 0])
    }
    let vector = Array(total.dropLast())
    let figures = sums.figures(vector) ?? sums.empty(vector)
    guard figures.loss.isFinite else {
      throw TrainingError.lossNotFinite(
        figures.loss, step: step + 1, learningRate: optimizer.groups.first?.lr ?? 0)
    }
    try during(.optimizer) {
      try stepOptimizer()
      optimizer.zeroGrad()
      scheduler?.step()
    }
    if let averager {
      _ = try during(.collective, named: "model average") {
        try averager.average(optimizer.parameters)
      }
    }
    step += 1
    return (figures, total[total.count - 1] > 0)
  }

  /// The number of targets in the global batch, on its way; nil where records are what counts.
  private func globalTargets(
    _ own: Int, of batch: Batch<[BatchPart<Content>]>
  ) throws -> GlobalCount? {
    switch targets {
    case nil: nil
    case .perRecord(let count): .known(batch.globalCount * count)
    case .counted: try GlobalCount(own, over: group)
    }
  }

  /// A vector added up over all ranks.
  func reduced(_ vector: [Double]) throws -> [Double] {
    try group.map { try $0.allReduce(vector, label: "figures") } ?? vector
  }
}

extension Module {
  fileprivate func trainIfNeeded() { if !isTraining { train() } }
}

/// How a ``Trainer``'s loop runs.
public struct TrainerOptions: Sendable {
  /// The largest norm of all gradients together; nil for no clipping.
  public var clipGradNorm: Double?
  /// Whether steps tell the norm of their gradients where these are not clipped either.
  public var reportsGradNorm = false
  /// In which precision forward passes compute.
  public var precision = TrainingPrecision.f32
  /// Steps between two comparisons of all replicas' parameters; nil for none.
  public var checksumEvery: Int?
  /// How gradients are put into buckets.
  public var parallel = DataParallelOptions()
  /// Where what happens is recorded; nil for nowhere.
  public var timeline: Timeline?

  /// No clipping, PyTorch's buckets.
  public init() {}
}

/// How a run ended.
public enum TrainingEnd: Sendable {
  /// All epochs or steps are done.
  case finished
  /// Somebody asked to stop.
  case stopped
}

/// What stops training.
public enum TrainingError: Error, CustomStringConvertible {
  /// The loss became NaN or infinite; the parameters are those before the step.
  case lossNotFinite(Double, step: Int, learningRate: Double)
  /// A parameter was to be saved that became NaN or infinite.
  case parameterNotFinite(String, step: Int)
  /// Figures would be means over nothing.
  case noFigures(String)

  /// What happened, and what to do.
  public var description: String {
    switch self {
    case .lossNotFinite(let loss, let step, let rate):
      "the loss became \(loss.isNaN ? "NaN" : "\(loss)") in step \(step) at a learning rate of \(rate); lower optimizer.lr, set clip_grad_norm, or look for bad records. Saved checkpoints are from before"
    case .noFigures(let what):
      "there is no record, or no target that counts, in \(what), so it has no loss: check the data, and that not every target is one to be ignored"
    case .parameterNotFinite(let name, let step):
      "\(name) is not finite after step \(step): a gradient overflowed; lower optimizer.lr, set clip_grad_norm, or look for bad records. This step's checkpoint is not written; earlier ones are sound"
    }
  }
}
