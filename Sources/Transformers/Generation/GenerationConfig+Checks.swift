import Base

/// What the settings must be.
extension GenerationConfig {
  private enum Kind {
    case int, double, bool, string, ids, words, strings, decay, biases, earlyStopping, watermark

    var expected: String {
      switch self {
      case .int: "a whole number"
      case .double: "a number"
      case .bool: "true or false"
      case .string: "a string"
      case .ids: "a token id or a list of them"
      case .words: "a list of lists of token ids"
      case .strings: "a string or a list of them"
      case .decay: "a list of a whole number and a number"
      case .biases: "a list of pairs of a list of token ids and a number"
      case .earlyStopping: "true, false or \"never\""
      case .watermark:
        "an object of greenlist_ratio, bias, hashing_key, seeding_scheme and context_width"
      }
    }

    func fits(_ value: ConfigurationValue) -> Bool {
      func all(_ list: [ConfigurationValue]?, _ test: (ConfigurationValue) -> Bool) -> Bool {
        list?.allSatisfy(test) ?? false
      }
      switch self {
      case .int: return value.int != nil
      case .double: return value.double != nil
      case .bool: return value.bool != nil
      case .string: return value.string != nil
      case .ids: return value.int != nil || all(value.list) { $0.int != nil }
      case .words: return all(value.list) { all($0.list) { $0.int != nil } }
      case .strings: return value.string != nil || all(value.list) { $0.string != nil }
      case .decay:
        return value.list?.count == 2 && value.list?[0].int != nil && value.list?[1].double != nil
      case .biases:
        return all(value.list) { pair in
          guard let list = pair.list, list.count == 2 else { return false }
          return all(list[0].list) { $0.int != nil } && list[1].double != nil
        }
      case .earlyStopping: return EarlyStopping(value) != nil
      case .watermark: return WatermarkingConfig(value) != nil
      }
    }
  }

  private static let kinds: [String: Kind] = [
    "max_length": .int, "max_new_tokens": .int, "min_length": .int, "min_new_tokens": .int,
    "early_stopping": .earlyStopping, "max_time": .double, "stop_strings": .strings,
    "do_sample": .bool, "num_beams": .int, "num_return_sequences": .int, "use_cache": .bool,
    "prefill_chunk_size": .int, "length_penalty": .double, "num_assistant_tokens": .int,
    "num_assistant_tokens_schedule": .string, "assistant_confidence_threshold": .double,
    "prompt_lookup_num_tokens": .int, "max_matching_ngram_size": .int, "output_scores": .bool,
    "output_logits": .bool, "guidance_scale": .double, "watermarking_config": .watermark,
    "temperature": .double, "top_k": .int,
    "top_p": .double,
    "min_p": .double, "top_h": .double, "typical_p": .double, "epsilon_cutoff": .double,
    "eta_cutoff": .double, "repetition_penalty": .double, "encoder_repetition_penalty": .double,
    "no_repeat_ngram_size": .int, "encoder_no_repeat_ngram_size": .int, "bad_words_ids": .words,
    "sequence_bias": .biases, "forced_bos_token_id": .int, "forced_eos_token_id": .ids,
    "remove_invalid_values": .bool, "exponential_decay_length_penalty": .decay,
    "suppress_tokens": .ids, "begin_suppress_tokens": .ids, "renormalize_logits": .bool,
    "pad_token_id": .int, "bos_token_id": .int, "eos_token_id": .ids,
    "decoder_start_token_id": .int,
  ]

  /// Settings that transformers has and generate here has not, with the values by which they change
  /// nothing.
  private static let unsupported: [String: [ConfigurationValue]] = [
    "low_memory": [false],
    "token_healing": [false], "assistant_early_exit": [], "assistant_ensemble_weight": [],
    "use_mtp": [false], "speculation_type": [], "dola_layers": [], "penalty_alpha": [0, 0.0],
    "num_beam_groups": [1], "diversity_penalty": [0, 0.0], "constraints": [],
    "force_words_ids": [], "output_attentions": [false], "output_hidden_states": [false],
    "cache_implementation": [
      "dynamic", "static", "hybrid", "sliding_window", "offloaded", "offloaded_static",
      "offloaded_hybrid", "hybrid_chunked", "dynamic_full",
    ],
  ]

  /// Settings that change nothing here: how results are wrapped, compilers, tokenizers' differences.
  private static let harmless: Set<String> = [
    "return_dict_in_generate", "compile_config", "disable_compile", "cache_config",
    "max_cache_len", "assistant_lookbehind", "target_lookbehind", "transformers_version",
    "is_assistant",
  ]

  /// Whether generate, here or in transformers, has a setting.
  static func isKnown(_ name: String) -> Bool {
    kinds[name] != nil || unsupported[name] != nil || harmless.contains(name)
  }

  /// - Throws: ``GenerationError`` where a value is of another kind than its setting.
  func checkKinds() throws(GenerationError) {
    for (name, value) in fields.inKeyOrder {
      guard let kind = Self.kinds[name], !kind.fits(value) else { continue }
      throw GenerationError(
        name, "\(value.json()) is set, but \(kind.expected) is expected", path: path)
    }
  }

  /// Makes sure that the settings can be followed together; what only a processor needs, it checks
  /// itself.
  /// - Throws: ``GenerationError`` that names the first one that cannot.
  public func validate() throws(GenerationError) {
    try checkKinds()
    for (name, value) in fields.inKeyOrder {
      guard let neutral = Self.unsupported[name], !neutral.contains(value) else { continue }
      throw GenerationError(name, "\(value.json()) is not supported; leave it out", path: path)
    }
    try require("max_new_tokens", maxNewTokens, atLeast: 1)
    try require("num_beams", numBeams, atLeast: 1)
    try require("num_return_sequences", numReturnSequences, atLeast: 1)
    try require("prefill_chunk_size", prefillChunkSize, atLeast: 1)
    if prefillChunkSize != nil, useCache == false {
      throw GenerationError(
        "prefill_chunk_size", "chunks are read into the cache; leave it out, or use_cache",
        path: path)
    }
    try require("prompt_lookup_num_tokens", promptLookupNumTokens, atLeast: 1)
    try require("max_matching_ngram_size", maxMatchingNgramSize, atLeast: 1)
    try require("num_assistant_tokens", numAssistantTokens, atLeast: 1)
    try require("min_length", minLength, atLeast: 0)
    try require("min_new_tokens", minNewTokens, atLeast: 0)
    try require("top_k", topK, atLeast: 0)
    if let seconds = maxTime, !(0...1e9).contains(seconds) {
      throw GenerationError("max_time", "\(seconds) is no number of seconds", path: path)
    }
    if let schedule = numAssistantTokensSchedule,
      !["constant", "heuristic", "heuristic_transient"].contains(schedule)
    {
      throw GenerationError(
        "num_assistant_tokens_schedule",
        "“\(schedule)” is none of constant, heuristic and heuristic_transient", path: path)
    }
    let (beams, sequences) = (numBeams ?? 1, numReturnSequences ?? 1)
    if sequences > 1, beams == 1, doSample != true {
      throw GenerationError(
        "num_return_sequences",
        "\(sequences) greedy continuations would all be the same; sample, or search beams",
        path: path)
    }
    if beams > 1, sequences > beams {
      throw GenerationError(
        "num_return_sequences", "\(sequences) sequences cannot come of \(beams) beams", path: path)
    }
    if let suppressed = suppressTokens.map(Set.init) {
      let forced = [
        ("forced_bos_token_id", forcedBosTokenId.map { [$0] }),
        ("forced_eos_token_id", forcedEosTokenId),
      ]
      for (name, tokens) in forced {
        guard let tokens, !tokens.isEmpty, suppressed.isSuperset(of: tokens) else { continue }
        throw GenerationError(
          name, "suppress_tokens rules out \(tokens), so that nothing would remain", path: path)
      }
    }
  }

  private func require(_ name: String, _ value: Int?, atLeast least: Int) throws(GenerationError) {
    guard let value, value < least else { return }
    throw GenerationError(name, "must be at least \(least), not \(value)", path: path)
  }
}
