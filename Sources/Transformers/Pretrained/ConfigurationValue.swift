import Base

/// A value in a model's configuration: what JSON can say.
public indirect enum ConfigurationValue: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// Any other number.
  case double(Double)
  /// A string.
  case string(String)
  /// A list.
  case list([ConfigurationValue])
  /// Members in their order.
  case object([Member])

  /// A name with its value.
  public struct Member: Equatable, Sendable {
    /// The name; compared by its bytes.
    public var name: String
    /// The value.
    public var value: ConfigurationValue

    /// A name with its value.
    public init(_ name: String, _ value: ConfigurationValue) {
      self.name = name
      self.value = value
    }
  }

  /// A value in JSON; a text that is none is a string.
  public init(text: String) {
    self = (try? JSONParser.parse(Array(text.utf8))).map(ConfigurationValue.init) ?? .string(text)
  }

  init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let text):
      // Python reads 1.0 as a float and 1 as an int; the file that is saved says it alike.
      if let value = Int(text) { self = .int(value) } else { self = .double(Double(text) ?? 0) }
    case .string(let value): self = .string(value)
    case .array(let values): self = .list(values.map(ConfigurationValue.init))
    case .object(let members):
      self = .object(members.map { Member($0.name, ConfigurationValue($0.value)) })
    }
  }

  /// The value of a member, the last one where the name comes twice; nil where there is none.
  public subscript(name: String) -> ConfigurationValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The whole number, or nil where this is none; 2.0 counts as 2.
  public var int: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, or nil where this is none.
  public var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The truth value, or nil where this is none.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The string, or nil where this is none.
  public var string: String? { if case .string(let value) = self { value } else { nil } }

  /// The elements, or nil where this is no list.
  public var list: [ConfigurationValue]? {
    if case .list(let values) = self { values } else { nil }
  }

  /// The members in their order, or nil where this is no object.
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

  /// JSON with two spaces of indentation, as Python's `json.dumps(indent=2, sort_keys=True)` writes
  /// it.
  func json(indent: String = "") -> String {
    let inner = indent + "  "
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value): return value.isFinite ? "\(value)" : "null"
    case .string(let value): return quotedJSON(value)
    case .list(let values):
      if values.isEmpty { return "[]" }
      let lines = values.map { inner + $0.json(indent: inner) }
      return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        .map { "\(inner)\(quotedJSON($0.name)): \($0.value.json(indent: inner))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
    }
  }
}

extension ConfigurationValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A list.
  public init(arrayLiteral values: ConfigurationValue...) { self = .list(values) }
  /// Members in their order.
  public init(dictionaryLiteral members: (String, ConfigurationValue)...) {
    self = .object(members.map { Member($0.0, $0.1) })
  }
}
