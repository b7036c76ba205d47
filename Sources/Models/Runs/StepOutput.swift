import Tensors

/// What the forward pass of one batch gives the trainer.
public struct StepOutput {
  /// What is differentiated: the mean loss over the batch's records, or, where the trainer was
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
  /// targets `[...]` that count; 0, with zero gradients, where none does. For a trainer that counts
  /// with ``TargetCount/counted(_:)`` or ``TargetCount/perRecord(_:)``.
  /// - Parameters:
  ///   - logits: `[..., classes]`.
  ///   - targets: The right classes, int64 `[...]`.
  ///   - ignoreIndex: What stands where no target counts, such as padding.
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
