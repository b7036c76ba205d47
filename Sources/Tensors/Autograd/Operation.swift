import CKernels

/// A value that describes an operation to those who read graphs: capture, export, messages.
public enum Attribute: Sendable, Equatable {
  /// A whole number, such as a dimension.
  case int(Int)
  /// Whole numbers, such as a shape.
  case ints([Int])
  /// A real number, such as an epsilon.
  case double(Double)
  /// A switch.
  case bool(Bool)
  /// A mode by its name.
  case string(String)
}

/// Which inputs and outputs of an operation its gradient reads: the first 31 of each by name, or all
/// of them however many there are.
package struct Saving: OptionSet {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
  package static let nothing: Saving = []
  /// Every input.
  package static let inputs = Saving(rawValue: 0xffff_ffff)
  /// The first output.
  package static let output = Saving.output(0)
  /// Every output.
  package static let outputs = Saving(rawValue: 0xffff_ffff << 32)
  package static func input(_ indices: Int...) -> Saving {
    Saving(rawValue: indices.reduce(0) { $0 | bit($1) })
  }
  package static func output(_ indices: Int...) -> Saving {
    Saving(rawValue: indices.reduce(0) { $0 | bit($1) << 32 })
  }
  package func holds(input: Int) -> Bool { holds(input, of: rawValue) }
  package func holds(output: Int) -> Bool { holds(output, of: rawValue >> 32) }

  /// The last bit of each half stands for every place from 31 on, and only "all" sets it.
  private func holds(_ index: Int, of half: UInt64) -> Bool {
    half & 1 << UInt64(min(index, 31)) != 0
  }

  private static func bit(_ index: Int) -> UInt64 {
    require((0..<31).contains(index), "Saving", "operand \(index) cannot be saved by itself")
    return 1 << UInt64(index)
  }
}

/// An operation as watchers see it: its name, what it was told, and its operands.
struct Operation {
  let name: String
  let attributes: [String: Attribute]
  let inputs: [Tensor]
  let outputs: [Tensor]
}

extension Tensor {
  /// Computes an operation and records it: the one way into the graph.
  ///
  /// - Parameters:
  ///   - name: The operation's name, PyTorch's where it has one.
  ///   - inputs: The tensor operands. Everything else is an attribute.
  ///   - attributes: What the operation was told, evaluated only where somebody reads it.
  ///   - saving: What the gradient reads through ``Node/input(_:)`` and ``Node/output(_:)``.
  ///   - forward: Computes the result from the inputs; records nothing. A view shares the input's
  ///     storage.
  ///   - gradient: The inputs' gradients from the result's, written in tensor operations, so that
  ///     second derivatives come by themselves. Broadcasting and dtype changes are undone by the
  ///     engine.
  static func apply(
    _ name: String, _ inputs: [Tensor],
    attributes: @autoclosure () -> [String: Attribute] = [:], saving: Saving = .nothing,
    forward: ([Tensor]) -> Tensor,
    gradient: @escaping (_ gradient: Tensor, _ node: Node) -> [Tensor?]
  ) -> Tensor {
    let result = forward(inputs)
    if torus_thread().pointee.watchers != 0 {
      Watchers.observe(
        Operation(name: name, attributes: attributes(), inputs: inputs, outputs: [result]))
    }
    guard records(inputs), result.dtype.isFloatingPoint else { return result }
    let node = makeNode(name, inputs, [result], saving, .one(gradient))
    result.body.autograd = AutogradMeta(edge: Edge(node: node, output: 0))
    return result
  }

  /// ``apply(_:_:attributes:saving:forward:gradient:)`` for an operation with several results, whose
  /// gradient receives nil for a result that nothing flowed back to. Results that are not floating
  /// point (indices) are outside the graph.
  static func applyMany(
    _ name: String, _ inputs: [Tensor],
    attributes: @autoclosure () -> [String: Attribute] = [:], saving: Saving = .nothing,
    forward: ([Tensor]) -> [Tensor],
    gradient: @escaping (_ gradients: [Tensor?], _ node: Node) -> [Tensor?]
  ) -> [Tensor] {
    let results = forward(inputs)
    if torus_thread().pointee.watchers != 0 {
      Watchers.observe(
        Operation(name: name, attributes: attributes(), inputs: inputs, outputs: results))
    }
    guard records(inputs) else { return results }
    let node = makeNode(name, inputs, results, saving, .many(gradient))
    for (index, result) in results.enumerated() where result.dtype.isFloatingPoint {
      result.body.autograd = AutogradMeta(edge: Edge(node: node, output: index))
    }
    return results
  }

  /// An operation that has no gradient: comparisons, indices, counts.
  static func applyConstant(
    _ name: String, _ inputs: [Tensor],
    attributes: @autoclosure () -> [String: Attribute] = [:], forward: ([Tensor]) -> Tensor
  ) -> Tensor {
    let result = forward(inputs)
    if torus_thread().pointee.watchers != 0 {
      Watchers.observe(
        Operation(name: name, attributes: attributes(), inputs: inputs, outputs: [result]))
    }
    return result
  }

  private static func records(_ inputs: [Tensor]) -> Bool {
    guard isGradEnabled else { return false }
    for input in inputs where input.body.autograd != nil { return true }
    return false
  }

  private static func makeNode(
    _ name: String, _ inputs: [Tensor], _ results: [Tensor], _ saving: Saving,
    _ gradient: Node.Gradient
  ) -> Node {
    var saved: [SavedValue?] = []
    if saving != .nothing {
      saved.reserveCapacity(inputs.count + results.count)
      for (index, input) in inputs.enumerated() {
        saved.append(saving.holds(input: index) ? SavedValue(input) : nil)
      }
      for (index, result) in results.enumerated() {
        saved.append(saving.holds(output: index) ? SavedValue(result) : nil)
      }
    } else {
      saved = []
    }
    let node = Node(
      name: name, inputs: inputs.map { TensorMeta(shape: $0.shape, dtype: $0.dtype) },
      outputs: results.map { TensorMeta(shape: $0.shape, dtype: $0.dtype) },
      edges: inputs.map { $0.body.autograd?.edge }, saved: saved, gradient: gradient)
    if torus_thread().pointee.watchers != 0 { Watchers.recorded(node) }
    return node
  }
}
