import Collectives

/// The average of all ranks' gradients, as a hook (`default_hooks.allreduce_hook`): what happens
/// without one, but for the numbers of used parameters, which travel apart. Where gradients are
/// sharded, each rank gets its part of the average (`reduce_scatter_hook`).
public final class AllReduceHook: ScatteringHook {
  private let algorithm: AllReduceAlgorithm?

  /// - Parameter algorithm: How whole buckets are reduced; nil picks by size and ranks.
  public init(algorithm: AllReduceAlgorithm? = nil) { self.algorithm = algorithm }

  /// Averages the buffer.
  public func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
    BucketReduction([bucket.group.average(bucket, algorithm)])
  }

  /// Averages the buffer into the ranks' parts.
  public func reduceScatter(_ bucket: ScatterBucket) -> BucketReduction {
    BucketReduction([bucket.reduceScatter(op: .average)])
  }
}

extension ProcessGroup {
  /// Averages a bucket's buffer where it lies.
  func average(_ bucket: CommunicationBucket, _ algorithm: AllReduceAlgorithm? = nil) -> Work {
    bucket.buffer.storage.version &+= 1
    return allReduce(
      buffer: bucket.buffer.lentMemory, count: bucket.buffer.count,
      dtype: bucket.buffer.dtype, op: .average, algorithm: algorithm, label: bucket.label)
  }
}
