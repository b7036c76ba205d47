extension RecurrentPass {
  /// The gradients as a function that has gradients itself: those of the composed walk.
  func recordedGradient(_ gradients: [Tensor?], _ operands: RecurrentOperands) -> [Tensor?] {
    let inputs = operands.list.map { $0.requiresGrad ? $0 : $0.requiringGrad() }
    let outputs = zip(composed(named(inputs)), gradients).filter { $1 != nil }
    return grad(
      of: outputs.map(\.0), withRespectTo: inputs, gradients: outputs.map(\.1), createGraph: true)
  }

  /// The definition, one operation after the other: outputs, last states and last cell states.
  func composed(_ operands: RecurrentOperands) -> [Tensor] {
    let fromInputs = operands.x.linear(operands.inputHidden, operands.inputBias)
    var state = operands.hidden
    var cell = operands.cell
    var outputs = [Tensor](repeating: state, count: steps.order.count)
    for step in steps.order {
      let n = steps.batchSizes[step]
      let gx = fromInputs.narrowed(dim: 0, start: steps.offsets[step], length: n)
      let (before, others) = cut(state, n)
      let gh = before.linear(operands.hiddenHidden, operands.hiddenBias)
      var next: Tensor
      switch kind {
      case .lstm:
        let gates = (gx + gh).chunk(4, dim: 1)
        guard let all = cell else { return [] }
        let (cBefore, cOthers) = cut(all, n)
        let c = gates[1].sigmoid() * cBefore + gates[0].sigmoid() * gates[2].tanh()
        next = gates[3].sigmoid() * c.tanh()
        if let projection = operands.projection { next = next.linear(projection) }
        cell = join(c, cOthers)
      case .gru:
        let (x, h) = (gx.chunk(3, dim: 1), gh.chunk(3, dim: 1))
        let update = (x[1] + h[1]).sigmoid()
        let new = (x[2] + (x[0] + h[0]).sigmoid() * h[2]).tanh()
        next = (1 - update) * new + update * before
      case .rnnTanh: next = (gx + gh).tanh()
      case .rnnReLU: next = (gx + gh).relu()
      }
      outputs[step] = next
      state = join(next, others)
    }
    return [Tensor.cat(outputs), state] + (cell.map { [$0] } ?? [])
  }

  private func cut(_ state: Tensor, _ n: Int) -> (Tensor, Tensor?) {
    if n == batch { return (state, nil) }
    return (
      state.narrowed(dim: 0, start: 0, length: n),
      state.narrowed(dim: 0, start: n, length: batch - n)
    )
  }

  private func join(_ state: Tensor, _ others: Tensor?) -> Tensor {
    others.map { Tensor.cat([state, $0]) } ?? state
  }
}
