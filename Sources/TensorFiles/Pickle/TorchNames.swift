/// PyTorch's names in pickles.
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

  /// PyTorch's further dtypes, whose tensors are not read.
  private static let otherTypes: Set<String> =
    ["complex32", "complex128", "quint8", "qint8", "qint32", "quint4x2", "quint2x4", "bits1x8"]

  /// A name as Python 3 has it: protocol 2 writes those of Python 2.
  static func current(_ name: String) -> String {
    name.hasPrefix("__builtin__.") ? "builtins." + name.dropFirst("__builtin__.".count) : name
  }

  /// Whether a name may stand in a file as a value: a dtype, which is read as its name.
  static func isValue(_ name: String) -> Bool {
    guard name.hasPrefix("torch.") else { return false }
    let short = String(name.dropFirst("torch.".count))
    return types.contains { $0.name == short } || otherTypes.contains(short)
      || short.hasPrefix("per_tensor_") || short.hasPrefix("per_channel_")
  }

  /// Whether NumPy defines a name.
  static func isNumpy(_ name: String) -> Bool { name.hasPrefix("numpy.") }

  /// The dtype of a storage class, nil for the untyped one.
  static func storageType(_ global: String) throws(PickleFault) -> StoredDType? {
    if global == "torch.storage.UntypedStorage" || global == "torch.UntypedStorage" { return nil }
    let found = types.first { !$0.storage.isEmpty && global == "torch.\($0.storage)" }
    guard let found else { throw .unsupported("storages of type \(global)") }
    return found.dtype
  }

  /// The dtype of a name such as `torch.float8_e5m2`.
  static func dtype(_ global: String) throws(PickleFault) -> StoredDType {
    guard let found = types.first(where: { global == "torch.\($0.name)" }) else {
      throw .unsupported("tensors of type \(global)")
    }
    return found.dtype
  }
}
