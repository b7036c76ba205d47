/// What `namespace()` makes: attributes that a loop's body may set for what follows it.
final class TemplateNamespace: TemplateObject, @unchecked Sendable {
  var attributes: TemplateDictionary

  init(_ attributes: TemplateDictionary) { self.attributes = attributes }

  override func attribute(_ name: String) -> TemplateValue? { attributes[name] }

  override var representation: String {
    "<Namespace " + TemplateValue.dictionary(attributes).representation + ">"
  }

  /// - Throws: ``ChatTemplateError`` for names that begin with an underscore, which transformers
  ///   keeps templates from.
  func set(_ name: String, _ value: TemplateValue) throws {
    guard !name.hasPrefix("_") else {
      throw ChatTemplateError(
        .value, "a namespace takes no attribute that begins with an underscore: '\(name)'")
    }
    if case .object(let object) = value, object is TemplateNamespace {
      throw ChatTemplateError(.unsupported, "a namespace within a namespace is not supported")
    }
    attributes[name] = value
  }
}

/// The variable `loop`.
final class TemplateLoopState: TemplateObject, @unchecked Sendable {
  let elements: [TemplateValue]
  let depth: Int
  var index = 0
  /// The loop and the variables around it, where it may be run again for other elements. The variables
  /// are weak, for they may hold the loop's.
  let loop: TemplateLoop?
  weak var scope: TemplateScope?
  private var last: [TemplateValue]?

  init(
    _ elements: [TemplateValue], depth: Int, loop: TemplateLoop? = nil,
    scope: TemplateScope? = nil
  ) {
    self.elements = elements
    self.depth = depth
    self.loop = loop
    self.scope = scope
  }

  override var representation: String { "<LoopContext \(index + 1)/\(elements.count)>" }

  override func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "index": return .int(index + 1)
    case "index0": return .int(index)
    case "revindex": return .int(elements.count - index)
    case "revindex0": return .int(elements.count - index - 1)
    case "first": return .bool(index == 0)
    case "last": return .bool(index == elements.count - 1)
    case "length": return .int(elements.count)
    case "depth": return .int(depth)
    case "depth0": return .int(depth - 1)
    case "previtem":
      return index > 0 ? elements[index - 1] : .undefined("there is no previous item")
    case "nextitem":
      return index + 1 < elements.count ? elements[index + 1] : .undefined("there is no next item")
    case "cycle":
      return .function(
        TemplateFunction("cycle") { [self] arguments in
          guard !arguments.positional.isEmpty else {
            throw ChatTemplateError(.value, "no items for cycling given")
          }
          return arguments.positional[index % arguments.positional.count]
        })
    case "changed":
      return .function(
        TemplateFunction("changed") { [self] arguments in
          defer { last = arguments.positional }
          return .bool(last != arguments.positional)
        })
    default: return nil
    }
  }
}

/// A macro with the variables that it can see, or the body of a call block.
final class TemplateMacroValue: TemplateObject, @unchecked Sendable {
  let macro: TemplateMacro
  /// Weak, for the scope holds the macro.
  weak var scope: TemplateScope?
  /// Whether what its body writes is escaped.
  let escapes: Bool

  init(_ macro: TemplateMacro, _ scope: TemplateScope, escapes: Bool) {
    self.macro = macro
    self.scope = scope
    self.escapes = escapes
  }

  override var representation: String {
    // The body of a call block has no name.
    "<Macro " + (macro.name == "caller" ? "anonymous" : PythonText.quoted(macro.name)) + ">"
  }

  override func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "name": .string(macro.name)
    case "arguments": .tuple(macro.parameters.map { .string($0.name) })
    default: nil
    }
  }
}

/// The variable `self`: the template's blocks by their names.
final class TemplateReference: TemplateObject, @unchecked Sendable {
  private let blocks: [String: [TemplateStatement]]

  init(_ blocks: [String: [TemplateStatement]]) { self.blocks = blocks }

  override var representation: String { "<TemplateReference None>" }

  override func attribute(_ name: String) -> TemplateValue? {
    blocks[name].map { .object(TemplateBlockValue(name, $0)) }
  }
}

/// A block that `self` names.
final class TemplateBlockValue: TemplateObject, @unchecked Sendable {
  let name: String
  let body: [TemplateStatement]

  init(_ name: String, _ body: [TemplateStatement]) { (self.name, self.body) = (name, body) }

  override func attribute(_ name: String) -> TemplateValue? {
    name == "name" ? .string(self.name) : nil
  }

  override var representation: String { "<BlockReference " + PythonText.quoted(name) + ">" }
}

/// Variables, by the numbers of their names, with those around them.
final class TemplateScope {
  private var bindings: [(name: Int, value: TemplateValue)] = []
  private let outer: TemplateScope?

  init(_ outer: TemplateScope?) { self.outer = outer }

  func set(_ name: Int, _ value: TemplateValue) {
    if let place = bindings.firstIndex(where: { $0.name == name }) {
      bindings[place].value = value
    } else {
      bindings.append((name, value))
    }
  }

  func value(_ name: Int) -> TemplateValue? {
    var scope: TemplateScope? = self
    while let current = scope {
      if let binding = current.bindings.first(where: { $0.name == name }) { return binding.value }
      scope = current.outer
    }
    return nil
  }
}
