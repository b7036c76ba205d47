import Foundation
import Torus

/// The tensors of a safetensors file, made when they are asked for.
struct TensorFile {
  private struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  private let entries: [String: Entry]
  private let bytes: Data
  private let name: String

  init(_ url: URL) throws {
    name = url.lastPathComponent
    let data = try Data(contentsOf: url)
    guard data.count >= 8 else { throw RunnerError("\(name): too short") }
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard data.count >= 8 + length else { throw RunnerError("\(name): header past the end") }
    var header = data.dropFirst(8).prefix(length)
    while header.last == 32 { header.removeLast() }
    entries = try JSONDecoder().decode([String: Entry].self, from: header)
    bytes = data.dropFirst(8 + length)
  }

  /// The keys.
  var keys: [String] { entries.keys.sorted() }

  func tensor(_ key: String) throws -> Tensor {
    guard let entry = entries[key] else { throw RunnerError("\(name): no tensor \(key)") }
    let base = bytes.startIndex
    let range = base + entry.data_offsets[0]..<base + entry.data_offsets[1]
    let data = bytes[range]
    func make<Element: TensorElement>(_ type: Element.Type) -> Tensor {
      let count = data.count / MemoryLayout<Element>.stride
      let elements = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = data.copyBytes(to: buffer) / MemoryLayout<Element>.stride
      }
      return Tensor(elements, shape: entry.shape)
    }
    switch entry.dtype {
    case "F32": return make(Float.self)
    case "F64": return make(Double.self)
    case "BF16": return make(BFloat16.self)
    case "F16": return make(Float16.self)
    case "I64": return make(Int64.self)
    case "I32": return make(Int32.self)
    case "I16": return make(Int16.self)
    case "I8": return make(Int8.self)
    case "U8": return make(UInt8.self)
    case "BOOL": return make(Bool.self)
    default: throw Unsupported("dtype \(entry.dtype)")
    }
  }
}
