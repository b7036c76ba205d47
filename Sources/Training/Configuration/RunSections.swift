import Datasets
import Optimizers
import Settings

/// How often the held-out records are judged.
public struct EvaluationConfiguration: ConfigurationSection {
  /// Every so many optimizer steps; nil for never by steps.
  public var everySteps: Int?
  /// Every so many epochs; nil for never by epochs. The end of a run is always judged.
  public var everyEpochs: Int? = 1
  /// The most global batches judged while the run goes on; nil for all. At the end it is all.
  public var maxBatches: Int?
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("every_steps", \.everySteps, in: .steps(), "judge every so many steps"),
    Field("every_epochs", \.everyEpochs, in: .count(), "judge every so many epochs"),
    Field("max_batches", \.maxBatches, in: .count(), "global batches judged before the end"),
  ]
}

/// How often a checkpoint is saved. A run that is asked to stop saves one too, as does its end.
public struct CheckpointConfiguration: ConfigurationSection {
  /// Every so many optimizer steps; nil for never by steps.
  public var everySteps: Int?
  /// Every so many epochs; nil for never by epochs.
  public var everyEpochs: Int? = 1
  /// Every so many optimizer steps in memory, from which `ddp-launch` restarts the job; nil for never.
  public var memoryEvery: Int?
  /// Whether training goes on while a checkpoint is written to disk.
  public var asynchronous = true
  /// How many of the newest stay.
  public var keep = 2
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("every_steps", \.everySteps, in: .steps(), "save every so many steps"),
    Field("every_epochs", \.everyEpochs, in: .count(), "save every so many epochs"),
    Field(
      "memory_every", \.memoryEvery, in: .steps(),
      "save in memory every so many steps, for restarts by ddp-launch"),
    Field("asynchronous", \.asynchronous, "train on while a checkpoint is written to disk"),
    Field("keep", \.keep, in: .count(), "how many of the newest checkpoints stay"),
  ]
}

/// How gradients meet.
public struct DistributedConfiguration: ConfigurationSection {
  /// What of the optimizer each worker keeps its share of only.
  public enum OptimizerSharding: String, ConfigurationChoice {
    /// Nothing: every worker keeps all.
    case none
    /// The optimizer's state.
    case zero1
    /// The optimizer's state and the gradients.
    case zero2
    /// The optimizer's state, the gradients and the parameters.
    case zero3
  }
  /// The type in which gradients travel.
  public enum ReduceType: String, ConfigurationChoice {
    /// Their own.
    case same
    /// Half the bytes of float32, and its range.
    case bfloat16
    /// Half the bytes of float32, and more digits.
    case float16
  }
  /// On what a run's bits may depend.
  public enum Invariance: String, ConfigurationChoice {
    /// On the number of workers, too.
    case none = "false"
    /// Not on the number of workers and threads, as long as processors have the same instructions.
    case workers = "true"
    /// Not on the processor either: all use AVX2's kernels.
    case portable
  }
  /// The all-reduce algorithm.
  public var algorithm = AlgorithmChoice.auto
  /// A table that `ddp-bench allreduce --calibrate` saved, by which `auto` picks; nil for the
  /// built-in rule. Rank 0 reads it.
  public var calibration: String?
  /// Most of a gradient bucket, in MiB.
  public var bucketMB = 25.0
  /// Most of the first bucket, in MiB: small, so that reducing starts early.
  public var firstBucketMB = 1.0
  /// Longest wait for the other workers, in seconds.
  public var timeoutS = 600.0
  /// Steps between two comparisons of all workers' parameters, bit by bit; nil for none.
  public var checksumEvery: Int?
  /// Steps between two checksums of all parameters in metrics.jsonl, by which runs are compared; nil for
  /// none.
  public var hashEvery: Int?
  /// Operations that each worker's flight recorder keeps.
  public var records = 64
  /// How records are shared out among workers.
  public var sharding = ShardPlan.Sharding.automatic
  /// What of the optimizer each worker keeps its share of only.
  public var shardOptimizer = OptimizerSharding.none
  /// The type in which gradients travel.
  public var reduceDtype = ReduceType.same
  /// The communication hook: what gradients meet by in place of their average.
  public var hook = Selection("none", NoOptions())
  /// Whether results are the same bits on any number of workers, which then do the work of
  /// ``virtualWorkers``.
  public var invariant = Invariance.none
  /// The workers that an invariant run pretends to have: the most that can do its work.
  public var virtualWorkers = 8
  /// Whether batch norms use the statistics of all workers' records.
  public var syncBatchNorm = false
  /// Whether every step begins with the first worker's buffers, such as running means.
  public var broadcastBuffers = true
  /// Promises that every step uses the same parameters.
  public var staticGraph = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("algorithm", \.algorithm, "how gradients are summed; auto picks by size and ranks"),
    Field(
      path: "calibration", \.calibration,
      "table by which auto picks, of ddp-bench allreduce --calibrate"
    ),
    Field("bucket_mb", \.bucketMB, in: Self.buckets, "most of a gradient bucket, in MiB"),
    Field("first_bucket_mb", \.firstBucketMB, in: Self.buckets, "most of the first bucket, in MiB"),
    Field(
      "timeout_s", \.timeoutS, in: .between(0.001, 31_536_000),
      "longest wait for other workers, in seconds"),
    Field(
      "checksum_every", \.checksumEvery, in: .steps(),
      "compare the workers' parameters every so many steps; null for never"),
    Field(
      "hash_every", \.hashEvery, in: .steps(),
      "log the parameters' checksums every so many steps; null for never"),
    Field(
      "records", \.records, in: .between(1, 65_536), "operations that the flight recorder keeps"),
    Field("sharding", \.sharding, "how records are shared out among workers"),
    Field(
      "shard_optimizer", \.shardOptimizer, "what each worker keeps its share of only, as ZeRO does"),
    Field("reduce_dtype", \.reduceDtype, "type in which gradients travel"),
    Field("hook", \.hook, among: HookDefinition.registry),
    Field(
      "invariant", \.invariant, bare: "true",
      "the same bits on any number of workers; portable: on any processor with AVX2, too"),
    Field(
      "virtual_workers", \.virtualWorkers, in: .between(1, 4096),
      "workers that an invariant run pretends to have, and its most"),
    Field("sync_batch_norm", \.syncBatchNorm, "batch norms over all workers' records"),
    Field("broadcast_buffers", \.broadcastBuffers, "steps begin with the first worker's buffers"),
    Field("static_graph", \.staticGraph, "promises that every step uses the same parameters"),
  ]

  /// From one byte, in MiB, to a TiB.
  private static let buckets = Limit.between(1e-6, 1_048_576)

  /// Hooks need what they replace, and invariant runs allow what does not depend on ranks.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    hookConflicts + invariantConflicts + shardingConflicts
  }

  /// What needs every worker to have all parameters, or to call the model by itself.
  private var shardingConflicts: [(key: String, problem: String, remedy: String)] {
    guard shardOptimizer == .zero3 else { return [] }
    func conflict(_ key: String, _ why: String, _ remedy: String) -> [(String, String, String)] {
      [("shard_optimizer", "zero3 cannot be combined with \(key): \(why)", remedy)]
    }
    return
      (checksumEvery == nil
      ? []
      : conflict(
        "checksum_every", "no worker has all parameters to compare",
        "set distributed.checksum_every to null"))
      + (invariant == .none
        ? []
        : conflict(
          "invariant", "workers have different numbers of virtual workers",
          "set shard_optimizer to zero2"))
  }

  /// What is wrong with a batch that cannot give every virtual worker a record.
  package func shortage(ofRecords batchSize: Int) -> (key: String, problem: String, remedy: String)?
  {
    guard invariant != .none, batchSize < virtualWorkers else { return nil }
    return (
      "batch_size",
      "\(batchSize) records cannot give each of \(virtualWorkers) virtual workers one",
      "set it to at least \(virtualWorkers), or distributed.virtual_workers to at most \(batchSize)"
    )
  }

  /// What is wrong with an optimizer's state whose rounding depends on how it is shared out.
  package func conflict(with state: StateFormat) -> (key: String, problem: String, remedy: String)?
  {
    guard invariant != .none, shardOptimizer != .none, state != .full else { return nil }
    return (
      "optimizer_state",
      "\(state.rawValue) is rounded by parts, and distributed.shard_optimizer makes others of them for another "
        + "number of workers, which distributed.invariant does not allow",
      "set it to full, or distributed.shard_optimizer: none"
    )
  }

  /// What is wrong with a rounding that optimizers whose state is shared out do not have.
  package func conflict(
    with rounding: StepRounding, _ precision: TrainingPrecision
  ) -> (key: String, problem: String, remedy: String)? {
    guard precision == .bf16True, rounding != .nearest, shardOptimizer != .none else { return nil }
    return (
      "rounding",
      "\(rounding.rawValue) goes by whole parameters, which distributed.shard_optimizer cuts up",
      "set it to nearest, or distributed.shard_optimizer to none"
    )
  }

  private var invariantConflicts: [(key: String, problem: String, remedy: String)] {
    guard invariant != .none else { return [] }
    func conflict(_ key: String, _ why: String, _ remedy: String) -> [(String, String, String)] {
      [("invariant", "it cannot be combined with \(key): \(why)", remedy)]
    }
    return
      (hook.name == "none"
      ? []
      : conflict("hook", "gradients meet in the order of a tree", "set distributed.hook: none"))
      + (reduceDtype == .same
        ? []
        : conflict(
          "reduce_dtype", "sums would be rounded once a rank", "set distributed.reduce_dtype: same"))
      + (syncBatchNorm
        ? conflict(
          "sync_batch_norm", "batch norms use the statistics of each virtual worker's records",
          "set distributed.sync_batch_norm: false") : [])
  }
}

extension ShardPlan.Sharding: ConfigurationChoice {}
