import Base
import Checkpoints
import Foundation

/// A folder with a pretrained model: `config.json` and weights, as `save_pretrained` writes it.
extension ModelFolder {
  /// Finds a model's folder by its path or by its name in the hub's cache.
  /// - Throws: ``ModelError`` where it is not there.
  static func found(
    _ nameOrPath: String, revision: String, cache: String?
  ) throws -> ModelFolder {
    do {
      return try ModelFolder(nameOrPath, revision: revision, cache: cache)
    } catch {
      throw ModelError(.missing, path: error.path, error.problem, remedy: error.remedy)
    }
  }

  /// The configuration in `config.json`.
  /// - Throws: ``ModelError`` where there is none or it is damaged.
  func configuration() throws -> ModelConfiguration {
    guard let file = file("config.json") else {
      throw ModelError(
        .missing, path: path, "there is no config.json",
        remedy: "Name the folder that holds the model's config.json and weights")
    }
    return try ModelConfiguration(path: file)
  }

  /// The names of the files that may hold weights, in the order in which they are looked for.
  static func weightFiles(variant: String?) -> [String] {
    let mark = variant.map { ".\($0)" } ?? ""
    return [
      "model\(mark).safetensors", "model.safetensors.index\(mark).json",
      "pytorch_model\(mark).bin", "pytorch_model.bin.index\(mark).json",
    ]
  }

  /// The GGUF file that holds the model: the one that was named, or the one of a folder without other
  /// weights.
  /// - Throws: ``ModelError`` where there are several to choose from.
  func modelFile(variant: String?) throws -> String? {
    if let ggufFile { return ggufFile }
    guard Self.weightFiles(variant: variant).allSatisfy({ file($0) == nil }) else { return nil }
    let files = files(ending: ".gguf")
    guard files.count < 2 else {
      let names = files.map { ($0 as NSString).lastPathComponent }.joined(separator: ", ")
      throw ModelError(
        .unsupported, path: path, "there are several GGUF files: \(names)",
        remedy: "Give the path of the one that is meant")
    }
    return files.first
  }

  /// The weights' tensors, mapped, each with its file.
  /// - Parameter variant: `fp16` for `model.fp16.safetensors`.
  /// - Throws: ``ModelError`` where there are none, `CheckpointError` where a file is damaged.
  func weights(variant: String? = nil) throws -> [(tensor: StoredTensor, file: String)] {
    let names = Self.weightFiles(variant: variant)
    guard let file = names.lazy.compactMap({ file($0) }).first else {
      throw ModelError(
        .missing, path: path, "there are no weights: none of \(names.joined(separator: ", "))",
        remedy: "Download the weights into the folder")
    }
    if file.hasSuffix(".json") { return try ShardedWeights.tensors(index: file) }
    return try ShardedWeights.tensors(in: file).map { ($0, file) }
  }
}
