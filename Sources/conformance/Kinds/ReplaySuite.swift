import Foundation
import NN
import Tensors

/// Captures every operator or module case as a graph, runs the graph on fresh copies of the inputs,
/// and compares bits, forward and backward.
///
/// A graph must not keep values of its capture either: on other inputs for which the function takes
/// the same path, the replay gives the function's own bits. Then the function is compiled and called four
/// times, which must give the bits of four plain calls.
struct ReplaySuite: Suite {
  let units: [String]
  private let folder: CaseFolder
  private let strided: Bool
  private let operators: OperatorSuite
  private let modules: ModuleSuite

  init(folder: URL, options: Options) throws {
    self.folder = try CaseFolder(folder)
    units = self.folder.names
    strided = options.strided
    operators = try OperatorSuite(folder: folder, options: options)
    modules = try ModuleSuite(folder: folder, options: options)
  }

  func checks(of unit: String) throws -> [Check] {
    if try JSONDecoder().decode(Head.self, from: folder.json(unit)).module != nil {
      let (cases, tensors, row) = try modules.contents(of: unit)
      return cases.map { item in
        Check(id: "\(item.id)") {
          guard let row else { throw Unsupported("module \(unit)") }
          let check = ModuleCheck(item: item, tensors: tensors, strided: strided)
          let (settings, module, forward) = try check.prepared(row)
          try settings.requireAllRead()
          let readsValues = try ReplayCheck(
            seed: 42, parameters: module.parameters().map(\.value)
          ).run(inputs: try check.inputs(), function: { try forward(try check.call($0)) })
          try CompiledCheck(seed: 42, module: module).run(
            inputs: try check.inputs(), readsValues: readsValues,
            function: { try forward(try check.call($0)) })
        }
      }
    }
    let (cases, tensors, row) = try operators.contents(of: unit)
    return cases.map { item in
      Check(id: "\(item.id) \(item.dtype)") {
        guard let row else { throw Unsupported("operator \(unit)") }
        let check = OperatorCheck(item: item, tensors: tensors, strided: strided)
        let function = { (inputs: [Tensor]) in
          try row.compute(try check.call(inputs)).flattened.compactMap { value -> Tensor? in
            if case .tensor(let tensor) = value { tensor } else { nil }
          }
        }
        let readsValues = try ReplayCheck(seed: OperatorCheck.seed, parameters: []).run(
          inputs: try check.inputs(), isDetermined: item.compare != "shape", function: function)
        try CompiledCheck(seed: OperatorCheck.seed, module: nil).run(
          inputs: try check.inputs(), readsValues: readsValues,
          isDetermined: !unit.contains("empty"), function: function)
      }
    }
  }

  /// What tells modules from operators.
  private struct Head: Decodable {
    let module: String?
  }
}

/// Compares one function with its captured graph.
struct ReplayCheck {
  let seed: UInt64
  let parameters: [Tensor]

  /// - Parameters:
  ///   - inputs: The function's tensors; those that require a gradient are leaves.
  ///   - isDetermined: Whether the function's values follow from its inputs (uninitialised memory
  ///     does not).
  ///   - function: Computes outputs from as many tensors.
  /// - Returns: Whether the function looks at values.
  @discardableResult
  func run(
    inputs: [Tensor], isDetermined: Bool = true, function: ([Tensor]) throws -> [Tensor]
  ) throws -> Bool {
    manualSeed(seed)
    var expected: [Tensor] = []
    let graph = try Graph.capture(inputs) { inputs in
      expected = try function(inputs)
      return expected
    }
    let copies = inputs.map(Self.copy)
    let got = graph(copies)
    if isDetermined { try compare(got, copies, expected, inputs, "replay") }
    guard isDetermined, !graph.readsValues else { return graph.readsValues }

    let others = inputs.map { Self.copy($0, times: 0.75) }
    manualSeed(seed)
    var direct: [Tensor] = []
    let second = try Graph.capture(others) { inputs in
      direct = try function(inputs)
      return direct
    }
    guard second.description == graph.description else { return false }
    let replayed = others.map { Self.copy($0) }
    try compare(graph(replayed), replayed, direct, others, "replay on other inputs")
    return false
  }

  private func compare(
    _ got: [Tensor], _ inputs: [Tensor], _ expected: [Tensor], _ originals: [Tensor],
    _ what: String
  ) throws {
    guard got.count == expected.count else {
      throw Mismatch("\(what): \(got.count) outputs instead of \(expected.count)")
    }
    for (index, (got, expected)) in zip(got, expected).enumerated() {
      try Self.checkBits(got, expected, "\(what): output \(index)")
      guard got.requiresGrad == expected.requiresGrad else {
        throw Mismatch("\(what): output \(index) has lost its place in the graph")
      }
    }
    let (a, b) = (gradients(got, inputs), gradients(expected, originals))
    for (index, pair) in zip(a, b).enumerated() {
      switch pair {
      case (nil, nil): continue
      case (let got?, let expected?):
        try Self.checkBits(got, expected, "\(what): gradient \(index)")
      default: throw Mismatch("\(what): gradient \(index) is there only once")
      }
    }
  }

  private func gradients(_ outputs: [Tensor], _ inputs: [Tensor]) -> [Tensor?] {
    let roots = outputs.filter(\.requiresGrad)
    let leaves = (inputs + parameters).filter(\.requiresGrad)
    if roots.isEmpty || leaves.isEmpty { return [] }
    return grad(
      of: roots, withRespectTo: leaves, gradients: roots.map { Tensor.ones(like: $0) })
  }

  /// A tensor in memory of its own with the same strides; floats may be multiplied.
  static func copy(_ tensor: Tensor, times factor: Double = 1) -> Tensor {
    var copy = noGrad {
      let plain = tensor.detach()
      return factor != 1 && tensor.dtype.isFloatingPoint ? plain * factor : plain.clone()
    }
    copy.requiresGrad = tensor.requiresGrad
    return copy
  }

  private static func copy(_ tensor: Tensor) -> Tensor { copy(tensor, times: 1) }

  /// - Throws: ``Mismatch`` where any bit differs.
  static func checkBits(_ got: Tensor, _ expected: Tensor, _ what: String) throws {
    try Comparison.checkShape(got, expected, what)
    let (a, b) = (bits(got), bits(expected))
    guard a != b, let index = a.indices.first(where: { a[$0] != b[$0] }) else { return }
    throw Mismatch("\(what): bits differ from element \(index) of \(expected.shape) on")
  }

  private static func bits(_ tensor: Tensor) -> [UInt64] {
    switch tensor.dtype {
    case .float64: tensor.array(of: Double.self).map(\.bitPattern)
    case let dtype where dtype.isFloatingPoint:
      tensor.array(of: Float.self).map { UInt64($0.bitPattern) }
    default: tensor.array(of: Int.self).map { UInt64(bitPattern: Int64($0)) }
    }
  }
}
