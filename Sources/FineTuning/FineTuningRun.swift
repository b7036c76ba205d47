import Base
import Checkpoints
import Collectives
import DataParallel
import Datasets
import Foundation
import Optimizers
import Settings
import Tensors
import TextTasks
import Training
import Transformers

/// A configured fine-tuning from its command line to the folder of its best model, on this rank.
public final class FineTuningRun {
  private let configuration: FineTuningConfiguration
  private let world: World
  /// Compute threads; nil for this worker's share of the cores.
  private let threads: Int?
  /// The step after which the run stops as one that was asked to; nil for its own end.
  private let lastStep: Int?
  /// What rank 0 shows.
  private let terminal: TerminalSink?
  private var group: ProcessGroup { world.group }

  init(
    _ configuration: FineTuningConfiguration, _ world: World, threads: Int? = nil,
    until lastStep: Int? = nil
  ) {
    self.lastStep = lastStep
    self.configuration = configuration
    self.world = world
    self.threads = threads
    terminal = world.rank == 0 ? TerminalSink(epochs: configuration.epochs) : nil
  }

  /// All that a run trains with, as far as an earlier part of it has come.
  private struct Ready {
    let task: FineTuningTask
    let trainer: Trainer<TextBatch>
    let loader: Loader
    let checkpoints: RunCheckpoints
    let steps: Int
    let resumed: RunCheckpoints.Found?
    let best: BestModel
  }
  private typealias Loader = any BatchLoading<[BatchPart<TextBatch>]>

  /// Trains, judges, and saves the best model as RUN/model.
  func run() throws -> TrainingEnd {
    group.mark(step: 0, .start)
    Compute.setThreads(threads ?? max(1, Int(world.coreShare)))
    try configuration.distributed.settleKernels()
    guard configuration.batchSize >= world.size else {
      throw ConfigurationError.conflict(
        "batch_size",
        problem: "\(configuration.batchSize) records are fewer than \(world.size) workers",
        remedy: "set it to at least the number of workers")
    }
    let claim = try HeldClaim(configuration.runDirectory, group)
    defer { withExtendedLifetime(claim) {} }
    let recording = RunRecording(configuration, world, terminal)
    let ready = try prepare(timeline: recording.timeline)
    defer { ready.checkpoints.drain() }
    try addSinks(ready, claim, recording)
    let end = try ready.trainer.tellingFailures { try train(ready) }
    try recording.end(threads: Compute.threads, model: "\(type(of: ready.task.model))")
    return end
  }

  /// The task, its model, what trains it, and what is resumed.
  /// - Parameter timeline: What is told of the backward walk's buckets.
  private func prepare(timeline: Timeline?) throws -> Ready {
    // The same weights on every rank; afterwards each draws its own dropout.
    manualSeed(UInt64(configuration.seed))
    let task = try FineTuningTask(configuration, group)
    let whole = try optimizer(of: task.model)
    manualSeed(UInt64(configuration.seed) &+ UInt64(world.rank))

    let checkpoints = try RunCheckpoints(identity(task), group)
    let resumed = try checkpoints.find()
    try resumed?.restore(task.model, isPart: task.adapters != nil)
    let distributed = configuration.distributed
    var options = distributed.trainerOptions(resumed)
    options.clipGradNorm = configuration.clipGradNorm
    options.reportsGradNorm = true
    options.precision = configuration.precision
    options.virtualWorkers = configuration.virtualWorkers
    if let timeline { options.parallel.observer = { timeline.note($0) } }
    let exchange = try distributed.exchange(group)
    let objective = task.objective
    let trainer = try Trainer<TextBatch>(
      task.model,
      optimizer: try distributed.shared(
        whole, of: task.model, group, state: configuration.optimizerState,
        rounding: configuration.stepRounding),
      group: world.size > 1 ? group : nil, options: options, hook: exchange.hook,
      averager: exchange.averager, targets: objective.targets
    ) { objective($0) }
    let loader = try trainingLoader(task)
    try resumed?.restore(trainer, loader, group, seed: configuration.seed)
    let steps = trainer.plannedSteps(
      loader, epochs: configuration.epochs, steps: configuration.steps)
    trainer.scheduler = schedule(trainer.optimizer, steps)
    try resumed?.restore(schedule: trainer)
    let best = BestModel(configuration.metric)
    try trainer.withFullParameters { try best.restore(resumed, task.model) }
    return Ready(
      task: task, trainer: trainer, loader: loader, checkpoints: checkpoints, steps: steps,
      resumed: resumed, best: best)
  }

  private func optimizer(of model: PretrainedModel) throws -> Optimizer {
    let frozen = zip(configuration.freeze, model.freeze(configuration.freeze))
    if let pattern = frozen.first(where: { $0.1 == 0 })?.0 {
      throw ConfigurationError.conflict(
        "freeze", problem: "no parameter's name has the part \(pattern)",
        remedy: "name parts such as embeddings or layer.0")
    }
    let groups = FineTuningGroups(
      lr: configuration.lr, weightDecay: configuration.weightDecay,
      layerDecay: configuration.layerDecay)(model)
    guard !groups.isEmpty else {
      throw ConfigurationError.conflict(
        "freeze", problem: "every parameter is frozen", remedy: "leave some to be trained")
    }
    return AdamW(
      groups, lr: configuration.lr, betas: (configuration.betas[0], configuration.betas[1]),
      eps: configuration.eps, weightDecay: configuration.weightDecay)
  }

  private func identity(_ task: FineTuningTask) -> RunIdentity {
    RunIdentity(
      directory: configuration.runDirectory, keep: configuration.checkpoint.keep,
      asynchronous: configuration.checkpoint.asynchronous, resume: configuration.resume,
      seed: configuration.seed, optimizer: "adamw",
      records: task.training.features.count,
      contents: task.contents,
      settings: configuration.written.leaves, rule: FineTuningConfiguration.resumeRule,
      dataKey: "data.train", savesFrozen: task.adapters == nil,
      bucketLimits: configuration.distributed.bucketLimits)
  }

  private func trainingLoader(_ task: FineTuningTask) throws -> Loader {
    let seed = UInt64(configuration.seed)
    let size = configuration.batchSize
    let features = task.training.features
    let batches: any BatchSampling =
      configuration.groupByLength
      ? LengthBucketSampler(lengths: features.lengths, batchSize: size, seed: seed)
      : BatchSampler(RandomSampler(recordCount: features.count, seed: seed), batchSize: size)
    if let workers = configuration.virtualWorkers {
      return try VirtualLoader(workers, rank: world.rank, worldSize: world.size) { share, shares in
        DataLoader(
          try task.dataset(features), batches: batches, rank: share, worldSize: shares,
          collate: task.collate)
      }
    }
    let parts = configuration.accumulate
    return DataLoader(
      try task.dataset(features), batches: batches, rank: world.rank, worldSize: world.size
    ) { try BatchPart.cut($0, into: parts, collate: task.collate) }
  }

  private func schedule(_ optimizer: Optimizer, _ steps: Int) -> LRScheduler {
    let warmUp = configuration.warmupSteps
    let warmUpSteps = warmUp < 1 ? (warmUp * Double(steps)).rounded(.up) : warmUp
    // The name was looked at with the configuration.
    let kind = TransformersLR.Kind(rawValue: configuration.schedule) ?? .linear
    var options: OptionValues = [:]
    if kind == .cosineWithMinLR || kind == .cosineWarmupWithMinLR { options["min_lr_rate"] = 0.1 }
    if kind == .warmupStableDecay {
      options["num_decay_steps"] = .int(max(1, steps / 10))
    }
    return TransformersLR(
      optimizer, kind, warmupSteps: Int(min(warmUpSteps, Double(steps))), trainingSteps: steps,
      options: options)
  }

  /// What takes the run's events on this rank: what is recorded, and the log and the terminal on rank 0.
  private func addSinks(
    _ ready: Ready, _ claim: HeldClaim, _ recording: RunRecording<FineTuningConfiguration>
  ) throws {
    ready.trainer.flight = group
    ready.trainer.sinks = try recording.begin(ready.trainer)
    guard let terminal else { return }
    let log = try MetricsSink(
      configuration.runDirectory, every: configuration.logEvery,
      resumingAt: ready.resumed?.state.step, logsUsedRate: true
    ) { [configuration] path in
      terminal.endLine()
      StandardStream.error.write(
        "ddp-train: \(path) was deleted or moved while the run goes on: it is written again; earlier checkpoints are gone\n"
      )
      try claim.renew()
      try configuration.save(in: configuration.runDirectory)
    }
    ready.trainer.sinks += [terminal, log] as [any EventSink]
  }

  private func train(_ ready: Ready) throws -> TrainingEnd {
    let (trainer, task) = (ready.trainer, ready.task)
    try introduce(ready)
    try trainer.begin(
      ready.loader, steps: ready.steps, records: task.training.features.count,
      shouldStop: { [lastStep, unowned trainer] in
        StopRequest.isPending || lastStep.map { trainer.step + 1 >= $0 } ?? false
      })
    let judge = FineTuningJudge(task, trainer, group)
    let best = ready.best
    func isOut() -> Bool { configuration.patience.map { best.waited >= $0 } ?? false }
    func addBest(to contents: inout CheckpointContents) throws {
      let isApart = trainer.averager?.hasDiverged ?? false
      try best.add(to: &contents, step: isApart ? nil : trainer.step, task.model)
    }
    let evaluation = configuration.evaluation
    let loop = RunLoop(
      trainer, evaluation, configuration.checkpoint,
      progress: ready.checkpoints.progress(from: ready.resumed), judgesEnd: true,
      evaluate: {
        guard let validation = task.validation else { return .goesOn }
        // Texts that are generated take as many passes as they take, on every rank others.
        let judged = try trainer.withFullParameters {
          try trainer.withAveragedModel {
            let isEnd = trainer.step >= ready.steps
            let figures = try judge.figures(
              validation, maxBatches: isEnd ? nil : evaluation.maxBatches,
              unless: { StopRequest.isPending })
            if let figures { best.look(at: figures, step: trainer.step, of: task.model) }
            return figures
          }
        }
        guard let figures = judged else { return .stopped }
        try trainer.tell(
          .evaluation(EvaluationReport(step: trainer.step, split: "validation", figures: figures)))
        return isOut() ? .endsRun : .goesOn
      },
      save: { awaits in
        try ready.checkpoints.save(trainer, ready.loader, awaitsEvaluation: awaits, adding: addBest)
      },
      remember: { try ready.checkpoints.remember(trainer, ready.loader, adding: addBest) },
      settle: { try ready.checkpoints.settle() })
    // A run that ended early has nothing left to do when it is resumed.
    var end = TrainingEnd.finished
    if !isOut() {
      end = try loop.run(awaitsEvaluation: ready.resumed?.state.awaitsEvaluation ?? false)
      if end == .finished { try loop.saveLast() }
    }
    if end == .finished {
      end = try trainer.withFullParameters {
        try trainer.withAveragedModel { try finish(ready, judge) }
      }
    }
    guard end == .stopped else { return end }
    try trainer.tell(.ended(trainer.result(.stopped)))
    if lastStep == nil {
      terminal?.say(
        "stopped at step \(trainer.step) as asked; go on with: \(ResumeHint.command(workers: world.size))"
      )
    }
    return end
  }

  private func introduce(_ ready: Ready) throws {
    guard let terminal else { return }
    let (task, trainer) = (ready.task, ready.trainer)
    try configuration.save(in: configuration.runDirectory)
    let workers = world.size == 1 ? "1 worker" : "\(world.size) workers"
    terminal.say(
      "\(configuration.name): \(type(of: task.model)) with \(task.model.parameterCount) parameters on \(task.training.features.count) records, \(ready.steps) steps; \(workers)"
    )
    for note in task.notes { terminal.say(note) }
    if task.maxLength < configuration.maxLength {
      terminal.say("max_length is \(task.maxLength), which is the most that the model takes")
    }
    if let report = task.model.loadReport, !report.isClean, ready.resumed == nil {
      terminal.say("\(report)")
    }
    if let words = ready.checkpoints.beginning { terminal.say(words) }
    if let words = ready.checkpoints.missingMemory(every: configuration.checkpoint.memoryEvery) {
      terminal.say(words)
    }
    guard let resumed = ready.resumed else { return }
    terminal.say("resumed from \(resumed.path) at step \(resumed.state.step)")
    if ready.steps <= trainer.step {
      terminal.say(
        "nothing is left to train: the run ends at step \(ready.steps), and the checkpoint is at step \(trainer.step); set steps or epochs higher to go on"
      )
    }
  }

  /// Goes back to the best weights, judges them by the test records, and saves them; where somebody asks
  /// for the end meanwhile, nothing is saved but the checkpoint that is there, from which this is done
  /// again.
  private func finish(_ ready: Ready, _ judge: FineTuningJudge) throws -> TrainingEnd {
    let (task, trainer) = (ready.task, ready.trainer)
    var results: MetricValues = ["step": .integer(trainer.step)]
    if let step = ready.best.step {
      ready.best.takeBack(task.model)
      results["best_step"] = .integer(step)
    }
    var words = ready.best.step.map { "best \(configuration.metric ?? "loss") at step \($0)" }
    if let test = task.test {
      guard
        let figures = try judge.figures(
          test, maxBatches: nil, unless: { StopRequest.isPending })
      else { return .stopped }
      let report = EvaluationReport(
        step: trainer.step, split: "test", figures: figures, isFinal: true)
      try trainer.tell(.evaluation(report))
      results.add(figures, prefix: "test")
      words = [words, TerminalSink.words(report)].compactMap { $0 }.joined(separator: ": ")
    }
    let path = "\(configuration.runDirectory)/model"
    if world.rank == 0 {
      try trainer.checkParameters()
      if let adapters = task.adapters {
        try adapters.savePretrained(path)
      } else {
        try task.model.savePretrained(path)
      }
      try task.tokenizer.savePretrained(path)
    }
    results["model"] = .text(path)
    try trainer.tell(.ended(trainer.result(.finished, results: results)))
    if let words { terminal?.say(words) }
    terminal?.say("\(task.adapters == nil ? "model" : "adapters") saved as \(path)")
    if world.size > 1 { try group.barrier(label: "saved") }
    return .finished
  }
}

extension FineTuningConfiguration {
  /// The virtual workers of an invariant run; nil of another one.
  var virtualWorkers: VirtualWorkers? { distributed.virtualWorkers(seed: seed) }
  /// How the optimizer's steps are rounded.
  var stepRounding: ParameterRounding { rounding.rounding(precision, seed: seed) }

  /// What becomes of a key that a resumed run has another value for than its checkpoint.
  static func resumeRule(_ key: String) -> ResumeRule {
    switch key {
    case "data.train", "data.validation", "data.test": .contents
    case "data.cache": .used
    case "seed", "task", "max_length", "max_target_length", "doc_stride", "source_prefix",
      "packing",
      "freeze", "metric":
      .refused
    default:
      ["data.", "architecture.", "vocabulary.", "lora."].contains { key.hasPrefix($0) }
        ? .refused : .used
    }
  }

  /// Saves the configuration as `config.yaml` in a folder that exists.
  func save(in directory: String) throws(RunLogError) {
    try RunFile.write(Data(yaml().utf8), to: "\(directory)/config.yaml")
  }
}
