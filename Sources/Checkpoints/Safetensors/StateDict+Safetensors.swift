import Base
import Foundation
import NN
import Tensors

extension StateDict {
  /// Reads all tensors of a safetensors file, or of all files of a sharded model.
  /// - Parameter path: `model.safetensors`, or the `model.safetensors.index.json` of a sharded one.
  /// - Throws: ``CheckpointError`` that names the file and the tensor.
  public init(safetensors path: String) throws(CheckpointError) {
    self.init()
    if path.hasSuffix(".index.json") {
      for (tensor, file) in try ShardedWeights.tensors(index: path) {
        self[tensor.name] = try tensor.tensor(path: file)
      }
    } else {
      for tensor in try SafetensorsFile(path: path).tensors {
        self[tensor.name] = try tensor.tensor(path: path)
      }
    }
  }

  /// Writes all tensors to a safetensors file, which appears complete or not at all.
  /// - Throws: ``CheckpointError`` where it cannot be written; the file is then as it was.
  public func save(
    safetensors path: String, metadata: [(name: String, value: String)] = [("format", "pt")]
  ) throws(CheckpointError) {
    try SafetensorsWriter.write(stored(), metadata: metadata, to: path)
  }
}
