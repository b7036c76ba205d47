import Tensors

/// A part of a network: parameters, buffers, other modules, and a forward pass
/// (`torch.nn.Module`).
///
/// ```swift
/// final class NeuralNet: Module {
///   let fc1 = Linear(784, 128)
///   let fc2 = Linear(128, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x).relu()) }
/// }
/// ```
///
/// Whatever a property holds of ``Parameter``, ``Buffer``, `Module`, and optionals, arrays and
/// dictionaries of these, is found by reflection, anew at every call, so that a layer may be swapped
/// at any time. Names become PyTorch's by turning `camelCase` into `snake_case`; what that does not
/// give stands in ``stateNames``.
open class Module {
  /// Whether the module trains: dropout drops and batch norm learns its statistics.
  public private(set) var isTraining = true

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

/// What a module's property holds.
package enum Member {
  case parameter(Parameter)
  case buffer(Buffer)
  case module(Module)
}

extension Module {
  /// The members of this module alone, with their names, in the order of definition.
  var members: [(name: String, member: Member)] {
    var levels: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let level = mirror, level.subjectType != Module.self {
      levels.append(level)
      mirror = level.superclassMirror
    }
    let names = type(of: self).stateNames
    var result: [(String, Member)] = []
    for level in levels.reversed() {
      for child in level.children {
        guard let label = child.label else { continue }
        Module.collect(child.value, names[label] ?? snakeCased(label), &result)
      }
    }
    return result
  }

  private static func collect(
    _ value: Any, _ name: String, _ result: inout [(String, Member)]
  ) {
    switch value {
    case let parameter as Parameter: result.append((name, .parameter(parameter)))
    case let buffer as Buffer: result.append((name, .buffer(buffer)))
    case let module as Module: result.append((name, .module(module)))
    case let named as NamedParameters:
      for (own, parameter) in named.entries {
        result.append((name.isEmpty ? own : "\(name).\(own)", .parameter(parameter)))
      }
    case is Tensor, is Int, is Double, is Bool, is String, is DType: return
    default:
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .optional:
        if let wrapped = mirror.children.first { collect(wrapped.value, name, &result) }
      case .collection:
        for (index, child) in mirror.children.enumerated() {
          // An array of numbers is told by its first element.
          if index == 0, !holdsMember(child.value) { return }
          collect(child.value, name.isEmpty ? "\(index)" : "\(name).\(index)", &result)
        }
      case .dictionary:
        let entries = mirror.children.compactMap { child -> (String, Any)? in
          let pair = Array(Mirror(reflecting: child.value).children)
          guard pair.count == 2, let key = pair[0].value as? String else { return nil }
          return (key, pair[1].value)
        }
        for (key, entry) in entries.sorted(by: { $0.0 < $1.0 }) {
          collect(entry, name.isEmpty ? key : "\(name).\(key)", &result)
        }
      default: return
      }
    }
  }

  private static func holdsMember(_ value: Any) -> Bool {
    if value is Parameter || value is Buffer || value is Module { return true }
    let style = Mirror(reflecting: value).displayStyle
    return style == .optional || style == .collection || style == .dictionary
  }
}

/// `inProjWeight` → `in_proj_weight`; what has no capitals stays as it is.
func snakeCased(_ name: String) -> String {
  var result = ""
  var previousIsLower = false
  for character in name {
    if character.isUppercase {
      if previousIsLower { result.append("_") }
      result += character.lowercased()
      previousIsLower = false
    } else {
      result.append(character)
      previousIsLower = true
    }
  }
  return result
}

/// Looking through a module.
extension Module {
  /// This module and all below it with their names, each once, from the top (`named_modules`).
  public func namedModules() -> [(name: String, module: Module)] {
    var seen = Set<ObjectIdentifier>()
    var result: [(String, Module)] = []
    func visit(_ module: Module, _ prefix: String) {
      guard seen.insert(ObjectIdentifier(module)).inserted else { return }
      result.append((prefix, module))
      for case (let name, .module(let child)) in module.members { visit(child, join(prefix, name)) }
    }
    visit(self, "")
    return result
  }

  /// This module and all below it, each once.
  public func modules() -> [Module] { namedModules().map(\.module) }

  /// The modules directly below this one (`named_children`).
  public func namedChildren() -> [(name: String, module: Module)] {
    members.compactMap { name, member in
      if case .module(let module) = member { (name, module) } else { nil }
    }
  }

  /// Every parameter with its first name, each once (`named_parameters`).
  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    var seen = Set<ObjectIdentifier>()
    var result: [(String, Parameter)] = []
    forEachMember { name, member in
      if case .parameter(let parameter) = member,
        seen.insert(ObjectIdentifier(parameter)).inserted
      {
        parameter.value.storage.label = name
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
    forEachMember { name, member in
      if case .buffer(let buffer) = member, seen.insert(ObjectIdentifier(buffer)).inserted {
        result.append((name, buffer))
      }
    }
    return result
  }

  /// The number of trained numbers.
  public var parameterCount: Int {
    parameters().reduce(0) { $0 + ($1.requiresGrad ? $1.count : 0) }
  }

  /// Calls a body with every parameter and buffer under every name that it has: a module's own
  /// first, as in PyTorch, then those of the modules below it.
  package func forEachMember(_ body: (String, Member) -> Void) {
    func visit(_ module: Module, _ prefix: String) {
      let members = module.members
      for (name, member) in members {
        if case .parameter = member { body(join(prefix, name), member) }
      }
      for (name, member) in members {
        if case .buffer = member { body(join(prefix, name), member) }
      }
      for case (let name, .module(let child)) in members { visit(child, join(prefix, name)) }
    }
    visit(self, "")
  }

  private func join(_ prefix: String, _ name: String) -> String {
    prefix.isEmpty ? name : name.isEmpty ? prefix : "\(prefix).\(name)"
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

  /// Switches to evaluation: no dropout, fixed statistics (`eval`).
  public func eval() { train(false) }

  /// Forgets every parameter's gradient (`zero_grad`).
  public func zeroGrad() { for parameter in parameters() { parameter.grad = nil } }

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

  /// Calls a body with this module and all below it, the lowest first (`apply`).
  public func forEachModule(_ body: (Module) -> Void) { modules().reversed().forEach(body) }
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
  public var description: String {
    let children = namedChildren()
    let title = String(describing: type(of: self))
    if children.isEmpty { return "\(title)(\(extraDescription))" }
    let lines = children.map { name, module in
      "  (\(name)): " + module.description.replacing("\n", with: "\n  ")
    }
    return "\(title)(\n\(lines.joined(separator: "\n"))\n)"
  }
}
