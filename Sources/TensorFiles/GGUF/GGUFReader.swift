import Base
import Foundation

@_exported import enum Base.GGUFValue

/// Reads a GGUF file's metadata and the list of its tensors; what is wrong is told with the file's path.
struct GGUFReader {
  /// The types of elements that files may have and that are not read.
  private static let names: [UInt64: String] = [
    9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S",
    22: "IQ2_S", 29: "IQ1_M", 40: "NVFP4",
  ]

  private let path: String
  private var cursor: GGUFCursor

  init(_ contents: Data, path: String) {
    cursor = GGUFCursor(contents)
    self.path = path
  }

  /// How many bytes were read.
  var position: Int { cursor.position }

  func damaged(_ message: String, _ tensor: String? = nil) -> CheckpointError {
    CheckpointError(
      .damaged, path: path, tensor: tensor, message, remedy: CheckpointError.copyAgain)
  }

  private mutating func read<Value>(
    _ body: (inout GGUFCursor) throws(GGUFCursor.Fault) -> Value
  ) throws(CheckpointError) -> Value {
    do {
      return try body(&cursor)
    } catch {
      switch error.kind {
      case .damaged: throw damaged(error.message)
      case .truncated:
        throw CheckpointError(
          .truncated, path: path, error.message, remedy: CheckpointError.copyAgain)
      case .unsupported:
        throw CheckpointError(
          .unsupported, path: path, error.message,
          remedy: "Convert it to version 3, little-endian, with llama.cpp")
      }
    }
  }

  /// The number of tensors, and the metadata.
  mutating func header() throws(CheckpointError) -> (tensors: Int, metadata: GGUFMetadata) {
    try read { cursor throws(GGUFCursor.Fault) in
      let (tensors, pairs) = try cursor.header()
      return (tensors, try GGUFMetadata(&cursor, count: pairs))
    }
  }

  private mutating func number(_ bytes: Int) throws(CheckpointError) -> UInt64 {
    try read { cursor throws(GGUFCursor.Fault) in try cursor.number(bytes) }
  }

  /// A tensor's name, type, shape and place behind the data's beginning.
  mutating func entry() throws(CheckpointError) -> (
    name: String, type: GGUFType, shape: [Int], offset: UInt64
  ) {
    let name = try read { cursor throws(GGUFCursor.Fault) in try cursor.string() }
    let rank = try number(4)
    guard rank <= 8 else { throw damaged("\(rank) dimensions are too many", name) }
    var shape: [Int] = []
    for _ in 0..<rank {
      let size = try number(8)
      // Tensors' strides and counts have to stay within Int.
      guard size <= UInt64(1) << 40 else { throw damaged("a size of \(size) is too large", name) }
      shape.insert(Int(size), at: 0)
    }
    let code = try number(4)
    guard let type = GGUFType(rawValue: UInt32(code)) else {
      throw CheckpointError(
        .unsupported, path: path, tensor: name,
        "elements of type \(Self.names[code] ?? "\(code)") are not read here",
        remedy: "Convert the file to Q8_0 or F16 with llama.cpp")
    }
    return (name, type, shape, try number(8))
  }
}
