import Base

/// A value among a group's options or in saved state: what JSON can hold.
///
/// Numbers keep every bit through JSON: finite ones in their shortest exact form, infinities and nan
/// as the strings `"inf"`, `"-inf"` and `"nan"`, which ``double`` reads back.
public enum OptionValue: Equatable, Sendable {
  /// Nothing (`None`).
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case int(Int)
  /// A real number.
  case double(Double)
  /// A word, such as the name of a line search.
  case string(String)
  /// Values in order; a pair such as betas too.
  case list([OptionValue])
  /// Values by name.
  case object([String: OptionValue])
}

/// Options by PyTorch's names: `lr`, `weight_decay`, `betas`.
public typealias OptionValues = [String: OptionValue]

/// Reading a value as what one expects; nil where it is something else.
extension OptionValue {
  /// A number of either kind.
  public var double: Double? {
    switch self {
    case .double(let value): value
    case .int(let value): Double(value)
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    case .string("nan"): .nan
    default: nil
    }
  }

  /// A whole number, one written as a real number included.
  public var int: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// A truth value.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// A word.
  public var string: String? { if case .string(let value) = self { value } else { nil } }

  /// Values in order.
  public var list: [OptionValue]? { if case .list(let value) = self { value } else { nil } }

  /// Values by name.
  public var object: OptionValues? { if case .object(let value) = self { value } else { nil } }

  /// Whether nothing stands here.
  public var isNull: Bool { self == .null }

  /// Several numbers.
  public var doubles: [Double]? {
    guard let list else { return nil }
    let values = list.compactMap(\.double)
    return values.count == list.count ? values : nil
  }

  /// A list of numbers.
  public static func doubles(_ values: some Sequence<Double>) -> OptionValue {
    .list(values.map { .double($0) })
  }

  /// A list of whole numbers.
  public static func ints(_ values: some Sequence<Int>) -> OptionValue {
    .list(values.map { .int($0) })
  }

  /// Whether a saved value may take this one's place; null stands for any, but a number cannot become
  /// null.
  func accepts(_ other: OptionValue) -> Bool {
    switch (self, other) {
    case (.null, _): true
    case (_, .null): double == nil
    case (.int, _), (.double, _): other.double != nil
    case (.bool, .bool), (.string, .string), (.object, .object): true
    case (.list(let mine), .list(let theirs)): mine.count == theirs.count || mine.isEmpty
    default: false
    }
  }
}

extension OptionValue: Codable {
  /// Any JSON value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      // -0 is a whole number that only a real one can hold.
      let real = value == 0 ? try container.decode(Double.self) : 1
      self = real.sign == .minus ? .double(real) : .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([OptionValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: OptionValue].self))
    }
  }

  /// The value as JSON.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value) where value.isFinite: try container.encode(value)
    case .double(let value):
      try container.encode(value.isNaN ? "nan" : value > 0 ? "inf" : "-inf")
    case .string(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

extension OptionValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByNilLiteral
{
  /// `true`, `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// `3`.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// `0.1`.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// `"strong_wolfe"`.
  public init(stringLiteral value: String) { self = .string(value) }
  /// `[0.9, 0.999]`.
  public init(arrayLiteral elements: OptionValue...) { self = .list(elements) }
  /// `nil`.
  public init(nilLiteral: ()) { self = .null }
}

extension OptionValue: CustomStringConvertible {
  /// The value as Python prints it; keys in their order.
  public var description: String {
    switch self {
    case .null: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let value): "'\(value)'"
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .object(let values):
      "{"
        + values.inKeyOrder.map { "'\($0.key)': \($0.value)" }
        .joined(separator: ", ") + "}"
    }
  }
}
