import Foundation
import NN
import Tensors

extension SummaryWriter {
  /// Adds the graph of a model: its operations, and its parameters by their names.
  ///
  /// - Parameters:
  ///   - model: It runs once, without recording gradients.
  ///   - input: What it runs on; only shapes and dtypes are shown.
  ///   - walltime: Seconds since 1970; by default now.
  public func addGraph(
    _ model: some Layer, _ input: Tensor, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    let graph = noGrad { Graph.capture([input]) { [model($0[0])] } }
    try addGraph(graph, of: model, walltime: walltime)
  }

  /// Adds a captured graph.
  /// - Parameters:
  ///   - graph: What `Graph.capture` gave.
  ///   - model: Gives the graph's constants their parameters' names, and the operations that read
  ///     them their modules'.
  ///   - walltime: Seconds since 1970; by default now.
  public func addGraph(
    _ graph: Graph, of model: Module? = nil, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    var names: [ObjectIdentifier: String] = [:]
    for (name, parameter) in model?.namedParameters() ?? [] {
      names[ObjectIdentifier(parameter.value.storage)] = name
    }
    let definition = GraphDefinition(graph, names)
    let time = walltime ?? Date().timeIntervalSince1970
    // Event: wall_time = 1, graph_def = 4.
    try add(
      event: ProtoWriter.message {
        $0.double(1, time)
        $0.data(4, definition.bytes)
      })
  }
}

/// A graph as TensorFlow's `GraphDef`: `node = 1`, `versions = 4`.
struct GraphDefinition {
  let bytes: [UInt8]

  /// - Parameter parameters: The names of storages.
  init(_ graph: Graph, _ parameters: [ObjectIdentifier: String]) {
    var taken: Set<String> = []
    var names = [String](repeating: "", count: graph.valueShapes.count)
    var writer = ProtoWriter()

    /// A name that no other node has, of the characters that TensorFlow allows.
    func unique(_ wanted: String) -> String {
      var name = String(
        String.UnicodeScalarView(
          wanted.unicodeScalars.map { scalar in
            scalar.isASCII
              && (scalar.properties.isAlphabetic
                || "0123456789_./-".unicodeScalars.contains(scalar))
              ? scalar : "_"
          }))
      if let first = name.utf8.first, first == UInt8(ascii: "_") || first == UInt8(ascii: "-") {
        name = "." + name
      }
      var result = name
      var number = 1
      while !taken.insert(result).inserted {
        result = "\(name)_\(number)"
        number += 1
      }
      return result
    }
    func add(
      _ name: String, _ operation: String, inputs: [String], results: [Int],
      attributes: [(String, Attribute)] = []
    ) {
      writer.message(1) { node in
        node.string(1, name)
        node.string(2, operation)
        for input in inputs { node.string(3, input) }
        Self.attribute(&node, "_output_shapes") {
          $0.message(1) { list in
            for result in results { Summary.shape(&list, 7, graph.valueShapes[result].shape) }
          }
        }
        if let first = results.first {
          Self.attribute(&node, "dtype") {
            $0.integer(6, Self.numbers[graph.valueShapes[first].dtype] ?? 0)
          }
        }
        for (key, value) in attributes { Self.attribute(&node, key) { Self.write(value, &$0) } }
      }
    }

    for (index, value) in graph.inputValues.enumerated() {
      names[value] = unique(index == 0 ? "input" : "input_\(index)")
      add(names[value], "Placeholder", inputs: [], results: [value])
    }
    // The module whose parameter it is.
    var scopes: [Int: String] = [:]
    for (value, tensor) in graph.constantValues {
      let parameter = parameters[ObjectIdentifier(tensor.storage)]
      let path = parameter?.split(separator: ".").joined(separator: "/")
      if let path, let slash = path.lastIndex(of: "/") { scopes[value] = String(path[..<slash]) }
      names[value] = unique(path ?? "constant")
      add(names[value], path == nil ? "Const" : "Parameter", inputs: [], results: [value])
    }
    for node in graph.nodes {
      let scope = node.operands.lazy.compactMap { scopes[$0] }.first
      let name = unique(scope.map { "\($0)/\(node.name)" } ?? node.name)
      for (index, result) in node.results.enumerated() {
        names[result] = index == 0 ? name : "\(name):\(index)"
      }
      add(
        name, node.name, inputs: node.operands.map { names[$0] }, results: node.results,
        attributes: node.attributes)
    }
    for (index, value) in graph.outputValues.enumerated() {
      add(
        unique(index == 0 ? "output" : "output_\(index)"), "Identity", inputs: [names[value]],
        results: [value])
    }
    writer.message(4) { $0.integer(1, 22) }
    bytes = writer.bytes
  }

  /// `attr = 5`, a map of names to values.
  private static func attribute(
    _ node: inout ProtoWriter, _ key: String, _ value: (inout ProtoWriter) -> Void
  ) {
    node.message(5) {
      $0.string(1, key)
      $0.message(2, value)
    }
  }

  /// Fills an `AttrValue`.
  private static func write(_ attribute: Attribute, _ writer: inout ProtoWriter) {
    switch attribute {
    case .int(let value): writer.integer(3, value)
    case .ints(let values):
      writer.message(1) { list in
        list.data(3, ProtoWriter.varints(values))
      }
    case .double(let value): writer.float(4, Float(value))
    case .bool(let value): writer.flag(5, value)
    case .string(let value): writer.string(2, value)
    }
  }

  /// Types' numbers in TensorFlow's `types.proto`, where 0 is none.
  private static let numbers: [DType: Int] = [
    .float32: 1, .float64: 2, .int32: 3, .uint8: 4, .int16: 5, .int8: 6, .int64: 9, .bool: 10,
    .bfloat16: 14, .float16: 19,
  ]
}
