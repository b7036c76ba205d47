import Collectives
import DataParallel
import Datasets
import Dispatch
import Models
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
  /// What takes the training's events, on this rank.
  public var sinks: [any EventSink] = []

  /// Optimizer steps done, earlier parts of a resumed run included.
  public internal(set) var step = 0
  /// The norm of the last step's gradients, before they were clipped; nil where it was not asked for.
  package var gradNorm: Double?
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
  package let parallel: DistributedDataParallel<Module>?
  /// The virtual workers whose work is done here; nil where ranks work as themselves.
  package let virtualWork: VirtualWork?
  /// What reduces gradients in place of the average.
  package let hook: (any CommunicationHook)?
  /// What brings ranks' models together where gradients no longer do.
  package let averager: PeriodicModelAverager?
  /// What is trained now; nil before `begin`.
  private var course: Course?
  /// Whose flight recorder notes phases where nobody trains together.
  package var flight: ProcessGroup?
  /// Keeps the collectives that sinks want to be told.
  package var relay: CollectiveRelay?
  /// Looks at what some steps consist of; one of the sinks, too.
  package var profiler: StepProfiler?
  package let forward: (Content) throws -> StepOutput
  /// What losses are means over; nil for records.
  package let targets: TargetCount<Content>?

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
  ///     returns sums, as ``Models/StepOutput/tokens(_:_:ignoreIndex:)`` does. The same on every rank.
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
    if options.compiles {
      let compiled = compile { (content: Content) in try forward(content) }
      self.forward = { try compiled($0) }
    } else {
      self.forward = forward
    }
    self.targets = targets
    self.hook = group == nil ? nil : hook
    self.averager = group == nil ? nil : averager
    scaler = GradScaler(enabled: options.precision == .f16)
    guard !(scaler.isEnabled && optimizer.needsClosure) else {
      throw TrainingError.unscalable("\(type(of: optimizer))")
    }
    var kept = options.parallel
    // Every rank has the same buffers after each step of virtual workers.
    if options.virtualWorkers != nil { kept.broadcastsBuffers = false }
    parallel = try group.map {
      try DistributedDataParallel(
        model, group: $0, options: kept, optimizer: optimizer as? ShardedOptimizer)
    }
    virtualWork = try options.virtualWorkers.map { try VirtualWork($0, model, group) }
    if let hook { try parallel?.register(hook) }
    if let virtualWork { try parallel?.addUp(virtualWork.gradients) }
  }

  package var worldSize: Int { group?.size ?? 1 }

  /// What data parallelism is set up as and has seen; nil for a process on its own.
  public var statistics: DataParallelStatistics? { parallel?.statistics }

  /// The order in which gradients are added up over ranks; nil for a process on its own, and where
  /// it follows from the optimizer's shards.
  package var bucketPlan: BucketPlan? {
    [.zero2, .zero3].contains((optimizer as? ShardedOptimizer)?.stage) ? nil : parallel?.bucketPlan
  }

  /// The forward pass of one part of a batch, which the other ranks are told of.
  package func output(of content: Content) throws -> StepOutput {
    try options.precision.computing {
      guard let parallel else { return try forward(content) }
      return try parallel.forward { _ in try forward(content) }
    }
  }

  /// A training under way.
  private struct Course {
    package let loader: any BatchLoading<[BatchPart<Content>]>
    package let steps: Int
    package let shouldStop: () -> Bool
    package var last: StepReport?
    package var isOver = false
  }

  /// Begins a training, whose steps ``next()`` takes.
  /// - Parameters:
  ///   - loader: This rank's share of the training records, cut into parts.
  ///   - epochs: Passes over the records, earlier parts of a resumed run included.
  ///   - steps: Optimizer steps, likewise; what comes first ends the training.
  ///   - records: Training records over all ranks, to be told.
  ///   - shouldStop: Whether this rank was asked to stop; asked once a step, and true on one rank
  ///     stops all at the same step.
  /// - Throws: What sinks throw.
  public func begin(
    _ loader: any BatchLoading<[BatchPart<Content>]>, epochs: Int? = nil, steps: Int? = nil,
    records: Int? = nil, shouldStop: @escaping () -> Bool = { false }
  ) throws {
    let planned = plannedSteps(loader, epochs: epochs, steps: steps)
    course = Course(loader: loader, steps: planned, shouldStop: shouldStop)
    observeCollectives()
    try tell(
      .started(
        TrainingStart(
          step: step, steps: planned, records: records, worldSize: worldSize,
          parameters: model.parameterCount)))
  }

  /// The next step: forward, backward, averaged gradients, the optimizer. It is told to the sinks
  /// before it is returned.
  ///
  /// ```swift
  /// try trainer.begin(loader, epochs: 5)
  /// while let report = try trainer.next() {
  ///   if report.isLastOfEpoch { print(report.step, try trainer.evaluate(held)) }
  /// }
  /// ```
  /// - Returns: What the step did; nil where the training is over: its epochs or steps are done, or
  ///   somebody asked for its end.
  /// - Throws: ``TrainingError`` for a loss that is not finite, or what data, collectives and sinks
  ///   throw.
  public func next() throws -> StepReport? {
    guard let course else { fail("Trainer.next", "nothing was begun: call begin(_:epochs:) first") }
    guard !course.isOver, step < course.steps else {
      self.course?.isOver = true
      return nil
    }
    while true {
      let began = DispatchTime.now().uptimeNanoseconds
      guard let batch = try during(.data, course.loader.next) else {
        try tell(.epoch(course.loader.epoch))
        continue
      }
      model.trainIfNeeded()
      let rate = optimizer.groups.first?.lr ?? 0
      let wishes = [course.shouldStop(), sinks.contains(where: \.wantsEnd)]
      let (figures, requests) =
        try profiler?.step(step + 1, self) { try trainStep(batch, requests: wishes) }
        ?? trainStep(batch, requests: wishes)
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
      trainingSeconds += seconds
      trainedRecords += figures.records
      let report = StepReport(
        step: step, steps: course.steps, epoch: batch.epoch,
        isLastOfEpoch: course.loader.step == course.loader.batchCount,
        figures: figures, learningRate: optimizer.groups.first?.lr ?? 0, usedLearningRate: rate,
        seconds: seconds,
        recordsPerSecond: recordsPerSecond ?? 0, isStopping: requests[0], endsEarly: requests[1],
        gradNorm: gradNorm)
      try checkReplicas()
      self.course?.last = report
      if report.isLast { self.course?.isOver = true }
      try tellCollectives()
      try tell(.step(report))
      if let every = options.hashEvery, step % every == 0 || report.isLast {
        try withFullParameters {
          if (group?.rank ?? 0) == 0 { try tell(.hashes(ParameterHashes(model, step: step))) }
        }
      }
      return report
    }
  }

  /// How the training that was begun has ended, once ``next()`` has returned nil.
  public var end: TrainingEnd { course?.last?.isStopping == true ? .stopped : .finished }

  /// Trains until the epochs or steps are done, or somebody asks to stop: every step that
  /// `begin` makes possible.
  /// - Returns: How the training ended.
  @discardableResult
  public func run(
    _ loader: any BatchLoading<[BatchPart<Content>]>, epochs: Int? = nil, steps: Int? = nil,
    shouldStop: @escaping () -> Bool = { false }
  ) throws -> TrainingEnd {
    try tellingFailures {
      try begin(loader, epochs: epochs, steps: steps, shouldStop: shouldStop)
      while try next() != nil {}
      try tell(.ended(result(end)))
      return end
    }
  }

  /// Compares the replicas' parameters bit by bit after every so many steps.
  private func checkReplicas() throws {
    guard let every = options.checksumEvery, let group, step % every == 0 else { return }
    try Replicas.compare(model, group, step: step)
  }

  /// The number of steps at which the run will end.
  package func plannedSteps(
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
  /// - Parameter requests: What this rank asks of all; what one asks, all are told.
  private func trainStep(
    _ batch: Batch<[BatchPart<Content>]>, requests: [Bool]
  ) throws -> (figures: Figures, requests: [Bool]) {
    let outcome: (figures: Figures, requests: [Bool])
    if optimizer.needsClosure {
      outcome = try closureStep(batch, requests)
    } else {
      outcome = try gradients(of: batch, requests)
      try requireFinite(outcome.figures)
      try during(.optimizer) {
        try stepOptimizer()
        optimizer.zeroGrad()
      }
    }
    // A schedule that looks at evaluations moves with them.
    if !(scheduler is ReduceLROnPlateau) { scheduler?.step() }
    if let averager {
      _ = try during(.collective, named: "model average") {
        try averager.average(optimizer.parameters)
      }
    }
    step += 1
    return outcome
  }

  /// A step of an optimizer that evaluates the batch's loss itself, several times. Figures are those
  /// before it moves.
  private func closureStep(
    _ batch: Batch<[BatchPart<Content>]>, _ requests: [Bool]
  ) throws -> (figures: Figures, requests: [Bool]) {
    var first: (figures: Figures, requests: [Bool])?
    try optimizer.step {
      optimizer.zeroGrad()
      let outcome = try gradients(of: batch, requests)
      if first == nil {
        try requireFinite(outcome.figures)
        first = outcome
      }
      clipGradients()
      return Tensor(outcome.figures.loss)
    }
    optimizer.zeroGrad()
    guard let first else { fail("Trainer", "\(type(of: optimizer)) never evaluated the loss") }
    return first
  }

  /// Clips, and notes the norm where somebody wants it.
  package func clipGradients() {
    if let limit = options.clipGradNorm ?? (options.reportsGradNorm ? .infinity : nil) {
      gradNorm = optimizer.clipGradNorm(limit)
    }
  }

  /// Ends all ranks alike where the loss is not finite; the parameters are those before the step.
  private func requireFinite(_ figures: Figures) throws {
    guard figures.loss.isFinite else {
      throw TrainingError.lossNotFinite(
        figures.loss, step: step + 1, learningRate: optimizer.groups.first?.lr ?? 0)
    }
  }

  /// Forward and backward passes of a global batch, with the figures and requests of all ranks.
  private func gradients(
    of batch: Batch<[BatchPart<Content>]>, _ requests: [Bool]
  ) throws -> (figures: Figures, requests: [Bool]) {
    if let virtualWork { return try gradients(of: batch, requests, virtualWork) }
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
      try reduced(sums.vector + requests.map { $0 ? 1 : 0 })
    }
    let vector = Array(total.dropLast(requests.count))
    return (
      sums.figures(vector) ?? sums.empty(vector), total.suffix(requests.count).map { $0 > 0 }
    )
  }

  /// The number of targets in the global batch, on its way; nil where records are what counts.
  package func globalTargets(
    _ own: Int, of batch: Batch<[BatchPart<Content>]>
  ) throws -> GlobalCount? {
    switch targets {
    case nil: nil
    case .perRecord(let count): .known(batch.globalCount * count)
    case .counted: try GlobalCount(own, over: group)
    }
  }

  /// A vector added up over all ranks.
  package func reduced(_ vector: [Double]) throws -> [Double] {
    try group.map { try $0.allReduce(vector, label: "figures") } ?? vector
  }
}

extension Module {
  fileprivate func trainIfNeeded() { if !isTraining { train() } }
}
