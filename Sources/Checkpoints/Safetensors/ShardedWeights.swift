import Base
import Foundation
import NN
import TensorFiles

/// Weights that lie in several files, which an index beside them lists by tensor
/// (`model.safetensors.index.json`, `pytorch_model.bin.index.json`).
package enum ShardedWeights {
  /// The tensors in the order of the index, each with the file it lies in.
  /// - Parameter leftOut: Is told of every tensor whose element type is not known.
  /// - Throws: ``CheckpointError`` that names the file and the tensor.
  package static func tensors(
    index path: String, leftOut: (CheckpointError) -> Void = sayLeftOut
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
    // Keyed by bytes: two spellings of é are two files.
    var files: [[UInt8]: [[UInt8]: StoredTensor]] = [:]
    var unread: Set<[UInt8]> = []
    var result: [(tensor: StoredTensor, file: String)] = []
    for member in members {
      guard let name = member.value.string, !name.contains("/") else {
        throw fault("weight_map does not name a file beside the index", tensor: member.name)
      }
      let file = folder.isEmpty ? name : "\(folder)/\(name)"
      let held: [[UInt8]: StoredTensor]
      if let known = files[Array(name.utf8)] {
        held = known
      } else {
        let all = try tensors(in: file) { error in
          unread.insert(Array((error.tensor ?? "").utf8))
          leftOut(error)
        }
        held = Dictionary(all.map { (Array($0.name.utf8), $0) }) { $1 }
        files[Array(name.utf8)] = held
      }
      guard let tensor = held[Array(member.name.utf8)] else {
        if unread.contains(Array(member.name.utf8)) { continue }
        throw fault("the file \(name) does not hold it", tensor: member.name)
      }
      result.append((tensor, file))
    }
    return result
  }

  /// The tensors of one file: safetensors, or what `torch.save` wrote of a state dict.
  /// - Throws: ``CheckpointError`` where it is damaged or holds no state dict.
  package static func tensors(
    in path: String, leftOut: (CheckpointError) -> Void = sayLeftOut
  ) throws(CheckpointError) -> [StoredTensor] {
    if path.hasSuffix(".safetensors") {
      let file = try SafetensorsFile(path: path)
      file.unread.forEach(leftOut)
      return file.tensors
    }
    return try StateDict.stored(pth: path, leftOut: leftOut)
  }
}
