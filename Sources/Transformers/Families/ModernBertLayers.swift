import NN
import Tensors

/// ModernBERT's settings, read from a configuration.
struct ModernBertSettings: Memberless {
  /// How far a layer's tokens see.
  enum Reach: String, Memberless {
    case full = "full_attention"
    case sliding = "sliding_attention"
  }

  let hidden, heads, inner: Int
  /// The reach of each layer.
  let reaches: [Reach]
  /// How many tokens a sliding layer sees to either side.
  let window: Int
  let eps, attentionDropout, mlpDropout: Double
  let hasNormBias, hasAttentionBias, hasMlpBias: Bool
  let activation: NamedActivation
  private let maxPositions: Int
  private let roles = Roles()

  init(_ configuration: ModelConfiguration) throws {
    hidden = try configuration.size("hidden_size", 768)
    heads = try configuration.size("num_attention_heads", 12)
    inner = try configuration.size("intermediate_size", 1152)
    maxPositions = try configuration.size("max_position_embeddings", 8192)
    let layers = try configuration.size("num_hidden_layers", 22)
    let every = try configuration.size("global_attn_every_n_layers", 3)
    if let names = try configuration.optionalStrings("layer_types") {
      reaches = try names.map { name in
        guard let reach = Reach(rawValue: name) else {
          throw configuration.fault("layer_types", "no layers are called “\(name)”")
        }
        return reach
      }
      guard reaches.count == layers else {
        throw configuration.fault("layer_types", "\(reaches.count) kinds for \(layers) layers")
      }
    } else {
      reaches = (0..<layers).map { $0 % every == 0 ? .full : .sliding }
    }
    window = try configuration.int("local_attention", 128) / 2
    eps = try configuration.double("norm_eps", 1e-5)
    hasNormBias = try configuration.bool("norm_bias", false)
    hasAttentionBias = try configuration.bool("attention_bias", false)
    hasMlpBias = try configuration.bool("mlp_bias", false)
    attentionDropout = try configuration.probability("attention_dropout", 0)
    mlpDropout = try configuration.probability("mlp_dropout", 0)
    activation = try configuration.activation("hidden_activation", "gelu")
    try configuration.requireDivides(heads, hidden, "num_attention_heads")
  }

  func norm(_ configuration: ModelConfiguration) -> LayerNorm {
    configuration.layerNorm(hidden, eps: eps, bias: hasNormBias)
  }

  /// The rotary embedding of each reach that there is.
  func rotary(_ configuration: ModelConfiguration) throws -> [Reach: RotaryEmbedding] {
    // Older files scale the positions of all layers by one entry.
    if let scaling = configuration.value("rope_scaling"), configuration["rope_parameters"] == nil {
      configuration["rope_parameters"] = .object([
        .init(Reach.full.rawValue, scaling), .init(Reach.sliding.rawValue, scaling),
      ])
    }
    configuration.note(["global_rope_theta", "local_rope_theta"])
    var result: [Reach: RotaryEmbedding] = [:]
    for reach in Set(reaches) {
      let isFull = reach == .full
      let scaling = try RotaryScaling(
        configuration, headSize: hidden / heads, maxPositions: maxPositions,
        layerType: reach.rawValue, base: isFull ? 160_000 : 10_000,
        aliases: (isFull ? "global_rope_theta" : "local_rope_theta", "partial_rotary_factor"))
      result[reach] = try RotaryEmbedding(scaling)
    }
    return result
  }

  /// The mask of a sliding layer: |i − j| ≤ window, and no padding; nil where all is seen.
  func neighbourhood(_ length: Int, _ padding: Tensor?, dtype: DType) -> Tensor? {
    guard length - 1 > window else { return padding }
    let band = noGrad {
      let places = Tensor.arange(length)
      let distances = (places.unsqueezed(1) - places.unsqueezed(0)).abs()
      return AttentionMask.additive(
        distances.le(window).unsqueezed(0).unsqueezed(0), dtype: dtype)
    }
    return padding.map { band + $0 } ?? band
  }

  /// Marks a layer that writes into the residual, or that makes a head's dense states.
  func outputLayer(_ layer: Linear) -> Linear {
    roles.outputs.insert(ObjectIdentifier(layer))
    return layer
  }

  /// Marks a classifier.
  func classifier(_ layer: Linear) -> Linear {
    roles.classifiers.insert(ObjectIdentifier(layer))
    return layer
  }

  /// The deviation of a layer's first weights.
  func deviation(of layer: Linear, _ range: Double) -> Double {
    let id = ObjectIdentifier(layer)
    if roles.classifiers.contains(id) { return 1 / Double(hidden).squareRoot() }
    return roles.outputs.contains(id) ? outputDeviation(range) : range
  }

  /// The deviation of layers that write into the residual.
  func outputDeviation(_ range: Double) -> Double {
    range / (2 * Double(reaches.count)).squareRoot()
  }

  /// Layers whose first weights have deviations of their own.
  private final class Roles {
    var outputs: Set<ObjectIdentifier> = []
    var classifiers: Set<ObjectIdentifier> = []
  }
}

/// Tokens, normed and dropped; positions come with the attention.
final class ModernBertEmbeddings: Module, Layer {
  let tokEmbeddings: Embedding
  let norm: LayerNorm
  let drop: Dropout

  init(_ configuration: ModelConfiguration, _ settings: ModernBertSettings) throws {
    let vocabulary = try configuration.size("vocab_size", 50368)
    tokEmbeddings = configuration.embedding(
      vocabulary, settings.hidden,
      paddingIndex: try configuration.paddingIndex(rows: vocabulary, 50283))
    norm = settings.norm(configuration)
    drop = Dropout(try configuration.probability("embedding_dropout", 0))
  }

  func forward(_ ids: Tensor) -> Tensor { drop(norm(tokEmbeddings(ids))) }
}

/// Attention and a gated feed-forward part, each behind a norm; the first layer's attention has none,
/// since the embeddings are normed already.
final class ModernBertLayer: Module {
  let attnNorm: LayerNorm?
  let attn: Attending
  let mlpNorm: LayerNorm
  let mlp: FeedForward
  let reach: ModernBertSettings.Reach

  init(
    _ configuration: ModelConfiguration, _ settings: ModernBertSettings, index: Int,
    reach: ModernBertSettings.Reach
  ) {
    attnNorm = index == 0 ? nil : settings.norm(configuration)
    attn = Attending(configuration, settings)
    mlpNorm = settings.norm(configuration)
    mlp = FeedForward(configuration, settings)
    self.reach = reach
  }

  func callAsFunction(
    _ x: Tensor, _ table: RotaryTable, mask: Tensor?, _ weights: AttentionWeights?
  ) -> Tensor {
    let x = x + attn(attnNorm.map { $0(x) } ?? x, table, mask: mask, weights)
    return x + mlp(mlpNorm(x))
  }

  final class Attending: Module {
    let wqkv, wo: Linear
    let outDrop: Dropout
    private let heads: Int
    private let dropout: Double

    init(_ configuration: ModelConfiguration, _ settings: ModernBertSettings) {
      wqkv = configuration.linear(
        settings.hidden, 3 * settings.hidden, bias: settings.hasAttentionBias)
      wo = settings.outputLayer(
        configuration.linear(settings.hidden, settings.hidden, bias: settings.hasAttentionBias))
      outDrop = Dropout(settings.attentionDropout)
      (heads, dropout) = (settings.heads, settings.attentionDropout)
    }

    override class var stateNames: [String: String] { ["wqkv": "Wqkv", "wo": "Wo"] }

    func callAsFunction(
      _ x: Tensor, _ table: RotaryTable, mask: Tensor?, _ weights: AttentionWeights?
    ) -> Tensor {
      let parts = wqkv(x).chunk(3, dim: 2).map { Attention.heads($0, heads) }
      // Turned in float32, as transformers does here.
      func turned(_ part: Tensor) -> Tensor {
        part.dtype.isHalf ? table.rotate(part.to(.float32)).to(part.dtype) : table.rotate(part)
      }
      return outDrop(
        wo(
          Attention.merged(
            turned(parts[0]), turned(parts[1]), parts[2], mask: mask,
            dropout: isTraining ? dropout : 0, weights: weights)))
    }
  }

  /// gelu(a) · g of two halves of one layer, and a layer back.
  final class FeedForward: Module, Layer {
    let wi, wo: Linear
    let drop: Dropout
    private let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: ModernBertSettings) {
      wi = configuration.linear(
        settings.hidden, 2 * settings.inner, bias: settings.hasMlpBias)
      wo = settings.outputLayer(
        configuration.linear(settings.inner, settings.hidden, bias: settings.hasMlpBias))
      drop = Dropout(settings.mlpDropout)
      activation = settings.activation
    }

    override class var stateNames: [String: String] { ["wi": "Wi", "wo": "Wo"] }

    func forward(_ x: Tensor) -> Tensor {
      let halves = wi(x).chunk(2, dim: -1)
      return wo(drop(activation(halves[0]) * halves[1]))
    }
  }
}
