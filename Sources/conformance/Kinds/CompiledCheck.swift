import NN
import Tensors

/// Compares a function with what `compile` makes of it: outputs, gradients, the module's buffers and the
/// random generator, in bits, over several calls.
struct CompiledCheck {
  let seed: UInt64
  /// What the function is of; nil for an operator.
  let module: Module?

  /// Why a function may be computed eagerly, by the beginning of what is told.
  private static let reasons = [
    "the function looks at values", "the size of what", "it uses a tensor of", "it takes",
    "it computes",
    "what it returns",
  ]

  private struct Call {
    let outputs: [Tensor]
    let gradients: [Tensor?]
  }

  /// - Parameters:
  ///   - inputs: The function's tensors; those that require a gradient are leaves.
  ///   - readsValues: Whether its way depends on them, so that they stay what they are.
  ///   - isDetermined: Whether the function's values follow from its inputs and the generator.
  ///   - function: Computes outputs from as many tensors.
  func run(
    inputs: [Tensor], readsValues: Bool, isDetermined: Bool = true,
    function: @escaping ([Tensor]) throws -> [Tensor]
  ) throws {
    // Hundreds of functions fall back, each at the same place.
    Failure.placesFallbacks = false
    let buffers = module?.namedBuffers().map(\.buffer) ?? []
    let before = buffers.map(\.value)
    let factors = [1, readsValues ? 1 : 0.75, 1, readsValues ? 1 : 0.75]

    func calls(_ function: ([Tensor]) throws -> [Tensor]) throws -> (calls: [Call], state: [UInt8])
    {
      for (buffer, value) in zip(buffers, before) { buffer.value = value }
      manualSeed(seed)
      let calls = try factors.map { factor in
        let copies = inputs.map { ReplayCheck.copy($0, times: factor) }
        let outputs = try function(copies)
        return Call(outputs: outputs, gradients: gradients(outputs, copies))
      }
      return (calls, Generator.default.state)
    }

    let (expected, state) = try calls(function)
    let after = buffers.map(\.value)
    let compiled = compile { (inputs: [Tensor]) in try function(inputs) }
    let (got, gotState) = try calls { try compiled($0) }
    if let fallback = compiled.fallback {
      guard Self.reasons.contains(where: { fallback.hasPrefix($0) }) else {
        throw Mismatch("compiled: computed eagerly: \(fallback)")
      }
    } else if compiled.replayCount != 2 {
      throw Mismatch("compiled: \(compiled.replayCount) of the last two calls were replayed")
    }
    guard isDetermined else { return }
    for (index, pair) in zip(got, expected).enumerated() {
      try compare(pair.0, pair.1, "compiled, call \(index)")
    }
    for (index, pair) in zip(buffers, after).enumerated() {
      try ReplayCheck.checkBits(pair.0.value, pair.1, "compiled: buffer \(index)")
    }
    guard gotState == state else { throw Mismatch("compiled: the generator is elsewhere") }
  }

  private func compare(_ got: Call, _ expected: Call, _ what: String) throws {
    guard got.outputs.count == expected.outputs.count else {
      throw Mismatch("\(what): \(got.outputs.count) outputs instead of \(expected.outputs.count)")
    }
    for (index, (got, expected)) in zip(got.outputs, expected.outputs).enumerated() {
      try ReplayCheck.checkBits(got, expected, "\(what): output \(index)")
      guard got.requiresGrad == expected.requiresGrad, got.strides == expected.strides else {
        throw Mismatch("\(what): output \(index) has lost its graph or its strides")
      }
    }
    for (index, pair) in zip(got.gradients, expected.gradients).enumerated() {
      switch pair {
      case (nil, nil): continue
      case (let got?, let expected?):
        try ReplayCheck.checkBits(got, expected, "\(what): gradient \(index)")
      default: throw Mismatch("\(what): gradient \(index) is there only once")
      }
    }
  }

  private func gradients(_ outputs: [Tensor], _ inputs: [Tensor]) -> [Tensor?] {
    let roots = outputs.filter(\.requiresGrad)
    let parameters = module?.parameters().map(\.value) ?? []
    let leaves = (inputs + parameters).filter(\.requiresGrad)
    if roots.isEmpty || leaves.isEmpty { return [] }
    return grad(
      of: roots, withRespectTo: leaves, gradients: roots.map { Tensor.ones(like: $0) })
  }
}
