import NN
import Tensors

extension ModelFamily {
  /// GPT-NeoX (Black et al. 2022), and Pythia.
  static let gptNeoX = ModelFamily(
    decoder: GPTNeoXModel.self, ["gpt_neox"])
}

/// GPT-NeoX that tells the next token.
public typealias GPTNeoXForCausalLM = DecoderForCausalLM<GPTNeoXModel>
/// GPT-NeoX that classifies texts.
public typealias GPTNeoXForSequenceClassification = DecoderForSequenceClassification<GPTNeoXModel>
/// GPT-NeoX that classifies tokens.
public typealias GPTNeoXForTokenClassification = DecoderForTokenClassification<GPTNeoXModel>
/// GPT-NeoX that finds answers.
public typealias GPTNeoXForQuestionAnswering = DecoderForQuestionAnswering<GPTNeoXModel>

/// GPT-NeoX without a head: attention and feed-forward layers side by side, rotary positions on a
/// part of each head.
public final class GPTNeoXModel: DecoderModel {
  public override class var familyName: String { "GPTNeoX" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 0, "eos_token_id": 2]
  }
  public override class var baseModelPrefix: String { "gpt_neox" }
  public override class var tokenHeadName: String { "classifier" }
  public override class var block: DecoderBlock.Type { GPTNeoXBlock.self }
  public override class var stateNames: [String: String] {
    ["embedTokens": "embed_in", "norm": "final_layer_norm"]
  }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    let hidden = try configuration.size("hidden_size", 6144)
    let heads = try configuration.size("num_attention_heads", 64)
    try configuration.requireDivides(heads, hidden, "num_attention_heads")
    var settings = DecoderSettings(
      configuration, vocabulary: try configuration.size("vocab_size", 50_432), hidden: hidden,
      layers: try configuration.size("num_hidden_layers", 44), heads: heads,
      intermediate: try configuration.size("intermediate_size", 24_576),
      maxPositions: try configuration.size("max_position_embeddings", 2048),
      activation: try configuration.activation("hidden_act", "gelu"),
      eps: try configuration.double("layer_norm_eps", 1e-5))
    settings.projections = .interleaved
    settings.feedForward = .plain
    let hasBias = try configuration.bool("attention_bias", true)
    (settings.queryBias, settings.outputBias) = (hasBias, hasBias)
    settings.feedForwardBias = true
    settings.isParallel = try configuration.bool("use_parallel_residual", true)
    settings.attentionDropout = try configuration.probability("attention_dropout", 0)
    settings.residualDropout = try configuration.probability("hidden_dropout", 0)
    settings.embeddingDropout = settings.residualDropout
    try settings.rotate(
      RotaryScaling(
        configuration, headSize: settings.headSize, maxPositions: settings.maxPositions,
        partial: 0.25, aliases: ("rotary_emb_base", "rotary_pct")))
    return settings
  }

  /// The head is `embed_out` in files and `lm_head` in memory.
  public override func renamed(_ name: String) -> String {
    name == "embed_out.weight" ? "lm_head.weight" : super.renamed(name)
  }

  public override func savedName(_ name: String) -> String {
    name == "lm_head.weight" ? "embed_out.weight" : super.savedName(name)
  }

  /// Older files hold masks and angles.
  public override func isObsolete(_ name: String) -> Bool {
    super.isObsolete(name) || name.hasSuffix(".attention.bias")
      || name.hasSuffix(".attention.masked_bias") || name.hasSuffix(".rotary_emb.inv_freq")
  }
}

/// A layer of GPT-NeoX, by its names.
final class GPTNeoXBlock: DecoderBlock {
  override class var stateNames: [String: String] { ["selfAttn": "attention"] }
  override class var attention: DecoderAttention.Type { GPTNeoXAttention.self }
  override class var feedForward: DecoderMLP.Type { GPTNeoXMLP.self }
}

/// GPT-NeoX's attention, by its names.
final class GPTNeoXAttention: DecoderAttention {
  override class var stateNames: [String: String] {
    ["qkvProj": "query_key_value", "oProj": "dense"]
  }
}

/// GPT-NeoX's feed-forward layers, by their names.
final class GPTNeoXMLP: DecoderMLP {
  override class var stateNames: [String: String] {
    ["upProj": "dense_h_to_4h", "downProj": "dense_4h_to_h"]
  }
}
