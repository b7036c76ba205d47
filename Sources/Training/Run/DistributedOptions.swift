import Collectives
import DataParallel
import NN
import Optimizers
import Settings
import Tensors

/// What the keys of `distributed` mean to DataParallel.
extension DistributedConfiguration {
  /// Bytes at which buckets close.
  package var bucketLimits: [Int] { [Int(firstBucketMB * 1_048_576), Int(bucketMB * 1_048_576)] }

  /// How replicas are kept together.
  package var parallelOptions: DataParallelOptions {
    var options = DataParallelOptions()
    (options.firstBucketBytes, options.bucketBytes) = (bucketLimits[0], bucketLimits[1])
    options.algorithm = algorithm.named
    options.reduceDtype = reduceDtype.dtype
    options.broadcastsBuffers = broadcastBuffers
    options.isStaticGraph = staticGraph
    return options
  }

  /// How a trainer's replicas are kept together and compared, in the order of a checkpoint's buckets.
  package func trainerOptions(_ resumed: RunCheckpoints.Found?) -> TrainerOptions {
    var options = TrainerOptions()
    options.checksumEvery = checksumEvery
    options.hashEvery = hashEvery
    options.parallel = parallelOptions
    options.parallel.plan = resumed?.state.bucketPlan(limits: bucketLimits)
    return options
  }

  /// The virtual workers of an invariant run with a seed; nil of another run.
  package func virtualWorkers(seed: Int) -> VirtualWorkers? {
    invariant == .none ? nil : VirtualWorkers(count: virtualWorkers, seed: UInt64(seed))
  }

  /// Has kernels compute what an invariant run promises, for the rest of the process.
  /// - Throws: ``ConfigurationError/conflict(_:problem:remedy:)`` where the processor cannot.
  package func settleKernels() throws(ConfigurationError) {
    switch invariant {
    case .none: break
    case .workers:
      // Whether vectors are faster is measured, and one rank may find what another does not.
      if Compute.bfloat16Products == .vectors { _ = Compute.use(.widened) }
    case .portable:
      guard Compute.use(.v3) else {
        throw .conflict(
          "distributed.invariant",
          problem: "this processor has no AVX2 and FMA, which portable needs",
          remedy: "set it to true, and train on processors of one kind")
      }
      _ = Compute.use(.widened)
    }
  }

  /// The configured hook; a worker on its own has nobody to exchange with.
  package func exchange(_ group: ProcessGroup) throws -> Exchange {
    guard group.size > 1 else { return Exchange() }
    return try HookDefinition.registry.entry(for: hook)
      .make(hook, for: ExchangeInput(group: group, algorithm: algorithm.named))
  }

  /// The optimizer of a model, which rounds steps in a way and whose state is kept in a format, and shared out
  /// among the workers where that is asked for, with what else is.
  package func shared(
    _ optimizer: Optimizer, of model: Module, _ group: ProcessGroup, state: StateFormat,
    rounding: ParameterRounding
  ) throws -> Optimizer {
    guard rounding == .nearest || optimizer.movesOneByOne else {
      throw ConfigurationError.conflict(
        "rounding", problem: "\(type(of: optimizer)) moves all parameters together",
        remedy: "set it to nearest, or take another optimizer")
    }
    guard state == .full || optimizer.unit != .model else {
      throw ConfigurationError.conflict(
        "optimizer_state",
        problem:
          "\(type(of: optimizer)) moves all parameters together and keeps its state as it is",
        remedy: "leave it out, or take another optimizer")
    }
    optimizer.rounding = rounding
    optimizer.stateFormat = state
    guard let stage = shardOptimizer.stage, group.size > 1 else { return optimizer }
    return try ShardedOptimizer(
      optimizer, group: group, stage: stage, limits: bucketLimits,
      units: stage == .zero3 ? ShardUnits(model) : nil)
  }
}

extension DistributedConfiguration.OptimizerSharding {
  /// The same as DataParallel names it.
  package var stage: ShardedOptimizer.Stage? {
    switch self {
    case .none: nil
    case .zero1: .zero1
    case .zero2: .zero2
    case .zero3: .zero3
    }
  }

  /// Whether each worker has its share of the gradients only.
  package var scattersGradients: Bool { self == .zero2 || self == .zero3 }
}

extension DistributedConfiguration.ReduceType {
  /// The type; nil for gradients' own.
  package var dtype: DType? {
    switch self {
    case .same: nil
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }
}
