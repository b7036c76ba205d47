import Tensors

/// What a module's property holds.
package enum Member {
  case parameter(Parameter)
  case buffer(Buffer)
  case module(Module)
}

/// A member with its name below the module that holds it.
typealias NamedMember = (name: String, member: Member)

/// A container that names its members itself.
protocol NamedMemberHolder {
  var namedMembers: [NamedMember] { get }
}

extension Module {
  /// The members of this module alone, with their names, in the order of definition; then what stands
  /// in the place of parametrized and pruned parameters.
  var members: [NamedMember] {
    let search = searched()
    return search.found + search.derived.flatMap { $0.derivation.members($0.name) }
  }

  /// The parameters that properties of this module alone hold, those with a derived value too.
  var parameterSlots: [(name: String, parameter: Parameter)] {
    let search = searched()
    return search.found.compactMap { name, member in
      if case .parameter(let parameter) = member { (name, parameter) } else { nil }
    } + search.derived.map { ($0.name, $0.parameter) }
  }

  private func searched() -> MemberSearch {
    var search = MemberSearch(owner: type(of: self))
    guard let plan = MemberPlan.of(self) else {
      search.reflect(self)
      return search
    }
    let base = Unmanaged.passUnretained(self).toOpaque()
    withExtendedLifetime(self) {
      for property in plan.properties { search.collect(property, base + property.offset) }
    }
    return search
  }
}

/// Looks for members in whatever a property holds.
private struct MemberSearch {
  /// The module's type, or who else searches, and the property that is looked at, for messages.
  let owner: Any
  var property = ""
  var isLazy = false
  var found: [NamedMember] = []
  /// Parameters whose value is computed from others.
  var derived: [(name: String, parameter: Parameter, derivation: any ParameterDerivation)] = []
  /// The plain objects on the way to the present value.
  private var path: Set<ObjectIdentifier> = []

  init(owner: Any) { self.owner = owner }

  /// Looks at all properties of a module.
  mutating func reflect(_ module: Module) {
    var levels: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: module)
    while let level = mirror, level.subjectType != Module.self {
      levels.append(level)
      mirror = level.superclassMirror
    }
    let names = type(of: module).stateNames
    for level in levels.reversed() {
      for child in level.children {
        guard let label = child.label else { continue }
        (property, isLazy) = propertyName(label)
        collect(child.value, names[property] ?? snakeCased(property))
      }
    }
  }

  /// Looks at a property of which the type is known.
  mutating func collect(_ property: MemberPlan.Property, _ place: UnsafeRawPointer) {
    func object<Kind: AnyObject>(_ kind: Kind.Type) -> Kind {
      place.assumingMemoryBound(to: kind).pointee
    }
    switch property.content {
    case .parameter: collect(object(Parameter.self), property.name)
    case .buffer: found.append((property.name, .buffer(object(Buffer.self))))
    case .module: found.append((property.name, .module(object(Module.self))))
    case .layer:
      found.append(
        (property.name, .module(place.assumingMemoryBound(to: (any Layer).self).pointee)))
    case .optionalLayer:
      if let layer = place.assumingMemoryBound(to: (any Layer)?.self).pointee {
        found.append((property.name, .module(layer)))
      } else if property.isLazy {
        self.property = property.label
        refuseUnmade()
      }
    case .optional(let type):
      if let object = type.object(at: place) {
        collect(object, property.name)
      } else if property.isLazy {
        self.property = property.label
        refuseUnmade()
      }
    case .modules(let type):
      for (index, module) in type.modules(at: place).enumerated() {
        found.append((joined(property.name, "\(index)"), .module(module)))
      }
    case .open(let type):
      (self.property, isLazy) = (property.label, property.isLazy)
      collect(anyValue(type, at: place), property.name)
    }
  }

  private mutating func collect(_ parameter: Parameter, _ name: String) {
    if let derivation = parameter.derivation {
      derived.append((name, parameter, derivation))
    } else {
      found.append((name, .parameter(parameter)))
    }
  }

  mutating func collect(_ value: Any, _ name: String) {
    switch value {
    case let parameter as Parameter: collect(parameter, name)
    case let buffer as Buffer: found.append((name, .buffer(buffer)))
    case let module as Module: found.append((name, .module(module)))
    case let holder as any NamedMemberHolder:
      for (own, member) in holder.namedMembers {
        if case .parameter(let parameter) = member {
          collect(parameter, joined(name, own))
        } else {
          found.append((joined(name, own), member))
        }
      }
    case is Tensor, is Int, is Double, is Bool, is String, is DType: return
    default: look(into: value, name)
    }
  }

  private mutating func look(into value: Any, _ name: String) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      if let wrapped = mirror.children.first {
        collect(wrapped.value, name)
      } else if isLazy, holdsMembers(type(of: value)) {
        refuseUnmade()
      }
    case .collection:
      for (index, child) in mirror.children.enumerated() {
        // An array of numbers is told by its first element.
        if index == 0, isPlain(child.value) { return }
        collect(child.value, joined(name, "\(index)"))
      }
    case .dictionary: collect(entriesOf: mirror, name)
    case .set:
      let before = found.count
      for child in mirror.children { collect(child.value, name) }
      if found.count > before { refuse("is a set, which has no order to name its members by") }
    case .struct where !isOpen(value): return
    case .tuple, .struct, .enum:
      for (index, child) in mirror.children.enumerated() {
        collect(child.value, joined(name, part(child.label, index)))
      }
    case .class where isOpen(value):
      let object = value as AnyObject
      guard path.insert(ObjectIdentifier(object)).inserted else { return }
      var level: Mirror? = mirror
      while let present = level {
        for (index, child) in present.children.enumerated() {
          collect(child.value, joined(name, part(child.label, index)))
        }
        level = present.superclassMirror
      }
      path.remove(ObjectIdentifier(object))
    default: return
    }
  }

  private mutating func collect(entriesOf mirror: Mirror, _ name: String) {
    func entry(_ child: Mirror.Child) -> (key: Any, value: Any)? {
      let pair = Array(Mirror(reflecting: child.value).children)
      return pair.count == 2 ? (pair[0].value, pair[1].value) : nil
    }
    // A vocabulary is told by its first entry.
    if let first = mirror.children.first.flatMap(entry), isPlain(first.value) { return }
    let entries = mirror.children.compactMap(entry)
    let named = entries.map { (key: $0.key as? Int, text: "\($0.key)", value: $0.value) }
    let before = found.count
    for entry in named.sorted(by: { ($0.key ?? 0, $0.text) < ($1.key ?? 0, $1.text) }) {
      collect(entry.value, joined(name, entry.text))
    }
    if found.count > before, Set(named.map { Array($0.text.utf8) }).count < named.count {
      refuse("is a dictionary with keys of the same text, so that names would meet")
    }
  }

  private func refuseUnmade() -> Never {
    refuse("has not been made yet, and would be missing here; read it once before, or use let")
  }

  private func refuse(_ reason: String) -> Never { fail("\(owner).\(property)", reason) }
}

/// The property behind a label of reflection; lazy ones have a storage with a name of its own.
func propertyName(_ label: String) -> (name: String, isLazy: Bool) {
  let prefix = "$__lazy_storage_$_"
  return label.hasPrefix(prefix) ? (String(label.dropFirst(prefix.count)), true) : (label, false)
}

/// The name of a part of a tuple, a struct, a case or an object: its label, else its number.
private func part(_ label: String?, _ index: Int) -> String {
  guard let label else { return "\(index)" }
  return label.hasPrefix(".") ? String(label.dropFirst()) : snakeCased(propertyName(label).name)
}

private func joined(_ prefix: String, _ name: String) -> String {
  prefix.isEmpty ? name : name.isEmpty ? prefix : "\(prefix).\(name)"
}

/// Whether a value's type rules members out, so that its fellows in a list need not be looked at.
private func isPlain(_ value: Any) -> Bool {
  switch value {
  case is any BinaryInteger, is any BinaryFloatingPoint, is Bool, is String, is Tensor, is DType:
    true
  default: false
  }
}

/// Whether an object or a struct that is no module may hold some: a user's may, the system's and those
/// of the rooms below and above do not. Some have parts that reflection had better leave alone, such
/// as a tokenizer's vocabulary.
func isOpen(_ value: Any) -> Bool {
  let name = String(reflecting: type(of: value))
  return !closedRooms.contains(String(name.prefix { $0 != "." }))
}

/// Whether a copy of a module looks into a value: one that a module's search looks into, too.
func isOpenToCopies(_ value: Any) -> Bool {
  Mirror(reflecting: value).displayStyle == .tuple || isOpen(value)
}

/// Whether a search finds members in a value.
func holdsMembers(in value: Any) -> Bool {
  var search = MemberSearch(owner: "Module.copy")
  search.collect(value, "")
  return !search.found.isEmpty || !search.derived.isEmpty
}

private let closedRooms: Set<String> = [
  "Base", "Tensors", "Collectives", "DataParallel", "Optimizers", "Datasets", "Checkpoints",
  "Tokenizers", "Training", "Fit", "Foundation", "FoundationEssentials", "Swift", "Dispatch",
  "Synchronization", "_Concurrency",
]

/// A container whose type says what it holds.
protocol MemberContainer {
  static var contents: [Any.Type] { get }
}

extension Optional: MemberContainer {
  static var contents: [Any.Type] { [Wrapped.self] }
}
extension Array: MemberContainer {
  static var contents: [Any.Type] { [Element.self] }
}
extension Dictionary: MemberContainer {
  static var contents: [Any.Type] { [Value.self] }
}

/// Whether a type is recognisably one of members or of containers of them.
private func holdsMembers(_ type: Any.Type) -> Bool {
  if type is Module.Type || type is Parameter.Type || type is Buffer.Type { return true }
  if type == (any Layer).self { return true }
  return (type as? any MemberContainer.Type)?.contents.contains(where: holdsMembers) ?? false
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
