import Tensors

/// The element types that safetensors files can hold, under their names there.
///
/// The order is the format's own: writers put tensors of later types first.
public enum StoredDType: String, CaseIterable, Sendable {
  /// Truth values, a byte each.
  case bool = "BOOL"
  /// 4-bit floats, two to a byte.
  case float4 = "F4"
  /// 6-bit floats with 2 bits of exponent.
  case float6E2M3 = "F6_E2M3"
  /// 6-bit floats with 3 bits of exponent.
  case float6E3M2 = "F6_E3M2"
  /// Unsigned bytes.
  case uint8 = "U8"
  /// Signed bytes.
  case int8 = "I8"
  /// 8-bit floats with 5 bits of exponent.
  case float8E5M2 = "F8_E5M2"
  /// 8-bit floats with 4 bits of exponent.
  case float8E4M3 = "F8_E4M3"
  /// 8-bit powers of two.
  case float8E8M0 = "F8_E8M0"
  /// 8-bit floats with 4 bits of exponent and no negative zero.
  case float8E4M3FNUZ = "F8_E4M3FNUZ"
  /// 8-bit floats with 5 bits of exponent and no negative zero.
  case float8E5M2FNUZ = "F8_E5M2FNUZ"
  /// 16-bit integers.
  case int16 = "I16"
  /// Unsigned 16-bit integers.
  case uint16 = "U16"
  /// 16-bit IEEE floats.
  case float16 = "F16"
  /// Brain floats.
  case bfloat16 = "BF16"
  /// 32-bit integers.
  case int32 = "I32"
  /// Unsigned 32-bit integers.
  case uint32 = "U32"
  /// 32-bit IEEE floats.
  case float32 = "F32"
  /// Pairs of 32-bit floats.
  case complex64 = "C64"
  /// 64-bit IEEE floats.
  case float64 = "F64"
  /// 64-bit integers.
  case int64 = "I64"
  /// Unsigned 64-bit integers.
  case uint64 = "U64"

  /// The size of one element in bits.
  public var bits: Int {
    switch self {
    case .float4: 4
    case .float6E2M3, .float6E3M2: 6
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ,
      .float8E5M2FNUZ:
      8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    }
  }

  /// The tensors' dtype of the same elements, or nil where they have none.
  public var dtype: DType? { DType.allCases.first { $0.shortName.uppercased() == rawValue } }

  /// The type under which a dtype is saved.
  public init(_ dtype: DType) {
    guard let type = StoredDType(rawValue: dtype.shortName.uppercased()) else {
      fail("safetensors", "there is no type for \(dtype)")
    }
    self = type
  }

  /// The bytes that elements of a shape take, or nil where they overflow or end within a byte.
  package func byteCount(of shape: [Int]) -> Int? {
    var count = 1
    for size in shape + [bits] {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count % 8 == 0 ? count / 8 : nil
  }
}
