/// An operation whose forward pass and gradient are closures.
struct ClosureOperation: TensorOperation {
  let name: String
  let described: [String: Attribute]
  let saving: Saving
  let compute: ([Tensor]) -> Tensor
  let derive: (_ gradient: Tensor, _ node: Node) -> [Tensor?]
  var attributes: [String: Attribute] { described }
  func forward(_ inputs: [Tensor]) -> Tensor { compute(inputs) }
  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { derive(g, node) }
}

struct ClosuresOperation: TensorsOperation {
  let name: String
  let described: [String: Attribute]
  let saving: Saving
  let compute: ([Tensor]) -> [Tensor]
  let derive: (_ gradients: [Tensor?], _ node: Node) -> [Tensor?]
  var attributes: [String: Attribute] { described }
  func forward(_ inputs: [Tensor]) -> [Tensor] { compute(inputs) }
  func gradient(_ g: [Tensor?], _ node: Node) -> [Tensor?] { derive(g, node) }
}

struct ConstantClosure: ConstantOperation {
  let name: String
  let described: [String: Attribute]
  let compute: ([Tensor]) -> Tensor
  var attributes: [String: Attribute] { described }
  func forward(_ inputs: [Tensor]) -> Tensor { compute(inputs) }
}

extension Tensor {
  static func apply(
    _ name: String, _ inputs: [Tensor],
    attributes: @autoclosure () -> [String: Attribute] = [:], saving: Saving = .nothing,
    forward: @escaping ([Tensor]) -> Tensor,
    gradient: @escaping (_ gradient: Tensor, _ node: Node) -> [Tensor?]
  ) -> Tensor {
    record(
      ClosureOperation(
        name: name, described: attributes(), saving: saving, compute: forward, derive: gradient),
      inputs)
  }

  static func applyMany(
    _ name: String, _ inputs: [Tensor],
    attributes: @autoclosure () -> [String: Attribute] = [:], saving: Saving = .nothing,
    forward: @escaping ([Tensor]) -> [Tensor],
    gradient: @escaping (_ gradients: [Tensor?], _ node: Node) -> [Tensor?]
  ) -> [Tensor] {
    record(
      ClosuresOperation(
        name: name, described: attributes(), saving: saving, compute: forward, derive: gradient),
      inputs)
  }

  static func applyConstant(
    _ name: String, _ inputs: [Tensor],
    attributes: @autoclosure () -> [String: Attribute] = [:],
    forward: @escaping ([Tensor]) -> Tensor
  ) -> Tensor {
    record(ConstantClosure(name: name, described: attributes(), compute: forward), inputs)
  }
}
