import Base
import Collectives
import DataParallel
import Datasets
import Foundation
import Models
import Optimizers
import Settings
import Tensors

/// A configured run from its command line to its last metric, on this rank.
public final class TrainingRun {
  private let configuration: RunConfiguration
  private let world: World
  /// Compute threads; nil for this worker's share of the cores.
  private let threads: Int?
  private let context: RunContext
  private let observer: TrainingObserver?
  /// The step after which the run stops as one that was asked to; nil for its own end.
  private let lastStep: Int?
  /// What rank 0 shows.
  private let terminal: TerminalSink?
  private var isWriter: Bool { world.rank == 0 }

  package init(
    _ configuration: RunConfiguration, _ world: World, threads: Int? = nil,
    _ observer: TrainingObserver? = nil, until lastStep: Int? = nil
  ) {
    self.configuration = configuration
    self.world = world
    self.threads = threads
    self.observer = observer
    self.lastStep = lastStep
    context = RunContext(configuration: configuration, group: world.group, files: ProjectFiles())
    terminal = world.rank == 0 ? TerminalSink(epochs: configuration.epochs) : nil
  }

  /// Trains until the run's end, or until it is asked to stop.
  package func run() throws -> TrainingEnd {
    world.group.mark(step: 0, .start)
    try observer?(TrainingMoment(step: 0, phase: .start, group: world.group, model: nil))
    Compute.setThreads(threads ?? max(1, Int(world.coreShare)))
    try configuration.distributed.settleKernels()
    let claim = try HeldClaim(configuration.runDirectory, world.group)
    defer { withExtendedLifetime(claim) {} }

    let stages = RunStages(context: context)
    let data = try stages.data()
    let seeds = stages.seeds()
    let model = try stages.model(for: data, seeds)
    let replica = try stages.optimizer(of: model, seeds)
    let recording = RunRecording(configuration, world, terminal)
    let ready = try stages.resume(replica, data, timeline: recording.timeline)
    defer { ready.checkpoints.drain() }
    try addSinks(ready, data, claim, recording)

    let end = try ready.trainer.tellingFailures { try train(ready, data, model) }
    try recording.end(threads: Compute.threads, model: configuration.model.name)
    return end
  }

  /// The loop: a step, an evaluation and a checkpoint where they are due, and so on.
  private func train(
    _ ready: RunStages.Ready, _ data: RunData, _ model: PreparedModel
  ) throws -> TrainingEnd {
    let trainer = ready.trainer
    if isWriter { try writeFacts(data) }
    introduce(ready, data)
    try trainer.begin(
      data.training, epochs: configuration.epochs, steps: configuration.steps,
      records: data.plan.source.records,
      shouldStop: { [lastStep, unowned trainer] in
        StopRequest.isPending || lastStep.map { trainer.step + 1 >= $0 } ?? false
      })
    let loop = RunLoop(
      trainer, configuration.evaluation, configuration.checkpoint,
      progress: ready.checkpoints.progress(from: ready.resumed), judgesEnd: false,
      evaluate: { [self] in
        guard
          let figures = try trainer.evaluate(
            data.validation ?? data.heldOut, maxBatches: configuration.evaluation.maxBatches,
            unless: { StopRequest.isPending })
        else { return .stopped }
        try trainer.tell(
          .evaluation(EvaluationReport(step: trainer.step, split: "validation", figures: figures)))
        try adjustRate(trainer, figures)
        return .goesOn
      },
      save: { try ready.checkpoints.save(trainer, data.training, awaitsEvaluation: $0) },
      remember: { try ready.checkpoints.remember(trainer, data.training) },
      settle: { try ready.checkpoints.settle() })
    var end = try loop.run(awaitsEvaluation: ready.resumed?.state.awaitsEvaluation ?? false)
    if end == .finished {
      end = try finish(trainer, data, model, save: { try loop.saveLast() })
    }
    if end == .stopped {
      try trainer.tell(.ended(trainer.result(.stopped)))
      if lastStep != nil { return end }
      terminal?.say(
        "stopped at step \(trainer.step) as asked; go on with: \(ResumeHint.command(workers: world.size))"
      )
    }
    return end
  }

  /// Lets a schedule that looks at evaluations look at this one.
  private func adjustRate(_ trainer: Trainer<[Tensor]>, _ figures: Figures) throws {
    guard let plateau = trainer.scheduler as? ReduceLROnPlateau else { return }
    let metric =
      try configuration.schedule.name == "ReduceLROnPlateau"
      ? configuration.schedule.options(PlateauOptions.self).metric : "loss"
    guard let value = figures[metric] else {
      throw ConfigurationError.conflict(
        "schedule.metric", problem: "evaluations have no \(metric)",
        remedy:
          "name one of \(figures.values.map(\.name).joined(separator: ", ")), or add it to metrics")
    }
    plateau.step(value)
  }

  /// Evaluates the finished model and saves it; where somebody asks for the end meanwhile, the checkpoint
  /// alone is saved, from which this is done again.
  private func finish(
    _ trainer: Trainer<[Tensor]>, _ data: RunData, _ model: PreparedModel, save: () throws -> Void
  ) throws -> TrainingEnd {
    guard
      let figures = try trainer.evaluate(
        data.heldOut, maxBatches: nil, unless: { StopRequest.isPending })
    else {
      try save()
      return .stopped
    }
    let report = EvaluationReport(
      step: trainer.step, split: data.heldOutName, figures: figures, isFinal: true)
    try trainer.tell(.evaluation(report))
    try save()
    let path = "\(configuration.runDirectory)/model.safetensors"
    try trainer.withAveragedModel { try RunCheckpoints.saveModel(trainer, to: path) }
    var results: MetricValues = ["step": .integer(trainer.step), "model": .text(path)]
    results.add(figures, prefix: data.heldOutName)
    var words = TerminalSink.words(report)
    if let unit = model.bitsPer {
      let bits = figures.loss / log(2)
      results["bits_per_\(unit)"] = .number(bits)
      words += String(format: ", %.3f bits per ", bits) + unit
    }
    try trainer.tell(.ended(trainer.result(.finished, results: results)))
    terminal?.say(words)
    if let rate = trainer.recordsPerSecond {
      terminal?.say(String(format: "%.0f samples per second on ", rate) + workers)
    }
    terminal?.say("model saved as \(path)")
    return .finished
  }
}

extension TrainingRun {
  /// What takes the run's events on this rank: the log and the terminal on rank 0, the timeline, and
  /// the configured callbacks.
  private func addSinks(
    _ ready: RunStages.Ready, _ data: RunData, _ claim: HeldClaim,
    _ recording: RunRecording<RunConfiguration>
  ) throws {
    ready.trainer.flight = world.group
    var sinks: [any EventSink] = []
    if let observer {
      sinks.append(
        PhaseSink { [world, unowned trainer = ready.trainer] step, phase in
          try observer(
            TrainingMoment(step: step, phase: phase, group: world.group, model: trainer.model))
        })
    }
    sinks += try recording.begin(ready.trainer)
    if let terminal {
      sinks.append(terminal)
      sinks.append(
        try MetricsSink(
          configuration.runDirectory, every: configuration.logEvery,
          resumingAt: ready.resumed?.state.step
        ) { [self] path in
          terminal.endLine()
          StandardStream.error.write(
            "ddp-train: \(path) was deleted or moved while the run goes on: it and the run's other files"
              + " are written again; earlier checkpoints are gone\n")
          try claim.renew()
          try writeFacts(data)
        })
    }
    for callback in configuration.callbacks {
      let definition = try CallbackDefinition.registry.entry(for: callback)
      if let sink = try definition.make(callback, in: context) { sinks.append(sink) }
    }
    ready.trainer.sinks = sinks
  }

  private var workers: String { world.size == 1 ? "1 worker" : "\(world.size) workers" }

  /// Writes down what the run is.
  private func writeFacts(_ data: RunData) throws {
    let directory = configuration.runDirectory
    try configuration.save(in: directory)
    try data.plan.save(to: "\(directory)/shards.json")
    try RunFile.write(JSONEncoder().encode(data.records), to: "\(directory)/records.json")
    if !data.classes.isEmpty {
      try RunFile.write(
        JSONEncoder().encode(data.classes), to: "\(directory)/\(RunData.classesFile)")
    }
    for artifact in data.artifacts {
      try RunFile.write(artifact.contents, to: "\(directory)/\(artifact.name)")
    }
  }

  /// Says what the run is.
  private func introduce(_ ready: RunStages.Ready, _ data: RunData) {
    let threads = "\(Compute.threads) thread\(Compute.threads == 1 ? "" : "s") each"
    terminal?.say(
      "\(configuration.name): \(configuration.model.name) with \(ready.trainer.model.parameterCount) parameters on \(data.plan.source.records) records of \(configuration.data.name); \(workers), \(threads)"
    )
    if let words = ready.checkpoints.beginning { terminal?.say(words) }
    if let words = ready.checkpoints.missingMemory(every: configuration.checkpoint.memoryEvery) {
      terminal?.say(words)
    }
    guard let resumed = ready.resumed else { return }
    terminal?.say("resumed from \(resumed.path) at step \(resumed.state.step)")
    if ready.steps <= ready.trainer.step {
      terminal?.say(
        "nothing is left to train: the run ends at step \(ready.steps), and the checkpoint is at step \(ready.trainer.step); set steps or epochs higher to go on"
      )
    }
  }
}

/// Is told of phases as they begin.
private final class PhaseSink: EventSink {
  private let body: (Int, RunPhase) throws -> Void
  package var wantsPhases: Bool { true }

  package init(_ body: @escaping (Int, RunPhase) throws -> Void) { self.body = body }

  package func take(_ event: TrainingEvent) throws {
    if case .phase(let phase) = event, phase.ended == nil { try body(phase.step, phase.phase) }
  }
}
