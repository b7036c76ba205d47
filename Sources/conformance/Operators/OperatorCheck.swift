import Tensors

/// Runs one operator case: the call, its results, and the gradients of its inputs.
struct OperatorCheck {
  let item: OperatorCase
  let tensors: TensorFile
  let strided: Bool
  /// What the generator was set to before each case was computed.
  static let seed: UInt64 = 42

  /// The tensors among the arguments, in a fixed order; those that require a gradient are leaves.
  func inputs() throws -> [Tensor] {
    var inputs: [Tensor] = []
    _ = try arguments { key, requiresGrad in
      var tensor = try tensors.tensor(key)
      if strided && tensor.dtype.isFloatingPoint { tensor = Strided.view(of: tensor) }
      if requiresGrad && item.cotangents != nil { tensor.requiresGrad = true }
      inputs.append(tensor)
      return tensor
    }
    return inputs
  }

  /// The arguments with other tensors in the places of ``inputs()``.
  func call(_ inputs: [Tensor]) throws -> Call {
    var rest = inputs[...]
    return try arguments { key, _ in
      guard let tensor = rest.popFirst() else { throw RunnerError("no tensor for \(key)") }
      return tensor
    }
  }

  private func arguments(_ tensor: (String, Bool) throws -> Tensor) throws -> Call {
    Call(
      try item.args.map { try $0.value(tensor) },
      Dictionary(
        uniqueKeysWithValues: try item.kwargs.sorted { $0.key < $1.key }
          .map { ($0.key, try $0.value.value(tensor)) }))
  }

  func run(_ row: Registry.Row) throws {
    var leaves: [String: Tensor] = [:]
    func input(_ key: String, _ requiresGrad: Bool) throws -> Tensor {
      var tensor = try tensors.tensor(key)
      if strided && tensor.dtype.isFloatingPoint { tensor = Strided.view(of: tensor) }
      // Cases without cotangents are forward only, whatever their inputs say.
      if requiresGrad && item.cotangents != nil {
        tensor.requiresGrad = true
        leaves[key] = tensor
      }
      return tensor
    }
    let call = Call(
      try item.args.map { try $0.value(input) }, try item.kwargs.mapValues { try $0.value(input) })
    manualSeed(OperatorCheck.seed)
    let got = try row.compute(call).flattened
    try call.requireAllRead()
    try compareOutputs(got)
    if item.compare == "shape" {
      if let reconstruct = row.reconstruct { try reconstruct(got, call) }
      if !row.comparesGradients { return }
    }
    try compareGradients(got, leaves)
  }

  private func compareOutputs(_ got: [Value]) throws {
    guard got.count == item.outputs.count else {
      throw Mismatch("expected \(item.outputs.count) outputs, got \(got.count)")
    }
    for (index, form) in item.outputs.enumerated() {
      let expected = try form.value { key, _ in try tensors.tensor(key) }
      let what = "output \(index)"
      switch (got[index], expected) {
      case (.tensor(let got), .tensor(let expected)):
        if item.compare == "shape" {
          try Comparison.checkShape(got, expected, what)
        } else {
          try Comparison.check(got, expected, what, Tolerance.outputs)
        }
      case (.bool(let got), .bool(let expected)) where got == expected: break
      case (.int(let got), .int(let expected)) where got == expected: break
      case (.dtype(let got), .dtype(let expected)) where got == expected: break
      case (.none, .none): break
      case (.double(let got), .double(let expected)):
        try Comparison.check(
          Tensor(got, dtype: .float64), Tensor(expected, dtype: .float64), what, Tolerance.outputs)
      default:
        throw Mismatch("\(what): expected \(expected), got \(got[index])")
      }
    }
  }

  private func compareGradients(_ got: [Value], _ leaves: [String: Tensor]) throws {
    guard let cotangents = item.cotangents, let grads = item.grads, !grads.isEmpty else { return }
    var roots: [Tensor] = []
    var gradients: [Tensor] = []
    for (index, key) in cotangents.enumerated() {
      guard let key else { continue }
      guard case .tensor(let output) = got[index], output.requiresGrad else {
        throw Mismatch("output \(index) is not differentiable")
      }
      roots.append(output)
      gradients.append(try tensors.tensor(key))
    }
    let keys = grads.keys.sorted()
    let inputs = try keys.map { key in
      guard let leaf = leaves[key] else { throw RunnerError("no input \(key) requires a gradient") }
      return leaf
    }
    let results = grad(of: roots, withRespectTo: inputs, gradients: gradients)
    for (index, key) in keys.enumerated() {
      guard let expectedKey = grads[key] else { continue }
      let expected = try tensors.tensor(expectedKey)
      // No gradient stands for zeros.
      let result = results[index] ?? Tensor.zeros(like: inputs[index])
      try Comparison.check(result, expected, "gradient of \(key)", Tolerance.gradients)
    }
  }
}

/// Tensors whose elements do not lie one after the other.
enum Strided {
  /// The same values: dimensions in the reverse order in memory, or every second element of a
  /// vector. What lies between is NaN, so that reading it shows.
  static func view(of tensor: Tensor) -> Tensor {
    switch tensor.rank {
    case 0: return tensor
    case 1:
      let gaps = Tensor.full(tensor.shape, Double.nan, dtype: tensor.dtype)
      return Tensor.stack([tensor, gaps], dim: 1).select(dim: 1, index: 0)
    default:
      let reversed = Array((0..<tensor.rank).reversed())
      return tensor.permuted(reversed).contiguous().permuted(reversed)
    }
  }
}
