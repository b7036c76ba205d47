import NN
import Tensors

/// Runs one module case: construction, state, forward pass, gradients, changed buffers.
struct ModuleCheck {
  let item: ModuleCase
  let tensors: TensorFile
  let strided: Bool

  private func key(_ name: String) -> String { "\(item.id).\(name)" }

  /// The module with the case's state and mode, and how it is called.
  func prepared(
    _ row: ModuleRegistry.Row
  ) throws -> (settings: Call, module: Module, forward: ModuleRegistry.Forward) {
    manualSeed(42)
    let settings = try call(item.constructor) { name, _ in try tensors.tensor(key(name)) }
    let (module, forward) = try row(settings)
    try load(module)
    module.train(item.training)
    return (settings, module, forward)
  }

  /// The tensors among the forward arguments, in a fixed order; those that require a gradient are
  /// leaves.
  func inputs() throws -> [Tensor] {
    var inputs: [Tensor] = []
    _ = try call(item.forward) { name, requiresGrad in
      var tensor = try tensors.tensor(key(name))
      if strided && tensor.dtype.isFloatingPoint { tensor = Strided.view(of: tensor) }
      if requiresGrad { tensor.requiresGrad = true }
      inputs.append(tensor)
      return tensor
    }
    return inputs
  }

  /// The forward arguments with other tensors in the places of ``inputs()``.
  func call(_ inputs: [Tensor]) throws -> Call {
    var rest = inputs[...]
    return try call(item.forward) { name, _ in
      guard let tensor = rest.popFirst() else { throw RunnerError("no tensor for \(name)") }
      return tensor
    }
  }

  func run(_ row: ModuleRegistry.Row) throws {
    let (settings, module, forward) = try prepared(row)
    try settings.requireAllRead()
    var leaves: [String: Tensor] = [:]
    let inputs = try call(item.forward) { name, requiresGrad in
      var tensor = try tensors.tensor(key(name))
      if strided && tensor.dtype.isFloatingPoint { tensor = Strided.view(of: tensor) }
      if requiresGrad {
        tensor.requiresGrad = true
        leaves[name] = tensor
      }
      return tensor
    }
    let outputs = try forward(inputs)
    try inputs.requireAllRead()
    guard outputs.count == item.outputs else {
      throw Mismatch("expected \(item.outputs) outputs, got \(outputs.count)")
    }
    for (index, output) in outputs.enumerated() {
      let expected = try tensors.tensor(key("out.\(index)"))
      try Comparison.check(output, expected, "output \(index)", Tolerance.outputs)
    }
    try compareBuffers(module)
    try compareGradients(outputs, module, leaves)
  }

  private func call(
    _ arguments: ModuleCase.Arguments, _ tensor: (String, Bool) throws -> Tensor
  ) throws -> Call {
    Call(
      try arguments.args.map { try $0.value(tensor) },
      Dictionary(
        uniqueKeysWithValues: try arguments.kwargs.sorted { $0.key < $1.key }
          .map { ($0.key, try $0.value.value(tensor)) }))
  }

  /// Gives the module the case's values; its names must be the case's.
  private func load(_ module: Module) throws {
    var state = StateDict()
    for name in item.state { state[name] = try tensors.tensor(key("state.\(name)")) }
    let own = module.stateDict().names.sorted()
    guard own == item.state.sorted() else {
      throw Mismatch("state: expected \(item.state.sorted()), got \(own)")
    }
    do {
      _ = try module.load(state)
    } catch {
      throw Mismatch("\(error)")
    }
  }

  private func compareBuffers(_ module: Module) throws {
    let state = module.stateDict()
    for name in item.state {
      guard let expected = try? tensors.tensor(key("after.\(name)")) else { continue }
      guard let got = state[name] else { throw Mismatch("no buffer \(name)") }
      try Comparison.check(got, expected, "\(name) afterwards", Tolerance.outputs)
    }
  }

  private func compareGradients(
    _ outputs: [Tensor], _ module: Module, _ leaves: [String: Tensor]
  ) throws {
    guard !item.grads.isEmpty else { return }
    var roots: [Tensor] = []
    var gradients: [Tensor] = []
    for index in item.cotangents.compactMap({ $0 }) {
      guard outputs[index].requiresGrad else {
        throw Mismatch("output \(index) is not differentiable")
      }
      roots.append(outputs[index])
      gradients.append(try tensors.tensor(key("cot.\(index)")))
    }
    var parameters: [String: Tensor] = [:]
    for (name, parameter) in module.namedParameters() { parameters[name] = parameter.value }
    let targets = try item.grads.map { name in
      guard let target = leaves[name] ?? parameters[name] else {
        throw Mismatch("nothing named \(name) requires a gradient")
      }
      return target
    }
    let results = grad(of: roots, withRespectTo: targets, gradients: gradients)
    for (index, name) in item.grads.enumerated() {
      let expected = try tensors.tensor(key("grad.\(name)"))
      let result = results[index] ?? Tensor.zeros(like: targets[index])
      try Comparison.check(result, expected, "gradient of \(name)", Tolerance.gradients)
    }
  }
}
