import Checkpoints
import Collectives
import DataParallel
import Datasets
import Foundation
import NN
import Optimizers
import Tensors

/// What a run must remember besides weights and the optimizer's tensors to go on bit for bit.
package struct RunState: Codable {
  var step: Int
  var trainingSeconds: Double
  var trainedRecords: Int
  /// The number of workers; another number goes on with fresh random sequences.
  var worldSize: Int
  var position: LoaderState
  /// Each rank's random generator.
  var generators: [Data]
  /// The optimizer's name and the number of training records; nil in older checkpoints.
  var optimizer: String?
  var records: Int?
  /// The order in which gradients are added up.
  var buckets: [[Int]]?
  /// The communication hook's memory; nil without one.
  var hook: HookRecord?

  var bucketPlan: BucketPlan? { buckets.map { BucketPlan(buckets: $0) } }
}

/// Saves a run's checkpoints and finds the one to go on from.
struct RunCheckpoints {
  private let configuration: RunConfiguration
  private let context: RunContext
  private let store: CheckpointStore
  /// The training records.
  private let records: Int

  init(_ configuration: RunConfiguration, _ context: RunContext, records: Int) {
    self.configuration = configuration
    self.records = records
    self.context = context
    store = CheckpointStore(
      folder: "\(configuration.runDirectory)/checkpoints", keep: configuration.checkpoint.keep,
      rank: context.rank)
  }

  /// A checkpoint to go on from.
  struct Found {
    let checkpoint: Checkpoint
    let state: RunState
    var path: String { checkpoint.path }
  }

  /// The checkpoint that `resume` means; nil to begin. Rank 0 chooses for all.
  ///
  /// A damaged newest checkpoint is an error that offers the one before it; a job that its launcher
  /// restarted takes that one by itself.
  func find() throws -> Found? {
    guard let resume = configuration.resume else { return nil }
    let path = try context.madeOnce("checkpoint") { () -> String? in
      if resume != "latest" { return try Checkpoint(path: resume).path }
      let latest = store.latest()
      if let damage = latest.damaged.first {
        guard let sound = latest.checkpoint else { throw damage }
        guard ProcessInfo.processInfo.environment["TORUS_RESTART_COUNT"].flatMap(Int.init) ?? 0 > 0
        else { throw DamagedCheckpoint(damage: damage, sound: sound.path) }
      }
      return latest.checkpoint?.path
    }
    guard let path else { return nil }
    let checkpoint = try Checkpoint(path: path)
    let state: RunState = try checkpoint.state("run")
    try state.check(path: checkpoint.path)
    let found = Found(checkpoint: checkpoint, state: state)
    try check(found)
    return found
  }

  /// Refuses to go on with another optimizer's state, or at a place among other records.
  private func check(_ found: Found) throws(OtherRun) {
    let optimizer = configuration.optimizer.name
    if let saved = found.state.optimizer, saved != optimizer {
      throw OtherRun(
        path: found.path, saved: "optimizer \(saved)", given: optimizer,
        remedy: "set optimizer.name: \(saved)")
    }
    if let saved = found.state.records, saved != records {
      throw OtherRun(
        path: found.path, saved: "\(saved) training records", given: "\(records)",
        remedy: "give the data, and what of them is held out, as they were")
    }
  }

  /// Saves the present state; every rank takes part, and rank 0 writes.
  /// - Returns: The checkpoint's folder.
  func save(_ trainer: Trainer<Workload.Content>, _ loader: Workload.Loader) throws -> String {
    let generators = try context.group.allGather(
      object: Data(Generator.default.state), label: "random states")
    let hook = try HookCheckpoint(trainer)
    let state = RunState(
      step: trainer.step, trainingSeconds: trainer.trainingSeconds,
      trainedRecords: trainer.trainedRecords, worldSize: context.worldSize, position: loader.state,
      generators: generators, optimizer: configuration.optimizer.name, records: records,
      buckets: trainer.bucketPlan?.buckets, hook: hook?.record)
    let path = store.path(step: trainer.step)
    let optimizer = try trainer.optimizerState()
    let weights = try trainer.withAveragedModel {
      context.rank == 0 ? trainer.model.stateDict() : StateDict()
    }
    guard context.rank == 0, let optimizer else { return path }
    var contents = CheckpointContents(model: weights)
    contents.groups["optimizer"] = optimizer.tensors.stored()
    try contents.setState("optimizer", optimizer.values)
    if let tensors = hook?.tensors, !tensors.isEmpty { contents.groups["hook"] = tensors.stored() }
    if let scheduler = trainer.scheduler {
      try contents.setState("scheduler", scheduler.stateDict())
    }
    try contents.setState("run", state)
    return try store.save(contents, step: trainer.step)
  }

  /// Saves the weights alone, as safetensors.
  static func saveModel(_ model: Module, to path: String) throws {
    try model.stateDict().save(safetensors: path)
  }
}

extension RunCheckpoints.Found {
  /// Takes over the weights.
  func restore(_ model: Module) throws {
    try model.load(StateDict(safetensors: "\(path)/model.safetensors"))
  }

  /// Takes over everything else.
  func restore(
    _ trainer: Trainer<Workload.Content>, _ loader: Workload.Loader, _ context: RunContext
  ) throws {
    let tensors = try StateDict(safetensors: "\(path)/optimizer.safetensors")
    try trainer.optimizer.load(
      OptimizerState(tensors: tensors, values: checkpoint.state("optimizer")))
    trainer.step = state.step
    if state.worldSize == context.worldSize {
      // The speed of other numbers of workers says nothing about these.
      trainer.trainingSeconds = state.trainingSeconds
      trainer.trainedRecords = state.trainedRecords
    }
    try trainer.scheduler?.load(checkpoint.state("scheduler"))
    try loader.restore(state.position)
    try restoreHook(trainer, context)
    if state.worldSize == context.worldSize {
      try Generator.default.setState(Array(state.generators[context.rank]))
    } else {
      // Each rank needs a sequence of its own that no rank has used.
      manualSeed(
        UInt64(context.configuration.seed + context.rank) &+ UInt64(state.step) << 20)
    }
  }
}

/// A checkpoint of a run whose optimizer or data were others than the configured ones.
struct OtherRun: Error, CustomStringConvertible {
  let path: String
  let saved: String
  let given: String
  let remedy: String

  var description: String {
    "\(path) was saved with \(saved), and the configuration has \(given); \(remedy), or begin a new run"
  }
}

/// The newest checkpoint is damaged, and there is one before it.
struct DamagedCheckpoint: Error, CustomStringConvertible {
  let damage: CheckpointError
  let sound: String

  var description: String {
    "\(damage.path): \(damage.message). The checkpoint before it is sound: go on from it with --resume \(sound)"
  }
}
