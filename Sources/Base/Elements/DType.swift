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

  /// Whether this is one of the four floating-point types: those that can carry a gradient.
  @inlinable
  public var isFloatingPoint: Bool { rawValue <= DType.float16.rawValue }

  /// Whether this is an integer type; `bool` is not.
  @inlinable
  public var isInteger: Bool { rawValue >= DType.int64.rawValue && self != .bool }

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
      // uint8 meets a signed type of its own size in int16.
      if self == .uint8 && other == .int8 || self == .int8 && other == .uint8 { return .int16 }
      return size > other.size || (size == other.size) ? self : other
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
