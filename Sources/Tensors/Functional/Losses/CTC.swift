extension F {
  /// Connectionist temporal classification: the negative log-likelihood of label sequences without
  /// an alignment (`torch.nn.functional.ctc_loss`; Graves et al. 2006).
  ///
  /// The gradient is that with respect to the logits of the log-softmax, as in PyTorch; it has none
  /// of its own.
  /// - Parameters:
  ///   - logProbabilities: `[T, N, classes]` or `[T, classes]`, from a log-softmax.
  ///   - targets: `[N, S]`, padded at the end, or all targets one after the other; no blanks.
  ///   - inputLengths: The length of each sequence of inputs.
  ///   - targetLengths: The length of each sequence of labels.
  ///   - blank: The class that stands for no label.
  ///   - reduction: The mean is over sequences, each divided by its target's length.
  ///   - zeroInfinity: Count sequences that cannot be aligned, whose loss is ∞, as 0.
  public static func ctcLoss(
    _ logProbabilities: Tensor, _ targets: Tensor, inputLengths: [Int], targetLengths: [Int],
    blank: Int = 0, reduction: Reduction = .mean, zeroInfinity: Bool = false
  ) -> Tensor {
    let logProbabilities = logProbabilities.inFullPrecision
    let name = "ctc_loss"
    if logProbabilities.rank == 2 {
      let loss = ctcLoss(
        logProbabilities.unsqueezed(1), targets, inputLengths: inputLengths,
        targetLengths: targetLengths, blank: blank, reduction: reduction,
        zeroInfinity: zeroInfinity)
      return reduction == .none ? loss.squeezed(0) : loss
    }
    require(
      logProbabilities.rank == 3, name,
      "log-probabilities of [T, N, classes] are expected, not \(logProbabilities.shape)")
    if logProbabilities.dtype.isHalf {
      return ctcLoss(
        logProbabilities.to(.float32), targets, inputLengths: inputLengths,
        targetLengths: targetLengths, blank: blank, reduction: reduction,
        zeroInfinity: zeroInfinity
      ).to(logProbabilities.dtype)
    }
    let operation = CTCLoss(
      inputLengths: inputLengths, targetLengths: targetLengths, blank: blank,
      zeroInfinity: zeroInfinity)
    let losses = Tensor.record(operation, [logProbabilities, targets])[0]
    let finite = zeroInfinity ? losses.maskedFill(losses.detach().isInf(), 0.0) : losses
    guard reduction == .mean else { return reduction.apply(finite) }
    let lengths = Tensor(targetLengths.map { Double(Swift.max($0, 1)) }, dtype: .float64).to(
      finite.dtype)
    return (finite / lengths).mean()
  }
}

/// The loss of each sequence: operands are log-probabilities and targets; results are the losses and
/// the logarithms of the forward variables.
private struct CTCLoss: TensorsOperation {
  let inputLengths: [Int]
  let targetLengths: [Int]
  let blank: Int
  let zeroInfinity: Bool
  var precision: PrecisionClass { .full }
  var name: String { "ctc_loss" }
  var saving: Saving { [.inputs, .output(0, 1)] }

  private func plan(_ shape: [Int], _ targets: Tensor) -> CTCPlan {
    CTCPlan(name, shape, targets, inputLengths, targetLengths, blank: blank)
  }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (loss, alpha) = plan(inputs[0].shape, inputs[1]).losses(of: inputs[0])
    return [loss, alpha]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil, nil] }
    require(
      !isGradEnabled, name, "the gradient of ctc_loss has no gradient of its own; as in PyTorch")
    let dx = plan(node.shape(0), node.input(1)).gradient(
      g, of: node.input(0), loss: node.output(0), alpha: node.output(1), zeroInfinity: zeroInfinity)
    return [dx, nil]
  }
}
