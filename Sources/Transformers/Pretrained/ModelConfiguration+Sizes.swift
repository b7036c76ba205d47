import Checkpoints
import Tensors

extension ModelConfiguration {
  /// Fields that are a dimension of some weight, or a part of one.
  private static let dimensions: Set<String> = [
    "hidden_size", "intermediate_size", "vocab_size", "num_attention_heads", "num_key_value_heads",
    "head_dim", "embedding_size", "n_embd", "n_head", "n_inner", "d_model", "d_ff", "d_kv",
    "num_heads", "dim", "hidden_dim", "n_heads", "encoder_ffn_dim", "decoder_ffn_dim",
    "encoder_attention_heads", "decoder_attention_heads",
  ]

  /// Fields that count layers, each of which has a weight at least, unless layers share theirs.
  private static let layers: Set<String> = [
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers",
    "encoder_layers", "decoder_layers",
  ]

  /// Sizes up to here make shapes that can be compared with those of the weights, one by one.
  private static let comparable = 1 << 20

  /// Compares sizes with those of the weights, before a model is made of sizes that are beyond anything in the
  /// files: of weights for which there is not even an address, or of more layers than memory holds.
  /// - Throws: ``ModelError`` that names the field, and the weight that is the largest.
  func checkSizes(of tensors: [(tensor: StoredTensor, file: String)]) throws {
    let largest = tensors.max {
      ($0.tensor.shape.max() ?? 0) < ($1.tensor.shape.max() ?? 0)
    }
    guard let largest, let most = largest.tensor.shape.max() else { return }
    for member in fields {
      guard let value = member.value.int else { continue }
      let tooMuch: String
      if Self.dimensions.contains(member.name), value > max(most, Self.comparable) {
        tooMuch = "\(value), and no weight has a dimension so large"
      } else if Self.layers.contains(member.name), value > max(1000, tensors.count) {
        tooMuch = "\(value), and there are \(tensors.count) weights"
      } else {
        continue
      }
      throw ModelError(
        .mismatch, path: path, field: member.name,
        "it is \(tooMuch): the largest, \(largest.tensor.name) of \(largest.file), is "
          + "\(largest.tensor.shape)",
        remedy: "Correct the configuration, or download or copy the model again")
    }
  }
}
