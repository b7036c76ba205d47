import CKernels

extension F {
  /// Connectionist temporal classification: the negative log-likelihood of label sequences without
  /// an alignment (`torch.nn.functional.ctc_loss`; Graves et al. 2006).
  ///
  /// The gradient is that with respect to the logits of the log-softmax, as in PyTorch; it has none
  /// of its own.
  /// - Parameters:
  ///   - logProbabilities: `[T, N, classes]` or `[T, classes]`, from a log-softmax.
  ///   - targets: `[N, S]`, padded at the end, or all targets one after the other; no blanks.
  ///   - inputLengths, targetLengths: Each sequence's length.
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
    let plan = plan(inputs[0].shape, inputs[1])
    let x = inputs[0].contiguous()
    let loss = Tensor.uninitialized([plan.batch], x.dtype)
    let alpha = Tensor.uninitialized([plan.batch, plan.time, 2 * plan.longest + 1], x.dtype)
    plan.withKernelShape { shape in
      checkLayer(
        torus_ctc_loss(x.dtype.c, shape, x.pointer, alpha.pointer, loss.pointer), name, x.dtype)
    }
    return [loss, alpha]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil, nil] }
    require(
      !isGradEnabled, name, "the gradient of ctc_loss has no gradient of its own; as in PyTorch")
    let plan = plan(node.shape(0), node.input(1))
    let x = node.input(0).contiguous()
    let dx = Tensor.uninitialized(x.shape, x.dtype)
    let dy = g.contiguous()
    plan.withKernelShape { shape in
      checkLayer(
        torus_ctc_loss_backward(
          x.dtype.c, shape, x.pointer, node.output(1).pointer, node.output(0).pointer,
          dy.pointer, zeroInfinity, dx.pointer), name, x.dtype)
    }
    return [dx, nil]
  }
}

/// Lengths and labels as the kernel reads them.
private struct CTCPlan {
  let time, batch, classes, longest: Int
  let blank: Int
  private let labels, offsets, inputLengths, targetLengths: [Int]

  init(
    _ name: String, _ shape: [Int], _ targets: Tensor, _ inputLengths: [Int],
    _ targetLengths: [Int], blank: Int
  ) {
    (time, batch, classes) = (shape[0], shape[1], shape[2])
    longest = targetLengths.max() ?? 0
    self.blank = blank
    require(
      inputLengths.count == shape[1] && targetLengths.count == shape[1], name,
      "\(inputLengths.count) input and \(targetLengths.count) target lengths for \(shape[1]) sequences"
    )
    require(
      inputLengths.allSatisfy { $0 >= 0 && $0 <= shape[0] } && targetLengths.allSatisfy { $0 >= 0 },
      name, "input lengths must lie between 0 and \(shape[0]), target lengths not below 0")
    require((0..<shape[2]).contains(blank), name, "blank \(blank) is none of \(shape[2]) classes")
    require(targets.dtype.isInteger, name, "targets must be integers, not \(targets.dtype)")
    let padded = targets.rank == 2
    let total = targetLengths.reduce(0, +)
    require(
      padded
        ? targets.shape[0] == shape[1] && targetLengths.allSatisfy { $0 <= targets.shape[1] }
        : targets.rank == 1 && targets.count == total, name,
      "targets of \(targets.shape) do not hold sequences of lengths \(targetLengths)")
    let all = targets.array(of: Int.self)
    var starts: [Int] = []
    var start = 0
    for (index, length) in targetLengths.enumerated() {
      starts.append(padded ? index * targets.shape[1] : start)
      start += length
      for label in all[starts[index]..<(starts[index] + length)] {
        require(
          (0..<shape[2]).contains(label), name, "label \(label) is none of \(shape[2]) classes")
      }
    }
    (labels, offsets) = (all, starts)
    (self.inputLengths, self.targetLengths) = (inputLengths, targetLengths)
  }

  func withKernelShape(_ body: (UnsafePointer<torus_ctc>) -> Void) {
    withInts(labels, offsets, inputLengths, targetLengths) { labels, offsets, inputs, lengths in
      var shape = torus_ctc(
        time: Int64(time), batch: Int64(batch), classes: Int64(classes), longest: Int64(longest),
        blank: Int64(blank), labels: labels, offsets: offsets, input_lengths: inputs,
        target_lengths: lengths)
      body(&shape)
    }
  }
}
