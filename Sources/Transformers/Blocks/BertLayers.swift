import NN
import Tensors

/// The settings of a stack of layers as BERT's, read from a configuration.
public struct BertSettings {
  /// The width of the states.
  public let hidden: Int
  /// The number of attention heads, which divides the width.
  public let heads: Int
  /// The width between the two layers of the feed-forward part.
  public let intermediate: Int
  /// The number of layers.
  public let layers: Int
  /// Between the two layers of the feed-forward part.
  public let activation: NamedActivation
  /// The probability with which a state is dropped.
  public let dropout: Double
  /// The probability with which an attention weight is dropped.
  public let attentionDropout: Double
  /// Added to the variance in norms.
  public let eps: Double

  /// BERT's fields, with the defaults that a family has.
  public init(
    _ configuration: ModelConfiguration, hidden: Int = 768, heads: Int = 12, layers: Int = 12,
    intermediate: Int = 3072, activation: String = "gelu", dropout: Double = 0.1,
    eps: Double = 1e-12
  ) throws {
    self.hidden = try configuration.size("hidden_size", hidden)
    self.heads = try configuration.size("num_attention_heads", heads)
    self.intermediate = try configuration.size("intermediate_size", intermediate)
    self.layers = try configuration.size("num_hidden_layers", layers)
    self.activation = try configuration.activation("hidden_act", activation)
    self.dropout = try configuration.probability("hidden_dropout_prob", dropout)
    attentionDropout = try configuration.probability("attention_probs_dropout_prob", dropout)
    self.eps = try configuration.double("layer_norm_eps", eps)
    try configuration.requireDivides(self.heads, self.hidden, "num_attention_heads")
  }
}

/// A stack of post-norm transformer layers under BERT's names.
public final class BertEncoder: Module {
  let layer: [BertLayer]

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    layer = (0..<settings.layers).map { _ in BertLayer(configuration, settings) }
  }

  /// The last layer's states, with each layer's where asked for.
  func callAsFunction(_ x: Tensor, mask: Tensor?, _ inputs: ModelInputs) -> EncoderOutput {
    EncoderOutput.run(layer, x, mask: mask, inputs)
  }
}

/// Attention and a feed-forward part, each with a norm behind the residual.
final class BertLayer: Module, EncoderLayer {
  let attention: BertAttention
  let intermediate: BertIntermediate
  let output: BertOutput

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    attention = BertAttention(configuration, settings)
    intermediate = BertIntermediate(configuration, settings)
    output = BertOutput(configuration, settings, inputs: settings.intermediate)
  }

  func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
    let x = attention(x, mask: mask, weights)
    return output(intermediate(x), residual: x)
  }
}

/// Self-attention, its projection and the norm behind it.
final class BertAttention: Module {
  let selfAttention: BertSelfAttention
  let output: BertOutput

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    selfAttention = BertSelfAttention(configuration, settings)
    output = BertOutput(configuration, settings, inputs: settings.hidden)
  }

  override class var stateNames: [String: String] { ["selfAttention": "self"] }

  func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
    output(selfAttention(x, mask: mask, weights), residual: x)
  }
}

/// Queries, keys and values, and the attention between them.
final class BertSelfAttention: Module {
  let query: Linear
  let key: Linear
  let value: Linear
  private let heads: Int
  private let dropout: Double

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    query = configuration.linear(settings.hidden, settings.hidden)
    key = configuration.linear(settings.hidden, settings.hidden)
    value = configuration.linear(settings.hidden, settings.hidden)
    (heads, dropout) = (settings.heads, settings.attentionDropout)
  }

  func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
    Attention.merged(
      Attention.heads(query(x), heads), Attention.heads(key(x), heads),
      Attention.heads(value(x), heads), mask: mask, dropout: isTraining ? dropout : 0,
      weights: weights)
  }
}

/// The feed-forward part's first layer with its activation.
final class BertIntermediate: Module, Layer {
  let dense: Linear
  private let activation: NamedActivation

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    dense = configuration.linear(settings.hidden, settings.intermediate)
    activation = settings.activation
  }

  func forward(_ x: Tensor) -> Tensor { activation(dense(x)) }
}

/// A linear layer, dropout, the residual and a norm.
final class BertOutput: Module {
  let dense: Linear
  let layerNorm: LayerNorm
  let dropout: Dropout

  init(_ configuration: ModelConfiguration, _ settings: BertSettings, inputs: Int) {
    dense = configuration.linear(inputs, settings.hidden)
    layerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
    dropout = Dropout(settings.dropout)
  }

  override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

  func callAsFunction(_ x: Tensor, residual: Tensor) -> Tensor {
    layerNorm(dropout(dense(x)) + residual)
  }
}

/// tanh of a linear layer of the first token's state. `[N, T, hidden] → [N, hidden]`.
public final class FirstTokenPooler: Module, Layer {
  let dense: Linear

  init(_ configuration: ModelConfiguration, _ width: Int) {
    dense = configuration.linear(width, width)
  }

  /// The first place's states, in a layer with tanh.
  public func forward(_ states: Tensor) -> Tensor {
    dense(states.select(dim: 1, index: 0)).tanh()
  }
}
