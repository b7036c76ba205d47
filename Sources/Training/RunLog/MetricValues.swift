/// A value in a line of metrics.
public enum MetricValue: Sendable, Equatable {
  /// A whole number.
  case integer(Int)
  /// A number. JSON has no word for numbers that are not finite: they are written as the texts
  /// `"nan"`, `"inf"` and `"-inf"`.
  case number(Double)
  /// A text.
  case text(String)
  /// True or false.
  case flag(Bool)
  /// Several values.
  case list([MetricValue])
  /// Nothing.
  case null

  /// A number with the digits of single precision: 0.1, not 0.10000000149011612.
  public static func single(_ value: Float) -> MetricValue {
    value.isFinite ? .number(Double(value.description) ?? Double(value)) : .number(Double(value))
  }

  /// The value as JSON.
  package var json: String {
    switch self {
    case .integer(let value): String(value)
    case .number(let value) where value.isFinite: value.description
    case .number(let value): value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\""
    case .text(let value): Self.quoted(value)
    case .flag(let value): String(value)
    case .list(let values): "[" + values.map(\.json).joined(separator: ", ") + "]"
    case .null: "null"
    }
  }

  /// `text` as a JSON string, with RFC 8259's escapes.
  package static func quoted(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "\"") { result, scalar in
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    } + "\""
  }
}

extension MetricValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral
{
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// True or false.
  public init(booleanLiteral value: Bool) { self = .flag(value) }
}

/// Named values in the order in which they are written: `["step": 10, "loss": .number(loss)]`.
public struct MetricValues: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// One name and its value.
  public struct Pair: Sendable, Equatable {
    /// The name, in snake case.
    public let name: String
    /// The value.
    public var value: MetricValue
  }

  /// The values in their order.
  public private(set) var pairs: [Pair] = []

  /// No values.
  public init() {}

  /// The values of a literal; of a name that stands twice the last value counts.
  public init(dictionaryLiteral elements: (String, MetricValue)...) {
    for (name, value) in elements { self[name] = value }
  }

  /// The value of `name`: setting a new one appends it, setting nil takes it out.
  public subscript(name: String) -> MetricValue? {
    get { pairs.first { $0.name == name }?.value }
    set {
      let index = pairs.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let value?): pairs[index].value = value
      case (let index?, nil): pairs.remove(at: index)
      case (nil, let value?): pairs.append(Pair(name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  /// One line of JSON without its newline.
  package var json: String {
    "{"
      + pairs.map { "\(MetricValue.quoted($0.name)): \($0.value.json)" }.joined(separator: ", ")
      + "}"
  }
}
