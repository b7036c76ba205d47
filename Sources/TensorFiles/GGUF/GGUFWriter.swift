import Foundation
import Tensors

/// Writes GGUF files, version 3.
public enum GGUFWriter {
  /// Writes a file; it appears under its name when it is complete.
  /// - Parameters:
  ///   - tensors: Names, tensors and the types to write them in. Rows have to be whole blocks.
  ///   - metadata: Keys and values, in the order in which they are written.
  ///   - path: The file to write.
  /// - Throws: ``CheckpointError`` where a type is not written here, rows are no whole blocks, or the
  ///   file cannot be written.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor, type: GGUFType)],
    metadata: [(key: String, value: GGUFValue)], to path: String
  ) throws(CheckpointError) {
    var head = Data("GGUF".utf8)
    put(UInt32(3), &head)
    put(UInt64(tensors.count), &head)
    put(UInt64(metadata.count), &head)
    for (key, value) in metadata {
      put(key, &head)
      put(value.type, &head)
      put(value, as: value.type, &head)
    }
    let alignment = metadata.last { $0.key == "general.alignment" }?.value.int ?? 32
    guard (1...1 << 20).contains(alignment) else {
      throw CheckpointError(
        .unsupported, path: path, "general.alignment \(alignment) is no alignment",
        remedy: "Use 32")
    }
    var offset = 0
    for (name, tensor, type) in tensors {
      guard type.isWritable, let count = type.byteCount(of: tensor.shape) else {
        throw CheckpointError(
          .unsupported, path: path, tensor: name,
          "\(tensor.shape) is not written as \(type.name), whose rows are blocks of \(type.blockSize)",
          remedy: "Write it as F16")
      }
      put(name, &head)
      put(UInt32(tensor.rank), &head)
      for size in tensor.shape.reversed() { put(UInt64(size), &head) }
      put(type.rawValue, &head)
      put(UInt64(offset), &head)
      offset += padded(count, alignment)
    }
    try AtomicFile.write(to: path) { file throws(CheckpointError) in
      try file.write(head + Data(count: padded(head.count, alignment) - head.count))
      for (_, tensor, type) in tensors {
        let bytes = encoded(tensor, type)
        try file.write(bytes + Data(count: padded(bytes.count, alignment) - bytes.count))
      }
    }
  }

  private static func padded(_ count: Int, _ alignment: Int) -> Int {
    (count + alignment - 1) / alignment * alignment
  }

  /// A tensor's elements or blocks.
  static func encoded(_ tensor: Tensor, _ type: GGUFType) -> Data {
    noGrad {
      if let dtype = type.stored?.dtype {
        return StoredTensor(name: "", tensor.detach().to(dtype)).bytes
      }
      let source = tensor.detach().to(.float32).contiguous()
      let blocks = source.count / type.blockSize
      var bytes = Data(count: blocks * type.blockBytes)
      bytes.withUnsafeMutableBytes { target in
        guard let base = target.baseAddress, blocks > 0 else { return }
        Kernel.encodeBlocks(type.rawValue, source, count: blocks, into: base)
      }
      return bytes
    }
  }

  private static func put<Number: FixedWidthInteger>(_ value: Number, _ data: inout Data) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
  }

  private static func put(_ text: String, _ data: inout Data) {
    put(UInt64(text.utf8.count), &data)
    data.append(contentsOf: text.utf8)
  }

  private static func put(_ value: GGUFValue, as type: UInt32, _ data: inout Data) {
    switch value {
    case .unsigned(let number) where type == 4: put(UInt32(truncatingIfNeeded: number), &data)
    case .unsigned(let number): put(number, &data)
    case .signed(let number) where type == 5: put(Int32(truncatingIfNeeded: number), &data)
    case .signed(let number): put(number, &data)
    case .float(let number): put(number.bitPattern, &data)
    case .double(let number): put(number.bitPattern, &data)
    case .bool(let flag): put(UInt8(flag ? 1 : 0), &data)
    case .string(let text): put(text, &data)
    case .array(let values):
      // The widest of the elements' types, since all have one.
      let inner = values.map(\.type).max() ?? 4
      put(inner, &data)
      put(UInt64(values.count), &data)
      for element in values { put(element, as: inner, &data) }
    }
  }
}
