/// The element types of GGUF files that are read here.
///
/// The quantised ones hold blocks of numbers with common scales; a row of a tensor is whole blocks.
public enum GGUFType: UInt32, CaseIterable, Sendable {
  /// 32-bit floats.
  case f32 = 0
  /// 16-bit IEEE floats.
  case f16 = 1
  /// 4 bits around zero.
  case q4_0 = 2
  /// 4 bits above a minimum.
  case q4_1 = 3
  /// 5 bits around zero.
  case q5_0 = 6
  /// 5 bits above a minimum.
  case q5_1 = 7
  /// 8 bits around zero.
  case q8_0 = 8
  /// 2 bits, with scales of scales.
  case q2_K = 10
  /// 3 bits, with scales of scales.
  case q3_K = 11
  /// 4 bits, with scales of scales.
  case q4_K = 12
  /// 5 bits, with scales of scales.
  case q5_K = 13
  /// 6 bits, with scales of scales.
  case q6_K = 14
  /// 4 bits on an uneven grid.
  case iq4_NL = 20
  /// 4 bits on an uneven grid, with scales of scales.
  case iq4_XS = 23
  /// Bytes.
  case i8 = 24
  /// 16-bit integers.
  case i16 = 25
  /// 32-bit integers.
  case i32 = 26
  /// 64-bit integers.
  case i64 = 27
  /// 64-bit IEEE floats.
  case f64 = 28
  /// Brain floats.
  case bf16 = 30
  /// −1, 0 and 1 times a scale, five in a byte.
  case tq1_0 = 34
  /// −1 to 2 times a scale, 2 bits each.
  case tq2_0 = 35
  /// Floats of 4 bits with a power of two as their scale (OCP Microscaling Formats 1.0).
  case mxfp4 = 39

  /// The name in GGUF's own spelling: `Q4_K`.
  public var name: String { "\(self)".uppercased() }

  /// How many numbers a block holds; 1 for those without blocks.
  public var blockSize: Int {
    switch self {
    case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_NL, .mxfp4: 32
    case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_XS, .tq1_0, .tq2_0: 256
    default: 1
    }
  }

  /// The bytes of a block.
  public var blockBytes: Int {
    switch self {
    case .i8: 1
    case .f16, .bf16, .i16: 2
    case .f32, .i32: 4
    case .f64, .i64: 8
    case .q4_0, .iq4_NL: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q8_0: 34
    case .q2_K: 84
    case .q3_K: 110
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
    case .iq4_XS: 136
    case .tq1_0: 54
    case .tq2_0: 66
    case .mxfp4: 17
    }
  }

  /// The type of the same elements in tensors; nil for blocks.
  public var stored: StoredDType? {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .f64: .float64
    case .i8: .int8
    case .i16: .int16
    case .i32: .int32
    case .i64: .int64
    default: nil
    }
  }

  /// Whether tensors are written in this type.
  public var isWritable: Bool {
    [.f32, .f16, .bf16, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0].contains(self)
  }

  /// The bytes that a shape takes, rows last; nil where rows are no whole blocks or the number is
  /// beyond any file.
  func byteCount(of shape: [Int]) -> Int? {
    guard (shape.last ?? 1) % blockSize == 0 else { return nil }
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow || size < 0 { return nil }
      count = product
    }
    guard count % blockSize == 0 else { return nil }
    let (bytes, overflow) = (count / blockSize).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}
