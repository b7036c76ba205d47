import NN
import Tensors

extension ModelFamily {
  /// StarCoder 2 (Lozhkov et al. 2024).
  static let starcoder2 = ModelFamily(
    decoder: Starcoder2Model.self, ["starcoder2"],
    tasks: [.base, .causalLM, .sequenceClassification, .tokenClassification])
}

/// StarCoder 2 that tells the next token.
public typealias Starcoder2ForCausalLM = DecoderForCausalLM<Starcoder2Model>
/// StarCoder 2 that classifies texts.
public typealias Starcoder2ForSequenceClassification =
  DecoderForSequenceClassification<Starcoder2Model>
/// StarCoder 2 that classifies tokens.
public typealias Starcoder2ForTokenClassification = DecoderForTokenClassification<Starcoder2Model>

/// StarCoder 2 without a head: rotary positions and shared keys as Llama's, with layer norms, biases and
/// plain feed-forward layers.
public final class Starcoder2Model: DecoderModel {
  public override class var familyName: String { "Starcoder2" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 50_256, "eos_token_id": 50_256]
  }
  public override class var tiesEmbeddings: Bool { true }
  public override var initializerRange: Double {
    configuration["initializer_range"]?.double ?? 0.018042
  }
  public override class var block: DecoderBlock.Type { Starcoder2Block.self }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration,
      DecoderDefaults(
        vocabulary: 49_152, hidden: 3072, intermediate: 12_288, layers: 30, heads: 24,
        keyValueHeads: 2, activation: "gelu_pytorch_tanh", maxPositions: 4096))
    let (eps, dtype) = (try configuration.double("norm_epsilon", 1e-5), configuration.dtype)
    settings.norm = { LayerNorm($0, eps: eps, dtype: dtype) }
    settings.feedForward = .plain
    let hasBias = try configuration.bool("use_bias", true)
    (settings.queryBias, settings.outputBias, settings.feedForwardBias) = (
      hasBias, hasBias, hasBias
    )
    settings.residualDropout = try configuration.probability("residual_dropout", 0)
    settings.embeddingDropout = try configuration.probability("embedding_dropout", 0)
    let window = try configuration.window("sliding_window", nil)
    settings.windows = [Int?](repeating: window, count: settings.layers)
    try settings.rotate(configuration)
    return settings
  }
}

/// A layer of StarCoder 2, by its names.
final class Starcoder2Block: DecoderBlock {
  override class var feedForward: DecoderMLP.Type { Starcoder2MLP.self }
}

/// StarCoder 2's feed-forward layers, by their names.
final class Starcoder2MLP: DecoderMLP {
  override class var stateNames: [String: String] { ["upProj": "c_fc", "downProj": "c_proj"] }
}
