import Tensors

/// Modules with names in order: what ``Sequential``, ``ModuleList`` and ``ModuleDict`` hold.
struct ModuleEntries<Element>: NamedMemberHolder {
  private(set) var names: [String]
  /// The modules in order; what replaces one stays under its name.
  var elements: [Element] {
    didSet {
      if elements.count != oldValue.count { names = elements.indices.map(String.init) }
    }
  }

  init(_ elements: [Element] = []) {
    self.elements = elements
    names = elements.indices.map(String.init)
  }

  init(_ entries: some Sequence<(key: String, value: Element)>, of owner: String) {
    self.init()
    for (name, element) in entries { append(element, name, of: owner) }
  }

  /// The module at a position; there must be one.
  func element(_ position: Int, of owner: String) -> Element {
    check(position, of: owner)
    return elements[position]
  }

  /// Another module at a position, under the name of the one there.
  mutating func replace(_ position: Int, by element: Element, of owner: String) {
    check(position, of: owner)
    elements[position] = element
  }

  private func check(_ position: Int, of owner: String) {
    require(
      elements.indices.contains(position), "\(owner)[\(position)]",
      elements.isEmpty
        ? "there are no modules"
        : "the modules' positions are 0 to \(elements.count - 1), and none counts from the end")
  }

  func place(_ name: String) -> Int? { names.firstIndex { $0.utf8.elementsEqual(name.utf8) } }

  mutating func append(_ element: Element, _ name: String? = nil, of owner: String) {
    let name = name ?? String(elements.count)
    require(
      !name.isEmpty && !name.contains("."), owner,
      "a module's name is not empty and has no dot: \"\(name)\"")
    require(place(name) == nil, owner, "there is a module \"\(name)\" already")
    let kept = names + [name]
    elements.append(element)
    names = kept
  }

  /// Inserts a module; all are numbered anew where they were numbered.
  mutating func insert(_ element: Element, at place: Int) {
    let numbered = isNumbered
    let kept = names
    elements.insert(element, at: place)
    if !numbered {
      names = kept
      names.insert(String(place), at: place)
    }
  }

  /// Takes a module away; those after it are numbered anew where they were numbered.
  mutating func remove(at place: Int) -> Element {
    let numbered = isNumbered
    var kept = names
    kept.remove(at: place)
    let element = elements.remove(at: place)
    if !numbered { names = kept }
    return element
  }

  private var isNumbered: Bool { names == elements.indices.map(String.init) }

  var namedMembers: [NamedMember] {
    zip(names, elements).compactMap { name, element in
      (element as? Module).map { (name, .module($0)) }
    }
  }
}

/// A module as a type that one knows it to have.
func typed<Wanted>(_ module: Any, as type: Wanted.Type, _ place: String) -> Wanted {
  guard let wanted = module as? Wanted else {
    fail(place, "the module is a \(Swift.type(of: module)), not a \(type)")
  }
  return wanted
}
