import Base
import Checkpoints
import Foundation
import NN
import Tokenizers

extension SentenceTransformer {
  /// Writes a folder that sentence-transformers loads: the model's and the tokenizer's files,
  /// `modules.json`, and a folder for each further part.
  /// - Parameter path: The folder, made where it is not there.
  /// - Throws: `CheckpointError` where a file cannot be written.
  public func savePretrained(_ path: String) throws {
    try autoModel.savePretrained(path)
    try tokenizer.savePretrained(path)
    var modules = [Self.module(0, "", "sentence_transformers.models.Transformer")]
    func add(_ type: String, _ settings: ConfigurationValue, _ parameters: Module) throws {
      let short = type.split(separator: ".").last.map(String.init) ?? type
      let folder = "\(modules.count)_\(short)"
      modules.append(Self.module(modules.count, folder, type))
      try Self.write(settings, to: "\(path)/\(folder)/config.json")
      let tensors = parameters.namedParameters().map {
        StoredTensor(name: $0.name, $0.parameter.value.detach())
      }
      guard !tensors.isEmpty else { return }
      try SafetensorsWriter.write(tensors, to: "\(path)/\(folder)/model.safetensors")
    }
    try add(
      "sentence_transformers.models.Pooling", pooling.settings(width: Self.width(of: autoModel)),
      pooling)
    for stage in stages { try add(type(of: stage).typeName, stage.settings, stage) }
    try Self.write(.list(modules), to: "\(path)/modules.json")
    try Self.write(
      [
        "max_seq_length": maxSequenceLength.map { .int($0) } ?? .null,
        "do_lower_case": .bool(lowercases),
      ], to: "\(path)/sentence_bert_config.json")
    let prompts = self.prompts.inKeyOrder
    try Self.write(
      [
        "prompts": .object(prompts.map { .init($0.key, .string($0.value)) }),
        "default_prompt_name": defaultPromptName.map { .string($0) } ?? .null,
        "similarity_fn_name": .string(similarityFunction.rawValue),
        "model_type": "SentenceTransformer",
      ], to: "\(path)/config_sentence_transformers.json")
  }

  private static func module(_ index: Int, _ path: String, _ type: String) -> ConfigurationValue {
    [
      "idx": .int(index), "name": .string("\(index)"), "path": .string(path),
      "type": .string(type),
    ]
  }

  private static func write(_ value: ConfigurationValue, to path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CheckpointError(
        .unwritable, path: folder.path, "the folder cannot be made: \(error.localizedDescription)",
        remedy: "Check its parent's permissions")
    }
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      try sink.write(Data("\(value.json())\n".utf8))
    }
  }
}
