import CKernels

/// An operation as watchers see it: what was computed, from what, with what result.
struct ComputedOperation {
  let operation: any Operation
  let inputs: [Tensor]
  let outputs: [Tensor]
}

/// The one way into the graph.
extension Tensor {
  /// Computes an operation and records it.
  ///
  /// Operands are cast by the operation's precision class where a region asks for it, the result is
  /// computed, watchers are told, and where an operand requires a gradient, a ``Node`` is made.
  static func record(_ operation: some TensorOperation, _ operands: [Tensor]) -> Tensor {
    if torus_thread().pointee.watchers != 0 { return watched(operation, operands) }
    let result = operation.forward(operands)
    guard records(operands), result.dtype.isFloatingPoint else { return result }
    let node = makeNode(operation, operands, [result], .one(operation))
    result.body.autograd = AutogradMeta(edge: Edge(node: node, output: 0))
    return result
  }

  /// ``record(_:_:)`` for an operation with several results.
  static func record(_ operation: some TensorsOperation, _ operands: [Tensor]) -> [Tensor] {
    if torus_thread().pointee.watchers != 0 { return watched(operation, operands) }
    let results = operation.forward(operands)
    guard records(operands) else { return results }
    attach(makeNode(operation, operands, results, .many(operation)), results)
    return results
  }

  /// ``record(_:_:)`` for an operation without a gradient.
  static func record(_ operation: some ConstantOperation, _ operands: [Tensor]) -> Tensor {
    if torus_thread().pointee.watchers == 0 { return operation.forward(operands) }
    let kept = Watchers.keeps ? operation.pinned() : operation
    let result = Watchers.unobserved { operation.forward(operands) }
    Watchers.observe(ComputedOperation(operation: kept, inputs: operands, outputs: [result]))
    return result
  }

  @inline(never)
  private static func watched(_ operation: some TensorOperation, _ operands: [Tensor]) -> Tensor {
    let kept = Watchers.keeps ? operation.pinned() : operation
    let result = Watchers.unobserved { operation.forward(operands) }
    if records(operands), result.dtype.isFloatingPoint {
      let node = makeNode(operation, operands, [result], .one(operation))
      Watchers.recorded(node)
      result.body.autograd = AutogradMeta(edge: Edge(node: node, output: 0))
    }
    Watchers.observe(ComputedOperation(operation: kept, inputs: operands, outputs: [result]))
    return result
  }

  @inline(never)
  private static func watched(
    _ operation: some TensorsOperation, _ operands: [Tensor]
  ) -> [Tensor] {
    let kept = Watchers.keeps ? operation.pinned() : operation
    let results = Watchers.unobserved { operation.forward(operands) }
    if records(operands) {
      let node = makeNode(operation, operands, results, .many(operation))
      Watchers.recorded(node)
      attach(node, results)
    }
    Watchers.observe(ComputedOperation(operation: kept, inputs: operands, outputs: results))
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

  private static func makeNode(
    _ operation: some Operation, _ operands: [Tensor], _ results: [Tensor],
    _ gradient: Node.Gradient
  ) -> Node {
    let saving = operation.saving
    var saved: [SavedValue?] = []
    if saving != .nothing {
      saved.reserveCapacity(operands.count + results.count)
      for (index, operand) in operands.enumerated() {
        saved.append(saving.holds(input: index) ? SavedValue(operand) : nil)
      }
      for (index, result) in results.enumerated() {
        saved.append(saving.holds(output: index) ? SavedValue(result) : nil)
      }
    }
    return Node(
      name: operation.name, inputs: operands.map { TensorMeta(shape: $0.shape, dtype: $0.dtype) },
      outputs: results.map { TensorMeta(shape: $0.shape, dtype: $0.dtype) },
      edges: operands.map { $0.body.autograd?.edge }, saved: saved, gradient: gradient)
  }
}
