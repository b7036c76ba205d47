import DataParallel
import Tensors

/// What the keys of `distributed` mean to DataParallel.
extension DistributedConfiguration {
  /// Bytes at which buckets close.
  var bucketLimits: [Int] { [Int(firstBucketMB * 1_048_576), Int(bucketMB * 1_048_576)] }

  /// How replicas are kept together.
  var parallelOptions: DataParallelOptions {
    var options = DataParallelOptions()
    (options.firstBucketBytes, options.bucketBytes) = (bucketLimits[0], bucketLimits[1])
    options.algorithm = algorithm.named
    options.reduceType = reduceDtype.dtype
    options.broadcastsBuffers = broadcastBuffers
    options.isStaticGraph = staticGraph
    return options
  }
}

extension DistributedConfiguration.OptimizerSharding {
  /// The same as DataParallel names it.
  var stage: ShardedOptimizer.Stage? {
    switch self {
    case .none: nil
    case .zero1: .zero1
    case .zero2: .zero2
    }
  }
}

extension DistributedConfiguration.ReduceType {
  /// The type; nil for gradients' own.
  var dtype: DType? {
    switch self {
    case .same: nil
    case .bfloat16: .bfloat16
    case .float16: .float16
    }
  }
}
