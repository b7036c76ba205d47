import Tensors

extension ModelFamily {
  /// Arcee's foundation models (AFM).
  static let arcee = ModelFamily(decoder: ArceeModel.self, ["arcee"])
}

/// Arcee that tells the next token.
public typealias ArceeForCausalLM = DecoderForCausalLM<ArceeModel>
/// Arcee that classifies texts.
public typealias ArceeForSequenceClassification = DecoderForSequenceClassification<ArceeModel>
/// Arcee that classifies tokens.
public typealias ArceeForTokenClassification = DecoderForTokenClassification<ArceeModel>
/// Arcee that finds answers.
public typealias ArceeForQuestionAnswering = DecoderForQuestionAnswering<ArceeModel>

/// Arcee without a head: a Llama whose feed-forward layers have no gate, and the square of a ReLU.
public final class ArceeModel: DecoderModel {
  public override class var familyName: String { "Arcee" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 128_000, "eos_token_id": 128_001]
  }
  public override class var answeringPrefix: String { "transformer" }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration,
      DecoderDefaults(
        hidden: 2560, intermediate: 18_432, activation: "relu2", maxPositions: 4096, eps: 1e-5))
    settings.feedForward = .plain
    try settings.takeBiases(configuration)
    try settings.rotate(configuration)
    return settings
  }
}
