import Base

/// A computation as data: operations in the order in which they run, with their operands by identity.
///
/// A graph is captured from a function that runs once on real tensors, and runs again on others of the
/// same shapes and dtypes with the same bits as the function. Tensors that the function took from
/// elsewhere, such as a model's parameters, are the graph's constants; a parameter keeps its place in
/// autograd, so that gradients of a replay reach it.
///
/// ```swift
/// let graph = Graph.capture([x]) { [model($0[0])] }
/// print(graph)
/// let y = graph([x2])[0]
/// ```
///
/// A graph follows the one path that the function took: branches on values that it read are decided.
/// Random operations draw again what they drew when they were captured.
public struct Graph {
  /// A tensor of the graph: an input, a constant, or the result of a step.
  struct Value {
    let shape: [Int]
    let dtype: DType
  }

  /// One operation with its operands and results, as numbers of values.
  struct Step {
    let operation: any Operation
    let operands: [Int]
    let results: [Int]
  }

  var values: [Value] = []
  var steps: [Step] = []
  var inputs: [Int] = []
  var constants: [(value: Int, tensor: Tensor)] = []
  var outputs: [Int] = []

  /// Whether the function looked at values that depend on its inputs (`item`, `array`): then what the
  /// graph computes may hold for the captured values alone.
  public internal(set) var readsValues = false

  /// The names of the operations in the order in which they run.
  public var operationNames: [String] { steps.map(\.operation.name) }

  /// Runs the graph.
  ///
  /// Operations are recorded as usual: where an input or a constant requires a gradient, so do the
  /// outputs.
  /// - Parameter inputs: As many tensors as the graph was captured with, of the same shapes and
  ///   dtypes.
  public func callAsFunction(_ inputs: [Tensor]) -> [Tensor] {
    require(
      inputs.count == self.inputs.count, "Graph",
      "\(inputs.count) inputs for a graph of \(self.inputs.count)")
    var tensors = [Tensor?](repeating: nil, count: values.count)
    for (value, tensor) in constants { tensors[value] = tensor }
    for (index, tensor) in zip(self.inputs, inputs) {
      require(
        tensor.shape == values[index].shape && tensor.dtype == values[index].dtype, "Graph",
        "an input of \(tensor.dtype)\(tensor.shape) where the graph was captured with \(values[index])"
      )
      tensors[index] = tensor
    }
    // A value is let go of after its last use, as eager computation would.
    let last = lastUses
    for (position, step) in steps.enumerated() {
      let results = Graph.run(step.operation, step.operands.compactMap { tensors[$0] })
      for (value, result) in zip(step.results, results) where last[value] >= position {
        tensors[value] = result
      }
      for operand in step.operands where last[operand] == position { tensors[operand] = nil }
    }
    return outputs.compactMap { tensors[$0] }
  }

  /// The step after which each value is needed no more.
  private var lastUses: [Int] {
    var last = [Int](repeating: -1, count: values.count)
    for (position, step) in steps.enumerated() {
      for operand in step.operands { last[operand] = position }
    }
    for output in outputs { last[output] = .max }
    return last
  }

  private static func run(_ operation: any Operation, _ operands: [Tensor]) -> [Tensor] {
    switch operation.pinned() {
    case let operation as any TensorOperation: [Tensor.record(operation, operands)]
    case let operation as any TensorsOperation: Tensor.record(operation, operands)
    case let operation as any ConstantOperation: [Tensor.record(operation, operands)]
    default: fail(operation.name, "an operation of a graph has no forward pass")
    }
  }
}

extension Graph.Value: CustomStringConvertible {
  /// `float32[2, 3]`.
  var description: String { "\(dtype)\(shape)" }
}

extension Graph: CustomStringConvertible {
  /// The graph as text, a line an operation:
  ///
  /// ```
  /// graph(%0: float32[2, 3]) {
  ///   %1 = constant float32[4, 3]
  ///   %2 = linear(%0, %1) -> float32[2, 4]
  ///   %3 = relu(%2) -> float32[2, 4]
  ///   return %3
  /// }
  /// ```
  public var description: String {
    func name(_ value: Int) -> String { "%\(value)" }
    let parameters = inputs.map { "\(name($0)): \(values[$0])" }.joined(separator: ", ")
    var lines = ["graph(\(parameters)) {"]
    for (value, _) in constants { lines.append("  \(name(value)) = constant \(values[value])") }
    for step in steps {
      let told = step.operation.attributes.inKeyOrder
        .map { "\($0.key): \($0.value)" }
      let arguments = (step.operands.map(name) + told).joined(separator: ", ")
      let results = step.results.map(name).joined(separator: ", ")
      let types = step.results.map { "\(values[$0])" }.joined(separator: ", ")
      lines.append("  \(results) = \(step.operation.name)(\(arguments)) -> \(types)")
    }
    lines.append("  return \(outputs.map(name).joined(separator: ", "))")
    return (lines + ["}"]).joined(separator: "\n")
  }
}

extension Attribute: CustomStringConvertible {
  /// The value as it stands in a printed graph.
  public var description: String {
    switch self {
    case .int(let value): "\(value)"
    case .ints(let values): "\(values)"
    case .double(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let value): value
    }
  }
}
