import Tensors

/// What the forward pass of one batch gives the trainer.
public struct StepOutput {
  /// What is differentiated: the mean loss over the batch's records, or, where the ``Trainer`` was
  /// told how to count targets (``TargetCount``), the sum of the losses of those that count.
  public var loss: Tensor
  /// Sums over the records, such as `("correct", 28)`, or over the targets that count; they are added
  /// up over all ranks and batches and reported divided by the number of records or targets.
  public var sums: [(name: String, value: Tensor)]

  /// A loss, with sums to report beside it.
  public init(loss: Tensor, sums: [(name: String, value: Tensor)] = []) {
    self.loss = loss
    self.sums = sums
  }

  /// A classifier's output: the mean cross-entropy of logits `[N, classes]`, and how many of the
  /// likeliest classes are the labels, reported as `accuracy`.
  public static func classification(_ logits: Tensor, _ labels: Tensor) -> StepOutput {
    let correct = noGrad { logits.argmax(dim: -1).eq(labels).sum() }
    return StepOutput(loss: F.crossEntropy(logits, labels), sums: [("accuracy", correct)])
  }
}

extension StepOutput {
  /// A language model's output: the cross-entropy of logits `[..., classes]`, added up over the
  /// targets `[...]` that count; 0, with zero gradients, where none does. For a ``Trainer`` that counts
  /// with ``TargetCount/counted(_:)`` or ``TargetCount/perRecord(_:)``.
  /// - Parameter ignoreIndex: What stands where no target counts, such as padding.
  public static func tokens(
    _ logits: Tensor, _ targets: Tensor, ignoreIndex: Int = -100
  ) -> StepOutput {
    let classes = logits.shape[logits.shape.count - 1]
    return StepOutput(
      loss: F.crossEntropy(
        logits.reshaped([-1, classes]), targets.flattened(), ignoreIndex: ignoreIndex,
        reduction: .sum))
  }
}

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
  func count(_ content: Content, records: Int) throws -> Int {
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

/// Global figures of a step, an epoch or an evaluation: exact means over all records of all ranks.
public struct Figures: Sendable, Equatable {
  /// The number of records.
  public var records: Int
  /// The number of targets over which the figures are means, where it is not that of the records.
  public var targets: Int?
  /// The mean loss in nats, then the other figures, by name.
  public var values: [(name: String, value: Double)]

  /// The mean loss; a programmer's error where the figures have none.
  public var loss: Double {
    guard let loss = self["loss"] else {
      fail("Figures", "there is no loss among \(values.map(\.name))")
    }
    return loss
  }

  /// What each figure is a mean over.
  var count: Int { targets ?? records }

  /// The figure of a name.
  public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

  /// Equal names and values.
  public static func == (left: Figures, right: Figures) -> Bool {
    left.records == right.records && left.targets == right.targets
      && left.values.map(\.name) == right.values.map(\.name)
      && left.values.map(\.value) == right.values.map(\.value)
  }
}
