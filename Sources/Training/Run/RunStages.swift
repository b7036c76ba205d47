import Collectives
import DataParallel
import Datasets
import Models
import NN
import Optimizers
import Settings
import Tensors

/// The stages by which a run is prepared: data, seeds, model, optimizer, and what is resumed. Each takes
/// what it needs from those before it, so that they can be called in one order only. Every rank calls
/// each of them.
package struct RunStages {
  package let context: RunContext
  private var configuration: RunConfiguration { context.configuration }
  private var isAlone: Bool { context.worldSize == 1 }

  /// The random numbers of a run.
  package struct Seeds {
    fileprivate let shared: UInt64
    fileprivate let own: UInt64

    /// Everybody draws the same: initial weights.
    fileprivate func drawAlike() { manualSeed(shared) }
    /// Each rank draws its own: dropout.
    fileprivate func drawApart() { manualSeed(own) }
  }

  /// A model with what trains it.
  package struct Replica {
    package let model: PreparedModel
    package let optimizer: Optimizer
  }

  /// All that a run trains with, as far as an earlier part of it has come.
  package struct Ready {
    package let trainer: Trainer<[Tensor]>
    package let checkpoints: RunCheckpoints
    /// The step at which the run will end.
    package let steps: Int
    /// What the run goes on from; nil where it begins.
    package let resumed: RunCheckpoints.Found?
  }

  /// This rank's share of the configured data.
  package func data() throws -> RunData {
    try DataDefinition.registry.entry(for: configuration.data).make(configuration.data, in: context)
  }

  /// The seeds that follow from the configured one.
  package func seeds() -> Seeds {
    let shared = UInt64(configuration.seed)
    return Seeds(shared: shared, own: shared &+ UInt64(context.rank))
  }

  /// The configured model for the data, the same weights on every rank.
  package func model(for data: RunData, _ seeds: Seeds) throws -> PreparedModel {
    let definition = try ModelDefinition.registry.entry(for: configuration.model)
    if let size = try definition.size(configuration.model, for: data.records) {
      try MemoryRoom(context, records: data.plan.source.records).check(size)
    }
    seeds.drawAlike()
    let make = { try definition.make(configuration.model, for: data.records) }
    // Of a model that is spread over ranks nobody has all of the initial values.
    let isSpread = configuration.distributed.shardOptimizer == .zero3 && !isAlone
    let model = try isSpread ? Init.postponed(make) : make()
    if configuration.distributed.syncBatchNorm, !isAlone {
      try SyncBatchNorm.convert(model.module, group: context.group)
    }
    configuration.precision.prepare(model.module)
    return model
  }

  /// The model with the configured optimizer, whose state is shared out among the workers where that is
  /// asked for. From here on each rank draws its own random numbers.
  package func optimizer(of model: PreparedModel, _ seeds: Seeds) throws -> Replica {
    let whole = try OptimizerDefinition.registry.entry(for: configuration.optimizer)
      .make(
        configuration.optimizer,
        for: model.module.namedParameters().filter { $0.parameter.requiresGrad })
    seeds.drawApart()
    return Replica(
      model: model,
      optimizer: try configuration.distributed.shared(
        whole, of: model.module, context.group, state: configuration.optimizerState,
        rounding: configuration.stepRounding))
  }

  /// The trainer, in the state of the checkpoint that `resume` means, with the configured schedule.
  /// - Parameter timeline: What is told of the walk's buckets.
  package func resume(_ replica: Replica, _ data: RunData, timeline: Timeline?) throws -> Ready {
    let checkpoints = try RunCheckpoints(RunIdentity(configuration, data), context.group)
    let resumed = try checkpoints.find()
    try resumed?.restore(replica.model.module)
    var options = configuration.distributed.trainerOptions(resumed)
    options.clipGradNorm = configuration.clipGradNorm
    options.precision = configuration.precision
    options.compiles = configuration.compile
    options.virtualWorkers = configuration.virtualWorkers
    if let timeline { options.parallel.observer = { timeline.note($0) } }
    let exchange = try configuration.distributed.exchange(context.group)
    let trainer = try Trainer<[Tensor]>(
      replica.model.module, optimizer: replica.optimizer, group: isAlone ? nil : context.group,
      options: options, hook: exchange.hook, averager: exchange.averager,
      targets: replica.model.targets, forward: try step(of: replica.model))
    try resumed?.restore(trainer, data.training, context.group, seed: configuration.seed)
    let steps = trainer.plannedSteps(
      data.training, epochs: configuration.epochs, steps: configuration.steps)
    trainer.scheduler = try ScheduleDefinition.registry.entry(for: configuration.schedule)
      .make(
        configuration.schedule, for: ScheduleInput(optimizer: replica.optimizer, steps: steps))
    try resumed?.restore(schedule: trainer)
    return Ready(trainer: trainer, checkpoints: checkpoints, steps: steps, resumed: resumed)
  }

  /// What judges a trained model, and changes nothing.
  package func judge(of model: PreparedModel) throws -> Trainer<[Tensor]> {
    var options = TrainerOptions()
    options.precision = configuration.precision
    options.virtualWorkers = configuration.virtualWorkers
    return try Trainer<[Tensor]>(
      model.module, optimizer: SGD(model.module.parameters().filter(\.requiresGrad), lr: 0),
      group: isAlone ? nil : context.group, options: options, targets: model.targets,
      forward: try step(of: model))
  }

  /// A step of the model, with the configured metrics among its figures.
  private func step(of model: PreparedModel) throws -> ([Tensor]) throws -> StepOutput {
    let metrics = try configuration.metrics.map { try MetricDefinition.registry.entry(for: $0) }
    return { batch in
      let outputs = try model.predict(batch)
      var output = try model.loss(outputs, batch)
      for metric in metrics where !output.sums.contains(where: { $0.name == metric.name }) {
        let sum = noGrad { metric.sum(outputs, batch[batch.count - 1]) }
        output.sums.append((metric.name, sum))
      }
      return output
    }
  }
}
