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
    for index in events.indices {
      switch events[index] {
      case .step(let step):
        state.isGradEnabled = step.isGradEnabled
        run(step, index, &tensors, frame)
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
    _ step: Step, _ index: Int, _ tensors: inout [Tensor?], _ frame: StepFrame
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
      if step.isRecorded {
        attach([result], step, index, frame) {
          Tensor.makeNode(operation, operands, result)
        } refill: {
          $0.refill(operands, [result], given: step.given, .one(operation))
        }
      }
    case .many(let operation):
      let operation = step.isRenewed ? renewed(operation) : operation
      let results = operation.forward(operands)
      require(
        results.count == step.results.count, "compile",
        "\(step.name) computed \(results.count) results in place of \(step.results.count)")
      for (place, result) in results.enumerated() { keep(result, step, place, &tensors) }
      if step.isRecorded {
        attach(results, step, index, frame) {
          Tensor.makeNode(operation, operands, results)
        } refill: {
          $0.refill(operands, results, given: step.given, .many(operation))
        }
      }
    }
    for value in step.frees { tensors[value] = nil }
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
    _ results: [Tensor], _ step: Step, _ index: Int, _ frame: StepFrame, make: () -> Node,
    refill: (Node) -> Void
  ) {
    if let node = frame.nodes[index] {
      refill(node)
    } else {
      let node = make()
      frame.nodes[index] = node
      for (output, result) in results.enumerated() where result.dtype.isFloatingPoint {
        frame.places[step.results[output]] = AutogradMeta(edge: Edge(node: node, output: output))
      }
    }
    for (result, value) in zip(results, step.results) {
      if let place = frame.places[value] { result.body.autograd = place }
    }
  }
}
