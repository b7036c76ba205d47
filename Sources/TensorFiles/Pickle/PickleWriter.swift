import Foundation

/// Writes values as a pickle of protocol 2, with tensors as PyTorch writes them.
package struct PickleWriter {
  /// The storages in the order of their keys.
  private(set) var storages: [Data] = []
  private var output = Data([0x80, 2])
  private let path: String

  /// - Parameter path: What errors call the file.
  package init(path: String) { self.path = path }

  /// The whole pickle.
  consuming func finish() -> Data { output + Data(".".utf8) }

  /// Appends a value.
  package mutating func write(_ value: PthValue) throws(CheckpointError) {
    switch value {
    case .none: put("N")
    case .bool(let value): output.append(value ? 0x88 : 0x89)
    case .int(let value): put(value)
    case .double(let value):
      put("G")
      put(value.bitPattern.byteSwapped, 8)
    case .string(let value): put(text: value)
    case .largeInt(let digits): try put(large: digits)
    case .complex(let real, let imaginary):
      put("c__builtin__\ncomplex\n(")
      try write(.double(real))
      try write(.double(imaginary))
      put("tR")
    case .bytes(let bytes):
      put("c_codecs\nencode\n(")
      put(text: String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
      put(text: "latin1")
      put("tR")
    case .list(let elements):
      put("]")
      try write(elements, closing: "e")
    case .tuple(let elements):
      if elements.isEmpty { put(")") } else { try write(elements, closing: "t") }
    case .dictionary(let members):
      if let key = members.first(where: { !$0.key.isHashable })?.key {
        throw CheckpointError(
          .unsupported, path: path,
          "a key of a dictionary is \(key.kind), which Python cannot look up",
          remedy: "Use texts, numbers or tuples of them as keys")
      }
      put("}")
      try write(members.flatMap { [$0.key, $0.value] }, closing: "u")
    case .tensor(let tensor): try write(tensor)
    }
  }

  private mutating func write(
    _ elements: [PthValue], closing: String
  ) throws(CheckpointError) {
    if elements.isEmpty { return }
    put("(")
    for element in elements { try write(element) }
    put(closing)
  }

  /// `_rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())`, or `_rebuild_tensor_v3`
  /// with an untyped storage and a dtype where PyTorch has no storage class.
  private mutating func write(_ tensor: StoredTensor) throws(CheckpointError) {
    guard let type = TorchNames.types.first(where: { $0.dtype == tensor.dtype }) else {
      throw CheckpointError(
        .unsupported, path: path, tensor: tensor.name,
        "PyTorch has no elements of type \(tensor.dtype.rawValue)", remedy: "Convert the tensor")
    }
    let isTyped = !type.storage.isEmpty
    put(isTyped ? "ctorch._utils\n_rebuild_tensor_v2\n" : "ctorch._utils\n_rebuild_tensor_v3\n")
    put("(")  // the arguments
    put("(")  // the persistent id
    put(text: "storage")
    put(isTyped ? "ctorch\n\(type.storage)\n" : "ctorch.storage\nUntypedStorage\n")
    put(text: String(storages.count))
    put(text: "cpu")
    put(isTyped ? tensor.shape.reduce(1, *) : tensor.bytes.count)
    put("tQ")
    storages.append(tensor.bytes)
    put(0)
    put(sizes: tensor.shape)
    put(
      sizes: tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1) { $0 &* max($1, 1) } })
    output.append(0x89)
    put("ccollections\nOrderedDict\n)R")
    if !isTyped { put("ctorch\n\(type.name)\n") }
    put("tR")
  }

  private mutating func put(sizes: [Int]) {
    if sizes.isEmpty {
      put(")")
    } else {
      put("(")
      for size in sizes { put(size) }
      put("t")
    }
  }

  private mutating func put(_ operations: String) { output += Data(operations.utf8) }

  private mutating func put(text: String) {
    put("X")
    put(UInt64(text.utf8.count), 4)
    output += Data(text.utf8)
  }

  private mutating func put(_ value: Int) {
    if let small = Int32(exactly: value) {
      put("J")
      put(UInt64(UInt32(bitPattern: small)), 4)
    } else {
      output += [0x8a, 8]
      put(UInt64(bitPattern: Int64(value)), 8)
    }
  }

  private mutating func put(large digits: String) throws(CheckpointError) {
    guard let bytes = DecimalText.twosComplement(of: digits) else {
      throw CheckpointError(
        .unsupported, path: path,
        "“\(digits.prefix(40))” is no whole number of at most "
          + "\(2 * DecimalText.maximumBytes) digits", remedy: "Save it as a string")
    }
    // PyTorch's safe loader knows the short form alone.
    let isShort = bytes.count < 256
    put(UInt64(isShort ? 0x8a : 0x8b), 1)
    put(UInt64(bytes.count), isShort ? 1 : 4)
    output += bytes
  }

  private mutating func put(_ value: UInt64, _ size: Int) {
    for index in 0..<size { output.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
  }
}
