import Synchronization
import Tensors

/// The hooks of one module; made when the first is registered.
public final class ModuleHooks {
  typealias PreHook = (Module, [Tensor]) -> [Tensor]?
  typealias ForwardHook = (Module, [Tensor], Tensor) -> Tensor?
  typealias BackwardHook = (Module, [Tensor?], [Tensor?]) -> [Tensor?]?

  var before = HookList<PreHook>()
  var after = HookList<ForwardHook>()
  var backward = HookList<BackwardHook>()

  init() {}

  /// The same hooks, from which others are taken away than from these.
  func copied() -> ModuleHooks {
    let copy = ModuleHooks()
    (copy.before, copy.after, copy.backward) = (before, after, backward)
    return copy
  }

  var isEmpty: Bool {
    before.entries.isEmpty && after.entries.isEmpty && backward.entries.isEmpty
  }

  /// A forward pass with the hooks in PyTorch's order: pre-hooks, the pass, forward hooks; gradients
  /// are looked at where the inputs enter and where the output leaves.
  @usableFromInline
  func run<Rest>(
    _ module: Module, _ given: [Tensor], _ body: ([Tensor]) throws -> (Tensor, Rest)
  ) rethrows -> (output: Tensor, rest: Rest) {
    if Capture.isOn {
      Capture.refuse("\(type(of: module)) has hooks, which are called each time", isLasting: false)
    }
    var inputs = given
    for hook in before.calls {
      guard let replaced = hook(module, inputs) else { continue }
      require(
        replaced.count == inputs.count, "forward pre-hook of \(type(of: module))",
        "it returned \(replaced.count) inputs in place of \(inputs.count)")
      inputs = replaced
    }
    let pass = backward.entries.isEmpty || !isGradEnabled ? nil : BackwardPass(module, self)
    if let pass { inputs = pass.enter(inputs) }
    var (output, rest) = try body(inputs)
    for hook in after.calls {
      if let replaced = hook(module, inputs, output) { output = replaced }
    }
    if let pass { output = pass.leave(output) }
    return (output, rest)
  }
}

/// Hooks of one kind in the order of registration, each with a number that no other ever has.
struct HookList<Hook> {
  private(set) var entries: [(id: UInt64, call: Hook)] = []

  /// The hooks as they are now: one may take itself away while it runs.
  var calls: [Hook] { entries.map(\.call) }

  mutating func add(_ hook: Hook) -> UInt64 {
    let id = lastHookNumber.wrappingAdd(1, ordering: .relaxed).newValue
    entries.append((id, hook))
    return id
  }

  mutating func remove(_ id: UInt64) { entries.removeAll { $0.id == id } }
}

private let lastHookNumber = Atomic<UInt64>(0)

/// One forward pass whose gradients are looked at. It lives in the graph, and ends with it.
private final class BackwardPass {
  private let module: Module
  private let hooks: ModuleHooks
  private var inputCount = 0
  private var wantsInputs = false
  private var outputGradients: [Tensor?] = []

  init(_ module: Module, _ hooks: ModuleHooks) { (self.module, self.hooks) = (module, hooks) }

  func enter(_ inputs: [Tensor]) -> [Tensor] {
    inputCount = inputs.count
    wantsInputs = inputs.contains(where: \.requiresGrad)
    guard wantsInputs else { return inputs }
    return Tensor.tapped(inputs) { [self] gradients in
      defer { outputGradients = [] }
      return call(gradients)
    }
  }

  func leave(_ output: Tensor) -> Tensor {
    guard output.requiresGrad else { return output }
    return Tensor.tapped([output]) { [self] gradients in
      outputGradients = gradients
      // Where no input wants a gradient, nothing else will come by.
      if !wantsInputs { _ = call([Tensor?](repeating: nil, count: inputCount)) }
      return gradients
    }[0]
  }

  private func call(_ gradients: [Tensor?]) -> [Tensor?] {
    var gradients = gradients
    for hook in hooks.backward.calls {
      guard let replaced = hook(module, gradients, outputGradients) else { continue }
      require(
        replaced.count == gradients.count, "backward hook of \(type(of: module))",
        "it returned \(replaced.count) gradients in place of \(gradients.count)")
      gradients = replaced
    }
    return gradients
  }
}
