import Collectives
import NN
import Tensors

/// Reduces a model's buckets in place of the built-in averaging
/// (`DistributedDataParallel.register_comm_hook`).
///
/// ```swift
/// final class Halving: CommunicationHook {
///   func reduce(_ bucket: CommunicationBucket) throws -> BucketReduction {
///     BucketReduction([bucket.group.allReduce(inPlace: bucket.buffer, op: .sum)]) {
///       bucket.overwrite(with: bucket.buffer / Double(2 * bucket.group.size))
///       return nil
///     }
///   }
/// }
/// try parallel.register(Halving())
/// ```
///
/// A hook divides by the number of ranks itself. It must call the same collectives in the same order
/// on every rank, for whatever gradients.
public protocol CommunicationHook: AnyObject {
  /// What messages and logs call it.
  var name: String { get }
  /// Begins to reduce a full bucket, while the backward walk goes on.
  ///
  /// The reduction leaves the gradients' averages in the bucket's buffer. Called in the order of the
  /// buckets, on the thread that walks.
  func reduce(_ bucket: CommunicationBucket) throws -> BucketReduction
  /// The ranks among which gradients meet in the present pass; they tell each other which parameters
  /// they used. Nil for none. Asked before the last bucket.
  func ranksOfUse(_ group: ProcessGroup) -> ProcessGroup?
  /// Why the hook cannot reduce buckets of which each rank keeps its part only, and what to do
  /// instead; nil where it can: see ``ScatteringHook``.
  var scatterObstacle: String? { get }
  /// A copy of what it remembers between passes.
  func state() -> HookState
  /// Goes on from saved state, before the first pass.
  /// - Throws: Where it is not the state of such a hook.
  func load(_ state: HookState) throws
}

extension CommunicationHook {
  /// The type's name.
  public var name: String { String(describing: Self.self) }
  /// All ranks.
  public func ranksOfUse(_ group: ProcessGroup) -> ProcessGroup? { group }
  /// Nothing.
  public func state() -> HookState { HookState() }
  /// Leaves it at that.
  public func load(_ state: HookState) {}
}

/// A bucket as a ``CommunicationHook`` sees it (`torch.distributed.GradBucket`).
public struct CommunicationBucket {
  /// Its place among the buckets.
  public let index: Int
  /// Whether it is the pass's last.
  public let isLast: Bool
  /// The ranks that train together.
  public let group: ProcessGroup
  /// The parameters' names.
  public let names: [String]
  /// The parameters.
  public let parameters: [Parameter]
  /// The gradients in the order of the parameters: views of the buffer.
  public let gradients: [Tensor]
  /// All gradients in one `[n]`, with zeros between them for alignment.
  public let buffer: Tensor

  /// What messages call the bucket's collectives, after its first parameter:
  /// `layer3.weight f32[512, 512] + 3 more (bucket 2)`.
  public let label: String

  init(
    index: Int, isLast: Bool, group: ProcessGroup, names: [String], parameters: [Parameter],
    gradients: [Tensor], buffer: Tensor
  ) {
    self.index = index
    self.isLast = isLast
    self.group = group
    self.names = names
    self.parameters = parameters
    self.gradients = gradients
    self.buffer = buffer
    let first = parameters.first.map { "\(buffer.dtype.shortName)\($0.shape)" } ?? ""
    let more = names.count > 1 ? " + \(names.count - 1) more" : ""
    label = "\(names.first ?? "") \(first)\(more) (bucket \(index))"
  }

  /// Replaces the buffer's values, converted to its dtype.
  public func overwrite(with values: Tensor) { noGrad { buffer.copyInPlace(values) } }

  /// The same bucket with gradients of another dtype, in memory of that dtype.
  func converted(to memory: Tensor) -> CommunicationBucket {
    let views = gradients.map { gradient in
      memory.part(at: gradient.distance(from: buffer), shape: gradient.shape)
    }
    return CommunicationBucket(
      index: index, isLast: isLast, group: group, names: names, parameters: parameters,
      gradients: views, buffer: memory)
  }
}

/// A bucket's reduction under way: works to wait for, and what to do then.
///
/// All buckets' works are waited for, and their continuations run, in the order of the buckets after
/// the walk has ended: first every bucket's first step, then every second step, and so on. So
/// collectives that a continuation begins have the same order on all ranks. Where gradients are
/// sharded, a bucket's steps are done to the end before the second next bucket begins.
public struct BucketReduction {
  let works: [Work]
  let next: () throws -> BucketReduction?

  /// A reduction.
  /// - Parameters:
  ///   - works: What must be done before the next step.
  ///   - next: What to do then; nil ends the reduction.
  public init(_ works: [Work] = [], then next: @escaping () throws -> BucketReduction? = { nil }) {
    self.works = works
    self.next = next
  }

  /// Waits for this step and begins the next one, of whose end the log takes note.
  func advanced(_ log: PassLog) throws -> BucketReduction? {
    for work in works { try work.wait() }
    let next = try next()
    next.map(log.watch)
    return next
  }

  /// The same reduction with something to do at its end.
  public func finally(_ body: @escaping () throws -> Void) -> BucketReduction {
    BucketReduction(works) { [next] in
      if let more = try next() { return more.finally(body) }
      try body()
      return nil
    }
  }
}
