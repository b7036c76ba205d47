import Checkpoints
import Tensors

extension ModelConfiguration {
  /// Fields that are a dimension of some weight, or a part of one.
  private static let dimensions: Set<String> = [
    "hidden_size", "intermediate_size", "vocab_size", "num_attention_heads", "num_key_value_heads",
    "head_dim", "embedding_size", "n_embd", "n_head", "n_inner", "d_model", "d_ff", "d_kv",
    "num_heads", "dim", "hidden_dim", "n_heads", "encoder_ffn_dim", "decoder_ffn_dim",
    "encoder_attention_heads", "decoder_attention_heads", "attention_head_size",
    "pooler_hidden_size", "conv_kernel_size", "conv_groups",
  ]

  /// Fields that count layers, each of which has a weight at least, unless layers share theirs.
  private static let layers: Set<String> = [
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers",
    "encoder_layers", "decoder_layers", "num_hidden_groups", "inner_group_num",
  ]

  /// Sizes up to here make shapes whose bytes can be counted, so that they can be compared with those of the weights,
  /// one by one.
  private static let comparable = 1 << 18
  private static let comparableWords = 1 << 24

  /// Compares sizes with those of the weights, before a model is made of sizes that are beyond anything in the
  /// files: of weights for which there is not even an address, or of more layers than memory holds.
  /// - Parameter tensors: The weights; none for a model that is new.
  /// - Throws: ``ModelError`` that names the field, and the weight that is the largest.
  func checkSizes(of tensors: [(tensor: StoredTensor, file: String)]) throws {
    let largest = tensors.max {
      ($0.tensor.shape.max() ?? 0) < ($1.tensor.shape.max() ?? 0)
    }
    let most = largest?.tensor.shape.max() ?? 0
    for member in fields {
      guard let value = member.value.int else { continue }
      let comparable = member.name == "vocab_size" ? Self.comparableWords : Self.comparable
      var problem: String
      if Self.dimensions.contains(member.name), value > max(most, comparable) {
        let what = largest == nil ? "model" : "weight"
        problem = "it is \(value), and no \(what) has a dimension so large"
      } else if Self.layers.contains(member.name), value > max(1000, tensors.count) {
        problem = "it is \(value), and "
        problem += largest == nil ? "no model has so many" : "there are \(tensors.count) weights"
      } else {
        continue
      }
      if let largest {
        problem += ": the largest, \(largest.tensor.name) of \(largest.file), is "
        problem += "\(largest.tensor.shape)"
      }
      throw ModelError(
        .mismatch, path: path, field: member.name, problem,
        remedy: "Correct the configuration, or download or copy the model again")
    }
  }

  /// The fields that say one of these sizes, for messages: `; the configuration's hidden_size is 64`.
  func saying(_ sizes: Set<Int>) -> String {
    let found = fields.compactMap { member in
      member.value.int.flatMap { sizes.contains($0) ? "\(member.name) is \($0)" : nil }
    }
    return found.isEmpty ? "" : "; the configuration's \(found.joined(separator: ", "))"
  }
}
