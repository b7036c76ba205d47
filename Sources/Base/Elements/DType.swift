/// The type of a tensor's elements (`torch.dtype`).
///
/// Raw values are those of C's `torus_dtype`: a type is stated here and in `torus_dtype.h`.
public enum DType: UInt8, Sendable, CaseIterable, Codable {
  /// 32-bit IEEE float, the default.
  case float32 = 0
  /// 64-bit IEEE float.
  case float64 = 1
  /// Brain float: float32's range with 8 bits of precision; computed in float32, rounded to even.
  case bfloat16 = 2
  /// 16-bit IEEE float; computed in float32, rounded to even.
  case float16 = 3
  /// 64-bit signed integer: indices and labels.
  case int64 = 4
  /// 32-bit signed integer.
  case int32 = 5
  /// 16-bit signed integer.
  case int16 = 6
  /// 8-bit signed integer.
  case int8 = 7
  /// 8-bit unsigned integer.
  case uint8 = 8
  /// Truth values, one byte each.
  case bool = 9

  /// The size of one element in bytes.
  @inlinable
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether this is a floating-point type: one that can carry a gradient.
  @inlinable
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float64, .bfloat16, .float16: true
    case .int64, .int32, .int16, .int8, .uint8, .bool: false
    }
  }

  /// Whether this is an integer type; `bool` is not.
  @inlinable
  public var isInteger: Bool { !isFloatingPoint && self != .bool }

  /// Whether there are negative numbers of this type (`torch.dtype.is_signed`).
  @inlinable
  public var isSigned: Bool { self != .uint8 && self != .bool }

  /// Whether this is `bfloat16` or `float16`.
  @inlinable
  public var isHalf: Bool { self == .bfloat16 || self == .float16 }

  /// The type that a tensor of this type and one of the other meet in (`torch.promote_types`).
  public func promoted(with other: DType) -> DType {
    if self == other { return self }
    switch (isFloatingPoint, other.isFloatingPoint) {
    case (true, false): return self
    case (false, true): return other
    case (true, true):
      if isHalf && other.isHalf { return .float32 }
      return size >= other.size ? self : other
    case (false, false):
      if self == .bool { return other }
      if other == .bool { return self }
      if isSigned == other.isSigned { return size >= other.size ? self : other }
      // The smallest signed type that holds both: int16 for uint8 and int8.
      let (signed, unsigned) = isSigned ? (self, other) : (other, self)
      if signed.size > unsigned.size { return signed }
      let wider = Self.allCases.filter { $0.isInteger && $0.isSigned && $0.size > unsigned.size }
      return wider.min { $0.size < $1.size } ?? signed
    }
  }
}

extension DType: CustomStringConvertible {
  /// PyTorch's name without the module: `float32`, `int64`, `bool`.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .bfloat16: "bfloat16"
    case .float16: "float16"
    case .int64: "int64"
    case .int32: "int32"
    case .int16: "int16"
    case .int8: "int8"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }

  /// The type of a name without the module, as ``description`` gives it; nil for no type's.
  public init?(named name: String) {
    guard let type = Self.allCases.first(where: { $0.description == name }) else { return nil }
    self = type
  }

  /// Short name, as in `f32`; in capitals it is safetensors' name.
  public var shortName: String {
    switch self {
    case .float32: "f32"
    case .float64: "f64"
    case .bfloat16: "bf16"
    case .float16: "f16"
    case .int64: "i64"
    case .int32: "i32"
    case .int16: "i16"
    case .int8: "i8"
    case .uint8: "u8"
    case .bool: "bool"
    }
  }
}
