/// A module and all below it, looked at once.
///
/// A reference that leads back to a module on the way to its holder, such as a child's to its parent,
/// is left out, so that every walk ends. A module that is held twice stands in the tree twice.
struct ModuleTree {
  let root: Module
  private var members: [ObjectIdentifier: [NamedMember]] = [:]

  init(_ root: Module) {
    self.root = root
    var path: Set<ObjectIdentifier> = []
    visit(root, &path)
  }

  private mutating func visit(_ module: Module, _ path: inout Set<ObjectIdentifier>) {
    let identity = ObjectIdentifier(module)
    path.insert(identity)
    var kept: [NamedMember] = []
    for entry in module.members {
      if case .module(let child) = entry.member {
        if path.contains(ObjectIdentifier(child)) { continue }
        if members[ObjectIdentifier(child)] == nil { visit(child, &path) }
      }
      kept.append(entry)
    }
    members[identity] = kept
    path.remove(identity)
  }

  /// A module's members but for those that lead back.
  func members(of module: Module) -> [NamedMember] { members[ObjectIdentifier(module)] ?? [] }

  /// Every module with its first name, from the top.
  var modules: [(name: String, module: Module)] {
    var seen = Set<ObjectIdentifier>()
    var result: [(String, Module)] = []
    func visit(_ module: Module, _ prefix: String) {
      guard seen.insert(ObjectIdentifier(module)).inserted else { return }
      result.append((prefix, module))
      for case (let name, .module(let child)) in members(of: module) {
        visit(child, join(prefix, name))
      }
    }
    visit(root, "")
    return result
  }

  /// Calls a body with every parameter and buffer under every name that it has: a module's own
  /// first, as in PyTorch, then those of the modules below it.
  func forEachName(_ body: (String, Member) -> Void) {
    func visit(_ module: Module, _ prefix: String) {
      emit(module, prefix, body)
      for case (let name, .module(let child)) in members(of: module) {
        visit(child, join(prefix, name))
      }
    }
    visit(root, "")
  }

  /// Calls a body with the parameters and buffers of every module under its first name.
  func forEachFirstName(_ body: (String, Member) -> Void) {
    for (prefix, module) in modules { emit(module, prefix, body) }
  }

  private func emit(_ module: Module, _ prefix: String, _ body: (String, Member) -> Void) {
    let members = members(of: module)
    for (name, member) in members {
      if case .parameter = member { body(join(prefix, name), member) }
    }
    for (name, member) in members {
      if case .buffer = member { body(join(prefix, name), member) }
    }
  }

  /// The module as PyTorch prints it: a line per layer, indented.
  func description(of module: Module) -> String {
    // What a list holds stands below it.
    let title = String(describing: type(of: module)).prefix { $0 != "<" }
    let extra = module.extraDescription
    var shown: [(first: String, last: String, count: Int, text: String)] = []
    for case (let name, .module(let child)) in members(of: module) {
      let text = description(of: child)
      if module is any RepeatingModules, let last = shown.last, last.text == text {
        shown[shown.count - 1] = (last.first, name, last.count + 1, text)
      } else {
        shown.append((name, name, 1, text))
      }
    }
    let children = shown.map { part in
      let name =
        part.count == 1 ? "(\(part.first)): " : "(\(part.first)-\(part.last)): \(part.count) x "
      return "  " + name + part.text.replacing("\n", with: "\n  ")
    }
    if children.isEmpty { return "\(title)(\(extra))" }
    let lines = (extra.isEmpty ? [] : ["  " + extra.replacing("\n", with: "\n  ")]) + children
    return "\(title)(\n\(lines.joined(separator: "\n"))\n)"
  }

  private func join(_ prefix: String, _ name: String) -> String {
    prefix.isEmpty ? name : name.isEmpty ? prefix : "\(prefix).\(name)"
  }
}

/// A module that prints neighbours below it that look alike in one line, as `torch.nn.ModuleList` does:
/// `(0-1): 2 x Linear(…)`.
protocol RepeatingModules: Module {}
