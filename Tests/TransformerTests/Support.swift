import Foundation
import Tensors
import Transformers

/// A small BERT, as fields of its configuration.
func tinyBert(_ changes: [String: ConfigurationValue] = [:]) -> ModelConfiguration {
  let configuration = ModelConfiguration([
    "model_type": "bert", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 12,
  ])
  for (name, value) in changes { configuration[name] = value }
  return configuration
}

/// Calls a body with a folder that is removed afterwards.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(
    "torus-model-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path)
}

/// Token numbers of two texts, the second one shorter.
var tokens: Tensor { Tensor([[5, 6, 7, 8, 9], [10, 11, 12, 0, 0]]) }
/// Which of them count.
var mask: Tensor { Tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]) }

extension Tensor {
  /// The largest difference to another tensor.
  func distance(to other: Tensor) -> Double { (self - other).abs().max().item() }
}
