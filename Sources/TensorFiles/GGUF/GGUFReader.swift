import Foundation

/// Reads a GGUF file's numbers and texts one after the other.
struct GGUFReader {
  /// The types of elements that files may have and that are not read.
  private static let names: [UInt64: String] = [
    9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S",
    22: "IQ2_S", 29: "IQ1_M", 40: "NVFP4",
  ]

  /// How deep arrays may lie in arrays.
  private static let maximumDepth = 4

  private let contents: Data
  private let path: String
  private(set) var position = 0

  init(_ contents: Data, path: String) {
    self.contents = contents
    self.path = path
  }

  func damaged(_ message: String, _ tensor: String? = nil) -> CheckpointError {
    CheckpointError(
      .damaged, path: path, tensor: tensor, message, remedy: CheckpointError.copyAgain)
  }

  private mutating func take(_ count: Int) throws(CheckpointError) -> Data {
    guard count >= 0, count <= contents.count - position else {
      throw CheckpointError(
        .truncated, path: path,
        "the file ends at \(contents.count), within what begins at \(position)",
        remedy: CheckpointError.copyAgain)
    }
    defer { position += count }
    return contents[position..<(position + count)]
  }

  private mutating func number(_ bytes: Int) throws(CheckpointError) -> UInt64 {
    try take(bytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  /// A number of things, each of which takes some bytes of the file.
  private mutating func count(
    of what: String, bytes: Int, _ width: Int = 8
  ) throws(CheckpointError) -> Int {
    let value = try number(width)
    guard value <= UInt64((contents.count - position) / bytes) else {
      throw damaged("\(value) \(what) do not fit into the file's \(contents.count) bytes")
    }
    return Int(value)
  }

  /// The numbers of tensors and of metadata.
  mutating func header() throws(CheckpointError) -> (tensors: Int, pairs: Int) {
    guard contents.prefix(4).elementsEqual("GGUF".utf8) else {
      throw damaged("it does not begin with GGUF")
    }
    position = 4
    let version = try number(4)
    guard version == 2 || version == 3 else {
      throw CheckpointError(
        .unsupported, path: path,
        version == 3 << 24 || version == 2 << 24
          ? "its numbers are big-endian" : "version \(version) is not read here",
        remedy: "Convert it to version 3, little-endian, with llama.cpp")
    }
    let tensors = try count(of: "tensors", bytes: 24)
    return (tensors, try count(of: "pairs", bytes: 13))
  }

  mutating func string() throws(CheckpointError) -> String {
    let length = try count(of: "bytes of text", bytes: 1)
    return String(decoding: try take(length), as: UTF8.self)
  }

  /// A value behind its type.
  mutating func value() throws(CheckpointError) -> GGUFValue {
    try value(of: number(4), depth: 0)
  }

  private mutating func value(of type: UInt64, depth: Int) throws(CheckpointError) -> GGUFValue {
    switch type {
    case 0: return .unsigned(try number(1))
    case 1: return .signed(Int64(Int8(truncatingIfNeeded: try number(1))))
    case 2: return .unsigned(try number(2))
    case 3: return .signed(Int64(Int16(truncatingIfNeeded: try number(2))))
    case 4: return .unsigned(try number(4))
    case 5: return .signed(Int64(Int32(truncatingIfNeeded: try number(4))))
    case 6: return .float(Float(bitPattern: UInt32(try number(4))))
    case 7: return .bool(try number(1) != 0)
    case 8: return .string(try string())
    case 9:
      guard depth < Self.maximumDepth else { throw damaged("arrays lie too deep in arrays") }
      let inner = try number(4)
      let widths: [UInt64: Int] = [
        0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 9: 12, 10: 8, 11: 8, 12: 8,
      ]
      guard let width = widths[inner] else {
        throw damaged("values of type \(inner) are not known")
      }
      let count = try count(of: "elements", bytes: width)
      var values: [GGUFValue] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try value(of: inner, depth: depth + 1)) }
      return .array(values)
    case 10: return .unsigned(try number(8))
    case 11: return .signed(Int64(bitPattern: try number(8)))
    case 12: return .double(Double(bitPattern: try number(8)))
    default: throw damaged("values of type \(type) are not known")
    }
  }

  /// A tensor's name, type, shape and place behind the data's beginning.
  mutating func entry() throws(CheckpointError) -> (
    name: String, type: GGUFType, shape: [Int], offset: UInt64
  ) {
    let name = try string()
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
