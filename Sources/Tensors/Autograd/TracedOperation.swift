/// One operation that ``traceOperations(_:)`` saw.
public struct TracedOperation: Sendable, CustomStringConvertible {
  /// The operation's name.
  public let name: String
  /// What it was told besides its operands.
  public let attributes: [String: Attribute]
  /// The shapes of its operands.
  public let inputShapes: [[Int]]
  /// The shapes of its results.
  public let outputShapes: [[Int]]
  /// How long it took.
  public let duration: Duration
  /// The memory of its operands and results, as if each were read or written once; 0 of a view, which
  /// moves nothing.
  public let bytes: Int

  /// The number of the node that was made for it; nil where none was.
  package let sequence: UInt64?

  init(_ computed: ComputedOperation) {
    duration = computed.duration
    let isView = computed.outputs.first.map { output in
      computed.inputs.contains { $0.storage === output.storage }
    }
    bytes =
      isView == true
      ? 0 : (computed.inputs + computed.outputs).reduce(0) { $0 + $1.count * $1.dtype.size }
    name = computed.operation.name
    attributes = computed.operation.attributes
    inputShapes = computed.inputs.map(\.shape)
    outputShapes = computed.outputs.map(\.shape)
    sequence =
      computed.outputs.lazy.compactMap { $0.body.autograd }.first { !$0.isLeaf }?
      .edge.node.sequence
  }

  /// `matmul [64, 784] × [784, 128] → [64, 128]`.
  public var description: String {
    let inputs = inputShapes.map { "\($0)" }.joined(separator: " × ")
    return "\(name) \(inputs) → \(outputShapes.map { "\($0)" }.joined(separator: ", "))"
  }
}

extension TracedOperation {
  /// Multiplications with an addition of a matrix product, convolution, recurrence or attention, by the
  /// shapes of operands and results; 0 for everything else.
  public var multiplyAdds: Int {
    func count(_ shape: [Int]?) -> Int { shape?.reduce(1, *) ?? 0 }
    let (inputs, output) = (inputShapes, count(outputShapes.first))
    switch name {
    case "matmul", "linear": return output * (inputs[0].last ?? 1)
    case "conv1d", "conv2d", "conv3d": return output * count(inputs[1].dropFirst().map { $0 })
    case "conv_transpose1d", "conv_transpose2d", "conv_transpose3d":
      return count(inputs[0]) * count(inputs[1].dropFirst().map { $0 })
    case "lstm", "gru", "rnn_tanh", "rnn_relu":
      // Rows of all steps, times the weights of inputs and states and of a projection.
      let matrices = inputs.dropFirst().filter { $0.count == 2 }.prefix(2)
      return (inputs[0].first ?? 0) * matrices.reduce(0) { $0 + count($1) }
    case "scaled_dot_product_attention":
      let (q, k, v) = (inputs[0], inputs[1], inputs[2])
      let rows = count(q.dropLast().map { $0 })
      return rows * (k[k.count - 2]) * ((q.last ?? 0) + (v.last ?? 0))
    default: return 0
    }
  }
}
