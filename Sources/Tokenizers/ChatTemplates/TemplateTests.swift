/// Jinja's tests: what stands behind `is`.
enum TemplateTests {
  private static let names: Set<String> = [
    "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number",
    "string", "mapping", "iterable", "sequence", "callable", "odd", "even", "divisibleby", "eq",
    "equalto", "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge",
    ">=", "in", "lower", "upper", "sameas", "filter", "test", "escaped",
  ]

  /// The tests that compare with something; others look at the value alone.
  private static let comparing: Set<String> = [
    "divisibleby", "eq", "equalto", "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=", "gt",
    "greaterthan", ">", "ge", ">=", "in", "sameas",
  ]

  static func exists(_ name: String) -> Bool { names.contains(name) }

  /// Whether a value passes a test.
  /// - Throws: ``ChatTemplateError`` where there is no such test or it does not fit the value.
  static func passes(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws -> Bool {
    if names.contains(name), !comparing.contains(name) { try arguments.check([], for: name) }
    switch name {
    case "defined": return !value.isUndefined
    case "undefined": return value.isUndefined
    case "none": return value.isNone
    case "boolean": if case .bool = value { return true }
    case "true": if case .bool(true) = value { return true }
    case "false": if case .bool(false) = value { return true }
    case "integer":
      if case .int = value { return true }
      return value.largeInteger != nil
    case "float": if case .double = value { return true }
    case "number": return value.number != nil
    case "string": return value.string != nil
    case "mapping": return value.dictionary != nil
    case "iterable":
      switch value {
      case .list, .tuple, .dictionary, .string, .markup, .undefined: return true
      case .object(let object): return object is TemplateLoopState || value.sequence != nil
      default: return false
      }
    case "sequence":
      switch value {
      case .list, .tuple, .dictionary, .string, .markup, .undefined: return true
      default: return value.sequence?.hasPlaces ?? false
      }
    case "callable":
      switch value {
      case .function, .undefined: return true
      case .object(let object):
        return object is TemplateMacroValue || object is TemplateJoiner
          || object is TemplateLoopState
      default: return false
      }
    case "odd": return try value.combined(.remainder, .int(2)) == .int(1)
    case "even": return try value.combined(.remainder, .int(2)) == .int(0)
    case "divisibleby":
      return try value.combined(.remainder, try arguments.require(0, "num")) == .int(0)
    case "eq", "equalto", "==": return value == (try arguments.require(0, "other"))
    case "ne", "!=": return value != (try arguments.require(0, "other"))
    case "lt", "lessthan", "<": return try value.isLess(than: try arguments.require(0, "other"))
    case "gt", "greaterthan", ">":
      return try arguments.require(0, "other").isLess(than: value, ">")
    case "le", "<=":
      let other = try arguments.require(0, "other")
      return try value == other || value.isLess(than: other, "<=")
    case "ge", ">=":
      let other = try arguments.require(0, "other")
      return try value == other || other.isLess(than: value, ">=")
    case "in": return try arguments.require(0, "seq").contains(value)
    case "lower": return value.text == value.text.lowercased() && hasCase(value.text)
    case "upper": return value.text == value.text.uppercased() && hasCase(value.text)
    case "escaped": return value.isMarkup
    case "filter", "test":
      guard TemplateKey(value) != nil || value.isUndefined else {
        throw ChatTemplateError(.value, "unhashable type: '\(value.typeName)'")
      }
      return name == "test" ? exists(value.text) : TemplateFilters.exists(value.text)
    case "sameas": return try isSame(value, try arguments.require(0, "other"))
    default: throw ChatTemplateError(.unsupported, "there is no test '\(name)'")
    }
    return false
  }

  private static func hasCase(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.isCased }
  }

  /// Whether two lists are one in memory, as a name and what it was set to are.
  private static func isShared(_ a: [TemplateValue], _ b: [TemplateValue]) -> Bool {
    a.count == b.count
      && a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { a.baseAddress == $0.baseAddress }
      }
  }

  private static func unknownIdentity(_ type: String) -> ChatTemplateError {
    ChatTemplateError(.unsupported, "'sameas' of an empty \(type) is not supported")
  }

  /// Identity: of constants, numbers, texts and objects by their values, of lists and dictionaries by
  /// their place in memory.
  private static func isSame(_ a: TemplateValue, _ b: TemplateValue) throws -> Bool {
    switch (a.plain, b.plain) {
    case (.none, .none), (.bool, .bool), (.int, .int), (.string, .string), (.object, .object),
      (.double, .double):
      return a == b
    case (.tuple(let a), .tuple(let b)): return a.isEmpty && b.isEmpty || isShared(a, b)
    case (.list(let a), .list(let b)):
      guard !a.isEmpty || !b.isEmpty else { throw unknownIdentity("list") }
      return isShared(a, b)
    case (.dictionary(let a), .dictionary(let b)):
      guard a.count > 0 || b.count > 0 else { throw unknownIdentity("dict") }
      return isShared(a.values, b.values)
    default: return false
    }
  }
}
