/// Which fields need no reading.
extension ModelConfiguration {
  /// Makes sure that every field was honoured.
  /// - Parameter ignoring: Fields that may be dropped.
  /// - Throws: ``ModelError`` that names the fields that no one read.
  public func requireAllHonoured(ignoring: Set<String> = []) throws {
    let rest = fields.filter { field in
      !honoured.contains(field.name) && field.value != .null && !ignoring.contains(field.name)
        && !Self.descriptive.contains(field.name) && !field.name.hasPrefix("_")
        && Self.neutral[field.name].map { $0.contains(field.value) } != true
    }
    guard let first = rest.first else { return }
    throw ModelError(
      .unsupported, path: path, field: rest.map(\.name).joined(separator: ", "),
      rest.count == 1
        ? "the setting \(first.value.json()) is not honoured" : "these settings are not honoured",
      remedy: "If they make no difference to the model, name them in `ignoringFields`")
  }

  /// Fields that do not change what a model computes: names and descriptions, settings of
  /// tokenizers, of generation (which reads them itself) and of training scripts, and what
  /// published configurations hold that transformers itself does not read.
  static let descriptive: Set<String> = [
    // Descriptions.
    "architectures", "model_type", "transformers_version", "dtype", "torch_dtype", "name_or_path",
    "finetuning_task", "language", "license", "author", "auto_map", "tokenizer_class", "prefix",
    "id2label", "label2id", "num_labels", "problem_type", "is_encoder_decoder",
    "base_model_tp_plan",
    "return_dict", "output_hidden_states", "output_attentions", "use_return_dict", "torchscript",
    "use_cache", "chunk_size_feed_forward", "gradient_checkpointing", "attn_implementation",
    // Special tokens.
    "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "mask_token_id",
    "unk_token_id", "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id",
    "additional_special_tokens",
    // Generation.
    "task_specific_params", "max_length", "min_length", "do_sample", "early_stopping", "num_beams",
    "num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p",
    "repetition_penalty", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
    "bad_words_ids", "num_return_sequences", "output_scores", "return_dict_in_generate",
    "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens",
    "begin_suppress_tokens", "generation_config", "max_new_tokens",
    // Leftovers of published folders.
    "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
    "pooler_size_per_head", "pooler_type", "output_past", "model_max_length", "tf_legacy_loss",
    "use_bfloat16", "initializer_std", "embedding_dropout_prob", "n_ctx", "max_seq_length",
    "architecture", "pretraining_tp",
  ]

  /// Fields that change something, with the values by which they do not.
  static let neutral: [String: [ConfigurationValue]] = [
    "pruned_heads": [.object([])], "is_decoder": [false], "add_cross_attention": [false],
    "cross_attention_hidden_size": [.null], "tie_encoder_decoder": [false],
    "position_embedding_type": ["absolute"], "quantization_config": [.null],
  ]
}
