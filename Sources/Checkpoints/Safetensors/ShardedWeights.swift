import Base
import Foundation
import NN

/// Weights that lie in several files, which an index beside them lists by tensor
/// (`model.safetensors.index.json`, `pytorch_model.bin.index.json`).
package enum ShardedWeights {
  /// The tensors in the order of the index, each with the file it lies in.
  /// - Throws: ``CheckpointError`` that names the file and the tensor.
  package static func tensors(
    index path: String
  ) throws(CheckpointError) -> [(tensor: StoredTensor, file: String)] {
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
    var files: [String: [[UInt8]: StoredTensor]] = [:]
    var result: [(tensor: StoredTensor, file: String)] = []
    for member in members {
      guard let name = member.value.string, !name.contains("/") else {
        throw fault("weight_map does not name a file beside the index", tensor: member.name)
      }
      let file = folder.isEmpty ? name : "\(folder)/\(name)"
      let held: [[UInt8]: StoredTensor]
      if let known = files[name] {
        held = known
      } else {
        held = Dictionary(try tensors(in: file).map { (Array($0.name.utf8), $0) }) { $1 }
        files[name] = held
      }
      guard let tensor = held[Array(member.name.utf8)] else {
        throw fault("the file \(name) does not hold it", tensor: member.name)
      }
      result.append((tensor, file))
    }
    return result
  }

  /// The tensors of one file: safetensors, or what `torch.save` wrote of a state dict.
  /// - Throws: ``CheckpointError`` where it is damaged or holds no state dict.
  package static func tensors(in path: String) throws(CheckpointError) -> [StoredTensor] {
    if path.hasSuffix(".safetensors") { return try SafetensorsFile(path: path).tensors }
    return try StateDict.stored(pth: path)
  }
}
