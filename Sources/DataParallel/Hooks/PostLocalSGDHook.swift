import Collectives

/// Averages gradients over all ranks for a while, then over a part of them only
/// (`post_localSGD_hook`; Lin et al., Don't Use Large Mini-Batches, Use Local SGD, 2018).
///
/// To be used with a ``PeriodicModelAverager`` whose warm-up is as long.
public final class PostLocalSGDHook: CommunicationHook {
  private let subgroup: ProcessGroup?
  private let startIteration: Int
  private let algorithm: AllReduceAlgorithm?
  /// Passes so far.
  public private(set) var iteration = 0

  /// - Parameters:
  ///   - subgroup: The ranks that still average gradients afterwards, such as those of this rank's
  ///     node; nil for none (`post_local_gradient_allreduce=False`).
  ///   - startIteration: Passes that average over all ranks.
  ///   - algorithm: How all ranks meet; nil picks by size and ranks. The subgroup always picks.
  public init(
    subgroup: ProcessGroup?, startLocalSGDIter startIteration: Int,
    algorithm: AllReduceAlgorithm? = nil
  ) {
    self.subgroup = subgroup
    self.startIteration = startIteration
    self.algorithm = algorithm
  }

  private var isLocal: Bool { iteration >= startIteration }

  /// Averages over all ranks, or over the subgroup.
  public func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
    defer { if bucket.isLast { iteration += 1 } }
    guard isLocal else { return BucketReduction([bucket.group.average(bucket, algorithm)]) }
    return BucketReduction(subgroup.map { [$0.average(bucket)] } ?? [])
  }

  /// A rank that moves its part for all must have everybody's gradients.
  public var scatterObstacle: String? {
    "it lets models differ from rank to rank, and a sharded optimizer moves parameters for all ranks "
      + "alike; use an optimizer that is not sharded"
  }

  /// The ranks among which gradients meet in the present pass.
  public func ranksOfUse(_ group: ProcessGroup) -> ProcessGroup? { isLocal ? subgroup : group }

  /// The passes so far.
  public func state() -> HookState {
    var state = HookState()
    state.counts["iteration"] = iteration
    return state
  }

  /// Goes on counting.
  public func load(_ state: HookState) { iteration = state.counts["iteration"] ?? 0 }
}
