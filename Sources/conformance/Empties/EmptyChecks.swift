import NN
import Tensors

/// What the calls of operators and modules have in common: empty tensors, and gradients.
extension EmptyCall {
  /// A tensor of a case, or an empty one in its place.
  func tensor(_ key: String, _ tensors: TensorFile) throws -> Tensor {
    let tensor = try tensors.tensor(key)
    return empty?[key].map { .zeros($0, dtype: tensor.dtype) } ?? tensor
  }

  /// Compares the results, and the gradients that ones in their place bring.
  func compare(_ results: [Tensor], _ leaves: [String: Tensor]) throws {
    let roots = results.filter(\.requiresGrad)
    let names = leaves.keys.sorted().filter { grads?[$0] != nil || refuses }
    DirtyMemory.spread()
    let gradients =
      roots.isEmpty || names.isEmpty
      ? []
      : grad(
        of: roots, withRespectTo: names.compactMap { leaves[$0] },
        gradients: roots.map { .ones(like: $0) })
    if refuses { throw Mismatch("PyTorch refuses this") }
    let expected = outputs ?? []
    guard results.count == expected.count else {
      throw Mismatch("expected \(expected.count) outputs, got \(results.count)")
    }
    for (index, result) in results.enumerated() {
      try expected[index].check(result, "output \(index)", Tolerance.outputs)
    }
    for (index, name) in names.enumerated() {
      guard let leaf = leaves[name], let wanted = grads?[name] else { continue }
      // No gradient stands for zeros.
      let gradient = gradients.isEmpty ? nil : gradients[index]
      try wanted.check(gradient ?? .zeros(like: leaf), "gradient of \(name)", Tolerance.gradients)
    }
  }
}

/// Runs an operator's case with empty tensors.
struct EmptyOperatorCheck {
  let call: EmptyCall
  let item: OperatorCase
  let tensors: TensorFile

  func run(_ row: Registry.Row) throws {
    var leaves: [String: Tensor] = [:]
    func input(_ key: String, _ requiresGrad: Bool) throws -> Tensor {
      var tensor = try call.tensor(key, tensors)
      if requiresGrad {
        tensor.requiresGrad = true
        leaves[key] = tensor
      }
      return tensor
    }
    let arguments = Call(
      try item.args.map { try $0.value(input) }, try item.kwargs.mapValues { try $0.value(input) })
    manualSeed(OperatorCheck.seed)
    DirtyMemory.spread()
    let results = try row.compute(arguments).flattened
    try arguments.requireAllRead()
    try call.compare(
      try results.map { value in
        guard case .tensor(let tensor) = value else { throw Unsupported("result \(value.form)") }
        return tensor
      }, leaves)
  }
}

/// Runs a module with empty inputs: a case's, or zeros with every parameter at a quarter.
struct EmptyModuleCheck {
  let call: EmptyCall
  let item: ModuleCase?
  let tensors: TensorFile?

  func run(_ row: ModuleRegistry.Row) throws {
    var leaves: [String: Tensor] = [:]
    func input(_ name: String, _ requiresGrad: Bool) throws -> Tensor {
      guard let item, let tensors else { throw RunnerError("no case with a tensor \(name)") }
      var tensor = try call.tensor("\(item.id).\(name)", tensors)
      if requiresGrad {
        tensor.requiresGrad = true
        leaves[name] = tensor
      }
      return tensor
    }
    guard let constructor = call.constructor ?? item?.constructor else {
      throw RunnerError("neither a case nor a constructor")
    }
    let settings = Call(
      try constructor.args.map { try $0.value(input) },
      try constructor.kwargs.mapValues { try $0.value(input) })
    let (module, forward) = try row(settings)
    try settings.requireAllRead()
    try fill(module)
    module.train(call.training ?? true)
    let arguments: Call
    if let inputs = call.forward {
      let values = inputs.enumerated().map { index, input in
        var tensor = Tensor.zeros(input.shape, dtype: input.ids ? .int64 : .float32)
        if !input.ids {
          tensor.requiresGrad = true
          leaves["in.\(index)"] = tensor
        }
        return Value.tensor(tensor)
      }
      arguments = Call(values, [:])
    } else {
      arguments = Call(
        try item?.forward.args.map { try $0.value(input) } ?? [],
        try item?.forward.kwargs.mapValues { try $0.value(input) } ?? [:])
    }
    for (name, parameter) in module.namedParameters() { leaves[name] = parameter.value }
    manualSeed(OperatorCheck.seed)
    DirtyMemory.spread()
    let results = try forward(arguments)
    try arguments.requireAllRead()
    try call.compare(results, leaves)
    let state = module.stateDict()
    for (name, expected) in call.after ?? [:] {
      guard let buffer = state[name] else { throw Mismatch("no buffer \(name)") }
      try expected.check(buffer, "\(name) afterwards", Tolerance.outputs)
    }
  }

  /// The case's state, or a quarter everywhere.
  private func fill(_ module: Module) throws {
    guard let item, let tensors else {
      for parameter in module.parameters() { Init.constant(parameter, 0.25) }
      return
    }
    var state = StateDict()
    for name in item.state { state[name] = try tensors.tensor("\(item.id).state.\(name)") }
    do {
      _ = try module.load(state)
    } catch {
      throw Mismatch("\(error)")
    }
  }
}
