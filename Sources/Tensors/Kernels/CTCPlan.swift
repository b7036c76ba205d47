internal import CKernels

/// Lengths and labels as the kernel reads them.
struct CTCPlan {
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

  /// Each sequence's loss, and the logarithms of the forward variables.
  func losses(of x: Tensor) -> (loss: Tensor, alpha: Tensor) {
    let x = x.contiguous()
    let loss = Tensor.uninitialized([batch], x.dtype)
    let alpha = Tensor.uninitialized([batch, time, 2 * longest + 1], x.dtype)
    withKernelShape { shape in
      checkLayer(
        torus_ctc_loss(x.dtype.c, shape, x.pointer, alpha.pointer, loss.pointer), "ctc_loss",
        x.dtype)
    }
    return (loss, alpha)
  }

  /// The gradient of the logits of the log-probabilities' softmax.
  func gradient(
    _ g: Tensor, of x: Tensor, loss: Tensor, alpha: Tensor, zeroInfinity: Bool
  ) -> Tensor {
    let (dy, x) = (g.contiguous(), x.contiguous())
    let dx = Tensor.uninitialized(x.shape, x.dtype)
    withKernelShape { shape in
      checkLayer(
        torus_ctc_loss_backward(
          x.dtype.c, shape, x.pointer, alpha.pointer, loss.pointer, dy.pointer, zeroInfinity,
          dx.pointer), "ctc_loss", x.dtype)
    }
    return dx
  }

  private func withKernelShape(_ body: (UnsafePointer<torus_ctc>) -> Void) {
    withInts(labels, offsets, inputLengths, targetLengths) { labels, offsets, inputs, lengths in
      var shape = torus_ctc(
        time: Int64(time), batch: Int64(batch), classes: Int64(classes), longest: Int64(longest),
        blank: Int64(blank), labels: labels, offsets: offsets, input_lengths: inputs,
        target_lengths: lengths)
      body(&shape)
    }
  }
}
