import Collectives
import Tensors

/// Sends gradients in half precision: half the bytes of `float32`
/// (`default_hooks.fp16_compress_hook`, `bf16_compress_hook` and their wrappers).
///
/// The bucket is rounded to the narrow type, reduced by another hook, and widened again. By default
/// that hook averages, in `float32` arithmetic with one rounding at the end, where PyTorch divides
/// first and adds in the narrow type.
///
/// It adds a narrow copy of the gradients, in the window that a node's ranks share where there is one;
/// where gradients are sharded, of the two buckets under way only.
public final class CompressionHook: ScatteringHook {
  /// The type in which gradients travel.
  public let dtype: DType
  private let inner: any CommunicationHook
  private var memories: [Int: SharedBuffer] = [:]

  /// - Parameters:
  ///   - dtype: `float16`, or `bfloat16` with `float32`'s range.
  ///   - inner: What reduces the narrow bucket.
  public init(_ dtype: DType, over inner: any CommunicationHook = AllReduceHook()) {
    require(
      dtype.isFloatingPoint, "CompressionHook", "gradients cannot travel as \(dtype)")
    self.dtype = dtype
    self.inner = inner
  }

  /// The narrow type, and what is wrapped.
  public var name: String { "CompressionHook(\(dtype), \(inner.name))" }

  /// Rounds, reduces, widens.
  public func reduce(_ bucket: CommunicationBucket) throws -> BucketReduction {
    guard bucket.buffer.dtype.size > dtype.size else { return try inner.reduce(bucket) }
    let memory = try memory(for: bucket)
    let narrow = bucket.converted(to: memory)
    narrow.overwrite(with: bucket.buffer)
    return try inner.reduce(narrow).finally { bucket.overwrite(with: memory) }
  }

  /// Rounds, reduces into the ranks' parts, widens this rank's.
  /// - Throws: ``DataParallelError/unsupported(_:)`` where the hook that is wrapped cannot scatter.
  public func reduceScatter(_ bucket: ScatterBucket) throws -> BucketReduction {
    let inner = try inner.scattering()
    guard bucket.part.dtype.size > dtype.size else { return try inner.reduceScatter(bucket) }
    let narrow = bucket.converted(to: dtype)
    return try inner.reduceScatter(narrow).finally { bucket.overwrite(with: narrow.part) }
  }

  /// That of the hook that is wrapped.
  public var scatterObstacle: String? { inner.scatterObstacle }

  /// Those of the hook that is wrapped.
  public func ranksOfUse(_ group: ProcessGroup) -> ProcessGroup? { inner.ranksOfUse(group) }

  /// What the hook that is wrapped remembers.
  public func state() -> HookState { inner.state() }

  /// Has the hook that is wrapped go on.
  public func load(_ state: HookState) throws { try inner.load(state) }

  /// Memory for a bucket, kept from pass to pass; made anew, on all ranks alike, where buckets were
  /// rebuilt.
  private func memory(for bucket: CommunicationBucket) throws -> Tensor {
    let count = bucket.buffer.count
    let bytes = count * dtype.size
    if let known = memories[bucket.index], known.count < bytes {
      try known.free()
      memories[bucket.index] = nil
    }
    let buffer = try memories[bucket.index] ?? bucket.group.allocateBuffer(bytes)
    memories[bucket.index] = buffer
    return Tensor(borrowing: buffer.pointer, shape: [count], dtype: dtype, owner: buffer)
  }
}
