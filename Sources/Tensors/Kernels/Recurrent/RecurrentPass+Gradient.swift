internal import CKernels

extension RecurrentPass {
  /// The operands' gradients by a walk back over the steps; the weights' by one product each.
  func backward(_ gradients: [Tensor?], _ operands: RecurrentOperands, _ node: Node) -> [Tensor?] {
    let x = operands.x.contiguous()
    let initial = operands.hidden.contiguous()
    let weight = stepWeight(operands.hiddenHidden.contiguous(), isTransposed: false)
    let before = steps.allPrevious(of: node.output(0), initial: initial)
    // The walk adds to the steps' gradients, so they need memory of their own.
    let dy =
      gradients[0].map { Kernel.contiguousCopy($0) } ?? .zeros([total, outputs], dtype: dtype)
    if let last = gradients[1] { steps.addLast(last.to(dtype), to: dy) }
    let dInitial = Tensor.zeros([batch, outputs], dtype: dtype)
    var dCell: Tensor?
    var dProjection: Tensor?
    let fromInputs = Tensor.uninitialized([total, width], dtype)
    var fromStates = fromInputs
    switch kind {
    case .lstm:
      guard let cell = operands.cell?.contiguous() else { return [] }
      let (gates, c) = (node.output(3), node.output(4))
      let cBefore = steps.allPrevious(of: c, initial: cell)
      let dc =
        gradients[2].map { Kernel.contiguousCopy($0) } ?? .zeros([batch, hidden], dtype: dtype)
      let projection = operands.projection?.contiguous()
      let dRaw = projection.map { _ in Tensor.uninitialized([batch, hidden], dtype) }
      for (position, step) in steps.order.enumerated().reversed() {
        let n = Int64(steps.batchSizes[step])
        var dh = steps.rows(dy, step)
        if let projection, let dRaw {
          torus_gemm(
            dtype.c, false, false, n, Int64(hidden), Int64(outputs), 1, dh, Int64(outputs),
            projection.pointer, Int64(hidden), 0, dRaw.pointer, Int64(hidden))
          dh = dRaw.pointer
        }
        checkLayer(
          torus_lstm_cell_backward(
            dtype.c, steps.rows(gates, step), steps.rows(cBefore, step), steps.rows(c, step), dh,
            dc.pointer, steps.rows(fromInputs, step), dc.pointer, n, Int64(hidden)),
          kind.rawValue, dtype)
        handBack(position, dy, dInitial, fromInputs, weight)
      }
      dCell = dc
      if hasProjection { dProjection = transposedProduct(dy, node.output(5)) }
    case .gru:
      let saved = node.output(2)
      fromStates = Tensor.uninitialized([total, width], dtype)
      let direct = Tensor.uninitialized([batch, hidden], dtype)
      for (position, step) in steps.order.enumerated().reversed() {
        checkLayer(
          torus_gru_cell_backward(
            dtype.c, steps.rows(saved, step), steps.rows(before, step), steps.rows(dy, step),
            steps.rows(fromInputs, step), steps.rows(fromStates, step), direct.pointer,
            Int64(steps.batchSizes[step]), Int64(hidden)), kind.rawValue, dtype)
        handBack(position, dy, dInitial, fromStates, weight, direct: direct)
      }
    case .rnnTanh, .rnnReLU:
      let y = node.output(0)
      let slope = kind == .rnnTanh ? BinaryKernel.tanhBackward : .reluBackward
      for (position, step) in steps.order.enumerated().reversed() {
        Kernel.check(
          withInts([steps.batchSizes[step] * hidden], [1]) { shape, one in
            torus_binary(
              slope, dtype.c, 1, shape, steps.rows(fromInputs, step), one, steps.rows(dy, step),
              one, steps.rows(y, step), one, 0, 0)
          }, kind.rawValue, dtype)
        handBack(position, dy, dInitial, fromInputs, weight)
      }
    }
    let result = RecurrentOperands(
      x: x, inputHidden: x, hiddenHidden: x, hidden: dInitial, cell: dCell,
      inputBias: hasBias ? fromInputs.sum(dim: 0) : nil,
      hiddenBias: hasBias ? fromStates.sum(dim: 0) : nil, projection: dProjection)
    var list = result.list.map(Optional.some)
    list[0] = node.needsGradient(0) ? Kernel.matmul(fromInputs, operands.inputHidden) : nil
    list[1] = node.needsGradient(1) ? transposedProduct(fromInputs, x) : nil
    list[2] = node.needsGradient(2) ? transposedProduct(fromStates, before) : nil
    return list
  }

  /// aᵀ b: a weight's gradient from all rows.
  private func transposedProduct(_ a: Tensor, _ b: Tensor) -> Tensor {
    Kernel.matmul(noGrad { a.transposed() }, b)
  }

  /// Adds the gates' gradients, times W, to the states they were computed from, and those of
  /// sequences that joined at this step to the initial states'.
  /// - Parameter direct: What reaches the state without a product (GRU).
  private func handBack(
    _ position: Int, _ dy: Tensor, _ dInitial: Tensor, _ gates: Tensor, _ weight: StepWeight,
    direct: Tensor? = nil
  ) {
    let step = steps.order[position]
    let size = steps.batchSizes[step]
    let known = position == 0 ? 0 : Swift.min(size, steps.batchSizes[steps.order[position - 1]])
    func add(_ first: Int, _ count: Int, _ target: Tensor, _ row: Int) {
      guard count > 0 else { return }
      if let direct {
        target.narrowed(dim: 0, start: row, length: count)
          .addInPlace(direct.narrowed(dim: 0, start: first, length: count))
      }
      weight.add(
        Int64(count), steps.row(gates, steps.offsets[step] + first), to: steps.row(target, row))
    }
    if position > 0 { add(0, known, dy, steps.offsets[steps.order[position - 1]]) }
    add(known, size - known, dInitial, known)
  }
}

extension Kernel {
  /// A contiguous copy outside the graph, in memory that nobody else reads.
  static func contiguousCopy(_ source: Tensor) -> Tensor {
    let out = Tensor.uninitialized(source.shape, source.dtype)
    copy(source, into: out)
    return out
  }
}
