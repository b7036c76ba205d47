import Tensors

extension ModelFamily {
  /// Qwen 2 and 2.5 (Yang et al. 2024).
  static let qwen2 = ModelFamily(decoder: Qwen2Model.self, ["qwen2"])
  /// Qwen 3 (Yang et al. 2025).
  static let qwen3 = ModelFamily(decoder: Qwen3Model.self, ["qwen3"])
}

/// Qwen 2 that tells the next token.
public typealias Qwen2ForCausalLM = DecoderForCausalLM<Qwen2Model>
/// Qwen 2 that classifies texts.
public typealias Qwen2ForSequenceClassification = DecoderForSequenceClassification<Qwen2Model>
/// Qwen 2 that classifies tokens.
public typealias Qwen2ForTokenClassification = DecoderForTokenClassification<Qwen2Model>
/// Qwen 2 that finds answers.
public typealias Qwen2ForQuestionAnswering = DecoderForQuestionAnswering<Qwen2Model>
/// Qwen 3 that tells the next token.
public typealias Qwen3ForCausalLM = DecoderForCausalLM<Qwen3Model>
/// Qwen 3 that classifies texts.
public typealias Qwen3ForSequenceClassification = DecoderForSequenceClassification<Qwen3Model>
/// Qwen 3 that classifies tokens.
public typealias Qwen3ForTokenClassification = DecoderForTokenClassification<Qwen3Model>
/// Qwen 3 that finds answers.
public typealias Qwen3ForQuestionAnswering = DecoderForQuestionAnswering<Qwen3Model>

/// Qwen 2 without a head: a Llama with biases on queries, keys and values, whose upper layers may
/// have a window.
public final class Qwen2Model: DecoderModel {
  public override class var familyName: String { "Qwen2" }
  public override class var answeringPrefix: String { "transformer" }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(llamaLike: configuration, qwenDefaults)
    settings.queryBias = true
    try finishQwen(&settings, configuration)
    return settings
  }
}

/// Qwen 3 without a head: a Qwen 2 that norms each head's queries and keys instead of adding biases.
public final class Qwen3Model: DecoderModel {
  public override class var familyName: String { "Qwen3" }
  public override class var answeringPrefix: String { "transformer" }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var defaults = qwenDefaults
    defaults.headSize = 128
    var settings = try DecoderSettings(llamaLike: configuration, defaults)
    let hasBias = try configuration.bool("attention_bias", false)
    (settings.queryBias, settings.outputBias) = (hasBias, hasBias)
    settings.normsHeads = true
    try finishQwen(&settings, configuration)
    return settings
  }
}

private let qwenDefaults = DecoderDefaults(
  vocabulary: 151_936, intermediate: 22_016, keyValueHeads: 32, maxPositions: 32_768)

/// Windows from `max_window_layers` on, or where `layer_types` says, and rotary positions.
private func finishQwen(
  _ settings: inout DecoderSettings, _ configuration: ModelConfiguration
) throws {
  let window = try configuration.window("sliding_window", 4096)
  let used = try configuration.bool("use_sliding_window", false) ? window : nil
  let first = try configuration.int("max_window_layers", 28)
  let sliding = try settings.slidingLayers(configuration) { used != nil && $0 >= first }
  if sliding.contains(true), used == nil {
    throw configuration.fault(
      "layer_types", "a layer has sliding_attention, but use_sliding_window is off")
  }
  settings.windows = sliding.map { $0 ? used : nil }
  try settings.rotate(configuration)
}
