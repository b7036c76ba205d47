import Base
import Checkpoints
import Foundation

extension GenerationConfig {
  /// Reads a `generation_config.json`.
  /// - Throws: ``ModelError`` where it is no JSON object, ``GenerationError`` where a setting is of
  ///   another kind, `CheckpointError` where it cannot be read.
  public init(path: String) throws {
    let configuration = try ModelConfiguration(path: path)
    try self.init(members: .object(configuration.fields), path: path)
  }

  /// The settings that a model's folder gives: its generation_config.json or, where it has none,
  /// what config.json or the GGUF file says about generation.
  /// - Parameter defaults: Tokens of the family's configuration class, for what config.json lacks.
  init(
    beside configuration: ModelConfiguration, defaults: [String: ConfigurationValue] = [:]
  ) throws {
    let folder = URL(fileURLWithPath: configuration.path).deletingLastPathComponent()
    let path = folder.appendingPathComponent("generation_config.json").path
    let isOfFolder = ["config.json", ".gguf"].contains { configuration.path.hasSuffix($0) }
    if isOfFolder, FileManager.default.fileExists(atPath: path) {
      try self.init(path: path)
      return
    }
    var members = configuration.fields
    for (name, value) in defaults where configuration[name] == nil {
      members.append(.init(name, value))
    }
    try self.init(members: .object(members), path: configuration.path)
  }

  /// Writes the settings as transformers reads them; the file appears complete or not at all.
  /// - Throws: `CheckpointError` where it cannot be written.
  public func save(to path: String) throws {
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      try sink.write(Data(json.utf8))
    }
  }
}
