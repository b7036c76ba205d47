@_exported import enum Base.DType

extension DType {
  /// The type of a number in C, or `uint8` for one that is no type's.
  init(code: Int32) { self = UInt8(exactly: code).flatMap(DType.init(rawValue:)) ?? .uint8 }

  /// The number in C.
  var code: Int32 { Int32(rawValue) }
}

/// A Swift type whose arrays can be reduced and exchanged.
public protocol CollectiveElement: BitwiseCopyable, Sendable {
  /// The type that travels.
  static var dtype: DType { get }
  /// A value to fill receiving arrays with.
  static var blank: Self { get }
}

// Programs that import tensors as well see their `dtype` of a Swift type, which is the same.

extension Double: CollectiveElement {
  /// Travels as float64.
  @_disfavoredOverload
  public static var dtype: DType { .float64 }
  /// Zero.
  public static var blank: Double { 0 }
}

extension Float: CollectiveElement {
  /// Travels as float32.
  @_disfavoredOverload
  public static var dtype: DType { .float32 }
  /// Zero.
  public static var blank: Float { 0 }
}

extension Int64: CollectiveElement {
  /// Travels as int64.
  @_disfavoredOverload
  public static var dtype: DType { .int64 }
  /// Zero.
  public static var blank: Int64 { 0 }
}

extension Int: CollectiveElement {
  /// Travels as int64.
  @_disfavoredOverload
  public static var dtype: DType { .int64 }
  /// Zero.
  public static var blank: Int { 0 }
}

extension Int32: CollectiveElement {
  /// Travels as int32.
  @_disfavoredOverload
  public static var dtype: DType { .int32 }
  /// Zero.
  public static var blank: Int32 { 0 }
}

extension Int16: CollectiveElement {
  /// Travels as int16.
  @_disfavoredOverload
  public static var dtype: DType { .int16 }
  /// Zero.
  public static var blank: Int16 { 0 }
}

extension Int8: CollectiveElement {
  /// Travels as int8.
  @_disfavoredOverload
  public static var dtype: DType { .int8 }
  /// Zero.
  public static var blank: Int8 { 0 }
}

extension UInt8: CollectiveElement {
  /// Travels as uint8.
  @_disfavoredOverload
  public static var dtype: DType { .uint8 }
  /// Zero.
  public static var blank: UInt8 { 0 }
}

extension Bool: CollectiveElement {
  /// Travels as bool.
  @_disfavoredOverload
  public static var dtype: DType { .bool }
  /// `false`.
  public static var blank: Bool { false }
}
