/// An operation as watchers see it: what was computed, from what, with what result.
struct ComputedOperation {
  /// As a graph keeps it, see ``Operation/pinned()``.
  let operation: any Operation
  /// As it was computed.
  let original: any Operation
  let inputs: [Tensor]
  let outputs: [Tensor]
  /// How long its forward pass took.
  let duration: Duration
}

/// The one way into the graph.
extension Tensor {
  /// Computes an operation and records it.
  ///
  /// In a region of mixed precision operands are first cast by the operation's precision, which is
  /// recorded like any conversion, so that their gradients are cast back. The result is computed,
  /// watchers are told, and where an operand requires a gradient, a ``Node`` is made.
  static func record(_ operation: some TensorOperation, _ operands: [Tensor]) -> Tensor {
    if ThreadState.current.watchers != 0 { return watched(operation, operands) }
    let result = operation.forward(operands)
    guard records(operands), result.dtype.isFloatingPoint else { return result }
    let node = makeNode(operation, operands, result)
    result.body.autograd = AutogradMeta(edge: Edge(node: node, output: 0))
    return result
  }

  /// ``record(_:_:)`` for an operation with several results.
  static func record(_ operation: some TensorsOperation, _ operands: [Tensor]) -> [Tensor] {
    if ThreadState.current.watchers != 0 { return watched(operation, operands) }
    let results = operation.forward(operands)
    guard records(operands), !results.isEmpty else { return results }
    attach(makeNode(operation, operands, results), results)
    return results
  }

  /// ``record(_:_:)`` for an operation without a gradient.
  static func record(_ operation: some ConstantOperation, _ given: [Tensor]) -> Tensor {
    if ThreadState.current.watchers == 0 { return operation.forward(given) }
    let operands = Autocast.cast(given, for: operation)
    let kept = Watchers.keeps ? operation.pinned() : operation
    let (result, duration) = Watchers.unobserved { operation.forward(operands) }
    Watchers.observe(
      ComputedOperation(
        operation: kept, original: operation, inputs: operands, outputs: [result],
        duration: duration))
    return result
  }

  @inline(never)
  private static func watched(_ operation: some TensorOperation, _ given: [Tensor]) -> Tensor {
    let operands = Autocast.cast(given, for: operation)
    let kept = Watchers.keeps ? operation.pinned() : operation
    let (result, duration) = Watchers.unobserved { operation.forward(operands) }
    if records(operands), result.dtype.isFloatingPoint {
      let node = makeNode(operation, operands, result)
      Watchers.recorded(node)
      result.body.autograd = AutogradMeta(edge: Edge(node: node, output: 0))
    }
    Watchers.observe(
      ComputedOperation(
        operation: kept, original: operation, inputs: operands, outputs: [result],
        duration: duration))
    return result
  }

  @inline(never)
  private static func watched(
    _ operation: some TensorsOperation, _ given: [Tensor]
  ) -> [Tensor] {
    let operands = Autocast.cast(given, for: operation)
    let kept = Watchers.keeps ? operation.pinned() : operation
    let (results, duration) = Watchers.unobserved { operation.forward(operands) }
    if records(operands), !results.isEmpty {
      let node = makeNode(operation, operands, results)
      Watchers.recorded(node)
      attach(node, results)
    }
    Watchers.observe(
      ComputedOperation(
        operation: kept, original: operation, inputs: operands, outputs: results, duration: duration
      ))
    return results
  }

  private static func attach(_ node: Node, _ results: [Tensor]) {
    for (index, result) in results.enumerated() where result.dtype.isFloatingPoint {
      result.body.autograd = AutogradMeta(edge: Edge(node: node, output: index))
    }
  }

  private static func records(_ operands: [Tensor]) -> Bool {
    guard isGradEnabled else { return false }
    for operand in operands where operand.body.autograd != nil { return true }
    return false
  }

  static func makeNode(
    _ operation: some TensorOperation, _ operands: [Tensor], _ result: Tensor
  ) -> Node {
    let (saving, isRemade) = keeping(operation, operands)
    return Node(
      name: operation.name, operands: kept(operands, saving),
      result: RecordedResult(result, isSaved: saving.holds(output: 0)), gradient: .one(operation),
      keeping: saving, isRemade: isRemade)
  }

  static func makeNode(
    _ operation: some TensorsOperation, _ operands: [Tensor], _ results: [Tensor]
  ) -> Node {
    let (saving, isRemade) = keeping(operation, operands)
    let others = results.indices.dropFirst().map {
      RecordedResult(results[$0], isSaved: saving.holds(output: $0))
    }
    return Node(
      name: operation.name, operands: kept(operands, saving),
      result: RecordedResult(results[0], isSaved: saving.holds(output: 0)), otherResults: others,
      gradient: .many(operation), keeping: saving, isRemade: isRemade)
  }

  /// What a node keeps of operands and results, and whether its first result is computed again.
  private static func keeping(
    _ operation: some Operation, _ operands: [Tensor]
  ) -> (saving: Saving, isRemade: Bool) {
    switch operation.remaking {
    case .never: return (operation.saving, false)
    case .fromInputs: return (operation.saving.union(.inputs), true)
    case .fromKeptInputs(let saving):
      let areKept = operands.allSatisfy { operand in
        operand.body.autograd.map { $0.edge.node.keeps($0.edge.output, operand) } ?? false
      }
      return areKept ? (saving.union(.inputs), true) : (operation.saving, false)
    }
  }

  private static func kept(_ operands: [Tensor], _ saving: Saving) -> [RecordedOperand] {
    var kept: [RecordedOperand] = []
    kept.reserveCapacity(operands.count)
    for (index, operand) in operands.enumerated() {
      kept.append(RecordedOperand(operand, isSaved: saving.holds(input: index)))
    }
    return kept
  }
}
