import Foundation
import NN
import Tensors

extension ModelFamily {
  /// GPT-2 (Radford et al. 2019).
  static let gpt2 = ModelFamily(
    decoder: GPT2Model.self, ["gpt2"], names: [.causalLM: "GPT2LMHeadModel"],
    fields: [
      "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels",
      "summary_first_dropout", "summary_last_dropout",
    ])
}

/// GPT-2 that tells the next token (`GPT2LMHeadModel`).
public typealias GPT2LMHeadModel = DecoderForCausalLM<GPT2Model>
/// GPT-2 that classifies texts.
public typealias GPT2ForSequenceClassification = DecoderForSequenceClassification<GPT2Model>
/// GPT-2 that classifies tokens.
public typealias GPT2ForTokenClassification = DecoderForTokenClassification<GPT2Model>
/// GPT-2 that finds answers.
public typealias GPT2ForQuestionAnswering = DecoderForQuestionAnswering<GPT2Model>

/// GPT-2 without a head: learned positions, layer norms, weights stored as `[inputs, outputs]`.
public final class GPT2Model: DecoderModel {
  public override class var familyName: String { "GPT2" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 50_256, "eos_token_id": 50_256]
  }
  public override class var baseModelPrefix: String { "transformer" }
  public override class var tokenHeadName: String { "classifier" }
  public override class var tiesEmbeddings: Bool { true }
  public override class var block: DecoderBlock.Type { GPT2Block.self }
  public override class var stateNames: [String: String] {
    ["embedTokens": "wte", "positionEmbeddings": "wpe", "layers": "h", "norm": "ln_f"]
  }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    let hidden = try configuration.size("n_embd", 768)
    let heads = try configuration.size("n_head", 12)
    try configuration.requireDivides(heads, hidden, "n_head")
    var settings = DecoderSettings(
      configuration, vocabulary: try configuration.size("vocab_size", 50_257), hidden: hidden,
      layers: try configuration.size("n_layer", 12), heads: heads,
      intermediate: try configuration.optionalSize("n_inner") ?? 4 * hidden,
      maxPositions: try configuration.size("n_positions", 1024),
      activation: try configuration.activation("activation_function", "gelu_new"),
      eps: try configuration.double("layer_norm_epsilon", 1e-5))
    settings.learnsPositions = true
    settings.projections = .joined
    settings.feedForward = .plain
    let dtype = configuration.dtype
    settings.linear = { inputs, outputs, _, isResidual in
      Conv1D(inputs, outputs, isResidual: isResidual, dtype: dtype)
    }
    settings.attentionDropout = try configuration.probability("attn_pdrop", 0.1)
    settings.residualDropout = try configuration.probability("resid_pdrop", 0.1)
    settings.embeddingDropout = try configuration.probability("embd_pdrop", 0.1)
    let isScaled = try configuration.bool("scale_attn_weights", true)
    let isByLayer = try configuration.bool("scale_attn_by_inverse_layer_idx", false)
    let size = Double(hidden / heads)
    settings.scale = {
      (isScaled ? 1 / size.squareRoot() : 1) / (isByLayer ? Double($0 + 1) : 1)
    }
    // Scores are always computed in float32, which is what the setting asks for.
    configuration.note(["reorder_and_upcast_attn"])
    return settings
  }

  /// As for others, but layers whose outputs add up over the depth start smaller by √(2·layers).
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    guard let layer = module as? Conv1D, name == "weight" else {
      return super.initialize(parameter, name, in: module)
    }
    let scale = layer.isResidual ? (2 * Double(settings.layers)).squareRoot() : 1
    Init.normal(parameter, std: initializerRange / scale)
  }
}

/// A layer of GPT-2, by its names.
final class GPT2Block: DecoderBlock {
  override class var stateNames: [String: String] {
    ["inputLayernorm": "ln_1", "selfAttn": "attn", "postAttentionLayernorm": "ln_2"]
  }
  override class var attention: DecoderAttention.Type { GPT2Attention.self }
  override class var feedForward: DecoderMLP.Type { GPT2MLP.self }
}

/// GPT-2's attention, by its names.
final class GPT2Attention: DecoderAttention {
  override class var stateNames: [String: String] { ["qkvProj": "c_attn", "oProj": "c_proj"] }
}

/// GPT-2's feed-forward layers, by their names.
final class GPT2MLP: DecoderMLP {
  override class var stateNames: [String: String] { ["upProj": "c_fc", "downProj": "c_proj"] }
}
