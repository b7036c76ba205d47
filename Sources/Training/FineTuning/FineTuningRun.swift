import Base
import Collectives
import Datasets
import Foundation
import Metrics
import Models
import NN
import Optimizers
import Settings
import Tensors
import TextTasks
import Tokenizers

/// A configured fine-tuning from its command line to the folder of its best model, on this rank.
public final class FineTuningRun {
  private let configuration: FineTuningConfiguration
  private let world: World
  private let task: FineTuningTask
  private let optimizer: Optimizer
  private let trainer: Trainer<TextBatch>
  private let log: MetricsLog?
  private var best: (value: Double, step: Int, weights: [Tensor])?
  private var waited = 0

  private var group: ProcessGroup { world.group }
  private var isWriter: Bool { world.rank == 0 }

  init(_ configuration: FineTuningConfiguration, _ world: World) throws {
    self.configuration = configuration
    self.world = world
    Compute.setThreads(configuration.threads ?? max(1, Int(world.coreShare)))
    // The same weights on every rank; afterwards each draws its own dropout.
    manualSeed(UInt64(configuration.seed))
    task = try FineTuningTask(configuration)
    let frozen = zip(configuration.freeze, task.model.freeze(configuration.freeze))
    if let pattern = frozen.first(where: { $0.1 == 0 })?.0 {
      throw ConfigurationError.conflict(
        "freeze", problem: "no parameter's name has the part \(pattern)",
        remedy: "name parts such as embeddings or layer.0")
    }
    let groups = FineTuningGroups(
      lr: configuration.lr, weightDecay: configuration.weightDecay,
      layerDecay: configuration.layerDecay)(task.model)
    guard !groups.isEmpty else {
      throw ConfigurationError.conflict(
        "freeze", problem: "every parameter is frozen", remedy: "leave some to be trained")
    }
    optimizer = AdamW(
      groups, lr: configuration.lr, betas: (configuration.betas[0], configuration.betas[1]),
      eps: configuration.eps, weightDecay: configuration.weightDecay)
    manualSeed(UInt64(configuration.seed) &+ UInt64(world.rank))
    var options = TrainerOptions()
    options.clipGradNorm = configuration.clipGradNorm
    options.reportsGradNorm = true
    let objective = task.objective
    trainer = try Trainer<TextBatch>(
      task.model, optimizer: optimizer, group: world.size > 1 ? world.group : nil,
      options: options, targets: objective.targets
    ) { objective($0) }
    log = world.rank == 0 ? try MetricsLog(directory: configuration.runDirectory) : nil
  }

  /// Trains, judges, and saves the best model as RUN/model.
  func run() throws -> TrainingEnd {
    let loader = try trainingLoader()
    let planned = trainer.plannedSteps(
      loader, epochs: configuration.epochs, steps: configuration.steps)
    trainer.scheduler = try schedule(planned)
    try begin(planned)
    try trainer.begin(
      loader, steps: planned, records: task.training.count,
      shouldStop: { StopRequest.isPending })
    var rate = optimizer.groups[0].lr
    while let report = try trainer.next() {
      try logStep(report, rate: rate)
      rate = report.learningRate
      if report.isStopping { return .stopped }
      if let validation = task.validation, isDue(report) { try judge(validation, "validation") }
      if isOut { break }
    }
    try finish()
    return .finished
  }

  /// Whether the evaluations have not become better for too long.
  private var isOut: Bool { configuration.patience.map { waited >= $0 } ?? false }

  private func isDue(_ report: StepReport) -> Bool {
    let evaluation = configuration.evaluation
    if report.step == report.steps { return true }
    if let steps = evaluation.everySteps, report.step % steps == 0 { return true }
    guard let epochs = evaluation.everyEpochs, report.isLastOfEpoch else { return false }
    return (report.epoch + 1) % epochs == 0
  }

  private func trainingLoader() throws -> DataLoader<TextFeature, [BatchPart<TextBatch>]> {
    let seed = UInt64(configuration.seed)
    let size = configuration.batchSize
    guard size >= world.size else {
      throw ConfigurationError.conflict(
        "batch_size", problem: "\(size) records are fewer than \(world.size) workers",
        remedy: "set it to at least the number of workers")
    }
    let lengths = task.training.map(\.inputIds.count)
    let batches: any BatchSampling =
      configuration.groupByLength
      ? LengthBucketSampler(lengths: lengths, batchSize: size, seed: seed)
      : BatchSampler(RandomSampler(recordCount: lengths.count, seed: seed), batchSize: size)
    let (parts, task) = (configuration.accumulate, task)
    return DataLoader(
      try task.dataset(task.training), batches: batches, rank: world.rank, worldSize: world.size
    ) { try BatchPart.cut($0, into: parts, collate: task.collate) }
  }

  private func schedule(_ steps: Int) throws -> LRScheduler {
    let warmUp = configuration.warmupSteps
    let warmUpSteps = Int(warmUp < 1 ? (warmUp * Double(steps)).rounded(.up) : warmUp)
    guard let kind = TransformersLR.Kind(rawValue: configuration.schedule) else {
      throw ConfigurationError.conflict(
        "schedule", problem: "there is no schedule \(configuration.schedule)",
        remedy:
          "name one of \(TransformersLR.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var options: OptionValues = [:]
    if kind == .cosineWithMinLR || kind == .cosineWarmupWithMinLR { options["min_lr_rate"] = 0.1 }
    if kind == .warmupStableDecay {
      options["num_decay_steps"] = .int(max(1, steps / 10))
    }
    return TransformersLR(
      optimizer, kind, warmupSteps: min(warmUpSteps, steps), trainingSteps: steps,
      options: options)
  }

  private func say(_ line: String) {
    if isWriter { StandardStream.output.write(line + "\n") }
  }

  private func begin(_ planned: Int) throws {
    let parameters = task.model.parameterCount
    let workers = world.size == 1 ? "1 worker" : "\(world.size) workers"
    say(
      "\(configuration.name): \(type(of: task.model)) with \(parameters) parameters on \(task.training.count) records, \(planned) steps; \(workers)"
    )
    if let report = task.model.loadReport, !report.isClean { say("\(report)") }
    guard isWriter else { return }
    let yaml = Data(configuration.written.yaml.utf8)
    try RunFile.write(yaml, to: "\(configuration.runDirectory)/config.yaml")
    try log?.write(
      "started",
      [
        "world_size": .integer(world.size), "parameters": .integer(parameters),
        "records": .integer(task.training.count), "steps": .integer(planned),
        "threads": .integer(Compute.threads),
      ])
  }

  /// - Parameter rate: The learning rate that the step used.
  private func logStep(_ report: StepReport, rate: Double) throws {
    let isLast = report.step == report.steps || report.isStopping
    guard isWriter, report.step % configuration.logEvery == 0 || isLast else { return }
    say(
      String(
        format: "step %d of %d: loss %.4f, learning rate %.3g", report.step, report.steps,
        report.figures.loss, rate))
    try log?.write(
      "step",
      [
        "step": .integer(report.step), "epoch": .integer(report.epoch),
        "learning_rate": .number(rate), "train_loss": .number(report.figures.loss),
        "grad_norm": report.gradNorm.map { .number($0) } ?? .null,
        "samples_per_second": .number(report.recordsPerSecond),
      ])
  }

  /// The figures of all records over all workers.
  private func figures(_ features: [TextFeature]) throws -> [(name: String, value: Double)] {
    let lengths = features.map(\.inputIds.count)
    let batches = LengthBucketSampler(
      lengths: lengths, batchSize: max(configuration.batchSize, world.size), shuffle: false,
      seed: UInt64(configuration.seed))
    let task = task
    let loader = DataLoader(
      try task.dataset(features), batches: batches, rank: world.rank, worldSize: world.size
    ) { try task.collate($0) }
    task.model.eval()
    var state = FineTuningFigures()
    try noGrad {
      while let batch = try loader.next() {
        // A worker without a record of the batch has a stand-in, which does not count.
        guard batch.count > 0 else { continue }
        let scores = task.objective.scores(batch.content)
        let loss = task.objective.loss(scores, batch.content).item()
        state.add(scores, loss: loss, batch.content, records: batch.count, task)
      }
    }
    let all =
      world.size > 1 ? try group.allGather(object: state, label: "figures").merged() : state
    return (all ?? state).values(configuration.task)
  }

  private func report(_ values: [(name: String, value: Double)], _ split: String) throws {
    let words = values.map { "\($0.name) " + String(format: "%.4f", $0.value) }
    say("step \(trainer.step): \(split) " + words.joined(separator: ", "))
    var line: Metrics = ["step": .integer(trainer.step)]
    for (name, value) in values { line["\(split)_\(name)"] = .number(value) }
    try log?.write("evaluation", line)
  }

  /// Judges the model, and keeps its weights where they are the best so far.
  private func judge(_ features: [TextFeature], _ split: String) throws {
    let values = try figures(features)
    try report(values, split)
    let name = configuration.metric ?? "loss"
    guard let value = values.first(where: { $0.name == name })?.value else {
      throw ConfigurationError.conflict(
        "metric", problem: "evaluations have no \(name)",
        remedy: "name one of \(values.map(\.name).joined(separator: ", "))")
    }
    let isLess = ["loss", "perplexity", "mse"].contains(name)
    // Nothing is better or worse than NaN, which any later figure replaces.
    if let best, !best.value.isNaN, !(isLess ? value < best.value : value > best.value) {
      waited += 1
    } else {
      waited = 0
      let weights = noGrad { task.model.parameters().map { $0.value.clone() } }
      best = (value, trainer.step, weights)
    }
  }

  /// Goes back to the best weights, judges them by the test records, and saves them.
  private func finish() throws {
    if let best {
      noGrad {
        for (parameter, value) in zip(task.model.parameters(), best.weights) {
          parameter.assign(value)
        }
      }
      say("best \(configuration.metric ?? "loss") at step \(best.step)")
    }
    var results: Metrics = ["step": .integer(trainer.step)]
    if let best { results["best_step"] = .integer(best.step) }
    if let test = task.test {
      let values = try figures(test)
      try report(values, "test")
      for (name, value) in values { results["test_\(name)"] = .number(value) }
    }
    let path = "\(configuration.runDirectory)/model"
    if isWriter {
      try trainer.checkParameters()
      try task.model.savePretrained(path)
      try task.tokenizer.savePretrained(path)
    }
    results["model"] = .text(path)
    try log?.finish(
      worldSize: world.size, samplesPerSecond: trainer.recordsPerSecond, results)
    say("model saved as \(path)")
    if world.size > 1 { try group.barrier(label: "saved") }
  }
}
