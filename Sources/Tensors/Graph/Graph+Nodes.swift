import Base

/// What a captured graph consists of, for those who draw or write it.
extension Graph {
  /// One operation with its operands and results, as numbers of values.
  package struct NodeDescription {
    /// The operation's name.
    package let name: String
    /// What it was told, in the order of the names.
    package let attributes: [(String, Attribute)]
    /// The values that it reads.
    package let operands: [Int]
    /// The values that it computes.
    package let results: [Int]
  }

  /// The operations in the order in which they run.
  package var nodes: [NodeDescription] {
    steps.map { step in
      NodeDescription(
        name: step.operation.name,
        attributes: step.operation.attributes.inKeyOrder.map { ($0.key, $0.value) },
        operands: step.operands, results: step.results)
    }
  }

  /// Shape and dtype of each value.
  package var valueShapes: [(shape: [Int], dtype: DType)] { values.map { ($0.shape, $0.dtype) } }

  /// The values that stand for the inputs.
  package var inputValues: [Int] { inputs }

  /// The values that were taken from elsewhere.
  package var constantValues: [(value: Int, tensor: Tensor)] { constants }

  /// The values that are the graph's result.
  package var outputValues: [Int] { outputs }
}
