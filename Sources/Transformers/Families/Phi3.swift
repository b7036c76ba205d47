import Tensors

extension ModelFamily {
  /// Phi-3 (Abdin et al. 2024), and Phi-4 where its files say so.
  static let phi3 = ModelFamily(
    decoder: Phi3Model.self, ["phi3"],
    tasks: [.base, .causalLM, .sequenceClassification, .tokenClassification])
}

/// Phi-3 that tells the next token.
public typealias Phi3ForCausalLM = DecoderForCausalLM<Phi3Model>
/// Phi-3 that classifies texts.
public typealias Phi3ForSequenceClassification = DecoderForSequenceClassification<Phi3Model>
/// Phi-3 that classifies tokens.
public typealias Phi3ForTokenClassification = DecoderForTokenClassification<Phi3Model>

/// Phi-3 without a head: a Llama with joined projections, which may turn a part of each head alone
/// and stretch its positions by long rotary factors.
public final class Phi3Model: DecoderModel {
  public override class var familyName: String { "Phi3" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 1, "eos_token_id": 32_000, "pad_token_id": 32_000]
  }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration,
      DecoderDefaults(
        vocabulary: 32_064, hidden: 3072, intermediate: 8192, maxPositions: 4096, eps: 1e-5,
        paddingIndex: 32_000))
    settings.projections = .joined
    settings.feedForward = .joinedGate
    settings.residualDropout = try configuration.probability("resid_pdrop", 0)
    // transformers reads neither: embeddings are not dropped, and there are no biases.
    configuration.note(["embd_pdrop", "attention_bias"])
    let window = try configuration.window("sliding_window", nil)
    settings.windows = [Int?](repeating: window, count: settings.layers)
    let scaling = try RotaryScaling(
      configuration, headSize: settings.headSize, maxPositions: settings.maxPositions,
      partial: 1, originalMaxPositions: 4096)
    try settings.rotate(scaling)
    settings.rereadingLength = scaling.shortLength
    return settings
  }
}
