extension Tensor {
  /// The same tensors, with a closure that sees all of their gradients at once on the way back and
  /// may replace them; nil stands for a gradient that did not come. What hooks of modules are made of.
  package static func tapped(
    _ tensors: [Tensor], _ tap: @escaping ([Tensor?]) -> [Tensor?]
  ) -> [Tensor] {
    record(GradientTap(tap: tap), tensors)
  }
}

/// The identity on several tensors, with a look at their gradients.
private struct GradientTap: TensorsOperation {
  let tap: ([Tensor?]) -> [Tensor?]
  var name: String { "gradient_tap" }
  var attributes: [String: Attribute] { [:] }
  var isReplayable: Bool { false }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    // New tensors over the same elements: each is to have a node of its own.
    inputs.map { $0.restrided(shape: $0.shape, strides: $0.strides, offset: $0.storageOffset) }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] { tap(gradients) }
}
