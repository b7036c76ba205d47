import CMPIShim

/// The type of a buffer's elements.
public enum ElementType: Int32, Sendable, Hashable, CaseIterable, Codable {
  case float64 = 0
  case float32
  case float16
  case bfloat16
  case int64
  case int32
  case uint8
  case bool
  case int8
  case int16

  /// Bytes per element.
  public var size: Int { torus_element_size(rawValue) }

  /// Short name, as in `f32`.
  public var name: String {
    switch self {
    case .float64: "f64"
    case .float32: "f32"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .int64: "i64"
    case .int32: "i32"
    case .uint8: "u8"
    case .bool: "bool"
    case .int8: "i8"
    case .int16: "i16"
    }
  }
}

/// A Swift type whose arrays can be reduced and exchanged.
public protocol CollectiveElement: BitwiseCopyable, Sendable {
  /// The type that travels.
  static var elementType: ElementType { get }
  /// A value to fill receiving arrays with.
  static var blank: Self { get }
}

extension Double: CollectiveElement {
  /// Travels as float64.
  public static var elementType: ElementType { .float64 }
  /// Zero.
  public static var blank: Double { 0 }
}

extension Float: CollectiveElement {
  /// Travels as float32.
  public static var elementType: ElementType { .float32 }
  /// Zero.
  public static var blank: Float { 0 }
}

extension Int64: CollectiveElement {
  /// Travels as int64.
  public static var elementType: ElementType { .int64 }
  /// Zero.
  public static var blank: Int64 { 0 }
}

extension Int: CollectiveElement {
  /// Travels as int64.
  public static var elementType: ElementType { .int64 }
  /// Zero.
  public static var blank: Int { 0 }
}

extension Int32: CollectiveElement {
  /// Travels as int32.
  public static var elementType: ElementType { .int32 }
  /// Zero.
  public static var blank: Int32 { 0 }
}

extension Int16: CollectiveElement {
  /// Travels as int16.
  public static var elementType: ElementType { .int16 }
  /// Zero.
  public static var blank: Int16 { 0 }
}

extension Int8: CollectiveElement {
  /// Travels as int8.
  public static var elementType: ElementType { .int8 }
  /// Zero.
  public static var blank: Int8 { 0 }
}

extension UInt8: CollectiveElement {
  /// Travels as uint8.
  public static var elementType: ElementType { .uint8 }
  /// Zero.
  public static var blank: UInt8 { 0 }
}

extension Bool: CollectiveElement {
  /// Travels as bool.
  public static var elementType: ElementType { .bool }
  /// `false`.
  public static var blank: Bool { false }
}
