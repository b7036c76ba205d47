import Base
import Foundation
import Tensors

/// A GGUF file (llama.cpp's format, versions 2 and 3): metadata and tensors, some of them in blocks.
///
/// The file is mapped: only what is touched is read. What a hostile file claims is bounded by its size
/// before memory is taken.
public struct GGUFFile: Sendable {
  /// A tensor of the file.
  public struct Entry: Sendable {
    /// The name in the file, such as `blk.0.attn_q.weight`.
    public let name: String
    /// The element type.
    public let type: GGUFType
    /// The sizes, rows last (the file lists them the other way round).
    public let shape: [Int]
    /// The elements or blocks, mapped.
    public let bytes: Data

    /// A tensor of the given elements or blocks.
    /// - Precondition: `bytes` are as many as the shape holds.
    public init(name: String, type: GGUFType, shape: [Int], bytes: Data) {
      require(
        type.byteCount(of: shape) == bytes.count, "GGUF",
        "\(bytes.count) bytes do not fill \(shape) of \(type.name) for \(name)")
      (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
    }
  }

  /// Where the file is.
  public let path: String
  /// The metadata in the file's order.
  public var metadata: [(key: String, value: GGUFValue)] { pairs.pairs }
  /// The tensors in the file's order.
  public let tensors: [Entry]
  private let pairs: GGUFMetadata
  private let names: [[UInt8]: Int]

  /// Opens a file.
  /// - Throws: ``CheckpointError`` that says what is wrong, and where.
  public init(path: String) throws(CheckpointError) {
    try self.init(contents: mappedContents(of: path), path: path)
  }

  /// Reads a file that is in memory.
  /// - Parameters:
  ///   - contents: The file's bytes.
  ///   - path: What errors call it.
  public init(contents: Data, path: String) throws(CheckpointError) {
    let contents = contents.startIndex == 0 ? contents : Data(contents)
    var reader = GGUFReader(contents, path: path)
    let (tensorCount, metadata) = try reader.header()
    var entries: [(name: String, type: GGUFType, shape: [Int], offset: UInt64)] = []
    var names: [[UInt8]: Int] = [:]
    for _ in 0..<tensorCount {
      let entry = try reader.entry()
      guard names.updateValue(entries.count, forKey: Array(entry.name.utf8)) == nil else {
        throw reader.damaged("the tensor \(entry.name) comes twice", entry.name)
      }
      entries.append(entry)
    }
    let alignment = metadata["general.alignment"].map(\.int) ?? 32
    guard let alignment, (1...1 << 20).contains(alignment) else {
      throw reader.damaged("general.alignment is no alignment")
    }
    let start = (reader.position + alignment - 1) / alignment * alignment
    var tensors: [Entry] = []
    for entry in entries {
      guard let count = entry.type.byteCount(of: entry.shape) else {
        throw reader.damaged(
          "rows of \(entry.shape.last ?? 1) are no whole blocks of \(entry.type.name)", entry.name)
      }
      let room = Swift.max(contents.count - start, 0)
      guard entry.offset % UInt64(alignment) == 0, entry.offset <= UInt64(room),
        count <= room - Int(entry.offset)
      else {
        throw CheckpointError(
          .truncated, path: path, tensor: entry.name,
          "its \(count) bytes at \(entry.offset) lie outside of the file or between its places",
          remedy: CheckpointError.copyAgain)
      }
      let place = start + Int(entry.offset)
      tensors.append(
        Entry(
          name: entry.name, type: entry.type, shape: entry.shape,
          bytes: contents[place..<(place + count)]))
    }
    (self.path, pairs, self.tensors, self.names) = (path, metadata, tensors, names)
  }

  /// The value of a key, or nil where there is none.
  public subscript(key: String) -> GGUFValue? { pairs[key] }

  /// The tensor of a name, or nil where there is none.
  public func tensor(_ name: String) -> Entry? { names[Array(name.utf8)].map { tensors[$0] } }
}

extension GGUFFile.Entry {
  /// The tensor in memory of its own: of the file's type, or of float32 where it is in blocks.
  public func tensor() -> Tensor {
    let result = Tensor.empty(shape, dtype: type.stored?.dtype ?? .float32)
    bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      if type.stored != nil {
        result.fill(with: source)
      } else {
        Kernel.decodeBlocks(
          type.rawValue, base, count: source.count / type.blockBytes, into: result)
      }
    }
    return result
  }
}
