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
  /// The inputs from one on.
  package static func inputs(from first: Int) -> Saving {
    Saving(rawValue: first < 32 ? 0xffff_ffff & ~((1 << UInt64(first)) - 1) : 0)
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

/// One operation of the graph, as a value: its name, everything that it was told, and what it computes.
///
/// Whatever is not a tensor is a stored property; every tensor is an operand. So an operation can be
/// kept, printed, and run again on other operands, which is what a ``Graph`` does. Forward and gradient
/// stand side by side in one declaration:
///
/// ```swift
/// /// x² + y, broadcast.
/// struct SquarePlus: TensorOperation {
///   var name: String { "square_plus" }
///   var saving: Saving { .input(0) }
///   func forward(_ inputs: [Tensor]) -> Tensor { inputs[0].square() + inputs[1] }
///   func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g * (node.input(0) * 2), g] }
/// }
///
/// extension Tensor {
///   public func squarePlus(_ y: Tensor) -> Tensor { Tensor.record(SquarePlus(), [self, y]) }
/// }
/// ```
protocol Operation {
  /// The name, PyTorch's where it has one.
  var name: String { get }
  /// What the operation was told; by default its stored properties. Evaluated only where somebody
  /// reads it.
  var attributes: [String: Attribute] { get }
  /// What the gradient reads through ``Node/input(_:)`` and ``Node/output(_:)``.
  var saving: Saving { get }
  /// Whether the results are cheaply computed again from the inputs: then whoever saves a result keeps nothing
  /// of it, and this operation what the results are made of. Never by default.
  var remaking: Remaking { get }
  /// How the operation behaves under mixed precision; by default it computes in whatever comes.
  var precision: PrecisionClass { get }
  /// This operation as a graph keeps it: one that draws random numbers remembers the generator's
  /// present state, so that running it again draws the same.
  func pinned() -> Self
  /// Whether running the operation again on other operands computes what another call of it would; not
  /// where it holds a function of the user's, which may hold tensors.
  var isReplayable: Bool { get }
}

/// An operation that is another one at each call: it draws random numbers, or keeps a context.
protocol RenewedOperation: Operation {
  /// This operation as another call of it makes it: a draw begins where its generator is then.
  func renewed() -> Self
}

/// An operation with one result.
protocol TensorOperation: Operation {
  /// Computes the result and records nothing; a view shares the operand's storage.
  func forward(_ inputs: [Tensor]) -> Tensor
  /// The same result once more, by what the node has kept; by default ``forward(_:)``.
  func remade(_ inputs: [Tensor], _ node: Node) -> Tensor
  /// Whether the gradient reads ``Node/resultOrInput()``.
  var readsResultOrInput: Bool { get }
  /// The operands' gradients from the result's, one an operand and nil for zero, written in tensor
  /// operations, so that second derivatives come by themselves. Broadcasting and dtype changes are
  /// undone by the engine.
  func gradient(_ gradient: Tensor, _ node: Node) -> [Tensor?]
}

/// An operation with several results. Results that are not floating point (indices) are outside the
/// graph.
protocol TensorsOperation: Operation {
  /// Computes the results and records nothing.
  func forward(_ inputs: [Tensor]) -> [Tensor]
  /// The first result once more, by what the node has kept; by default ``forward(_:)``.
  func remade(_ inputs: [Tensor], _ node: Node) -> Tensor
  /// The operands' gradients from those of the results, nil where nothing flowed back.
  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?]
}

/// An operation that has no gradient: comparisons, indices, counts.
protocol ConstantOperation: Operation {
  /// Computes the result and records nothing.
  func forward(_ inputs: [Tensor]) -> Tensor
}

extension TensorOperation {
  var readsResultOrInput: Bool { false }
  func remade(_ inputs: [Tensor], _ node: Node) -> Tensor { forward(inputs) }
}

extension TensorsOperation {
  func remade(_ inputs: [Tensor], _ node: Node) -> Tensor { forward(inputs)[0] }
}

/// Whether an operation's first result is computed again, where its gradient or another's reads it.
enum Remaking {
  case never
  /// From the inputs, which this operation keeps.
  case fromInputs
  /// From the inputs, where the operations that made them keep them, or compute them again, anyway; it saves
  /// this besides, and not what it saves else.
  case fromKeptInputs(saving: Saving)
}

/// How an operation behaves where a region computes in mixed precision: the list of PyTorch's
/// autocast for GPUs on which it stands; ``AutocastLists`` names those for CPUs. Operands are cast before ``TensorOperation/forward(_:)``, which is
/// therefore the first to ask whether their dtypes fit.
enum PrecisionClass: Sendable {
  /// Computes in the reduced type: matrix products, convolutions.
  case reduced
  /// Computes in float32: sums, norms, losses, exponentials.
  case full
  /// Computes in the widest of its operands' floating types.
  case widest
  /// Computes in whatever type comes.
  case any
}

extension Operation {
  var attributes: [String: Attribute] { Attribute.properties(of: self) }
  var saving: Saving { .nothing }
  var remaking: Remaking { .never }
  var precision: PrecisionClass { .any }
  func pinned() -> Self { self }
  var isReplayable: Bool { true }
}

extension Attribute {
  /// The stored properties of an operation that describe it.
  static func properties(of operation: some Operation) -> [String: Attribute] {
    var result: [String: Attribute] = [:]
    for child in Mirror(reflecting: operation).children {
      if let label = child.label, let value = Attribute(describing: child.value) {
        result[label] = value
      }
    }
    return result
  }

  /// A property's value; nil for what is absent.
  private init?(describing value: Any) {
    switch value {
    case let value as Int: self = .int(value)
    case let value as [Int]: self = .ints(value)
    case let value as Double: self = .double(value)
    case let value as Bool: self = .bool(value)
    case let value as String: self = .string(value)
    default:
      let mirror = Mirror(reflecting: value)
      guard mirror.displayStyle == .optional else {
        self = .string("\(value)")
        return
      }
      guard let wrapped = mirror.children.first else { return nil }
      self.init(describing: wrapped.value)
    }
  }
}
