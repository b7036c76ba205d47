internal import CKernels

extension RecurrentPass {
  /// The states of all steps, the last ones, and what the gradient reads: an LSTM's gates and cell
  /// states (and its states before the projection), a GRU's gates.
  func forward(_ operands: RecurrentOperands) -> [Tensor] {
    let x = operands.x.contiguous()
    let initial = operands.hidden.contiguous()
    let weight = stepWeight(operands.hiddenHidden.contiguous(), isTransposed: true)
    let projected = projectInputs(x, operands)
    let y = Tensor.uninitialized([total, outputs], dtype)
    switch kind {
    case .lstm:
      guard let cell = operands.cell?.contiguous() else { return [] }
      let raw = hasProjection ? Tensor.uninitialized([total, hidden], dtype) : y
      let c = Tensor.uninitialized([total, hidden], dtype)
      let projection = operands.projection?.contiguous()
      let states = Tensor.uninitialized(initial.shape, dtype)
      let cells = Tensor.uninitialized(cell.shape, dtype)
      for (position, step) in steps.order.enumerated() {
        let n = Int64(steps.batchSizes[step])
        let before = steps.previous(position, of: y, initial: initial, scratch: states)
        let cBefore = steps.previous(position, of: c, initial: cell, scratch: cells)
        let gates = steps.rows(projected, step)
        weight.add(n, before, to: gates)
        checkLayer(
          torus_lstm_cell(
            dtype.c, gates, cBefore, steps.rows(raw, step), steps.rows(c, step), n, Int64(hidden)),
          kind.rawValue, dtype)
        if let projection {
          torus_linear(
            dtype.c, n, Int64(hidden), Int64(outputs), steps.rows(raw, step), projection.pointer,
            nil, steps.rows(y, step))
        }
      }
      return [y, steps.last(of: y), steps.last(of: c), projected, c]
        + (hasProjection ? [raw] : [])
    case .gru:
      let saved = Tensor.uninitialized([total, 4 * hidden], dtype)
      let fromState = Tensor.uninitialized([batch, width], dtype)
      let states = Tensor.uninitialized(initial.shape, dtype)
      let bias = operands.hiddenBias?.contiguous()
      for (position, step) in steps.order.enumerated() {
        let n = Int64(steps.batchSizes[step])
        let before = steps.previous(position, of: y, initial: initial, scratch: states)
        weight.multiply(n, before, bias: bias, into: fromState.pointer)
        checkLayer(
          torus_gru_cell(
            dtype.c, steps.rows(projected, step), fromState.pointer, before, steps.rows(y, step),
            steps.rows(saved, step), n, Int64(hidden)), kind.rawValue, dtype)
      }
      return [y, steps.last(of: y), saved]
    case .rnnTanh, .rnnReLU:
      let states = Tensor.uninitialized(initial.shape, dtype)
      for (position, step) in steps.order.enumerated() {
        let n = Int64(steps.batchSizes[step])
        let before = steps.previous(position, of: y, initial: initial, scratch: states)
        let gates = steps.rows(projected, step)
        weight.add(n, before, to: gates)
        let function = kind == .rnnTanh ? UnaryKernel.tanh : .relu
        Kernel.check(
          withInts([Int(n) * hidden], [1]) { shape, strides in
            torus_unary(
              function, dtype.c, 1, shape, steps.rows(y, step), strides, gates, strides, 0, 0)
          }, kind.rawValue, dtype)
      }
      return [y, steps.last(of: y)]
    }
  }

  /// x W_ihᵀ + b_ih for all steps at once; with b_hh too, but for a GRU, which multiplies that part
  /// by its reset gate.
  private func projectInputs(_ x: Tensor, _ operands: RecurrentOperands) -> Tensor {
    let projected = Tensor.uninitialized([total, width], dtype)
    var bias = operands.inputBias?.bare.contiguous()
    if kind != .gru, let own = bias, let other = operands.hiddenBias {
      bias = noGrad { own + other.bare }
    }
    let weight = operands.inputHidden.contiguous()
    torus_linear(
      dtype.c, Int64(total), Int64(inputs), Int64(width), x.pointer, weight.pointer, bias?.pointer,
      projected.pointer)
    return projected
  }

  /// A weight for the products of all steps.
  func stepWeight(_ weight: Tensor, isTransposed: Bool) -> StepWeight {
    StepWeight(weight, isTransposed: isTransposed, rows: batch, steps: steps.order.count)
  }
}
