/// A value of a GGUF file's metadata.
public enum GGUFValue: Equatable, Sendable {
  /// An unsigned whole number of any width.
  case unsigned(UInt64)
  /// A signed whole number of any width.
  case signed(Int64)
  /// A 32-bit float.
  case float(Float)
  /// A 64-bit float.
  case double(Double)
  /// A truth value.
  case bool(Bool)
  /// A text.
  case string(String)
  /// Values of one type.
  case array([GGUFValue])

  /// The whole number, or nil where this is none or beyond Int.
  public var int: Int? {
    switch self {
    case .unsigned(let value): Int(exactly: value)
    case .signed(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, or nil where this is none.
  public var number: Double? {
    switch self {
    case .unsigned(let value): Double(value)
    case .signed(let value): Double(value)
    case .float(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The truth value, or nil where this is none.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The text, or nil where this is none.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The elements, or nil where this is no array.
  public var array: [GGUFValue]? { if case .array(let values) = self { values } else { nil } }

  /// The number of the value's type in files.
  package var type: UInt32 {
    switch self {
    case .unsigned(let value): value <= UInt64(UInt32.max) ? 4 : 10
    case .signed(let value): Int64(Int32.min)...Int64(Int32.max) ~= value ? 5 : 11
    case .float: 6
    case .bool: 7
    case .string: 8
    case .array: 9
    case .double: 12
    }
  }
}
