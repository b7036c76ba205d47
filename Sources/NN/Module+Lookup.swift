import Tensors

/// A name that a module does not have.
public struct ModuleLookupError: Error, CustomStringConvertible {
  /// The name that was asked for.
  public let name: String
  /// As far as it leads somewhere.
  public let found: String
  /// The names that stand there.
  public let known: [String]

  /// Where the name leads nowhere, and what is there.
  public var description: String {
    let place = found.isEmpty ? "the module" : "\"\(found)\""
    let names = known.isEmpty ? "nothing" : known.joined(separator: ", ")
    return "there is no \"\(name)\": below \(place) there is \(names)"
  }
}

/// Members by name.
extension Module {
  /// The module of a dotted name, such as `encoder.0.attention`; `""` is this one (`get_submodule`).
  /// - Throws: ``ModuleLookupError`` with the names at the place that the name does not lead beyond.
  public func getSubmodule(_ name: String) throws(ModuleLookupError) -> Module {
    let all = ModuleTree(self)
    var present = self
    var walked = ""
    var rest = name[...]
    while !rest.isEmpty {
      let children = all.members(of: present).compactMap { name, member -> (String, Module)? in
        if case .module(let child) = member { (name, child) } else { nil }
      }
      // Some names have dots themselves, such as those of modules in a struct.
      let next = children.first { rest == $0.0 || rest.hasPrefix($0.0 + ".") }
      guard let next else {
        throw ModuleLookupError(name: name, found: walked, known: children.map(\.0))
      }
      present = next.1
      walked += (walked.isEmpty ? "" : ".") + next.0
      rest = rest.dropFirst(next.0.count + 1)
    }
    return present
  }

  /// The module of a dotted name as what it is: `try model.getSubmodule("fc.0", as: Linear.self)`.
  /// - Throws: ``ModuleLookupError``; a module of another type is a programmer's error.
  public func getSubmodule<Wanted>(
    _ name: String, as type: Wanted.Type
  ) throws(ModuleLookupError) -> Wanted {
    typed(try getSubmodule(name), as: type, "getSubmodule(\"\(name)\")")
  }

  /// The parameter of a dotted name, such as `fc1.weight` (`get_parameter`).
  /// - Throws: ``ModuleLookupError`` with the names that there are.
  public func getParameter(_ name: String) throws(ModuleLookupError) -> Parameter {
    var names: [String] = []
    var result: Parameter?
    forEachMember { own, member in
      guard case .parameter(let parameter) = member else { return }
      names.append(own)
      if own == name { result = result ?? parameter }
    }
    guard let result else { throw ModuleLookupError(name: name, found: "", known: names) }
    return result
  }

  /// The buffer of a dotted name, such as `bn1.running_mean` (`get_buffer`).
  /// - Throws: ``ModuleLookupError`` with the names that there are.
  public func getBuffer(_ name: String) throws(ModuleLookupError) -> Buffer {
    var names: [String] = []
    var result: Buffer?
    forEachMember { own, member in
      guard case .buffer(let buffer) = member else { return }
      names.append(own)
      if own == name { result = result ?? buffer }
    }
    guard let result else { throw ModuleLookupError(name: name, found: "", known: names) }
    return result
  }
}
