import Base

/// A value of a chat template, with Python's meaning: what messages, tools and settings are given as.
///
/// ```swift
/// let message: TemplateValue = ["role": "user", "content": "Hi"]
/// ```
public enum TemplateValue: Sendable {
  /// What is not there. Prints as nothing; the text says what was missing.
  case undefined(String)
  /// Python's `None`.
  case none
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// A real number.
  case double(Double)
  /// A text; its length is counted in Unicode's code points.
  case string(String)
  /// A text that counts as escaped, as `safe` and `e` give it: what is joined to it by `+` is escaped.
  case markup(String)
  /// A list.
  case list([TemplateValue])
  /// A list that prints in parentheses.
  case tuple([TemplateValue])
  /// Names or numbers with values, in order.
  case dictionary(TemplateDictionary)
  /// A function that the template may call.
  case function(TemplateFunction)
  /// A namespace, a loop or a macro: it has an identity.
  case object(TemplateObject)
}

/// What has an identity in a template: namespaces, loops and macros.
///
/// Its state is the renderer's, which runs on one thread and shares none of it.
public class TemplateObject: @unchecked Sendable {
  init() {}

  /// The value of an attribute, or nil where there is none.
  func attribute(_ name: String) -> TemplateValue? { nil }

  /// As Python prints it, without the address.
  var representation: String { "<object>" }
}

/// A function that a template may call.
public struct TemplateFunction: Sendable {
  /// The name that errors call it by.
  public let name: String
  let body: @Sendable (TemplateArguments) throws -> TemplateValue

  /// Gives a template a function of one's own.
  public init(
    _ name: String, _ body: @escaping @Sendable (TemplateArguments) throws -> TemplateValue
  ) {
    self.name = name
    self.body = body
  }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A real number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// None.
  public init(nilLiteral: ()) { self = .none }
  /// A list.
  public init(arrayLiteral elements: TemplateValue...) { self = .list(elements) }
  /// A dictionary in the order of the literal.
  public init(dictionaryLiteral elements: (TemplateValue, TemplateValue)...) {
    var dictionary = TemplateDictionary()
    for (key, value) in elements {
      if let key = TemplateKey(key) { dictionary.set(key, value) }
    }
    self = .dictionary(dictionary)
  }
}

extension TemplateValue: Equatable {
  /// Python's `==`: numbers and truth values by their number, texts by their code points.
  public static func == (a: TemplateValue, b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.undefined, .undefined), (.none, .none): true
    case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
    case (.markup(let a), _): .string(a) == b
    case (_, .markup(let b)): a == .string(b)
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a == b
    case (.dictionary(let a), .dictionary(let b)): a == b
    case (.object(let a), .object(let b)):
      a === b || a.comparable.flatMap { own in b.comparable.map { own == $0 } } ?? false
    case (.object(let a), .tuple(let b)), (.tuple(let b), .object(let a)):
      a.comparable == .tuple(b)
    case (.double(let a), _): b.number.map { $0.isEqual(to: a) } ?? false
    case (_, .double(let b)): a.number.map { $0.isEqual(to: b) } ?? false
    default:
      if let a = a.integer, let b = b.integer { a == b } else { false }
    }
  }
}

extension TemplateValue {
  /// The value of a JSON file.
  package init(_ json: JSONValue) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .number(let text):
      self = TemplateValue(wholeNumber: text) ?? .double(Double(text) ?? .nan)
    case .string(let text): self = .string(text)
    case .array(let values): self = .list(values.map { TemplateValue($0) })
    case .object(let members):
      var dictionary = TemplateDictionary()
      for member in members { dictionary.set(.string(member.name), TemplateValue(member.value)) }
      self = .dictionary(dictionary)
    }
  }

  /// The value of a JSON text.
  /// - Throws: ``ChatTemplateError`` where it is no JSON.
  public init(json text: String) throws {
    do {
      self.init(try JSONParser.parse(Array(text.utf8)))
    } catch {
      throw ChatTemplateError(.value, "no JSON: \(error.message) at byte \(error.position)")
    }
  }

  /// The number of a whole number or truth value.
  var integer: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The number of any number or truth value.
  var number: Double? {
    if case .double(let value) = self { return value }
    if let largeInteger { return Double(largeInteger.digits) }
    return integer.map { Double($0) }
  }

  /// The text, or nil where this is none.
  public var string: String? {
    switch self {
    case .string(let value), .markup(let value): value
    default: nil
    }
  }

  /// The value, a plain text where it is one that counts as escaped.
  var plain: TemplateValue { if case .markup(let value) = self { .string(value) } else { self } }

  /// Whether this is a text that counts as escaped.
  var isMarkup: Bool { if case .markup = self { true } else { false } }

  /// What Python iterates over without being a list, or nil where this is none.
  var sequence: TemplateSequence? {
    if case .object(let object) = self { object as? TemplateSequence } else { nil }
  }

  /// The dictionary, or nil where this is none.
  public var dictionary: TemplateDictionary? {
    if case .dictionary(let value) = self { value } else { nil }
  }

  /// Whether this is `None`.
  public var isNone: Bool { if case .none = self { true } else { false } }

  /// Whether this is not there.
  public var isUndefined: Bool { if case .undefined = self { true } else { false } }
}
