import Tensors

/// A part of a network: parameters, buffers, other modules, and a forward pass
/// (`torch.nn.Module`).
///
/// ```swift
/// final class NeuralNet: Module, Layer {
///   let fc1 = Linear(784, 128)
///   let fc2 = Linear(128, 10)
///   func forward(_ x: Tensor) -> Tensor { fc2(fc1(x).relu()) }
/// }
/// let model = NeuralNet()
/// let y = model(x)
/// ```
///
/// A module of one tensor adopts ``Layer`` and defines `forward`; one with another signature defines
/// `callAsFunction`.
///
/// Whatever a property holds of ``Parameter``, ``Buffer`` and `Module` is found by reflection, anew at
/// every call, so that a layer may be swapped at any time: alone, in optionals, arrays, dictionaries,
/// tuples, structs, enum cases and objects. Names become PyTorch's by turning `camelCase` into
/// `snake_case`; what that does not give stands in ``stateNames``. Parts of containers are named by
/// their numbers, keys or labels: `blocks.0.weight`, `heads.de.weight`, `pair.0.weight`.
///
/// A set of layers, and a lazy one that has not been made, stop the process by name; what a closure
/// captured cannot be seen. A reference back, as from a child to its parent, is no child.
open class Module {
  /// Whether the module trains: dropout drops and batch norm learns its statistics.
  public private(set) var isTraining: Bool {
    get {
      if Capture.isOn { noteMode() }
      return trains
    }
    set {
      if Capture.isOn { Capture.refuse("a module's mode is set inside the function") }
      trains = newValue
    }
  }
  private var trains = true

  /// What is called around a forward pass; nil where nothing is.
  @usableFromInline var hooks: ModuleHooks? {
    get {
      if Capture.isOn { noteHooks() }
      return registered
    }
    set { registered = newValue }
  }
  private var registered: ModuleHooks?

  /// A module; subclasses need not call it by name.
  public init() {}

  /// State-dict names of properties whose name is not the property's in snake case.
  open class var stateNames: [String: String] { [:] }

  /// What a description shows between the parentheses: `in_features=784, …`.
  open var extraDescription: String { "" }

  /// Called by ``train(_:)`` after the mode has changed.
  open func modeChanged() {}

  /// Whether state that an older file lacks may be absent, by its name below this module.
  open func mayBeMissing(_ name: String) -> Bool { false }
}

extension Module {
  /// What is captured now holds for the present mode.
  private func noteMode() {
    let mode = trains
    Capture.depends(on: self, "a module's mode") { [self] in trains == mode }
  }

  /// What is captured now holds as long as the module gets no hooks, or keeps some.
  private func noteHooks() {
    let hasHooks = registered != nil
    Capture.depends(on: self, "whether a module has hooks") { [self] in
      (registered != nil) == hasHooks
    }
  }
}

/// Looking through a module.
extension Module {
  /// This module and all below it with their names, each once, from the top (`named_modules`).
  public func namedModules() -> [(name: String, module: Module)] {
    ModuleTree(self).modules
  }

  /// This module and all below it, each once.
  public func modules() -> [Module] { namedModules().map(\.module) }

  /// The modules directly below this one (`named_children`).
  public func namedChildren() -> [(name: String, module: Module)] {
    ModuleTree(self).members(of: self).compactMap { name, member in
      if case .module(let module) = member { (name, module) } else { nil }
    }
  }

  /// Every parameter with its first name, each once (`named_parameters`).
  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    var seen = Set<ObjectIdentifier>()
    var result: [(String, Parameter)] = []
    ModuleTree(self).forEachFirstName { name, member in
      if case .parameter(let parameter) = member,
        seen.insert(ObjectIdentifier(parameter)).inserted
      {
        result.append((name, parameter))
      }
    }
    return result
  }

  /// Every parameter, each once (`parameters`).
  public func parameters() -> [Parameter] { namedParameters().map(\.parameter) }

  /// The parameters of this module alone, with their names.
  package var ownParameters: [(name: String, parameter: Parameter)] {
    members.compactMap { name, member in
      if case .parameter(let parameter) = member { (name, parameter) } else { nil }
    }
  }

  /// Every buffer with its first name, each once (`named_buffers`).
  public func namedBuffers() -> [(name: String, buffer: Buffer)] {
    var seen = Set<ObjectIdentifier>()
    var result: [(String, Buffer)] = []
    ModuleTree(self).forEachFirstName { name, member in
      if case .buffer(let buffer) = member, seen.insert(ObjectIdentifier(buffer)).inserted {
        result.append((name, buffer))
      }
    }
    return result
  }

  /// Calls a body with every parameter and buffer under every name that it has: a module's own
  /// first, as in PyTorch, then those of the modules below it.
  package func forEachMember(_ body: (String, Member) -> Void) {
    ModuleTree(self).forEachName(body)
  }

  /// The number of trained numbers.
  public var parameterCount: Int {
    parameters().reduce(0) { $0 + ($1.requiresGrad ? $1.count : 0) }
  }
}

/// Changing a module.
extension Module {
  /// Switches this module and all below it to training or evaluation (`train`).
  public func train(_ isTraining: Bool = true) {
    for module in modules() {
      module.isTraining = isTraining
      module.modeChanged()
    }
  }

  /// Switches this module alone, none below it, as who puts back what each was in does.
  package func setMode(_ isTraining: Bool) {
    guard self.isTraining != isTraining else { return }
    self.isTraining = isTraining
    modeChanged()
  }

  /// Switches to evaluation: no dropout, fixed statistics (`eval`).
  public func eval() { train(false) }

  /// Forgets every parameter's gradient (`zero_grad`).
  public func zeroGrad() {
    if Capture.isOn { return Capture.effect { [self] in zeroGrad() } }
    for parameter in parameters() { parameter.grad = nil }
  }

  /// Freezes or unfreezes every parameter (`requires_grad_`).
  public func requiresGrad(_ requiresGrad: Bool) {
    for parameter in parameters() { parameter.requiresGrad = requiresGrad }
  }

  /// Converts floating-point parameters and buffers (`to`). Optimizers made before hold the old
  /// values, so convert first.
  @discardableResult
  public func to(_ dtype: DType) -> Self {
    for parameter in parameters() where parameter.dtype.isFloatingPoint {
      parameter.convert(to: dtype)
    }
    for (_, buffer) in namedBuffers() where buffer.value.dtype.isFloatingPoint {
      buffer.value = buffer.value.to(dtype)
    }
    return self
  }

  /// Calls a body with all modules below this one and then with itself, in PyTorch's order, so that
  /// initial values that it draws are PyTorch's (`apply`):
  /// `model.apply { if let linear = $0 as? Linear { Init.xavierUniform(linear.weight) } }`.
  @discardableResult
  public func apply(_ body: (Module) throws -> Void) rethrows -> Self {
    let tree = ModuleTree(self)
    func visit(_ module: Module) throws {
      var seen = Set<ObjectIdentifier>()
      for case (_, .module(let child)) in tree.members(of: module)
      where seen.insert(ObjectIdentifier(child)).inserted {
        try visit(child)
      }
      try body(module)
    }
    try visit(self)
    return self
  }
}

/// State.
extension Module {
  /// Copies of every parameter and persistent buffer by name (`state_dict`).
  public func stateDict() -> StateDict {
    noGrad {
      var state = StateDict()
      forEachMember { name, member in
        switch member {
        case .parameter(let parameter): state[name] = parameter.value.detach().clone()
        case .buffer(let buffer) where buffer.isPersistent:
          state[name] = buffer.value.detach().clone()
        default: break
        }
      }
      return state
    }
  }
}

extension Module: CustomStringConvertible {
  /// The module as PyTorch prints it: a line per layer, indented.
  public var description: String { ModuleTree(self).description(of: self) }
}
