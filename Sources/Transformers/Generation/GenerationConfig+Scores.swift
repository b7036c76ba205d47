/// Settings that change scores; each stands for the processor of its name.
extension GenerationConfig {
  /// How much more a prompt weighs than the negative one, or than none (classifier-free guidance). By
  /// default 1: no difference.
  public var guidanceScale: Double? {
    get { self["guidance_scale"]?.double }
    set { self["guidance_scale"] = newValue.map(ConfigurationValue.double) }
  }
  /// What logits are divided by when sampling. By default 1.
  public var temperature: Double? {
    get { self["temperature"]?.double }
    set { self["temperature"] = newValue.map(ConfigurationValue.double) }
  }
  /// How many of the likeliest tokens are sampled from; 0 for all. By default 50.
  public var topK: Int? {
    get { self["top_k"]?.int }
    set { self["top_k"] = newValue.map(ConfigurationValue.int) }
  }
  /// The probability mass that is sampled from. By default 1.
  public var topP: Double? {
    get { self["top_p"]?.double }
    set { self["top_p"] = newValue.map(ConfigurationValue.double) }
  }
  /// The share of the largest probability that a sampled token needs.
  public var minP: Double? {
    get { self["min_p"]?.double }
    set { self["min_p"] = newValue.map(ConfigurationValue.double) }
  }
  /// The share of the entropy that is sampled from.
  public var topH: Double? {
    get { self["top_h"]?.double }
    set { self["top_h"] = newValue.map(ConfigurationValue.double) }
  }
  /// The mass of locally typical tokens that is sampled from. By default 1.
  public var typicalP: Double? {
    get { self["typical_p"]?.double }
    set { self["typical_p"] = newValue.map(ConfigurationValue.double) }
  }
  /// The probability that a sampled token needs. By default 0.
  public var epsilonCutoff: Double? {
    get { self["epsilon_cutoff"]?.double }
    set { self["epsilon_cutoff"] = newValue.map(ConfigurationValue.double) }
  }
  /// The cut-off of eta sampling. By default 0.
  public var etaCutoff: Double? {
    get { self["eta_cutoff"]?.double }
    set { self["eta_cutoff"] = newValue.map(ConfigurationValue.double) }
  }
  /// The penalty on tokens that stand in the sequence. By default 1.
  public var repetitionPenalty: Double? {
    get { self["repetition_penalty"]?.double }
    set { self["repetition_penalty"] = newValue.map(ConfigurationValue.double) }
  }
  /// The preference for tokens of the encoder's input. By default 1.
  public var encoderRepetitionPenalty: Double? {
    get { self["encoder_repetition_penalty"]?.double }
    set { self["encoder_repetition_penalty"] = newValue.map(ConfigurationValue.double) }
  }
  /// The length of sequences that may come only once; 0, the default, for none.
  public var noRepeatNgramSize: Int? {
    get { self["no_repeat_ngram_size"]?.int }
    set { self["no_repeat_ngram_size"] = newValue.map(ConfigurationValue.int) }
  }
  /// The length of sequences of the encoder's input that may not come; 0, the default, for none.
  public var encoderNoRepeatNgramSize: Int? {
    get { self["encoder_no_repeat_ngram_size"]?.int }
    set { self["encoder_no_repeat_ngram_size"] = newValue.map(ConfigurationValue.int) }
  }
  /// Words that may not come, as token ids.
  public var badWordsIds: [[Int]]? {
    get { self["bad_words_ids"]?.list?.map { $0.list?.compactMap(\.int) ?? [] } }
    set { self["bad_words_ids"] = newValue.map { .list($0.map(ConfigurationValue.ints)) } }
  }
  /// Sequences of tokens with what is added to their scores.
  public var sequenceBias: [TokenSequenceBias]? {
    get {
      self["sequence_bias"]?.list?.compactMap { pair in
        guard let list = pair.list, list.count == 2, let bias = list[1].double else { return nil }
        return TokenSequenceBias(list[0].list?.compactMap(\.int) ?? [], bias)
      }
    }
    set {
      self["sequence_bias"] = newValue.map { entries in
        .list(entries.map { .list([.ints($0.tokens), .double($0.bias)]) })
      }
    }
  }
  /// The first token after a prompt of one.
  public var forcedBosTokenId: Int? {
    get { self["forced_bos_token_id"]?.int }
    set { self["forced_bos_token_id"] = newValue.map(ConfigurationValue.int) }
  }
  /// The last token where the greatest length is reached; several to choose from.
  public var forcedEosTokenId: [Int]? {
    get { self["forced_eos_token_id"]?.ids }
    set { self["forced_eos_token_id"] = newValue.map(ConfigurationValue.ints) }
  }
  /// Whether NaN and infinities are replaced. By default false.
  public var removeInvalidValues: Bool? {
    get { self["remove_invalid_values"]?.bool }
    set { self["remove_invalid_values"] = newValue.map(ConfigurationValue.bool) }
  }
  /// After how many tokens the end becomes likelier, and by which factor with each.
  public var exponentialDecayLengthPenalty: (start: Int, factor: Double)? {
    get {
      guard let list = self["exponential_decay_length_penalty"]?.list, list.count == 2,
        let start = list[0].int, let factor = list[1].double
      else { return nil }
      return (start, factor)
    }
    set {
      self["exponential_decay_length_penalty"] = newValue.map {
        .list([.int($0.start), .double($0.factor)])
      }
    }
  }
  /// Tokens that may not come.
  public var suppressTokens: [Int]? {
    get { self["suppress_tokens"]?.ids }
    set { self["suppress_tokens"] = newValue.map(ConfigurationValue.ints) }
  }
  /// Tokens that may not come first.
  public var beginSuppressTokens: [Int]? {
    get { self["begin_suppress_tokens"]?.ids }
    set { self["begin_suppress_tokens"] = newValue.map(ConfigurationValue.ints) }
  }
  /// How what is written is marked; nil for not at all.
  public var watermarkingConfig: WatermarkingConfig? {
    get { self["watermarking_config"].flatMap(WatermarkingConfig.init) }
    set { self["watermarking_config"] = newValue?.value }
  }
  /// Whether processed scores are made log-probabilities again. By default false.
  public var renormalizeLogits: Bool? {
    get { self["renormalize_logits"]?.bool }
    set { self["renormalize_logits"] = newValue.map(ConfigurationValue.bool) }
  }
}

/// Special tokens.
extension GenerationConfig {
  /// What fills a sequence behind its end; by default the first token that ends one.
  public var padTokenId: Int? {
    get { self["pad_token_id"]?.int }
    set { self["pad_token_id"] = newValue.map(ConfigurationValue.int) }
  }
  /// The token that begins a sequence.
  public var bosTokenId: Int? {
    get { self["bos_token_id"]?.int }
    set { self["bos_token_id"] = newValue.map(ConfigurationValue.int) }
  }
  /// The tokens that end a sequence.
  public var eosTokenId: [Int]? {
    get { self["eos_token_id"]?.ids }
    set { self["eos_token_id"] = newValue.map(ConfigurationValue.ints) }
  }
  /// What an encoder-decoder's answer begins with; by default ``bosTokenId``.
  public var decoderStartTokenId: Int? {
    get { self["decoder_start_token_id"]?.int }
    set { self["decoder_start_token_id"] = newValue.map(ConfigurationValue.int) }
  }
}

extension ConfigurationValue {
  /// A list of whole numbers.
  static func ints(_ values: [Int]) -> ConfigurationValue { .list(values.map { .int($0) }) }

  /// One number, or a list of them.
  var ids: [Int]? { int.map { [$0] } ?? list?.compactMap(\.int) }
}
