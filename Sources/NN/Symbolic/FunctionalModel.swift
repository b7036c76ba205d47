import Tensors

/// A model that is a graph of layers between inputs and outputs (Keras' `Model(inputs, outputs)`).
///
/// ```swift
/// let (image, words) = (Input(1, 28, 28), Input(nil, dtype: .int64))
/// let seen = ReLU()(Linear(784, 64)(Flatten()(image)))
/// let read = Embedding(1000, 64)(words).map { $0.mean(dim: 1) }
/// let both = SymbolicTensor.cat([seen, read])
/// let model = FunctionalModel(inputs: [image, words], outputs: [Linear(128, 10)(both), Linear(128, 1)(both)])
/// print(model.summary())
/// let outputs = model([images, ids])
/// ```
///
/// Layers are named after their types in the order of computation (`linear`, `linear_1`, …), or as they
/// were when called: `fc(x, named: "fc")`. A layer that was called several times is there once.
public final class FunctionalModel: Module, Layer {
  /// What the model is given.
  public let inputs: [Input]
  /// The outputs' shapes, nil for sizes that vary.
  public let outputShapes: [[Int?]]
  private let layers: ModuleEntries<Module>
  private let steps: [(operands: [Int], compute: ([Tensor]) -> Tensor)]
  private let results: [Int]

  /// A model of one output.
  public convenience init(inputs: Input..., outputs: SymbolicTensor) {
    self.init(inputs: inputs, outputs: [outputs])
  }

  /// A model of any number of inputs and outputs. Every ``Input`` that an output depends on is among the
  /// inputs.
  public init(inputs: [Input], outputs: [SymbolicTensor]) {
    let name = "FunctionalModel"
    require(!inputs.isEmpty && !outputs.isEmpty, name, "it needs inputs and outputs")
    var places: [ObjectIdentifier: Int] = [:]
    for input in inputs {
      let isNew = places.updateValue(places.count, forKey: ObjectIdentifier(input)) == nil
      require(isNew, name, "an input is given twice")
    }
    var order: [SymbolicTensor.Step] = []
    var steps: [(operands: [Int], compute: ([Tensor]) -> Tensor)] = []
    func place(_ tensor: SymbolicTensor) -> Int {
      if let known = places[ObjectIdentifier(tensor)] { return known }
      guard case .step(let step) = tensor.source else {
        fail(
          name,
          "an output depends on an Input of \(sizes(tensor.shape)) that is not among the inputs")
      }
      let operands = step.operands.map(place)
      steps.append((operands, step.compute))
      order.append(step)
      let number = inputs.count + steps.count - 1
      places[ObjectIdentifier(tensor)] = number
      return number
    }
    results = outputs.map(place)
    self.inputs = inputs
    self.steps = steps
    outputShapes = outputs.map(\.shape)
    layers = Self.named(order)
  }

  private static func named(_ order: [SymbolicTensor.Step]) -> ModuleEntries<Module> {
    var entries = ModuleEntries<Module>()
    for step in order {
      guard let module = step.module, !entries.elements.contains(where: { $0 === module }) else {
        continue
      }
      let stem = step.name ?? snakeCased("\(type(of: module))".prefix { $0 != "<" }.description)
      var name = stem
      var number = 0
      while step.name == nil, entries.place(name) != nil {
        number += 1
        name = "\(stem)_\(number)"
      }
      entries.append(module, name, of: "FunctionalModel")
    }
    return entries
  }

  /// The layers stand directly below the model's own name.
  public override class var stateNames: [String: String] { ["layers": ""] }

  /// The layer of a name; nil where there is none.
  public subscript(name: String) -> Module? { layers.place(name).map { layers.elements[$0] } }

  /// The output of a model of one input and one output.
  public func forward(_ x: Tensor) -> Tensor {
    let outputs = run([x])
    require(
      outputs.count == 1, "FunctionalModel",
      "it has \(outputs.count) outputs: call it with a list of inputs")
    return outputs[0]
  }

  /// The outputs for all inputs, with the model's hooks, which see the first output.
  public func callAsFunction(_ inputs: [Tensor]) -> [Tensor] {
    guard let hooks else { return run(inputs) }
    let (first, rest) = hooks.run(self, inputs) { inputs in
      let outputs = run(inputs)
      return (outputs[0], Array(outputs.dropFirst()))
    }
    return [first] + rest
  }

  private func run(_ given: [Tensor]) -> [Tensor] {
    require(
      given.count == inputs.count, "FunctionalModel",
      "it takes \(inputs.count) inputs, not \(given.count)")
    for (tensor, input) in zip(given, inputs) {
      require(
        tensor.rank == input.shape.count
          && zip(tensor.shape, input.shape).allSatisfy { $1 == nil || $0 == $1 },
        "FunctionalModel",
        "an input of \(tensor.shape) is none of \(sizes(input.shape))")
    }
    var values = given
    values.reserveCapacity(given.count + steps.count)
    for step in steps { values.append(step.compute(step.operands.map { values[$0] })) }
    return results.map { values[$0] }
  }

  /// What the model consists of and what a pass of a batch costs, layer by layer: ``ModelSummary``. Sizes
  /// that vary are taken to be 16.
  public func summary(batchSize: Int = 1) -> ModelSummary {
    let zeros = inputs.map { input in
      Tensor.zeros(
        [batchSize] + input.probes[0].shape.dropFirst(), dtype: input.dtype)
    }
    return summary { model in _ = model(zeros) }
  }
}

/// A shape as it is said: `[any, 4]`.
private func sizes(_ shape: [Int?]) -> String {
  "[\(shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", "))]"
}
