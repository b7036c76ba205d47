/// Running a captured step.
extension StepProgram {
  /// Computes the step of other inputs, as the function would, without calling it.
  /// - Parameter inputs: As many as the step was captured with, of the same shapes, strides and dtypes.
  /// - Returns: The outputs.
  func replay(_ inputs: [Tensor]) -> [Tensor] {
    let state = ThreadState.current
    let (watchers, gradientMode) = (state.watchers, state.isGradEnabled)
    // Casts of mixed precision are operations of the step.
    state.watchers &= ~Watchers.autocast
    defer {
      state.watchers = watchers
      state.isGradEnabled = gradientMode
    }
    var tensors = [Tensor?](repeating: nil, count: shapes.count)
    for (value, tensor) in constants { tensors[value] = tensor }
    for (value, index) in self.inputs { tensors[value] = inputs[index] }
    for (value, place) in places { tensors[value] = place.held }
    let frame = freeFrame()
    let lease = StepLease(frame)
    let schedule = schedule
    let sequences = state.sequences(events.count)
    for index in schedule.indices {
      switch schedule[index] {
      case .step(let step):
        state.isGradEnabled = step.isGradEnabled
        run(step, &tensors, frame, sequences)
      case .chain(let chain):
        if state.keepsResults {
          for step in chain.steps {
            state.isGradEnabled = step.isGradEnabled
            run(step, &tensors, frame, sequences)
          }
        } else {
          run(chain, &tensors, frame, sequences)
        }
        for value in chain.frees { tensors[value] = nil }
      case .walk(let root, let gradient, let retainsGraph):
        state.isGradEnabled = gradientMode
        tensor(root, tensors).backward(
          gradient: gradient.map { tensor($0, tensors) }, retainGraph: retainsGraph)
      case .store(let value, let place): place.held = tensor(value, tensors)
      case .effect(let body):
        state.isGradEnabled = gradientMode
        body()
      }
    }
    state.isGradEnabled = gradientMode
    return withExtendedLifetime(lease) {
      outputs.map { value in
        let output = tensor(value, tensors)
        guard let place = frame.places[value] else { return output }
        return StepProgram.exit(output, place, lease)
      }
    }
  }

  private func tensor(_ value: Int, _ tensors: [Tensor?]) -> Tensor {
    guard let tensor = tensors[value] else {
      fail("compile", "a captured step reads a value that it has let go of; please report this")
    }
    return tensor
  }

  private func freeFrame() -> StepFrame {
    if let frame = frames.first(where: { $0.lease == nil }) { return frame }
    let frame = StepFrame(self)
    // Beyond a handful they are made anew each time.
    if frames.count < 8 { frames.append(frame) }
    return frame
  }

  /// A tensor of the user's over an output's memory.
  private static func exit(_ output: Tensor, _ place: AutogradMeta, _ lease: StepLease) -> Tensor {
    let result = output.restrided(
      shape: output.shape, strides: output.strides, offset: output.storageOffset)
    let exit = StepExit(name: place.edge.node.name, lease: lease)
    let node = Node(
      name: exit.name, operands: [RecordedOperand(output, isSaved: false)],
      result: RecordedResult(output, isSaved: false), gradient: .one(exit))
    result.body.autograd = AutogradMeta(edge: Edge(node: node, output: 0))
    return result
  }

  private func run(
    _ step: Step, _ tensors: inout [Tensor?], _ frame: StepFrame, _ sequences: UInt64
  ) {
    var operands: [Tensor] = []
    operands.reserveCapacity(step.operands.count)
    for value in step.operands { operands.append(tensor(value, tensors)) }
    switch step.call {
    case .constant(let operation):
      let result =
        step.isRenewed
        ? renewed(operation).forward(operands) : operation.forward(operands)
      keep(result, step, 0, &tensors)
    case .one(let operation):
      let operation = step.isRenewed ? renewed(operation) : operation
      let result = operation.forward(operands)
      keep(result, step, 0, &tensors)
      if step.isRecorded { attach(result, of: operation, operands, step, frame, sequences) }
    case .many(let operation):
      let operation = step.isRenewed ? renewed(operation) : operation
      let results = operation.forward(operands)
      require(
        results.count == step.results.count, "compile",
        "\(step.name) computed \(results.count) results in place of \(step.results.count)")
      for (place, result) in results.enumerated() { keep(result, step, place, &tensors) }
      if step.isRecorded {
        attach(results, step, frame, sequences) {
          Tensor.makeNode(operation, operands, results)
        } refill: {
          $0.refill(operands, results, given: step.given, .many(operation))
        }
      }
    }
    for value in step.frees { tensors[value] = nil }
  }

  /// Computes a chain, and gives its operations their nodes.
  private func run(
    _ chain: StepChain, _ tensors: inout [Tensor?], _ frame: StepFrame, _ sequences: UInt64
  ) {
    let results = chain.element(chain.inputs.map { tensor($0, tensors) })
    let operations = frame.operations(of: chain, self)
    for (number, result) in results.enumerated() {
      let step = chain.steps[number]
      let value = step.results[0]
      tensors[value] = result ?? frame.stand(for: value, self)
      guard let operation = operations[number] else { continue }
      let operands = step.operands.map { tensor($0, tensors) }
      attach(tensor(value, tensors), of: operation, operands, step, frame, sequences)
    }
  }

  private func attach(
    _ result: Tensor, of operation: any TensorOperation, _ operands: [Tensor], _ step: Step,
    _ frame: StepFrame, _ sequences: UInt64
  ) {
    attach([result], step, frame, sequences) {
      Tensor.makeNode(operation, operands, result)
    } refill: {
      $0.refill(operands, [result], given: step.given, .one(operation))
    }
  }

  private func renewed<Kind>(_ operation: Kind) -> Kind {
    guard let renewed = operation as? any RenewedOperation,
      let result = renewed.renewed() as? Kind
    else { return operation }
    return result
  }

  private func keep(_ result: Tensor, _ step: Step, _ place: Int, _ tensors: inout [Tensor?]) {
    let value = step.results[place]
    require(
      result.shape == shapes[value] && result.dtype == dtypes[value], "compile",
      "\(step.name) computed \(result.dtype)\(result.shape) where \(dtypes[value])\(shapes[value]) "
        + "was captured; please report this, and go on without compile")
    tensors[value] = result
  }

  /// Gives results their place in the graph.
  private func attach(
    _ results: [Tensor], _ step: Step, _ frame: StepFrame, _ sequences: UInt64,
    make: () -> Node, refill: (Node) -> Void
  ) {
    if let node = frame.nodes[step.place] {
      node.takePlace(sequences + UInt64(step.place))
      refill(node)
    } else {
      let node = make()
      node.takePlace(sequences + UInt64(step.place))
      frame.nodes[step.place] = node
      for (output, result) in results.enumerated() where result.dtype.isFloatingPoint {
        frame.places[step.results[output]] = AutogradMeta(edge: Edge(node: node, output: output))
      }
    }
    for (result, value) in zip(results, step.results) {
      if let place = frame.places[value] { result.body.autograd = place }
    }
  }
}
