import Collectives
import Tensors

/// How replicas are kept together and how gradients are put into buckets.
public struct DataParallelOptions: Sendable {
  /// Bytes at which the first bucket closes: small, so that communication begins early.
  public var firstBucketBytes = 1 << 20
  /// Bytes at which the other buckets close (`bucket_cap_mb`).
  public var bucketBytes = 25 << 20
  /// A limit in bytes for each bucket, the last one for all further buckets; takes the place of the
  /// two above where it is not empty (`bucket_cap_mb_list`).
  public var bucketLimits: [Int] = []
  /// A plan to use as it is, such as a checkpoint's; nil assigns by size and rebuilds once in the
  /// order in which gradients became ready.
  public var plan: BucketPlan?

  /// How buckets are all-reduced; nil picks by size and ranks. Sharded gradients are not.
  public var algorithm: AllReduceAlgorithm?

  /// The type in which gradients travel, such as `bfloat16` for gradients of `float32`
  /// (`_MixedPrecision.reduce_dtype`); nil sends them as they are.
  public var reduceDtype: DType?

  /// Promises that every pass reaches the same parameters (`static_graph`): the numbers that tell
  /// which were used are sent in the first pass only. A pass that breaks the promise stops the
  /// process and names the parameters.
  public var isStaticGraph = false

  /// Names of parameters and buffers that are left alone: neither compared, nor broadcast, nor
  /// reduced (`_set_params_and_buffers_to_ignore_for_model`).
  public var ignored: Set<String> = []

  /// Whether a call of ``DistributedDataParallel`` begins with rank 0's buffers
  /// (`broadcast_buffers`).
  public var broadcastsBuffers = true

  /// Is told of each moment of a synchronised backward pass, on the thread that walks.
  public var observer: (@Sendable (GradientMoment) -> Void)?

  /// PyTorch's sizes.
  public init() {}

  /// The limits in turn.
  var limits: [Int] { bucketLimits.isEmpty ? [firstBucketBytes, bucketBytes] : bucketLimits }

  func check() throws(DataParallelError) {
    if let bad = limits.first(where: { $0 <= 0 }) {
      throw .options("a bucket limit of \(bad) bytes was given; limits must be positive")
    }
    if let reduceDtype, !reduceDtype.isFloatingPoint {
      throw .options("gradients cannot be reduced as \(reduceDtype); choose a floating-point type")
    }
  }
}

/// What happens to gradients in a synchronised backward pass.
public enum GradientMoment: Sendable {
  /// A bucket's last gradient is there, and its reduction is issued.
  case bucketReady(index: Int, label: String, bytes: Int)
  /// The walk is over; what follows is waiting for buckets.
  case walkEnded
}
