import Checkpoints
import Foundation
import Tensors

/// The tensors of a safetensors file, made when they are asked for.
struct TensorFile {
  private let file: SafetensorsFile

  init(_ url: URL) throws {
    file = try SafetensorsFile(contents: url.unpacked(), path: url.path)
  }

  /// The keys.
  var keys: [String] { file.tensors.map(\.name) }

  func tensor(_ key: String) throws -> Tensor {
    guard let stored = file[key] else { throw RunnerError("\(file.path): no tensor \(key)") }
    return try stored.tensor(path: file.path)
  }
}
