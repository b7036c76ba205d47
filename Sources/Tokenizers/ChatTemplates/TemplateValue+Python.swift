extension TemplateValue {
  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let text), .markup(let text): !text.isEmpty
    case .list(let values), .tuple(let values): !values.isEmpty
    case .dictionary(let dictionary): dictionary.count > 0
    case .object(let object):
      (object as? TemplateSequence)?.lasting.map { !$0.isEmpty } ?? true
    case .function: true
    }
  }

  /// The name of Python's type.
  var typeName: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .int: "int"
    case .double: "float"
    case .string: "str"
    case .markup: "Markup"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .function: "function"
    case .object(let object):
      switch object {
      case is TemplateNamespace: "TemplateNamespace"
      case is TemplateLoopState: "LoopContext"
      case is TemplateMacroValue: "Macro"
      case is TemplateCycler: "Cycler"
      case is TemplateJoiner: "Joiner"
      case is TemplateReference: "TemplateReference"
      case is TemplateLargeInteger: "int"
      default: sequence?.typeName ?? "object"
      }
    }
  }

  /// Python's `str`.
  var text: String {
    switch self {
    case .string(let text), .markup(let text): text
    case .undefined: ""
    default: representation
    }
  }

  /// Python's `repr`.
  var representation: String {
    var result = ""
    write(to: &result)
    return result
  }

  /// Stops beyond the largest text, which is then refused where it is used.
  private func write(to result: inout String) {
    guard result.utf8.count <= TemplateLimits.maximumBytes else { return }
    switch self {
    case .undefined: result += "Undefined"
    case .none: result += "None"
    case .bool(let value): result += value ? "True" : "False"
    case .int(let value): result += String(value)
    case .double(let value): result += PythonText.number(value)
    case .string(let text): result += PythonText.quoted(text)
    case .markup(let text): result += "Markup(" + PythonText.quoted(text) + ")"
    case .list(let values):
      result += "["
      Self.write(values, to: &result)
      result += "]"
    case .tuple(let values):
      result += "("
      Self.write(values, to: &result)
      result += values.count == 1 ? ",)" : ")"
    case .dictionary(let dictionary):
      result += "{"
      for (index, key) in dictionary.keys.enumerated() {
        if index > 0 { result += ", " }
        key.value.write(to: &result)
        result += ": "
        dictionary.values[index].write(to: &result)
      }
      result += "}"
    case .function(let function): result += "<function \(function.name)>"
    case .object(let object): result += object.representation
    }
  }

  private static func write(_ values: [TemplateValue], to result: inout String) {
    for (index, value) in values.enumerated() {
      if index > 0 { result += ", " }
      value.write(to: &result)
    }
  }

  /// The elements of what Python can iterate over.
  func elements() throws -> [TemplateValue] {
    switch self {
    case .list(let values), .tuple(let values): return values
    case .dictionary(let dictionary): return dictionary.keys.map(\.value)
    case .string(let text), .markup(let text):
      return text.unicodeScalars.map { .string(String($0)) }
    case .undefined: return []
    default:
      if let sequence { return sequence.elements() }
      throw ChatTemplateError(.value, "'\(typeName)' object is not iterable")
    }
  }

  /// Python's `len`.
  func length() throws -> Int {
    switch self {
    case .list(let values), .tuple(let values): return values.count
    case .dictionary(let dictionary): return dictionary.count
    case .string(let text), .markup(let text): return text.unicodeScalars.count
    case .undefined: return 0
    default:
      if let values = sequence?.lasting { return values.count }
      throw ChatTemplateError(.value, "object of type '\(typeName)' has no len()")
    }
  }

  /// The value, or an error where it is not there.
  func defined() throws -> TemplateValue {
    if case .undefined(let hint) = self { throw ChatTemplateError(.undefined, hint) }
    return self
  }

  /// Python's `in`.
  func contains(_ value: TemplateValue) throws -> Bool {
    switch self {
    case .string(let text), .markup(let text):
      guard let part = value.string else {
        throw ChatTemplateError(
          .value,
          "'in <string>' requires string as left operand, not \(value.typeName)")
      }
      return PythonSearch.contains(text, part)
    case .list(let values), .tuple(let values): return values.contains(value)
    case .dictionary(let dictionary):
      guard let key = TemplateKey(value) else {
        if value.isUndefined { return false }
        throw ChatTemplateError(.value, "unhashable type: '\(value.typeName)'")
      }
      return dictionary[key] != nil
    case .undefined: return false
    default:
      if let sequence { return sequence.elements().contains(value) }
      throw ChatTemplateError(.value, "argument of type '\(typeName)' is not iterable")
    }
  }

  /// Python's order.
  func isLess(than other: TemplateValue, _ symbol: String = "<") throws -> Bool {
    switch (plain, other.plain) {
    case (.undefined, _), (_, .undefined):
      _ = try defined()
      _ = try other.defined()
      return false
    case (.string(let a), .string(let b)):
      return a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
      for (a, b) in zip(a, b) where a != b { return try a.isLess(than: b, symbol) }
      return a.count < b.count
    default:
      if let a = integer, let b = other.integer { return a < b }
      if let isLess = TemplateLargeInteger.isLess(self, other) { return isLess }
      if let a = number, let b = other.number { return a < b }
      throw ChatTemplateError(
        .value,
        "'\(symbol)' not supported between instances of '\(typeName)' and '\(other.typeName)'")
    }
  }
}
