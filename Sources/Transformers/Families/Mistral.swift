import Tensors

extension ModelFamily {
  /// Mistral (Jiang et al. 2023).
  static let mistral = ModelFamily(decoder: MistralModel.self, ["mistral"])
}

/// Mistral that tells the next token.
public typealias MistralForCausalLM = DecoderForCausalLM<MistralModel>
/// Mistral that classifies texts.
public typealias MistralForSequenceClassification = DecoderForSequenceClassification<MistralModel>
/// Mistral that classifies tokens.
public typealias MistralForTokenClassification = DecoderForTokenClassification<MistralModel>
/// Mistral that finds answers.
public typealias MistralForQuestionAnswering = DecoderForQuestionAnswering<MistralModel>

/// Mistral without a head: a Llama whose layers may see a sliding window of keys.
public final class MistralModel: DecoderModel {
  public override class var familyName: String { "Mistral" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 1, "eos_token_id": 2]
  }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration,
      DecoderDefaults(intermediate: 14_336, keyValueHeads: 8, maxPositions: 131_072))
    let window = try configuration.window("sliding_window", 4096)
    settings.windows = [Int?](repeating: window, count: settings.layers)
    try settings.rotate(configuration)
    return settings
  }
}
