import Checkpoints
import Collectives
import Foundation
import NN
import Optimizers
import TensorFiles
import Tensors

extension RunCheckpoints.Found {
  /// Opens a checkpoint's folder.
  package init(path: String) throws {
    let checkpoint = try Checkpoint(path: path)
    let state: RunState = try checkpoint.state("run")
    try state.check(path: checkpoint.path)
    self.init(checkpoint: checkpoint, state: state)
  }

  /// Takes over the weights.
  /// - Parameter isPart: Whether the checkpoint holds only what is trained.
  package func restore(_ model: Module, isPart: Bool = false) throws {
    let state = try StateDict(mapping: "\(path)/model.safetensors")
    let (missing, unexpected) = try model.load(state, strict: !isPart)
    let trained = Set(
      model.namedParameters().filter { $0.parameter.requiresGrad }.map { Array($0.name.utf8) })
    guard isPart,
      !unexpected.isEmpty || missing.contains(where: { trained.contains(Array($0.utf8)) })
    else { return }
    throw CheckpointError(
      .mismatch, path: "\(path)/model.safetensors", "it does not hold this run's adapters",
      remedy: "Resume with the settings that the run was started with")
  }

  /// Takes over everything else but the schedule: see ``restore(schedule:)``.
  ///
  /// What the optimizer remembers is taken over, and what it is told, its rates and the like, is as
  /// configured.
  /// - Parameter seed: From which a rank draws that has no saved sequence.
  package func restore<Content>(
    _ trainer: Trainer<Content>, _ loader: any BatchLoading<[BatchPart<Content>]>,
    _ group: ProcessGroup, seed: Int
  ) throws {
    let tensors = try StateDict(mapping: "\(path)/optimizer.safetensors")
    try trainer.optimizer.resume(
      OptimizerState(tensors: tensors, values: checkpoint.state("optimizer")))
    if trainer.scaler.isEnabled, let scaler = state.scaler { try trainer.scaler.load(scaler) }
    trainer.step = state.step
    if state.worldSize == group.size {
      // The speed of other numbers of workers says nothing about these.
      trainer.trainingSeconds = state.trainingSeconds
      trainer.trainedRecords = state.trainedRecords
    }
    try loader.restore(state.position)
    try restoreHook(trainer, group)
    if state.worldSize == group.size {
      try Generator.default.setState(Array(state.generators[group.rank]))
    } else {
      // Each rank needs a sequence of its own that no rank has used.
      manualSeed(
        UInt64(seed) &+ UInt64(group.rank) &+ UInt64(state.step) << 20)
    }
  }
}

extension RunCheckpoints.Found {
  /// Has the configured schedule go on at the step that was reached.
  package func restore(schedule trainer: Trainer<some Any>) throws {
    try trainer.scheduler?.resume(at: trainer.step, try? checkpoint.state("scheduler"))
  }
}
