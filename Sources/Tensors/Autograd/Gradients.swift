/// Gradients: asking for them, reading them, and the walk that computes them.
extension Tensor {
  /// Whether a gradient flows back to or through this tensor (`requires_grad`).
  ///
  /// Setting it makes this value a leaf of its own over the same storage: copies made before keep
  /// what they were.
  public var requiresGrad: Bool {
    get { body.autograd != nil }
    set {
      if newValue {
        guard body.autograd == nil else { return }
        require(
          dtype.isFloatingPoint, "requiresGrad",
          "only floating-point tensors have gradients, not \(dtype)")
        let leaf = restrided(shape: shape, strides: strides, offset: storageOffset)
        leaf.body.autograd = AutogradMeta(leaf: TensorMeta(shape: shape, dtype: dtype))
        self = leaf
      } else {
        self = bare
      }
    }
  }

  /// A leaf over the same values that requires a gradient, for use in an expression.
  public func requiringGrad() -> Tensor {
    var leaf = detach()
    leaf.requiresGrad = true
    return leaf
  }

  /// The new value of a variable that holds this tensor. Where nothing is recorded, a leaf's place is
  /// taken by a leaf with the same gradient, as by PyTorch's operations in place.
  func replaced(by value: Tensor) -> Tensor {
    guard requiresGrad, isLeaf, !isGradEnabled, value.shape == shape, value.dtype == dtype else {
      return value
    }
    let leaf = value.requiringGrad()
    leaf.grad = grad
    return leaf
  }

  /// Whether the tensor was made by the user and not by a recorded operation (`is_leaf`).
  public var isLeaf: Bool { body.autograd?.isLeaf ?? true }

  /// The accumulated gradient (`Tensor.grad`): of a leaf that requires one, or of a tensor after
  /// ``retainGrad()``. Any tensor can be told to have none.
  public var grad: Tensor? {
    get {
      if Capture.isOn { Capture.refuse("a gradient is read inside the function") }
      return body.autograd?.gradient
    }
    nonmutating set {
      if Capture.isOn { Capture.refuse("a gradient is set inside the function") }
      if let newValue {
        require(
          body.autograd != nil, "grad",
          "a tensor that does not require a gradient cannot hold one")
        require(
          newValue.shape == shape, "grad",
          "a gradient of \(newValue.shape) for a tensor of \(shape)")
      }
      body.autograd?.gradient = newValue
    }
  }

  /// The operation that made this tensor, nil for a leaf (`grad_fn`). Its
  /// ``Node/inputNodes`` lead through the graph.
  public var gradFunction: Node? {
    guard let autograd = body.autograd, !autograd.isLeaf else { return nil }
    return autograd.edge.node
  }

  /// Keeps the gradient of a tensor that is not a leaf, for ``grad`` (`retain_grad`).
  ///
  /// Asking twice is asking once.
  public func retainGrad() {
    guard let autograd = body.autograd, !autograd.isLeaf else { return }
    if Capture.isOn { Capture.refuse("retainGrad is called inside the function") }
    let node = autograd.edge.node
    guard !node.retained.contains(where: { $0.meta === autograd }) else { return }
    node.retained.append(Retained(output: autograd.edge.output, meta: autograd))
  }

  /// Calls a closure with the gradient that flows into this tensor; what it returns, if anything,
  /// takes the gradient's place (`register_hook`).
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
    guard let edge = body.autograd?.edge else {
      fail("registerHook", "this tensor requires no gradient, so none will flow into it")
    }
    if Capture.isOn { Capture.refuse("registerHook is called inside the function") }
    let node = edge.node
    let token = HookToken()
    node.hooks.append((edge.output, token, hook))
    return HookHandle { [weak node] in node?.hooks.removeAll { $0.token === token } }
  }

  /// Calls a closure with the gradient that flows into this tensor.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
    registerHook { gradient -> Tensor? in
      hook(gradient)
      return nil
    }
  }

  /// Calls a closure with this leaf when a backward pass has added to its gradient, which ``grad`` then
  /// holds (`register_post_accumulate_grad_hook`).
  ///
  /// ``grad(of:withRespectTo:gradients:retainGraph:createGraph:)`` adds to no gradient, and calls none.
  /// - Precondition: It is a leaf that requires a gradient.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerPostAccumulateGradHook(
    _ hook: @escaping (_ leaf: Tensor) -> Void
  ) -> HookHandle {
    guard let meta = body.autograd, meta.isLeaf else {
      fail(
        "registerPostAccumulateGradHook", "only a leaf that requires a gradient accumulates one")
    }
    if Capture.isOn {
      Capture.refuse("registerPostAccumulateGradHook is called inside the function")
    }
    let token = HookToken()
    meta.accumulationHooks.append(
      (token, { [weak body] in if let body { hook(Tensor(body)) } }))
    return HookHandle { [weak meta] in meta?.accumulationHooks.removeAll { $0.token === token } }
  }

  /// Computes the gradients of this tensor with respect to every leaf it came from, adding them to
  /// the leaves' ``grad``.
  ///
  /// - Parameters:
  ///   - gradient: The gradient of this tensor; may be left out for a tensor of one element (1).
  ///   - retainGraph: Keep saved values, so that the graph can be walked again.
  ///   - createGraph: Record the walk itself, for derivatives of the gradients.
  public func backward(
    gradient: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false
  ) {
    if Capture.isOn { Capture.walk(self, gradient, retainGraph, createGraph) }
    _ = BackwardWalk.run(
      roots: [root(gradient, "backward")], captures: nil, retainGraph: retainGraph || createGraph,
      createGraph: createGraph)
  }

  func root(_ gradient: Tensor?, _ operation: String) -> (edge: Edge, gradient: Tensor) {
    guard let edge = body.autograd?.edge else {
      fail(operation, "this tensor requires no gradient and was not computed from one that does")
    }
    if let gradient {
      require(
        gradient.shape == shape, operation,
        "a gradient of \(gradient.shape) for an output of \(shape)")
      return (edge, gradient.to(dtype))
    }
    require(
      count == 1, operation,
      "the gradient can be left out only for a tensor of one element; this one is \(shape)")
    return (edge, Tensor.full(shape, 1, dtype: dtype))
  }
}

/// The gradients of outputs with respect to inputs, without touching any leaf's `grad`
/// (`torch.autograd.grad`).
///
/// - Parameters:
///   - outputs: The tensors to differentiate.
///   - inputs: The tensors to differentiate by: leaves or results on the way.
///   - gradients: The outputs' gradients; nil stands for 1 of a one-element output.
///   - retainGraph: Keep saved values; by default where `createGraph` is.
///   - createGraph: Record the walk, for higher derivatives.
/// - Returns: One gradient per input, nil where an output does not depend on it.
public func grad(
  of outputs: [Tensor], withRespectTo inputs: [Tensor], gradients: [Tensor?] = [],
  retainGraph: Bool? = nil, createGraph: Bool = false
) -> [Tensor?] {
  if Capture.isOn { Capture.refuse("grad(of:withRespectTo:) is called inside the function") }
  let captures = inputs.enumerated().map { index, input in
    guard let edge = input.body.autograd?.edge else {
      fail("grad", "input \(index) \(input.shape) requires no gradient")
    }
    return edge
  }
  let roots = outputs.enumerated().map { index, output in
    output.root(index < gradients.count ? gradients[index] : nil, "grad")
  }
  return BackwardWalk.run(
    roots: roots, captures: captures, retainGraph: retainGraph ?? createGraph,
    createGraph: createGraph)
}

/// The gradient of one tensor with respect to another (`torch.autograd.grad`), which it must depend on:
/// `let slope = grad(of: (x ** 3).sum(), withRespectTo: x)`.
///
/// - Parameters:
///   - output: The tensor to differentiate.
///   - input: The tensor to differentiate by: a leaf or a result on the way.
///   - gradient: The output's gradient; nil stands for 1 of a one-element output.
///   - retainGraph: Keep saved values; by default where `createGraph` is.
///   - createGraph: Record the walk, for higher derivatives.
public func grad(
  of output: Tensor, withRespectTo input: Tensor, gradient: Tensor? = nil,
  retainGraph: Bool? = nil, createGraph: Bool = false
) -> Tensor {
  let results = grad(
    of: [output], withRespectTo: [input], gradients: [gradient], retainGraph: retainGraph,
    createGraph: createGraph)
  guard let result = results[0] else {
    fail(
      "grad",
      "the output \(output.shape) does not depend on the input \(input.shape); lists of tensors give nil for it"
    )
  }
  return result
}

/// Removes a hook when told to.
public struct HookHandle {
  private let removal: () -> Void
  /// A hook that the closure takes away.
  package init(_ removal: @escaping () -> Void) { self.removal = removal }

  /// Takes the hook away; doing so twice is allowed.
  public func remove() { removal() }
}

/// What tells one hook from all others: itself, so that no later one can be taken for it.
final class HookToken {}

/// What DataParallel and optimizers need of a leaf.
extension Tensor {
  /// Calls a closure when a backward walk has added the last contribution to this leaf's gradient.
  package func onGradientReady(_ hook: @escaping () -> Void) -> HookHandle {
    guard let meta = body.autograd, meta.isLeaf else {
      fail("onGradientReady", "only a leaf that requires a gradient accumulates one")
    }
    let token = HookToken()
    meta.readyHooks.append((token, hook))
    return HookHandle { [weak meta] in meta?.readyHooks.removeAll { $0.token === token } }
  }

  /// Whether somebody wants to know when this leaf's gradient is ready.
  package var awaitsGradient: Bool { body.autograd?.readyHooks.isEmpty == false }

  /// Memory that this leaf's gradient shall live in from the next backward pass on, such as a view
  /// of a communication bucket; nil gives it its own again.
  package var gradientBuffer: Tensor? {
    get { body.autograd?.gradientBuffer }
    nonmutating set { body.autograd?.gradientBuffer = newValue }
  }
}

/// Observers of the backward walks of the thread they register on.
package enum BackwardObservers {
  /// Whether a walk is under way on this thread.
  package static var isWalking: Bool { ThreadState.current.walkDepth > 0 }

  /// Tells an observer of every walk from now on. It is held weakly.
  package static func add(_ observer: BackwardObserver) {
    entries = entries.filter { $0.observer != nil } + [Entry(observer: observer)]
  }

  /// Tells an observer no longer.
  package static func remove(_ observer: BackwardObserver) {
    entries = entries.filter { $0.observer != nil && $0.observer !== observer }
  }

  static var current: [BackwardObserver] { entries.compactMap(\.observer) }

  private struct Entry {
    weak var observer: BackwardObserver?
  }

  private final class Entries {
    var list: [Entry] = []
  }

  private static var entries: [Entry] {
    get {
      (ThreadState.current.observers as? Entries)?.list ?? []
    }
    set {
      let state = ThreadState.current
      if let entries = state.observers as? Entries {
        entries.list = newValue
      } else {
        let entries = Entries()
        entries.list = newValue
        state.observers = entries
      }
    }
  }
}
