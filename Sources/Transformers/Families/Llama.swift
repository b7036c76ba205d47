import Tensors

extension ModelFamily {
  /// Llama 1 to 3 (Touvron et al. 2023), and what shares its shape.
  static let llama = ModelFamily(decoder: LlamaModel.self, ["llama"])
}

/// Llama that tells the next token.
public typealias LlamaForCausalLM = DecoderForCausalLM<LlamaModel>
/// Llama that classifies texts.
public typealias LlamaForSequenceClassification = DecoderForSequenceClassification<LlamaModel>
/// Llama that classifies tokens.
public typealias LlamaForTokenClassification = DecoderForTokenClassification<LlamaModel>
/// Llama that finds answers.
public typealias LlamaForQuestionAnswering = DecoderForQuestionAnswering<LlamaModel>

/// Llama without a head: root-mean-square norms, rotary positions, shared keys, gated layers.
public final class LlamaModel: DecoderModel {
  public override class var familyName: String { "Llama" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 1, "eos_token_id": 2]
  }
  public override class var answeringPrefix: String { "transformer" }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(llamaLike: configuration, DecoderDefaults())
    try settings.takeBiases(configuration)
    try settings.rotate(configuration)
    return settings
  }
}
