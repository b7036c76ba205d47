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
      for tensor in try shardedTensors(index: path) {
        self[tensor.name] = try tensor.tensor(path: path)
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

/// The tensors of a sharded model, in the order of the index.
private func shardedTensors(index path: String) throws(CheckpointError) -> [StoredTensor] {
  func fault(_ message: String, tensor: String? = nil) -> CheckpointError {
    CheckpointError(
      .damaged, path: path, tensor: tensor, message, remedy: CheckpointError.copyAgain)
  }
  let index: JSONValue
  do {
    index = try JSONParser.parse([UInt8](mappedContents(of: path)))
  } catch let error as JSONParser.Fault {
    throw fault("the index is not JSON: \(error.message) at byte \(error.position)")
  } catch let error as CheckpointError {
    throw error
  } catch {
    throw fault("the index cannot be read: \(error)")
  }
  guard case .object(let members) = index["weight_map"] else {
    throw fault("the index has no weight_map")
  }
  let folder = (path as NSString).deletingLastPathComponent
  var files: [String: SafetensorsFile] = [:]
  var result: [StoredTensor] = []
  for member in members {
    guard let name = member.value.string, !name.contains("/") else {
      throw fault("weight_map does not name a file beside the index", tensor: member.name)
    }
    if files[name] == nil {
      files[name] = try SafetensorsFile(path: folder.isEmpty ? name : "\(folder)/\(name)")
    }
    guard let tensor = files[name]?[member.name] else {
      throw fault("the file \(name) does not hold it", tensor: member.name)
    }
    result.append(tensor)
  }
  return result
}
