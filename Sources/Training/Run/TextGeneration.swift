import Base
import Checkpoints
import Datasets
import Foundation
import Models
import NN
import Tensors

/// A trained character model that continues texts.
public struct TextGeneration {
  private let generation: CharacterGeneration
  private let vocabulary: CharacterVocabulary

  /// Loads a run's configuration, vocabulary and weights: the finished model's, or else those of the
  /// newest checkpoint.
  /// - Throws: What is missing or does not fit, with its path.
  public init(runDirectory: String) throws {
    let configuration = try RunConfiguration(path: "\(runDirectory)/config.yaml")
    let definition = try ModelDefinition.registry.entry(for: configuration.model)
    guard definition.generates else {
      let others = ModelDefinition.registry.entries.filter(\.generates).map(\.name)
      throw CheckpointError(
        .mismatch, path: "\(runDirectory)/config.yaml",
        "\(configuration.model.name) continues no texts",
        remedy: "Name the directory of a run of \(others.joined(separator: ", "))")
    }
    let path = "\(runDirectory)/vocabulary.json"
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw CheckpointError(
        .missing, path: path, "the run has no vocabulary",
        remedy: "Name the directory of a run over characters that was started at least")
    }
    do throws(JSONReading.Fault) {
      vocabulary = try JSONReading.decode(CharacterVocabulary.self, from: contents)
    } catch {
      throw CheckpointError(
        .damaged, path: path, "it is not a vocabulary: \(error)", remedy: "Run the training again")
    }
    let records = try Self.records(of: runDirectory, definition, configuration, vocabulary)
    let model = try definition.make(configuration.model, for: records)
    try model.module.load(StateDict(safetensors: try Self.weights(of: runDirectory)))
    model.module.eval()
    guard let generate = model.generate else {
      throw CheckpointError(
        .mismatch, path: "\(runDirectory)/config.yaml",
        "\(configuration.model.name) was made without a way to continue texts",
        remedy: "Set generate in what its definition makes")
    }
    generation = generate
  }

  /// What the run's records are; of a run of an earlier version, what its configuration says of a text.
  private static func records(
    of runDirectory: String, _ definition: ModelDefinition, _ configuration: RunConfiguration,
    _ vocabulary: CharacterVocabulary
  ) throws -> any RecordFormat {
    let path = "\(runDirectory)/records.json"
    guard let contents = FileManager.default.contents(atPath: path) else {
      return CharacterRecords(
        vocabulary: vocabulary.count,
        context: try configuration.data.options(TextOptions.self).context)
    }
    do {
      return try definition.records(json: contents)
    } catch {
      throw CheckpointError(
        .damaged, path: path, "it does not say what the run's records are: \(error)",
        remedy: "Run the training again")
    }
  }

  private static func weights(of runDirectory: String) throws -> String {
    let finished = "\(runDirectory)/model.safetensors"
    if FileManager.default.fileExists(atPath: finished) { return finished }
    let latest = CheckpointStore(folder: "\(runDirectory)/checkpoints").latest()
    if let checkpoint = latest.checkpoint { return "\(checkpoint.path)/model.safetensors" }
    throw latest.damaged.first
      ?? CheckpointError(
        .missing, path: finished, "the run has saved no weights yet",
        remedy: "Wait for its first checkpoint, or train it")
  }

  /// The prompt with `count` more characters.
  /// - Throws: ``Datasets/DataError`` where the prompt has a character that the model never saw.
  public func generate(
    prompt: String, count: Int, temperature: Double = 1, topK: Int? = nil, seed: UInt64 = 1
  ) throws -> String {
    let start = try vocabulary.encode(prompt, path: "--prompt").map(Int.init)
    return vocabulary.decode(
      generation(start, count, temperature, topK, Generator(seed: seed)))
  }
}
