/// A number beside a tensor: what `x + 2`, `x * 0.5` and `full(…)` take.
///
/// Its kind matters, not its width: by PyTorch's promotion rules a Swift `Double` beside a
/// `float32` tensor leaves it `float32`, and beside an `int64` tensor makes it the default float.
public enum Scalar: Sendable, Equatable {
  /// A whole number.
  case int(Int)
  /// A real number.
  case double(Double)
  /// A truth value.
  case bool(Bool)

  /// The value as a `Double`.
  public var double: Double {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    case .bool(let value): value ? 1 : 0
    }
  }

  /// The value as an `Int`, truncated towards zero; values beyond its range saturate.
  public var int: Int {
    switch self {
    case .int(let value): value
    case .double(let value):
      value.isNaN ? 0 : Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    case .bool(let value): value ? 1 : 0
    }
  }

  /// The dtype category this number stands for: `bool`, `int64` or the default float.
  var dtype: DType {
    switch self {
    case .int: .int64
    case .double: .float32
    case .bool: .bool
    }
  }
}

/// A Swift number that may stand beside a tensor in an expression.
public protocol ScalarConvertible: Operand {
  /// The number with its kind.
  var scalar: Scalar { get }
}

extension Scalar: ScalarConvertible {
  /// Itself.
  public var scalar: Scalar { self }
}
extension Int: ScalarConvertible {
  /// As a whole number.
  public var scalar: Scalar { .int(self) }
}
extension Double: ScalarConvertible {
  /// As a real number.
  public var scalar: Scalar { .double(self) }
}
extension Float: ScalarConvertible {
  /// As a real number.
  public var scalar: Scalar { .double(Double(self)) }
}
extension Bool: ScalarConvertible {
  /// As a truth value.
  public var scalar: Scalar { .bool(self) }
}

/// A Swift type whose values can be a tensor's elements.
public protocol TensorElement: TensorElements, BitwiseCopyable, Sendable where Leaf == Self {
  /// The dtype that stores this type.
  static var dtype: DType { get }
}

extension Float: TensorElement {
  /// `float32`.
  public static var dtype: DType { .float32 }
}
extension Double: TensorElement {
  /// `float64`.
  public static var dtype: DType { .float64 }
}
extension Int: TensorElement {
  /// `int64`.
  public static var dtype: DType { .int64 }
}
extension Int64: TensorElement {
  /// `int64`.
  public static var dtype: DType { .int64 }
}
extension Int32: TensorElement {
  /// `int32`.
  public static var dtype: DType { .int32 }
}
extension Int16: TensorElement {
  /// `int16`.
  public static var dtype: DType { .int16 }
}
extension Int8: TensorElement {
  /// `int8`.
  public static var dtype: DType { .int8 }
}
extension UInt8: TensorElement {
  /// `uint8`.
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorElement {
  /// `bool`.
  public static var dtype: DType { .bool }
}

/// A brain float: the upper half of a `Float`, rounded to nearest even.
public struct BFloat16: TensorElement, Equatable {
  /// The sixteen bits.
  public var bitPattern: UInt16

  /// The type itself from its bits.
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest brain float, ties to even; NaN stays NaN.
  public init(_ value: Float) {
    let bits = value.bitPattern
    bitPattern =
      value.isNaN
      ? UInt16(truncatingIfNeeded: bits >> 16) | 0x40
      : UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  }

  /// The same value as a `Float`, exactly.
  public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }

  /// `bfloat16`.
  public static var dtype: DType { .bfloat16 }
}
#if !(os(macOS) && arch(x86_64))
  extension Float16: TensorElement {
    /// `float16`.
    public static var dtype: DType { .float16 }
  }
#endif
