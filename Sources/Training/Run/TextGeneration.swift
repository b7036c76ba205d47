import Base
import Checkpoints
import Datasets
import Foundation
import Models
import NN
import Tensors

/// A trained character model that continues texts.
public struct TextGeneration {
  private let model: CharGPT
  private let vocabulary: CharacterVocabulary

  /// Loads a run's configuration, vocabulary and weights: the finished model's, or else those of the
  /// newest checkpoint.
  /// - Throws: What is missing or does not fit, with its path.
  public init(runDirectory: String) throws {
    let configuration = try RunConfiguration(file: "\(runDirectory)/config.yaml")
    guard configuration.model.name == "char-gpt" else {
      throw CheckpointError(
        .mismatch, path: "\(runDirectory)/config.yaml",
        "\(configuration.model.name) continues no texts",
        remedy: "Name the directory of a char-gpt run")
    }
    let path = "\(runDirectory)/vocabulary.json"
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw CheckpointError(
        .missing, path: path, "the run has no vocabulary",
        remedy: "Name the directory of a char-gpt run that was started at least")
    }
    do throws(JSONReading.Fault) {
      vocabulary = try JSONReading.decode(CharacterVocabulary.self, from: contents)
    } catch {
      throw CheckpointError(
        .damaged, path: path, "it is not a vocabulary: \(error)", remedy: "Run the training again")
    }
    let options = try configuration.model.options(CharGPTOptions.self)
    let data = try configuration.data.options(TextOptions.self)
    model = CharGPT(
      vocabulary: vocabulary.count, context: data.context, layers: options.layers,
      heads: options.heads, width: options.width, dropout: options.dropout, bias: options.bias)
    try model.load(StateDict(safetensors: try Self.weights(of: runDirectory)))
    model.eval()
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
  /// - Throws: ``DataError`` where the prompt has a character that the model never saw.
  public func generate(
    prompt: String, count: Int, temperature: Double = 1, topK: Int? = nil, seed: UInt64 = 1
  ) throws -> String {
    let start = try vocabulary.encode(prompt, path: "--prompt").map(Int.init)
    let text = model.generate(
      from: start, count: count, temperature: temperature, topK: topK,
      generator: Generator(seed: seed))
    return vocabulary.decode(text)
  }
}
