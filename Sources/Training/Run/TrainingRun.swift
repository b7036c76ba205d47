import Base
import Collectives
import DataParallel
import Datasets
import Foundation
import NN
import Optimizers
import Tensors

/// A configured run from its command line to its last metric, on this rank.
public final class TrainingRun {
  private let configuration: RunConfiguration
  private let world: World
  /// Compute threads; nil for this worker's share of the cores.
  private let threads: Int?
  private let context: RunContext
  private let observer: TrainingObserver?
  private var isWriter: Bool { world.rank == 0 }

  init(
    _ configuration: RunConfiguration, _ world: World, threads: Int? = nil,
    _ observer: TrainingObserver? = nil
  ) {
    self.configuration = configuration
    self.world = world
    self.threads = threads
    self.observer = observer
    context = RunContext(
      configuration: configuration, group: world.group, files: ProjectFiles())
  }

  /// Trains until the run's end, or until it is asked to stop.
  func run() throws -> TrainingEnd {
    world.group.mark(step: 0, .start)
    try observer?(TrainingMoment(step: 0, phase: .start, group: world.group, model: nil))
    Compute.setThreads(threads ?? max(1, Int(world.coreShare)))
    var claim: RunDirectoryClaim?
    _ = try context.madeOnce("claim") { () -> Bool in
      // The other ranks wait meanwhile, and no longer than their deadline.
      claim = try RunDirectoryClaim.take(
        configuration.runDirectory, patience: min(.seconds(3), world.group.timeout / 2))
      return claim != nil
    }
    defer { withExtendedLifetime(claim) {} }
    let data = try dataRegistry.make(configuration.data, from: context)
    // The same weights on every rank; afterwards each draws its own dropout.
    manualSeed(UInt64(configuration.seed))
    let fed = try modelRegistry.make(
      configuration.model,
      from: ModelInput(
        kind: data.kind, room: MemoryRoom(context, records: data.plan.source.records)))
    let model = fed.model
    if configuration.distributed.syncBatchNorm && world.size > 1 {
      try SyncBatchNorm.convert(model, group: world.group)
    }
    let optimizer = try makeOptimizer(of: model)
    manualSeed(UInt64(configuration.seed) &+ UInt64(world.rank))

    let checkpoints = RunCheckpoints(configuration, context, data)
    let resumed = try checkpoints.find()
    var options = TrainerOptions()
    options.clipGradNorm = configuration.clipGradNorm
    options.precision = configuration.precision
    options.parallel = configuration.distributed.parallelOptions
    options.parallel.plan = resumed?.state.bucketPlan(
      limits: configuration.distributed.bucketLimits)
    options.checksumEvery = configuration.distributed.checksumEvery
    try resumed?.restore(model)
    let exchange = try makeExchange()
    let trace = try startTrace(&options)
    let trainer = try Trainer<Workload.Content>(
      model, optimizer: optimizer, group: world.size > 1 ? world.group : nil, options: options,
      hook: exchange.hook, averager: exchange.averager, targets: fed.targets,
      forward: fed.forward)
    try resumed?.restore(trainer, data.training, context)
    let planned = trainer.plannedSteps(
      data.training, epochs: configuration.epochs, steps: configuration.steps)
    trainer.scheduler = try scheduleRegistry.make(
      configuration.schedule, from: ScheduleInput(optimizer: optimizer, steps: planned))
    if resumed != nil { try trainer.scheduler?.resume(at: trainer.step) }
    observe(trainer)

    let reporter = try RunReporter(
      configuration, isWriter: isWriter, resumingAt: resumed?.state.step)
    reporter.restore = { [self] in
      // A file may be gone, or the folder with it; of the same folder a second claim is refused.
      if claim?.holds(configuration.runDirectory) != true {
        claim = try RunDirectoryClaim.take(configuration.runDirectory, patience: .zero)
      }
      try writeFacts(data)
    }
    try begin(reporter, trainer, data, resumed)
    if resumed != nil, planned <= trainer.step {
      reporter.say(
        "nothing is left to train: the run ends at step \(planned), and the checkpoint is at step \(trainer.step); set steps or epochs higher to go on"
      )
    }
    let loop = RunLoop(configuration, trainer, data, checkpoints, reporter)
    trainer.callbacks = [reporter, loop]
    let end = try trainer.run(
      data.training, epochs: configuration.epochs, steps: configuration.steps,
      shouldStop: { StopRequest.isPending })
    if world.size > 1, let statistics = trainer.statistics {
      try reporter.paralleled(statistics, step: trainer.step)
    }
    switch end {
    case .stopped:
      try reporter.stopped(step: trainer.step)
      reporter.say(
        "stopped at step \(trainer.step) as asked; go on with: \(ResumeHint.command(workers: world.size))"
      )
    case .finished: try finish(reporter, trainer, data, loop)
    }
    if let trace, let path = configuration.tracePath {
      try trace.finish([
        "name": .text(configuration.name), "model": .text(configuration.model.name),
        "threads": .integer(Compute.threads), "core_share": .number(world.coreShare),
      ])
      reporter.say("timeline written to \(path)")
    }
    return end
  }

  /// Begins the timeline that the configuration asks for.
  private func startTrace(_ options: inout TrainerOptions) throws -> TraceFile? {
    guard let path = configuration.tracePath else { return nil }
    let timeline = Timeline(configuration.traceWindow)
    options.timeline = timeline
    options.parallel.observer = { timeline.note($0) }
    return try TraceFile(path, timeline, group: world.group)
  }

  private func observe(_ trainer: Trainer<Workload.Content>) {
    trainer.onPhase = { [world, observer, unowned trainer] step, phase in
      if world.size == 1 { world.group.mark(step: step, phase) }
      try observer?(
        TrainingMoment(step: step, phase: phase, group: world.group, model: trainer.model))
    }
  }

  /// The configured optimizer, its state shared out among the workers where that is asked for.
  private func makeOptimizer(of model: Module) throws -> Optimizer {
    let whole = try optimizerRegistry.make(
      configuration.optimizer, from: model.namedParameters().filter { $0.parameter.requiresGrad })
    guard let stage = configuration.distributed.shardOptimizer.stage, world.size > 1 else {
      return whole
    }
    return try ShardedOptimizer(
      whole, group: world.group, stage: stage, limits: configuration.distributed.bucketLimits)
  }

  /// The configured hook; a worker on its own has nobody to exchange with.
  private func makeExchange() throws -> Exchange {
    guard world.size > 1 else { return Exchange() }
    let distributed = configuration.distributed
    return try hookRegistry.make(
      distributed.hook,
      from: ExchangeInput(group: world.group, algorithm: distributed.algorithm.named))
  }

  private var workers: String { world.size == 1 ? "1 worker" : "\(world.size) workers" }

  /// Writes down what the run is.
  private func writeFacts(_ data: WorkloadData) throws {
    let directory = configuration.runDirectory
    try configuration.save(in: directory)
    try data.plan.save(to: "\(directory)/shards.json")
    for artifact in data.artifacts {
      try RunFile.write(artifact.contents, to: "\(directory)/\(artifact.name)")
    }
  }

  /// Writes down what the run is, and says so.
  private func begin(
    _ reporter: RunReporter, _ trainer: Trainer<Workload.Content>, _ data: WorkloadData,
    _ resumed: RunCheckpoints.Found?
  ) throws {
    guard isWriter else { return }
    try writeFacts(data)
    try reporter.began([
      "world_size": .integer(world.size), "parameters": .integer(trainer.model.parameterCount),
      "records": .integer(data.plan.source.records), "threads": .integer(Compute.threads),
      "cpu_level": .text(Compute.level), "blas_core": .text(Compute.blasCore),
    ])
    reporter.say(
      "\(configuration.name): \(configuration.model.name) with \(trainer.model.parameterCount) parameters on \(data.plan.source.records) records of \(configuration.data.name); \(workers), \(Compute.threads) thread\(Compute.threads == 1 ? "" : "s") each"
    )
    if let resumed {
      reporter.say("resumed from \(resumed.path) at step \(resumed.state.step)")
    }
  }

  /// Judges the finished model and saves it.
  private func finish(
    _ reporter: RunReporter, _ trainer: Trainer<Workload.Content>, _ data: WorkloadData,
    _ loop: RunLoop
  ) throws {
    let prefix = data.isJudgedByLoss ? "validation" : "test"
    let figures = try trainer.evaluate(data.heldOut)
    try reporter.judged(figures, step: trainer.step, prefix: prefix, isLast: true)
    try loop.save()
    let path = "\(configuration.runDirectory)/model.safetensors"
    try trainer.withAveragedModel {
      if isWriter { try RunCheckpoints.saveModel(trainer.model, to: path) }
    }
    var results: Metrics = ["step": .integer(trainer.step), "model": .text(path)]
    for (name, value) in figures.values { results["\(prefix)_\(name)"] = .number(value) }
    if data.isJudgedByLoss { results["bits_per_character"] = .number(figures.loss / log(2)) }
    try reporter.finished(
      worldSize: world.size, samplesPerSecond: trainer.recordsPerSecond, results: results)
    let words = figures.values.map { "\(prefix) \($0.name) \(RunReporter.text($0))" }
    let bits =
      data.isJudgedByLoss
      ? [String(format: "%.3f bits per character", figures.loss / log(2))] : []
    reporter.say((words + bits).joined(separator: ", "))
    if let rate = trainer.recordsPerSecond {
      reporter.say(String(format: "%.0f samples per second on ", rate) + workers)
    }
    reporter.say("model saved as \(path)")
  }
}

/// The command line's side of a run.
extension TrainingRun {
  /// Exit codes: 0 for a finished run, 143 for one that was asked to stop and saved a checkpoint, 2
  /// for a configuration that cannot be run, 1 for everything else.
  public static func main(_ arguments: [String]) -> Int32 { main(arguments, observer: nil) }

  /// A run whose moments are observed, on every rank.
  package static func main(_ arguments: [String], observer: TrainingObserver?) -> Int32 {
    // A reader of the output that went away is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    let configuration: RunConfiguration
    let threads: Int?
    do {
      let parsed = try RunArguments(arguments)
      configuration = try RunConfiguration(parsed)
      if parsed.printsConfiguration {
        let isWritten = launchedRank != 0 || StandardStream.output.write(configuration.yaml())
        return isWritten ? 0 : 1
      }
      threads = try configuration.threads(in: ProcessInfo.processInfo.environment)
    } catch {
      complain(error, rank: launchedRank)
      return 2
    }
    let world: World
    do {
      var options = World.Options(timeout: .seconds(configuration.distributed.timeoutS))
      options.calibration = configuration.distributed.calibration
      options.records = configuration.distributed.records
      world = try World.initialize(options)
    } catch {
      complain(error, rank: launchedRank)
      return 1
    }
    if world.size > 1 { Failure.prefix = "[rank \(world.rank)] " }
    Failure.handlesAbort = true
    world.recordFailures(in: "\(configuration.runDirectory)/flight", request: SIGUSR2)
    StopRequest.install()
    do {
      let end = try TrainingRun(configuration, world, threads: threads, observer).run()
      try world.finalize()
      return end == .finished ? 0 : 143
    } catch {
      if world.size == 1 {
        world.expectExit()
        complain(error, rank: 0)
        LastAct.perform("\(error)")
        return status(of: error)
      }
      // What all ranks meet alike (a missing file), rank 0 says; its end is the others'. What ranks
      // met with each other, each of them says.
      if world.rank != 0, !(error is CollectiveError) {
        LastAct.perform("\(error)")
        awaitEnd(seconds: 3, world)
      }
      world.group.end(error, during: "ddp-train", code: status(of: error))
    }
  }

  /// 2 for what the configuration asks for and cannot have, 1 for everything else.
  private static func status(of error: any Error) -> Int32 { error is ConfigurationError ? 2 : 1 }

  /// The rank that mpirun or srun gave this process, before MPI is there to ask.
  private static var launchedRank: Int {
    LaunchVariables(environment: ProcessInfo.processInfo.environment).rank
  }

  /// Waits for the end that another rank's failure brings, as mpirun's TERM; returns where none came,
  /// or where rank 0 is seen to wait for this rank, so that it cannot have met the same.
  private static func awaitEnd(seconds: Double, _ world: World) {
    let first = world.flight(of: 0)
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      if StopRequest.isPending { _exit(1) }
      if let last = first?.operations(last: 1).last, last.isPending, last.seconds > 0.3 { return }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// Prints an error that every rank meets alike; only one says it.
  private static func complain(_ error: any Error, rank: Int) {
    guard rank == 0 else {
      Thread.sleep(forTimeInterval: 0.5)
      return
    }
    StandardStream.error.write("ddp-train: \(error)\n")
  }
}

/// Small files of a run.
enum RunFile {
  static func write(_ contents: Data, to path: String) throws(RunLogError) {
    do {
      try contents.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .cannotWrite(path, errno: (error as NSError).posixCode)
    }
  }
}

extension NSError {
  fileprivate var posixCode: Int32 {
    let cause = userInfo[NSUnderlyingErrorKey] as? NSError
    return Int32(cause?.code ?? Int(EIO))
  }
}
