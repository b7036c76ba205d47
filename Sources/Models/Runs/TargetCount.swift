import Tensors

/// What a loss is a mean over where it is not one over records: the targets that count, as a text's
/// tokens without padding.
///
/// Parts of a batch, and ranks, can have different numbers of them, so that a mean of their means is
/// not the mean over all. The forward pass then returns sums, and the trainer divides them by the
/// number of targets in the global batch: accumulated parts and ranks are worth what the whole batch
/// is worth, and a part without a target adds nothing. (Hugging Face's `num_items_in_batch`.)
public enum TargetCount<Content> {
  /// Every record has so many.
  case perRecord(Int)
  /// What a closure counts in a part; the ranks' numbers meet in a reduction of one number a step,
  /// while the first forward pass is under way.
  case counted((Content) throws -> Int)

  /// Those in a part of `records` records.
  package func count(_ content: Content, records: Int) throws -> Int {
    switch self {
    case .perRecord(let targets): records * targets
    case .counted(let count): records == 0 ? 0 : try count(content)
    }
  }
}

/// How many of the targets count: those that are not `ignoreIndex`.
public func countTargets(_ targets: Tensor, ignoreIndex: Int = -100) -> Int {
  noGrad { targets.ne(ignoreIndex).sum().item(Int.self) }
}
