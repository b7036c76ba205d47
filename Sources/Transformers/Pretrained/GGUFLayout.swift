import Checkpoints
import Tensors

/// How llama.cpp lays out a family's models: settings, names, and the order of rows.
struct GGUFLayout {
  /// The architecture's name in files, which is the `model_type` too.
  let architecture: String
  /// Whether the rows of queries and keys are in the order of interleaved rotary embeddings.
  let interleavesRows: Bool

  /// The layout of an architecture, or nil where it is not read here.
  init?(_ architecture: String) {
    guard ["llama", "qwen2", "qwen3"].contains(architecture) else { return nil }
    self.architecture = architecture
    interleavesRows = architecture == "llama"
    let headNorms = ["attn_q_norm", "attn_k_norm"]
    let biases = architecture == "qwen2" ? ["attn_q.bias", "attn_k.bias", "attn_v.bias"] : []
    innerNames =
      Self.inner.keys.sorted().filter { architecture == "qwen3" || !headNorms.contains($0) }
      .map { "\($0).weight" } + biases
  }

  /// Settings by their keys behind the architecture's name.
  static let settings: [(key: String, field: String)] = [
    ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"),
    ("block_count", "num_hidden_layers"), ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"), ("rope.freq_base", "rope_theta"),
    ("attention.key_length", "head_dim"),
  ]

  /// Keys that say again what others say, or nothing of what is computed.
  static let redundant: Set<String> = [
    "vocab_size", "rope.dimension_count", "attention.value_length", "tensor_data_layout",
  ]

  private static let outer = [
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
  ]

  /// The tensors that every file has beside those of layers.
  static let outerNames = ["token_embd.weight", "output_norm.weight"]

  /// The tensors that every layer has, behind its name.
  let innerNames: [String]

  private static let inner = [
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
  ]

  /// transformers' name of a file's tensor, or nil where it has none.
  func name(of name: String) -> String? {
    let parts = name.split(separator: ".").map(String.init)
    if parts.count == 2, let outer = Self.outer[parts[0]] { return "\(outer).\(parts[1])" }
    guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]),
      let inner = Self.inner[parts[2]]
    else { return nil }
    return "model.layers.\(layer).\(inner).\(parts[3])"
  }

  /// The file's name of a tensor that transformers calls otherwise, or nil where it has none.
  func savedName(of name: String) -> String? {
    guard let end = name.lastIndex(of: ".") else { return nil }
    let (path, part) = (String(name[..<end]), name[end...])
    if let outer = Self.outer.first(where: { $0.value == path }) { return outer.key + part }
    let parts = path.split(separator: ".", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[0] == "model", parts[1] == "layers",
      let inner = Self.inner.first(where: { $0.value == parts[3] })
    else { return nil }
    return "blk.\(parts[2]).\(inner.key)\(part)"
  }

  /// A tensor with its rows in transformers' order, or from that in the file's.
  /// - Parameters:
  ///   - name: In the file.
  ///   - heads: Of queries and of keys.
  func reordered(
    _ tensor: Tensor, _ name: String, heads: (queries: Int, keys: Int), toFile: Bool
  ) -> Tensor {
    let isQuery = name.contains(".attn_q.")
    guard interleavesRows, isQuery || name.contains(".attn_k."), let rows = tensor.shape.first
    else { return tensor }
    let count = isQuery ? heads.queries : heads.keys
    guard count > 0, rows % (2 * count) == 0 else { return tensor }
    let half = rows / count / 2
    let rest = tensor.shape.dropFirst()
    let split = tensor.reshaped([count, toFile ? 2 : half, toFile ? half : 2] + rest)
    return split.transposed(1, 2).contiguous().reshaped(tensor.shape)
  }
}
