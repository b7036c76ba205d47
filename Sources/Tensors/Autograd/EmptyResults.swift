extension Tensor {
  /// Results without elements, of operands that nothing is read of: they keep their place in the
  /// graph, and every operand's gradient is zeros. Their dtype is the first operand's.
  package static func withoutElements(
    _ name: String, _ operands: [Tensor], _ shapes: [[Int]]
  ) -> [Tensor] {
    record(EmptyResults(name: name, shapes: shapes), operands)
  }

  /// Stops unless only the batch of `[N, C, sizes…]` may be empty, and nothing of `[C, sizes…]`.
  static func requireElements(_ name: String, _ x: Tensor, dims: Int) {
    require(
      x.shape.suffix(dims + 1).allSatisfy { $0 > 0 }, name,
      "of an input of \(x.shape) only the batch may be empty")
  }
}

/// Results that hold nothing.
private struct EmptyResults: TensorsOperation {
  let name: String
  let shapes: [[Int]]

  var attributes: [String: Attribute] { ["shapes": .string("\(shapes)")] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    shapes.map { .zeros($0, dtype: inputs[0].dtype) }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    (0..<node.inputCount).map { .zeros(node.shape($0), dtype: node.dtype($0)) }
  }
}
