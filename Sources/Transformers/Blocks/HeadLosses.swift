import Tensors

/// The losses of heads, as transformers computes them.
public enum HeadLoss {
  /// What a target says that does not count.
  public static let ignored = -100

  /// The loss of whole texts' labels. What they are, where the configuration does not say, follows
  /// from them and is noted there: one label means numbers; whole numbers mean classes; others a
  /// truth value for each class.
  /// - Parameters:
  ///   - logits: `[N, labels]`.
  ///   - labels: `[N]`, or `[N, labels]` for several numbers or truth values.
  ///   - configuration: The model's; it says what labels are.
  public static func sequence(
    _ logits: Tensor, _ labels: Tensor, _ configuration: ModelConfiguration
  ) -> Tensor {
    let count = logits.shape[logits.rank - 1]
    let known = configuration["problem_type"]?.string.flatMap(ProblemType.init)
    let type =
      known ?? (count == 1 ? .regression : labels.dtype.isInteger ? .singleLabel : .multiLabel)
    configuration["problem_type"] = .string(type.rawValue)
    switch type {
    case .regression:
      let labels = labels.to(logits.dtype)
      return count == 1
        ? F.mseLoss(logits.flattened(), labels.flattened()) : F.mseLoss(logits, labels)
    case .singleLabel:
      return F.crossEntropy(logits.reshaped([-1, count]), labels.to(.int64).flattened())
    case .multiLabel: return F.binaryCrossEntropyWithLogits(logits, labels.to(logits.dtype))
    }
  }

  /// Cross-entropy over every token, −100 aside.
  /// - Parameters:
  ///   - logits: `[…, classes]`.
  ///   - labels: `[…]`.
  public static func tokens(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    F.crossEntropy(
      logits.reshaped([-1, logits.shape[logits.rank - 1]]), labels.to(.int64).flattened(),
      ignoreIndex: ignored)
  }

  /// Cross-entropy of each token's successor: labels shifted left by one, in float32.
  /// - Parameters:
  ///   - logits: `[N, T, vocabulary]`.
  ///   - labels: `[N, T]`; the model's inputs, with −100 where a token does not count.
  public static func nextTokens(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    let wide = logits.dtype.isHalf ? logits.to(.float32) : logits
    return tokens(wide.sliced(dim: 1, from: 0, to: -1), labels.sliced(dim: 1, from: 1))
  }

  /// The mean of the losses of an answer's start and end; positions beyond the text do not count.
  /// - Parameters:
  ///   - starts: Logits of the answers' starts, `[N, T]`.
  ///   - ends: Logits of the answers' ends, `[N, T]`.
  ///   - startPositions: Where answers start, `[N]`.
  ///   - endPositions: Where answers end, `[N]`.
  public static func answers(
    _ starts: Tensor, _ ends: Tensor, startPositions: Tensor, endPositions: Tensor
  ) -> Tensor {
    let length = starts.shape[1]
    func loss(_ logits: Tensor, _ positions: Tensor) -> Tensor {
      let clamped = noGrad { positions.to(.int64).flattened().clamp(min: 0, max: length) }
      return F.crossEntropy(logits, clamped, ignoreIndex: length)
    }
    return (loss(starts, startPositions) + loss(ends, endPositions)) / 2
  }

  /// Where answers start and end by logits `[N, T, 2]`, and the loss where positions are given.
  static func answers(
    _ logits: Tensor, _ output: EncoderOutput, _ startPositions: Tensor?, _ endPositions: Tensor?
  ) -> QuestionAnsweringOutput {
    let (starts, ends) = (logits.select(dim: 2, index: 0), logits.select(dim: 2, index: 1))
    var loss: Tensor?
    if let startPositions, let endPositions {
      loss = answers(starts, ends, startPositions: startPositions, endPositions: endPositions)
    }
    return QuestionAnsweringOutput(
      loss: loss, startLogits: starts, endLogits: ends, hiddenStates: output.hiddenStates,
      attentions: output.attentions)
  }
}
