import DataParallel
import NN
import Optimizers
import Tensors

/// What is saved of a training, wherever it lies.
extension Trainer {
  /// What the optimizer remembers, on rank 0; every rank takes part where it is shared out.
  package func optimizerState() throws -> OptimizerState? {
    if let sharded = optimizer as? ShardedOptimizer { return try sharded.consolidated() }
    return (group?.rank ?? 0) == 0 ? optimizer.stateDict() : nil
  }

  /// What the optimizer remembers as it is spread over ranks, where it and the parameters are; every rank takes part.
  package func spreadOptimizerState() throws -> (tensors: [SpreadTensor], values: OptionValue)? {
    guard parallel?.isFullySharded == true else { return nil }
    return try (optimizer as? ShardedOptimizer)?.spreadState()
  }

  /// The model's state, on rank 0; every rank takes part where parameters are spread over ranks.
  package func weights() throws -> StateDict? {
    guard let parallel else { return model.stateDict() }
    return try parallel.consolidatedState()
  }

  /// The model's state where this rank has all of it by itself; nil where parameters are spread over ranks. All
  /// ranks have the same parameters but between averagings, and buffers of their own.
  package var replicatedWeights: StateDict? {
    parallel?.isFullySharded == true ? nil : model.stateDict()
  }

  /// What the optimizer remembers where this rank has all of it by itself, as the others have; nil where it is
  /// shared out.
  package var replicatedOptimizerState: StateDict? {
    optimizer is ShardedOptimizer ? nil : optimizer.stateDict().tensors
  }

  /// Runs a body while every rank has all parameters; every rank calls it.
  package func withFullParameters<Result>(_ body: () throws -> Result) throws -> Result {
    guard let parallel else { return try body() }
    return try parallel.withFullParameters { _ in try body() }
  }

  /// Stops where a parameter is not finite, so that no checkpoint is written of it: a gradient can
  /// overflow while the loss is still finite, which the next step's loss would tell.
  package func checkParameters() throws {
    let named = model.namedParameters().filter { $0.parameter.dtype.isFloatingPoint }
    if let parallel { try parallel.eachGathered(check) } else { try check(Set(named.map(\.name))) }
    func check(_ names: Set<String>) throws {
      for (name, parameter) in named where names.contains(name) {
        let isSound = noGrad { parameter.value.isFinite().all().item() != 0 }
        if !isSound { throw TrainingError.parameterNotFinite(name, step: step) }
      }
    }
  }
}
