import Base
import Foundation
import NN
import TensorFiles
import Tensors

extension StateDict {
  /// Reads all tensors of a safetensors file, or of all files of a sharded model.
  /// - Parameters:
  ///   - path: `model.safetensors`, or the `model.safetensors.index.json` of a sharded one.
  ///   - leftOut: Is told of every tensor whose elements have no type here; by default it is named on
  ///     standard error.
  /// - Throws: ``TensorFiles/CheckpointError`` that names the file and the tensor.
  public init(
    safetensors path: String, leftOut: (CheckpointError) -> Void = sayLeftOut
  ) throws(CheckpointError) {
    self.init()
    let tensors: [(tensor: StoredTensor, file: String)]
    if path.hasSuffix(".index.json") {
      tensors = try ShardedWeights.tensors(index: path, leftOut: leftOut)
    } else {
      let file = try SafetensorsFile(path: path)
      file.unread.forEach(leftOut)
      tensors = file.tensors.map { ($0, path) }
    }
    for (tensor, file) in tensors {
      do throws(CheckpointError) {
        self[tensor.name] = try tensor.tensor(path: file)
      } catch  where error.problem == .unsupported {
        leftOut(error)
      }
    }
  }

  /// The tensors of a safetensors file where they lie in it, for whoever copies what he keeps: memory is taken for
  /// small ones alone, and none may be written.
  /// - Throws: ``TensorFiles/CheckpointError`` that names the file and the tensor.
  package init(mapping path: String) throws(CheckpointError) {
    self.init()
    let file = try SafetensorsFile(
      contents: mappedContents(of: path, isWritable: false), path: path)
    file.unread.forEach(sayLeftOut)
    for tensor in file.tensors {
      if let shared = tensor.shared() {
        self[tensor.name] = shared
      } else {
        self[tensor.name] = try tensor.tensor(path: path)
      }
    }
  }

  /// Writes all tensors to a safetensors file, which appears complete or not at all.
  /// - Throws: ``TensorFiles/CheckpointError`` where it cannot be written; the file is then as it was.
  public func save(
    safetensors path: String, metadata: [(name: String, value: String)] = [("format", "pt")]
  ) throws(CheckpointError) {
    try SafetensorsWriter.write(stored(), metadata: metadata, to: path)
  }
}
