import Tensors

extension ModelFamily {
  /// OLMo 2 (OLMo Team 2024).
  static let olmo2 = ModelFamily(
    decoder: Olmo2Model.self, ["olmo2"], tasks: [.base, .causalLM, .sequenceClassification])
  /// OLMo 3 (OLMo Team 2025).
  static let olmo3 = ModelFamily(
    decoder: Olmo3Model.self, ["olmo3"], tasks: [.base, .causalLM, .sequenceClassification])
}

/// OLMo 2 that tells the next token.
public typealias Olmo2ForCausalLM = DecoderForCausalLM<Olmo2Model>
/// OLMo 2 that classifies texts.
public typealias Olmo2ForSequenceClassification = DecoderForSequenceClassification<Olmo2Model>
/// OLMo 3 that tells the next token.
public typealias Olmo3ForCausalLM = DecoderForCausalLM<Olmo3Model>
/// OLMo 3 that classifies texts.
public typealias Olmo3ForSequenceClassification = DecoderForSequenceClassification<Olmo3Model>

/// OLMo 2 without a head: a Llama that norms what attention and feed-forward layers return instead of what
/// they read, and queries and keys of all heads at once.
public final class Olmo2Model: DecoderModel {
  public override class var familyName: String { "Olmo2" }
  public override class var tokens: [String: ConfigurationValue] { olmoTokens }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try olmoSettings(configuration)
    try settings.rotate(configuration)
    return settings
  }
}

/// OLMo 3 without a head: an OLMo 2 in which three of four layers have a window, and rotary positions of
/// their own.
public final class Olmo3Model: DecoderModel {
  public override class var familyName: String { "Olmo3" }
  public override class var tokens: [String: ConfigurationValue] { olmoTokens }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try olmoSettings(configuration)
    let window = try configuration.window("sliding_window", 4096)
    let sliding = try settings.slidingLayers(configuration) { ($0 + 1) % 4 != 0 }
    settings.windows = sliding.map { $0 ? window : nil }
    settings.rotaries = try ["full_attention", "sliding_attention"].map { kind in
      try RotaryEmbedding(
        RotaryScaling(
          configuration, headSize: settings.headSize, maxPositions: settings.maxPositions,
          layerType: kind, base: 500_000))
    }
    settings.rotaryOfLayer = sliding.map { $0 ? 1 : 0 }
    return settings
  }
}

private let olmoTokens: [String: ConfigurationValue] = ["eos_token_id": 50_279, "pad_token_id": 1]

private func olmoSettings(_ configuration: ModelConfiguration) throws -> DecoderSettings {
  var settings = try DecoderSettings(
    llamaLike: configuration, DecoderDefaults(vocabulary: 50_304, eps: 1e-5, paddingIndex: 1))
  let hasBias = try configuration.bool("attention_bias", false)
  (settings.queryBias, settings.outputBias) = (hasBias, hasBias)
  (settings.normsInputs, settings.normsOutputs) = (false, true)
  settings.normsProjections = true
  return settings
}
