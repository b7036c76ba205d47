import Collectives
import NN
import Tensors

/// Trains one model on many workers: every rank holds a replica, and gradients are averaged while
/// the backward pass goes on (`torch.nn.parallel.DistributedDataParallel`; Li et al. 2020).
///
/// ```swift
/// let model = try DistributedDataParallel(NeuralNet(), group: world)
/// let loss = F.crossEntropy(model.module(x), y)
/// loss.backward()       // gradients are now the averages over all ranks
/// optimizer.step()
/// ```
///
/// At the start parameters are compared across ranks and broadcast from rank 0. Gradients live in
/// buckets; a bucket is reduced as soon as its last gradient is there. A parameter that no rank used
/// keeps a nil gradient; one that this rank did not use receives the average of the others.
/// Detection is always on, and costs one number per parameter in the buckets.
///
/// All ranks must run the same number of synchronised backward passes.
public final class DistributedDataParallel<Model: Module> {
  /// The replica.
  public let module: Model
  /// The ranks that train together.
  public let group: ProcessGroup
  let reducer: Reducer

  /// Compares the replicas, makes them equal and puts their gradients into buckets. Blocks until all
  /// ranks of the group have called it.
  /// - Parameters:
  ///   - module: The replica; convert its dtype before.
  ///   - group: The ranks that train together.
  ///   - options: Bucket sizes and order.
  /// - Throws: ``ReplicaMismatch`` naming the first parameter that differs in name, shape or dtype,
  ///   or a collective's error.
  public init(_ module: Model, group: ProcessGroup, options: DataParallelOptions = .init()) throws {
    self.module = module
    self.group = group
    let named = module.namedParameters().filter { $0.parameter.requiresGrad }
    try Replicas.verify(module, group)
    try Replicas.broadcast(module, group)
    reducer = try Reducer(named, group: group, options: options)
  }

  /// Runs a body whose backward passes add to the local gradients without meeting the other ranks;
  /// the next synchronised one reduces the sum (`no_sync`).
  public func noSync<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = reducer.isSynchronizing
    reducer.isSynchronizing = false
    defer { reducer.isSynchronizing = before }
    return try body()
  }

  /// Takes over rank 0's buffers, such as batch norm's running statistics. Blocks until all ranks
  /// have called it.
  public func broadcastBuffers() throws { try Replicas.broadcastBuffers(module, group) }

  /// The positions of the parameters in each bucket, in the order in which buckets are reduced: what
  /// a checkpoint must keep for a resumed run to add up in the same order.
  public var bucketPlan: BucketPlan { reducer.plan }

  /// What the last passes did: bucket sizes, times, unused parameters.
  public var statistics: DataParallelStatistics { reducer.statistics }
}

/// How gradients are put into buckets.
public struct DataParallelOptions: Sendable {
  /// Bytes at which the first bucket closes: small, so that communication begins early.
  public var firstBucketBytes = 1 << 20
  /// Bytes at which the other buckets close (`bucket_cap_mb`).
  public var bucketBytes = 25 << 20
  /// A plan to use as it is, such as a checkpoint's; nil assigns by size and rebuilds once in the
  /// order in which gradients became ready.
  public var plan: BucketPlan?

  /// How buckets are all-reduced; nil picks by size and ranks.
  public var algorithm: AllReduceAlgorithm?

  /// Is told of each moment of a synchronised backward pass, on the thread that walks.
  public var observer: (@Sendable (GradientMoment) -> Void)?

  /// PyTorch's sizes.
  public init() {}
}

/// What happens to gradients in a synchronised backward pass.
public enum GradientMoment: Sendable {
  /// A bucket's last gradient is there, and its reduction is issued.
  case bucketReady(index: Int, label: String, bytes: Int)
  /// The walk is over; what follows is waiting for buckets.
  case walkEnded
}

/// What a reducer has seen.
public struct DataParallelStatistics: Sendable {
  /// Bytes of each bucket.
  public var bucketBytes: [Int] = []
  /// Whether buckets were put into the observed order.
  public var hasRebuilt = false
  /// Synchronised backward passes.
  public var passes = 0
  /// Names of the parameters that the last pass did not reach on this rank.
  public var unusedParameters: [String] = []
  /// Seconds from the launch of the first bucket to the end of the backward walk, last pass: the
  /// part of the communication that computation could hide.
  public var overlapSeconds = 0.0
  /// Seconds that the last pass waited for buckets after its walk had ended.
  public var waitSeconds = 0.0
}
