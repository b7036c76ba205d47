extension Graph {
  /// Runs a function and returns what it computed as a graph.
  /// - Parameters:
  ///   - inputs: What stands for the graph's inputs; requiring gradients is up to each replay.
  ///   - body: The function; it is called once.
  public static func capture<E: Error>(
    _ inputs: [Tensor], _ body: ([Tensor]) throws(E) -> [Tensor]
  ) throws(E) -> Graph {
    let capture = GraphCapture(inputs)
    let outputs = try Tracer(read: capture.noteRead, capture.note).watching { () throws(E) in
      try body(inputs)
    }
    return capture.finish(outputs)
  }
}

/// Collects a graph while its function runs.
private final class GraphCapture {
  private var graph = Graph()
  private var seen = CapturedValues()
  /// The inputs and what was computed from them.
  private var isDerived: Set<Int> = []

  init(_ inputs: [Tensor]) {
    graph.inputs = inputs.map { add($0) }
    isDerived = Set(graph.inputs)
  }

  func note(_ computed: ComputedOperation) {
    let operands = computed.inputs.map(number)
    let results = computed.outputs.map(add)
    if !isDerived.isDisjoint(with: operands) { isDerived.formUnion(results) }
    graph.steps.append(
      Graph.Step(operation: computed.operation, operands: operands, results: results))
  }

  func noteRead(_ tensor: Tensor) {
    if isDerived.contains(number(tensor)) { graph.readsValues = true }
  }

  func finish(_ outputs: [Tensor]) -> Graph {
    graph.outputs = outputs.map(number)
    dropUnused()
    return graph
  }

  /// Leaves out steps and constants that nothing reads.
  private func dropUnused() {
    var isUsed = [Bool](repeating: false, count: graph.values.count)
    for value in graph.outputs { isUsed[value] = true }
    var kept: [Graph.Step] = []
    for step in graph.steps.reversed() where step.results.contains(where: { isUsed[$0] }) {
      for operand in step.operands { isUsed[operand] = true }
      kept.append(step)
    }
    graph.steps = kept.reversed()
    graph.constants.removeAll { !isUsed[$0.value] }
  }

  /// The number of a tensor that something reads: one that is known, the same memory outside the
  /// autograd graph, or a constant.
  private func number(_ tensor: Tensor) -> Int {
    if let known = seen.number(of: tensor) { return known }
    if let source = seen.numberOfPlace(of: tensor) {
      let value = add(tensor)
      graph.steps.append(
        Graph.Step(operation: Detach(), operands: [source], results: [value]))
      if isDerived.contains(source) { isDerived.insert(value) }
      return value
    }
    let value = add(tensor)
    graph.constants.append((value, tensor))
    return value
  }

  private func add(_ tensor: Tensor) -> Int {
    graph.values.append(Graph.Value(shape: tensor.shape, dtype: tensor.dtype))
    return seen.add(tensor)
  }
}
