import Tensors

extension ModelFamily {
  /// Gemma (Mesnard et al. 2024).
  static let gemma = ModelFamily(
    decoder: GemmaModel.self, ["gemma"],
    tasks: [.base, .causalLM, .sequenceClassification, .tokenClassification])
  /// Gemma 2 (Riviere et al. 2024).
  static let gemma2 = ModelFamily(
    decoder: Gemma2Model.self, ["gemma2"],
    tasks: [.base, .causalLM, .sequenceClassification, .tokenClassification])
  /// The text model of Gemma 3 (Kamath et al. 2025).
  static let gemma3 = ModelFamily(
    decoder: Gemma3TextModel.self, ["gemma3_text"],
    tasks: [.base, .causalLM, .sequenceClassification],
    names: [
      .base: "Gemma3TextModel", .sequenceClassification: "Gemma3TextForSequenceClassification",
    ])
}

/// Gemma that tells the next token.
public typealias GemmaForCausalLM = DecoderForCausalLM<GemmaModel>
/// Gemma that classifies texts.
public typealias GemmaForSequenceClassification = DecoderForSequenceClassification<GemmaModel>
/// Gemma that classifies tokens.
public typealias GemmaForTokenClassification = DecoderForTokenClassification<GemmaModel>
/// Gemma 2 that tells the next token.
public typealias Gemma2ForCausalLM = DecoderForCausalLM<Gemma2Model>
/// Gemma 2 that classifies texts.
public typealias Gemma2ForSequenceClassification = DecoderForSequenceClassification<Gemma2Model>
/// Gemma 2 that classifies tokens.
public typealias Gemma2ForTokenClassification = DecoderForTokenClassification<Gemma2Model>
/// Gemma 3 that tells the next token.
public typealias Gemma3ForCausalLM = DecoderForCausalLM<Gemma3TextModel>
/// Gemma 3 that classifies texts.
public typealias Gemma3TextForSequenceClassification =
  DecoderForSequenceClassification<Gemma3TextModel>

/// Gemma without a head: a Llama with norms of 1 + weight, scaled embeddings and a tanh GELU gate.
public final class GemmaModel: DecoderModel {
  public override class var familyName: String { "Gemma" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0]
  }
  public override class var tiesEmbeddings: Bool { true }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration,
      DecoderDefaults(
        vocabulary: 256_000, hidden: 3072, intermediate: 24_576, layers: 28, heads: 16,
        keyValueHeads: 16, headSize: 256, activation: "gelu_pytorch_tanh", maxPositions: 8192,
        paddingIndex: 0))
    // Published files say gelu and mean its tanh form; transformers reads no other field.
    if settings.activation.name == "gelu" {
      settings.activation = try ModelConfiguration([:]).activation("", "gelu_pytorch_tanh")
    }
    configuration.note(["hidden_activation"])
    try configuration.expect("use_bidirectional_attention", false)
    try makeGemma(&settings, configuration)
    try settings.rotate(configuration)
    return settings
  }
}

/// Gemma 2 without a head: a Gemma that norms what layers add, caps scores and logits, and gives
/// every other layer a window.
public final class Gemma2Model: DecoderModel {
  public override class var familyName: String { "Gemma2" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0]
  }
  public override class var tiesEmbeddings: Bool { true }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration, laterDefaults(vocabulary: 256_000, maxPositions: 8192))
    try configuration.expect("use_bidirectional_attention", false)
    try makeLaterGemma(&settings, configuration, caps: (50, 30)) { $0 % 2 == 0 }
    try settings.rotate(configuration)
    return settings
  }
}

/// The text model of Gemma 3 without a head: a Gemma 2 without caps that norms each head's queries
/// and keys, with a window in five of six layers and a rotary base for each kind of layer.
public final class Gemma3TextModel: DecoderModel {
  public override class var familyName: String { "Gemma3" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0]
  }
  public override class var tiesEmbeddings: Bool { true }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration, laterDefaults(vocabulary: 262_208, maxPositions: 131_072))
    let pattern =
      try configuration.optionalSize("sliding_window_pattern")
      ?? configuration.optionalSize("_sliding_window_pattern") ?? 6
    guard pattern > 0 else {
      throw configuration.fault("sliding_window_pattern", "\(pattern) is no number of layers")
    }
    try makeLaterGemma(&settings, configuration, caps: (nil, nil)) { ($0 + 1) % pattern != 0 }
    settings.normsHeads = true
    if try configuration.bool("use_bidirectional_attention", false) {
      // The window counts both sides.
      settings.isBidirectional = true
      settings.windows = settings.windows.map { window in window.map { $0 / 2 + 1 } }
    }
    let kinds = [
      ("full_attention", 1_000_000.0, "rope_theta"),
      ("sliding_attention", 10_000.0, "rope_local_base_freq"),
    ]
    settings.rotaries = try kinds.map { kind, base, name in
      try RotaryEmbedding(
        RotaryScaling(
          configuration, headSize: settings.headSize, maxPositions: settings.maxPositions,
          layerType: kind, base: base, aliases: (name, "partial_rotary_factor")))
    }
    let sliding = try slidingGemmaLayers(settings, configuration) { ($0 + 1) % pattern != 0 }
    settings.rotaryOfLayer = sliding.map { $0 ? 1 : 0 }
    return settings
  }
}

private func laterDefaults(vocabulary: Int, maxPositions: Int) -> DecoderDefaults {
  DecoderDefaults(
    vocabulary: vocabulary, hidden: 2304, intermediate: 9216, layers: 26, heads: 8,
    keyValueHeads: 4, headSize: 256, activation: "gelu_pytorch_tanh", maxPositions: maxPositions,
    paddingIndex: 0)
}

/// What all Gemmas share.
private func makeGemma(
  _ settings: inout DecoderSettings, _ configuration: ModelConfiguration
) throws {
  let eps = try configuration.double("rms_norm_eps", 1e-6)
  let dtype = configuration.dtype
  settings.norm = { OffsetRMSNorm($0, eps: eps, dtype: dtype) }
  settings.embeddingScale = Double(settings.hidden).squareRoot()
  let hasBias = try configuration.bool("attention_bias", false)
  (settings.queryBias, settings.outputBias) = (hasBias, hasBias)
}

/// What Gemma 2 and 3 share.
private func makeLaterGemma(
  _ settings: inout DecoderSettings, _ configuration: ModelConfiguration,
  caps: (scores: Double?, logits: Double?), isSliding: (Int) -> Bool
) throws {
  try makeGemma(&settings, configuration)
  configuration.note(["hidden_act", "cache_implementation"])
  settings.activation = try configuration.activation("hidden_activation", "gelu_pytorch_tanh")
  settings.normsOutputs = true
  let scalar = try configuration.double("query_pre_attn_scalar", 256)
  guard scalar > 0 else {
    throw configuration.fault("query_pre_attn_scalar", "it must be positive")
  }
  settings.scale = { _ in 1 / scalar.squareRoot() }
  func cap(_ name: String, _ fallback: Double?) throws -> Double? {
    configuration[name] == nil ? fallback : try configuration.optionalDouble(name)
  }
  let scoreCap = try cap("attn_logit_softcapping", caps.scores)
  // Gemma 3 has the field, and transformers' attention does not read it.
  settings.scoreCap = caps.scores == nil ? nil : scoreCap
  settings.logitCap = try cap("final_logit_softcapping", caps.logits)
  let window = try configuration.window("sliding_window", 4096)
  let sliding = try slidingGemmaLayers(settings, configuration, isSliding)
  if sliding.contains(true), window == nil {
    throw configuration.fault("sliding_window", "a layer has sliding_attention, but no window")
  }
  settings.windows = sliding.map { $0 ? window : nil }
}

private func slidingGemmaLayers(
  _ settings: DecoderSettings, _ configuration: ModelConfiguration, _ rule: (Int) -> Bool
) throws -> [Bool] {
  try settings.slidingLayers(configuration, byDefault: rule)
}
