import Tensors

/// A tensor that training changes: a leaf that requires a gradient, with an identity
/// (`torch.nn.Parameter`).
///
/// Two modules that hold the same parameter share one weight. It stands for its tensor in expressions:
/// `x * scale + shift`, `x.matmul(weight)`, `positions[..<n]`. Everything else a tensor does is asked of
/// ``value``: `weight.value.sum()`. Optimizers write its memory in place, which the graph notices.
@dynamicMemberLookup
public final class Parameter: TensorHolder {
  /// The present value: a leaf of the graph, or, where the parameter is parametrized or pruned, what is
  /// computed from the leaves that stand in its place.
  public var value: Tensor {
    if Capture.isOn { noteValue() }
    guard let derivation else {
      if let source = own.storage.source { source.willRead() }
      return own
    }
    return derivation.value
  }

  /// What is captured now holds for the present tensor, or for what computes it.
  private func noteValue() {
    own.storage.settle()
    if own.storage.source != nil {
      return Capture.refuse("the model is fully sharded, and its parameters come and go")
    }
    if let derivation {
      Capture.depends(on: self, "how a parameter is computed") { [self] in
        self.derivation === derivation
      }
    } else {
      let tensor = own
      Capture.depends(on: self, "a parameter's place, or whether it is frozen", holding: tensor) {
        [self] in derivation == nil && own.isSameTensor(as: tensor)
      }
    }
  }

  /// The value of its own.
  private var own: Tensor

  /// What the value is computed by; nil where it is the parameter's own.
  var derivation: (any ParameterDerivation)?
  /// Whether the value is computed from others, or kept in blocks.
  package var isDerived: Bool { derivation != nil }

  /// The leaf that a frozen parameter becomes again, with its gradient and what hooks into it.
  private var thawed: Tensor?

  /// A parameter that starts as the given values.
  public init(_ value: Tensor, requiresGrad: Bool = true) {
    own = value.detach().contiguous()
    own.requiresGrad = requiresGrad
  }

  /// Whether training changes it; false freezes it. Its gradient stays, and so does its place in
  /// the buckets of a data-parallel model.
  public var requiresGrad: Bool {
    get { derivation.map { $0.sources.contains(where: \.requiresGrad) } ?? own.requiresGrad }
    set {
      if let derivation {
        for source in derivation.sources { source.requiresGrad = newValue }
        return
      }
      guard newValue != own.requiresGrad else { return }
      if newValue, let leaf = thawed {
        own = leaf
        thawed = nil
      } else {
        if !newValue { thawed = own }
        own.requiresGrad = newValue
      }
    }
  }

  /// The value as a leaf of the graph, also while the parameter is frozen: what gradients go to and
  /// hooks are set on.
  package var leaf: Tensor { thawed ?? own }

  /// The gradient that backward passes have added up; nil before the first and after zeroing. One
  /// that was there when the parameter was frozen stays until then.
  public var grad: Tensor? {
    get { leaf.grad }
    set { leaf.grad = newValue }
  }

  /// What messages call the parameter, such as `fc1.weight`. Optimizers and data-parallel models that
  /// are made of named parameters set it.
  package var label: String? {
    get { leaf.storage.label }
    set { leaf.storage.label = newValue }
  }

  /// The sizes of the value.
  public var shape: [Int] { own.shape }

  /// The number of dimensions: what is decayed is often `parameters().filter { $0.rank >= 2 }`.
  public var rank: Int { own.rank }

  /// The number of elements.
  public var count: Int { own.count }

  /// The elements' type.
  public var dtype: DType { own.dtype }

  /// Overwrites the value in place, converted to the parameter's dtype; its place in optimizers and
  /// buckets stays.
  public func assign(_ values: Tensor) {
    require(
      values.shape == shape, "Parameter.assign",
      "values of \(values.shape) for a parameter of \(shape)")
    if let derivation { return derivation.assign(values.detach()) }
    own.storage.forgetPostponed()
    own.copyInPlace(values.detach())
  }

  /// Has the value made where it is first read.
  /// - Parameter make: Makes a tensor of the same sizes and type, in memory of its own.
  package func postpone(_ make: @escaping () -> Tensor) {
    let storage = exclusiveStorage()
    storage.postpone(make)
    storage.version &+= 1
  }

  /// Gives the parameter up to what computes its value, or back with the value that it has.
  func derive(by derivation: (any ParameterDerivation)?) {
    if derivation == nil, let present = self.derivation {
      let (value, trains) = (noGrad { present.value.detach().clone() }, requiresGrad)
      self.derivation = nil
      thawed = nil
      own = value
      own.requiresGrad = trains
    } else {
      self.derivation = derivation
    }
  }

  /// Takes over a tensor of the same sizes and type as it is, in its memory.
  package func hold(_ value: Tensor) {
    require(
      value.shape == shape && value.dtype == dtype, "Parameter",
      "\(value.shape) of \(value.dtype) in place of \(shape) of \(dtype)")
    require(!leaf.awaitsGradient, "Parameter", "it is one of a data-parallel model")
    let before = own.requiresGrad
    thawed = nil
    own = value.detach()
    own.requiresGrad = before
  }

  /// The memory that the values take alone, without anything else of a value's in it: what can be given up
  /// for a source's.
  package func exclusiveStorage() -> Storage {
    let storage = leaf.storage
    if leaf.isContiguous, leaf.storageOffset == 0, storage.byteCount == count * dtype.size,
      storage.source == nil || storage.isPostponed
    {
      return storage
    }
    let label = storage.label
    hold(noGrad { own.detach().clone() })
    leaf.storage.label = label
    return leaf.storage
  }

  /// Gives the parameter a value of another dtype, and with it a new place in memory.
  func convert(to dtype: DType) {
    guard dtype != self.dtype else { return }
    require(
      !leaf.awaitsGradient, "Module.to",
      "a parameter of \(shape) is one of a data-parallel model, which would go on with the old "
        + "value; convert the model before making it data-parallel")
    let before = requiresGrad
    thawed = nil
    let present = own.detach()
    if present.storage.isPostponed {
      own = .uninitialized(shape, dtype)
      own.storage.postpone { noGrad { present.to(dtype) } }
    } else {
      own = present.to(dtype)
    }
    own.requiresGrad = before
  }
}

/// A tensor that belongs to a module's state but is not trained, such as a running mean
/// (`register_buffer`). It stands for its tensor in expressions, as a ``Parameter`` does.
@dynamicMemberLookup
public final class Buffer: TensorHolder, TensorPlace {
  /// The present value; assigning replaces it.
  public var value: Tensor {
    get {
      if Capture.isOn { Capture.read(self, held) }
      return held
    }
    set {
      held = newValue
      if Capture.isOn { Capture.wrote(self, newValue) }
    }
  }
  package var held: Tensor
  /// Whether state dicts hold it.
  public let isPersistent: Bool

  /// A buffer that starts as the given values.
  public init(_ value: Tensor, persistent: Bool = true) {
    held = value.detach()
    isPersistent = persistent
  }
}

extension Parameter {
  /// Calls a closure with the gradient that flows into the parameter; what it returns, if anything,
  /// takes the gradient's place (`register_hook`).
  /// - Precondition: It is neither parametrized nor pruned: there the parameters in its place have hooks.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
    require(
      derivation == nil, "registerHook",
      "this parameter is computed from others: set hooks on those that namedParameters() lists")
    return leaf.registerHook(hook)
  }

  /// Calls a closure with the gradient that flows into the parameter.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
    registerHook { gradient -> Tensor? in
      hook(gradient)
      return nil
    }
  }
}

extension Parameter {
  /// Calls a closure with the parameter when a backward pass has added to its gradient, which ``grad``
  /// then holds (`register_post_accumulate_grad_hook`): to step and forget it at once, for instance.
  ///
  /// In a data-parallel model the gradient is this rank's own at that moment.
  /// - Precondition: It is neither parametrized nor pruned: there the parameters in its place have hooks.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerPostAccumulateGradHook(
    _ hook: @escaping (_ parameter: Parameter) -> Void
  ) -> HookHandle {
    require(
      derivation == nil, "registerPostAccumulateGradHook",
      "this parameter is computed from others: set hooks on those that namedParameters() lists")
    return leaf.registerPostAccumulateGradHook { [weak self] _ in if let self { hook(self) } }
  }
}

extension Buffer: CustomStringConvertible {
  /// The tensor, as PyTorch prints it.
  public var description: String { "\(value)" }
}

extension Parameter: CustomStringConvertible {
  /// The value, as PyTorch prints a parameter.
  public var description: String { "Parameter containing:\n\(value)" }
}
