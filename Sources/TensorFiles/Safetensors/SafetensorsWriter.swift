import Base
import Foundation
import Tensors

/// Writes safetensors files, byte for byte as the reference writer does.
public enum SafetensorsWriter {
  /// What files say of themselves: with it transformers takes them.
  package static let metadata = [(name: "format", value: "pt")]

  /// The bytes before the data: the header's length and the header, which ends in spaces up to a
  /// multiple of 8.
  /// - Parameters:
  ///   - tensors: In the order in which they are written.
  ///   - metadata: What `__metadata__` will say.
  package static func header(
    of tensors: [TensorEntry], metadata: [(name: String, value: String)]
  ) -> Data {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        .map { "\(quotedJSON($0.name)):\(quotedJSON($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var position = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = position + tensor.byteCount
      members.append(
        "\(quotedJSON(tensor.name)):{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(position),\(end)]}")
      position = end
    }
    var json = Data("{\(members.joined(separator: ","))}".utf8)
    json.append(contentsOf: repeatElement(0x20, count: (8 - json.count % 8) % 8))
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json
  }

  /// The places in the given list in the order in which tensors are written: types with larger elements
  /// first, then by name.
  /// - Precondition: No name comes twice.
  package static func order(_ tensors: [TensorEntry]) -> [Int] {
    let names = Set(tensors.map { Array($0.name.utf8) })
    require(names.count == tensors.count, "SafetensorsWriter", "a name comes twice")
    let ranks = Dictionary(
      uniqueKeysWithValues: zip(StoredDType.allCases, StoredDType.allCases.indices))
    return tensors.indices.sorted { a, b in
      let (x, y) = (ranks[tensors[a].dtype] ?? 0, ranks[tensors[b].dtype] ?? 0)
      return x != y
        ? x > y : tensors[a].name.utf8.lexicographicallyPrecedes(tensors[b].name.utf8)
    }
  }

  /// A file's bytes in pieces, of which those of the tensors are not copied.
  /// - Precondition: No name comes twice.
  package static func pieces(
    of tensors: [StoredTensor], metadata: [(name: String, value: String)] = metadata
  ) -> [Data] {
    let entries = tensors.map(\.entry)
    let order = order(entries)
    return [header(of: order.map { entries[$0] }, metadata: metadata)]
      + order.map { tensors[$0].bytes }
  }

  /// Writes a file in one step: it is there complete or not at all.
  /// - Parameters:
  ///   - tensors: No name twice.
  ///   - metadata: What `__metadata__` will say; `format: pt` makes transformers take the file.
  ///   - path: The file, replaced where it exists.
  /// - Throws: ``CheckpointError`` where it cannot be written; the file is then as it was.
  public static func write(
    _ tensors: [StoredTensor], metadata: [(name: String, value: String)] = [("format", "pt")],
    to path: String
  ) throws(CheckpointError) {
    let pieces = pieces(of: tensors, metadata: metadata)
    try AtomicFile.write(to: path) { file throws(CheckpointError) in
      for piece in pieces { try file.write(piece) }
    }
  }
}
