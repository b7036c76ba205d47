import Foundation

/// PyTorch's names in pickles, and how its tensors are rebuilt from storages.
enum TorchNames {
  /// Storage classes with the dtypes they hold and PyTorch's names for these.
  static let types: [(storage: String, name: String, dtype: StoredDType)] = [
    ("FloatStorage", "float32", .float32), ("DoubleStorage", "float64", .float64),
    ("HalfStorage", "float16", .float16), ("BFloat16Storage", "bfloat16", .bfloat16),
    ("LongStorage", "int64", .int64), ("IntStorage", "int32", .int32),
    ("ShortStorage", "int16", .int16), ("CharStorage", "int8", .int8),
    ("ByteStorage", "uint8", .uint8), ("BoolStorage", "bool", .bool),
    ("ComplexFloatStorage", "complex64", .complex64),
    // These have no storage class of their own and come untyped.
    ("", "uint16", .uint16), ("", "uint32", .uint32), ("", "uint64", .uint64),
    ("", "float8_e4m3fn", .float8E4M3), ("", "float8_e5m2", .float8E5M2),
    ("", "float8_e4m3fnuz", .float8E4M3FNUZ), ("", "float8_e5m2fnuz", .float8E5M2FNUZ),
    ("", "float8_e8m0fnu", .float8E8M0),
  ]

  /// The dtype of a storage class, nil for the untyped one.
  static func storageType(_ global: String) throws(PickleFault) -> StoredDType? {
    if global == "torch.storage UntypedStorage" || global == "torch UntypedStorage" { return nil }
    let found = types.first { !$0.storage.isEmpty && global == "torch \($0.storage)" }
    guard let found else {
      throw .unsupported("storages of type \(global.replacingOccurrences(of: " ", with: "."))")
    }
    return found.dtype
  }

  /// The dtype of a name such as `torch float8_e5m2`.
  static func dtype(_ global: String) throws(PickleFault) -> StoredDType {
    guard let found = types.first(where: { global == "torch \($0.name)" }) else {
      throw .unsupported("tensors of type \(global.replacingOccurrences(of: " ", with: "."))")
    }
    return found.dtype
  }

  /// A view of a storage: `(storage, offset, size, stride, …)`, laid out in row-major order.
  static func tensor(
    _ arguments: [PickleObject], dtype: StoredDType?
  ) throws(PickleFault) -> PickleObject {
    guard arguments.count >= 4, case .storage(let storage) = arguments[0],
      case .int(let offset) = arguments[1], offset >= 0
    else { throw .damaged("a tensor without storage, offset, size and stride") }
    let shape = try arguments[2].sizes("a tensor's size")
    let strides = try arguments[3].sizes("a tensor's stride")
    guard let dtype = dtype ?? storage.dtype else {
      throw .damaged("a tensor of an untyped storage has no dtype")
    }
    guard shape.count == strides.count, let byteCount = dtype.byteCount(of: shape) else {
      throw .damaged("the size \(shape) with stride \(strides) is impossible")
    }
    let size = dtype.bits / 8
    var last = offset
    if byteCount > 0 {
      for (size, stride) in zip(shape, strides) {
        let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, sumOverflow) = last.addingReportingOverflow(reach)
        last = overflow || sumOverflow ? .max : sum
      }
      guard last < storage.bytes.count / size else {
        throw .damaged("a tensor reaches beyond its storage \(storage.key)")
      }
    }
    let expected = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    let isContiguous = zip(shape, zip(strides, expected)).allSatisfy {
      $0 == 1 || $1.0 == $1.1
    }
    let bytes: Data
    if byteCount == 0 {
      bytes = Data()
    } else if isContiguous {
      let start = storage.bytes.startIndex + offset * size
      bytes = storage.bytes[start..<start + byteCount]
    } else {
      // A few numbers, repeated by a stride of 0, must not become more than memory holds.
      guard byteCount <= storage.bytes.count + 1 << 30 else {
        throw .unsupported("a tensor of \(storage.bytes.count) bytes repeated to \(byteCount)")
      }
      bytes = gathered(storage.bytes, shape: shape, strides: strides, offset: offset, size: size)
    }
    return .tensor(StoredTensor(name: "", dtype: dtype, shape: shape, bytes: bytes))
  }
}
