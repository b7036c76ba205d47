import Foundation
import Transformers

/// Settings of models, beside weights that are whole.
extension Formats {
  static var models: [Format] {
    let samples = configurations.map { Array($0.utf8) }
    let weights = samples.map(weights)
    return [
      Format("model-configuration", samples) { bytes, folder in
        // The weights of the sample that most of the file is like.
        let nearest = samples.indices.max {
          alike(samples[$0], bytes) < alike(samples[$1], bytes)
        }
        try put(bytes, "\(folder)/config.json")
        try put(weights[nearest ?? 0], "\(folder)/model.safetensors")
        for ignores in [false, true] {
          _ = try? Pretrained.load(folder, .init(ignoreMismatchedSizes: ignores))
          _ = try? Pretrained.load(
            folder, task: .sequenceClassification,
            .init(overrides: ["num_labels": 3], ignoreMismatchedSizes: ignores))
        }
        _ = try Pretrained.load(folder)
      },
      Format("gguf-model", ggufModels, file: "model.gguf") { path in
        _ = try Pretrained.load(path)
      },
    ]
  }

  /// A small file of each architecture that becomes a model.
  private static var ggufModels: [[UInt8]] {
    ["llama", "qwen2", "qwen3"].map { type in
      let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("torus-fuzz-\(UUID().uuidString).gguf").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      do {
        let configuration = ModelConfiguration([
          "model_type": .string(type), "vocab_size": 8, "hidden_size": 32, "num_hidden_layers": 1,
          "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 32,
          "max_position_embeddings": 8, "head_dim": 16, "eos_token_id": 2,
        ])
        let model = try AutoModelForCausalLM.fromConfiguration(configuration)
        try model.saveGGUF(path, type: .q8_0)
      } catch {
        FileHandle.standardError.write(Data("a sample is no model: \(error)\n".utf8))
        exit(3)
      }
      return [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    }
  }

  /// How many bytes two files have alike from either end.
  private static func alike(_ a: [UInt8], _ b: [UInt8]) -> Int {
    func common(_ pairs: some Sequence<(UInt8, UInt8)>) -> Int { pairs.prefix { $0 == $1 }.count }
    return common(zip(a, b)) + common(zip(a.reversed(), b.reversed()))
  }

  /// The weights of a model of a configuration.
  private static func weights(_ configuration: [UInt8]) -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-fuzz-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try put(configuration, "\(folder)/config.json")
      try Pretrained.make(folder, task: nil).savePretrained(folder)
    } catch {
      FileHandle.standardError.write(Data("a sample is no model: \(error)\n".utf8))
      exit(3)
    }
    return [UInt8](FileManager.default.contents(atPath: "\(folder)/model.safetensors") ?? Data())
  }

  private static var configurations: [String] {
    let usual = #"""
      "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
       "vocab_size": 40, "max_position_embeddings": 16
      """#
    let classes = #""id2label": {"0": "a", "1": "b", "2": "c"}, "num_labels": 3"#
    return [
      (
        "albert", "AlbertForSequenceClassification",
        "\(usual), \(classes), "
          + #""embedding_size": 4, "inner_group_num": 1, "num_hidden_groups": 1, "type_vocab_size": 2"#
      ),
      (
        "bart", "BartForConditionalGeneration",
        #"""
        "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
         "decoder_attention_heads": 2, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "vocab_size": 40,
         "max_position_embeddings": 16
        """#
      ),
      ("bert", "BertForSequenceClassification", "\(usual), \(classes), \"type_vocab_size\": 2"),
      (
        "deberta-v2", "DebertaV2ForSequenceClassification",
        "\(usual), \(classes), "
          + #""relative_attention": true, "max_relative_positions": -1, "position_buckets": 4, "#
          + #""pooler_hidden_size": 8, "type_vocab_size": 0, "conv_kernel_size": 3, "#
          + #""pos_att_type": ["p2c", "c2p"]"#
      ),
      (
        "distilbert", "DistilBertForSequenceClassification",
        #"""
        "dim": 8, "hidden_dim": 16, "n_heads": 2, "n_layers": 1, "vocab_size": 40,
         "max_position_embeddings": 16
        """#
      ),
      (
        "electra", "ElectraForSequenceClassification",
        "\(usual), \(classes), \"embedding_size\": 4, \"type_vocab_size\": 2"
      ),
      (
        "gemma2", "Gemma2ForCausalLM",
        "\(usual), "
          + #""head_dim": 4, "num_key_value_heads": 1, "query_pre_attn_scalar": 4, "sliding_window": 4"#
      ),
      (
        "gemma3_text", "Gemma3ForCausalLM",
        "\(usual), "
          + #""head_dim": 4, "num_key_value_heads": 1, "query_pre_attn_scalar": 4, "#
          + #""sliding_window": 4, "_sliding_window_pattern": 6"#
      ),
      ("gpt_neox", "GPTNeoXForCausalLM", usual),
      (
        "gpt2", "GPT2LMHeadModel",
        #""n_embd": 8, "n_head": 2, "n_layer": 1, "n_inner": 16, "n_positions": 16, "vocab_size": 40"#
      ),
      (
        "llama", "LlamaForCausalLM",
        "\(usual), "
          + #""head_dim": 4, "num_key_value_heads": 1, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "#
          + #""original_max_position_embeddings": 8}"#
      ),
      (
        "mistral", "MistralForCausalLM",
        "\(usual), \"num_key_value_heads\": 1, \"sliding_window\": 4"
      ),
      (
        "modernbert", "ModernBertForMaskedLM",
        "\(usual), \"global_attn_every_n_layers\": 2, \"local_attention\": 6, \"pad_token_id\": 0"
      ),
      ("mpnet", "MPNetForMaskedLM", "\(usual), \"relative_attention_num_buckets\": 8"),
      (
        "phi3", "Phi3ForCausalLM",
        "\(usual), \"num_key_value_heads\": 1, \"original_max_position_embeddings\": 16, \"pad_token_id\": 0"
      ),
      (
        "qwen2", "Qwen2ForCausalLM",
        "\(usual), \"num_key_value_heads\": 1, \"max_window_layers\": 1"
      ),
      ("qwen3", "Qwen3ForCausalLM", "\(usual), \"num_key_value_heads\": 1, \"head_dim\": 4"),
      ("roberta", "RobertaForTokenClassification", "\(usual), \(classes), \"type_vocab_size\": 1"),
      (
        "t5", "T5ForConditionalGeneration",
        #"""
        "d_ff": 16, "d_kv": 4, "d_model": 8, "num_heads": 2, "num_layers": 1, "num_decoder_layers": 1,
         "relative_attention_max_distance": 16, "relative_attention_num_buckets": 8, "vocab_size": 40
        """#
      ),
    ].map { type, name, fields in
      "{\"model_type\": \"\(type)\", \"architectures\": [\"\(name)\"], \(fields)}"
    }
  }
}
