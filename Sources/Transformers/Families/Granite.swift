import Tensors

extension ModelFamily {
  /// Granite 3 (IBM 2024).
  static let granite = ModelFamily(
    decoder: GraniteModel.self, ["granite"], tasks: [.base, .causalLM])
}

/// Granite that tells the next token.
public typealias GraniteForCausalLM = DecoderForCausalLM<GraniteModel>

/// Granite without a head: a Llama with constant factors for embeddings, scores, what each layer adds, and
/// logits.
public final class GraniteModel: DecoderModel {
  public override class var familyName: String { "Granite" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 1, "eos_token_id": 2]
  }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(llamaLike: configuration, DecoderDefaults())
    try settings.takeBiases(configuration)
    settings.embeddingScale = try configuration.double("embedding_multiplier", 1)
    settings.residualScale = try configuration.double("residual_multiplier", 1)
    let scale = try configuration.double("attention_multiplier", 1)
    settings.scale = { _ in scale }
    let divisor = try configuration.double("logits_scaling", 1)
    guard divisor != 0 else {
      throw configuration.fault("logits_scaling", "logits are divided by it: 0 is no divisor")
    }
    settings.logitDivisor = divisor
    try settings.rotate(configuration)
    return settings
  }
}
