import Collectives
import Tensors

/// A communication hook that can also reduce buckets of which each rank keeps its part only, as a
/// ``ShardedOptimizer`` of stage 2 has them (`FullyShardedDataParallel.register_comm_hook`).
///
/// ```swift
/// final class Halving: ScatteringHook {
///   …
///   func reduceScatter(_ bucket: ScatterBucket) throws -> BucketReduction {
///     BucketReduction([bucket.reduceScatter(op: .sum)]) {
///       bucket.overwrite(with: bucket.part / Double(2 * bucket.whole.group.size))
///       return nil
///     }
///   }
/// }
/// ```
///
/// All ranks tell each other which parameters they used, whatever
/// ``CommunicationHook/ranksOfUse(_:)`` says: each rank moves its part for all.
public protocol ScatteringHook: CommunicationHook {
  /// Begins to reduce a full bucket, while the backward walk goes on.
  ///
  /// The reduction leaves the averages of this rank's part in the bucket's `part`. Called in the
  /// order of the buckets, on the thread that walks. Memory is there for two buckets: before a third
  /// begins, the first one's reduction is led to its end.
  func reduceScatter(_ bucket: ScatterBucket) throws -> BucketReduction
}

extension CommunicationHook {
  /// A hook that says only how whole buckets are reduced.
  public var scatterObstacle: String? {
    self is any ScatteringHook
      ? nil
      : "it says only how whole buckets are reduced; conform it to ScatteringHook, or use stage 1"
  }

  /// The hook as one that scatters.
  /// - Throws: ``DataParallelError/unsupported(_:)`` saying why it cannot and what to do instead.
  func scattering() throws(DataParallelError) -> any ScatteringHook {
    let obstacle = scatterObstacle
    guard obstacle == nil, let hook = self as? any ScatteringHook else {
      throw .unsupported(
        "\(name) cannot be registered where a ShardedOptimizer of stage 2 scatters gradients: "
          + (obstacle ?? "it is no ScatteringHook"))
    }
    return hook
  }
}

/// A bucket as a ``ScatteringHook`` sees it.
public struct ScatterBucket {
  /// This rank's gradients. The buffer holds the parts of all ranks in rank order, and may be
  /// overwritten.
  public let whole: CommunicationBucket
  /// The numbers of each rank's part.
  public let counts: [Int]
  /// Where the averages of this rank's part go: `[counts[rank]]`.
  public let part: Tensor

  /// Reduces the buffers of all ranks and leaves this rank's part of the result in `part`, without
  /// blocking; neither may be touched until then.
  /// - Complexity: (p−1)α + (p−1)/p·nβ.
  public func reduceScatter(op: ReduceOp) -> Work {
    let memory = (whole.buffer.storage, part.storage)
    memory.1.version &+= 1
    let work = whole.group.reduceScatter(
      input: whole.buffer.lentMemory, output: part.lentMemory, counts: counts,
      dtype: part.dtype, op: op, label: whole.label)
    work.onCompletion { _ in withExtendedLifetime(memory) {} }
    return work
  }

  /// Replaces the part's values, converted to its dtype.
  public func overwrite(with values: Tensor) { noGrad { part.copyInPlace(values) } }

  /// The same bucket in new memory of another dtype, with its gradients but not its averages.
  func converted(to dtype: DType) -> ScatterBucket {
    let memory = Tensor.uninitialized([whole.buffer.count], dtype)
    let bucket = ScatterBucket(
      whole: whole.converted(to: memory), counts: counts,
      part: .uninitialized([part.count], dtype))
    bucket.whole.overwrite(with: whole.buffer)
    return bucket
  }
}
