import Tensors

/// An operator or module and its calls with empty dimensions: a line of a file.
struct EmptyUnit: Decodable {
  let unit: String
  let calls: [EmptyCall]
}

/// One call: a case whose tensors get other shapes, or a module that stands here itself.
struct EmptyCall: Decodable {
  /// The case among those of the operator or module.
  let `case`: Int?
  /// The shapes of the tensors that become empty, by their key.
  let empty: [String: [Int]]?
  let constructor: ModuleCase.Arguments?
  let forward: [Input]?
  let training: Bool?
  /// Whether PyTorch refuses the call, or its gradient.
  let raises: Bool?
  let outputs: [Expected]?
  let grads: [String: Expected]?
  /// The buffers afterwards.
  let after: [String: Expected]?

  /// An input of a module: zeros of a shape.
  struct Input: Decodable {
    let shape: [Int]
    /// Whether these are whole numbers.
    let ids: Bool
  }

  var refuses: Bool { raises ?? false }

  /// What distinguishes the call in a report.
  var label: String {
    let shapes = (empty ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    let inputs = (forward ?? []).map { "\($0.shape)" }
    let mode = training.map { $0 ? ["training"] : ["evaluation"] } ?? []
    return (`case`.map { ["\($0)"] } ?? []).joined() + " "
      + (shapes + inputs + mode + (refuses ? [EmptySuite.refused] : [])).joined(separator: ", ")
  }
}

/// A tensor as PyTorch has it.
struct Expected: Decodable {
  let shape: [Int]
  let dtype: String
  /// Whether it requires a gradient.
  let graph: Bool?
  /// Every element, or one that all are; nil where they are not compared.
  let values: [Element]?

  enum Element: Decodable {
    case number(Double)
    case whole(Int)
    case truth(Bool)

    init(from decoder: any Decoder) throws {
      let box = try decoder.singleValueContainer()
      if let truth = try? box.decode(Bool.self) {
        self = .truth(truth)
      } else if let whole = try? box.decode(Int.self) {
        self = .whole(whole)
      } else if let number = try? box.decode(Double.self) {
        self = .number(number)
      } else {
        let name = try box.decode(String.self)
        guard let number = Double(name) else { throw RunnerError("\"\(name)\" is no number") }
        self = .number(number)
      }
    }

    var double: Double {
      switch self {
      case .number(let number): number
      case .whole(let whole): Double(whole)
      case .truth(let truth): truth ? 1 : 0
      }
    }
  }

  /// - Throws: ``Mismatch`` where shape, dtype, place in the graph or values differ.
  func check(_ got: Tensor, _ what: String, _ tolerance: (DType) -> Tolerance) throws {
    guard let kind = DType(named: dtype) else {
      throw Unsupported("dtype \(dtype)")
    }
    if let graph, got.requiresGrad != graph {
      throw Mismatch("\(what): \(graph ? "has lost" : "has") its place in the graph")
    }
    let count = shape.reduce(1, *)
    let elements = values.map { $0.map(\.double) } ?? []
    let whole = elements.count == 1 ? [Double](repeating: elements[0], count: count) : elements
    guard values != nil, count > 0 else {
      return try Comparison.checkShape(got, .zeros(shape, dtype: kind), what)
    }
    try Comparison.check(
      got, Tensor(whole, shape: shape, dtype: .float64).to(kind), what, tolerance)
  }
}
