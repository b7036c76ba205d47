import NN
import Tensors

/// What a decoder is made of: the choices in which the families differ.
public struct DecoderSettings {
  /// How queries, keys and values come out of projections.
  public enum Projections: Sendable {
    /// Three layers.
    case separate
    /// One layer: all queries, then all keys, then all values.
    case joined
    /// One layer: query, key and value of each head in turn.
    case interleaved
  }

  /// How the feed-forward layers are made.
  public enum FeedForward: Sendable {
    /// down(act(gate(x)) · up(x)).
    case gated
    /// As ``gated``, with gate and up in one layer.
    case joinedGate
    /// out(act(in(x))).
    case plain
  }

  /// Sizes: of the vocabulary, the states, the layers' number, the heads, the heads of keys and values,
  /// a head, and the feed-forward layers.
  public let vocabulary, hidden, layers, heads, keyValueHeads, headSize, intermediate: Int
  /// The greatest number of positions.
  public let maxPositions: Int
  /// Between the feed-forward layers.
  public var activation: NamedActivation
  /// Makes a norm over a width.
  public var norm: (Int) -> any Layer
  /// Makes a linear layer; `isResidual` where its output is added to the stream of states.
  public var linear: (_ inputs: Int, _ outputs: Int, _ bias: Bool, _ isResidual: Bool) -> any Layer
  /// How queries, keys and values are projected.
  public var projections = Projections.separate
  /// How the feed-forward layers are made.
  public var feedForward = FeedForward.gated
  /// Whether queries, keys and values have biases.
  public var queryBias = false
  /// Whether the attention's output has a bias.
  public var outputBias = false
  /// Whether the feed-forward layers have biases.
  public var feedForwardBias = false
  /// Whether each head's queries and keys are normed.
  public var normsHeads = false
  /// Whether the queries of all heads are normed as one vector, and the keys.
  public var normsProjections = false
  /// Whether what attention and feed-forward layers read is normed.
  public var normsInputs = true
  /// Whether the outputs of attention and feed-forward layers are normed before they are added.
  public var normsOutputs = false
  /// Whether attention and feed-forward layers read the same states.
  public var isParallel = false
  /// The probability with which an attention weight is dropped.
  public var attentionDropout = 0.0
  /// For what attention and feed-forward layers add to the states.
  public var residualDropout = 0.0
  /// For the embeddings.
  public var embeddingDropout = 0.0
  /// What scores are multiplied by, in each layer.
  public var scale: (Int) -> Double
  /// c of c·tanh(s/c) on scores; nil for none.
  public var scoreCap: Double?
  /// What the outputs of attention and feed-forward layers are multiplied by before they are added.
  public var residualScale: Double?
  /// c of c·tanh(s/c) on logits; nil for none.
  public var logitCap: Double?
  /// What logits are divided by.
  public var logitDivisor: Double?
  /// How many keys a token sees in each layer, nil for all.
  public var windows: [Int?]
  /// Whether tokens also see those behind them, up to as far as a window reaches back.
  public var isBidirectional = false
  /// The rotary embeddings; none where positions are learned.
  public var rotaries: [RotaryEmbedding] = []
  /// Which of them each layer uses; nil where a layer turns nothing.
  public var rotaryOfLayer: [Int?] = []
  /// The length of a text from which on its keys are turned otherwise, so that cached ones no longer
  /// hold; nil for none.
  public var rereadingLength: Int?
  /// Whether positions have learned vectors.
  public var learnsPositions = false
  /// What embeddings are multiplied by.
  public var embeddingScale: Double?
  /// The embedding's row that is not trained.
  public var paddingIndex: Int?

  /// The choices that Llama and its relatives share; the defaults are those of a family's class in
  /// transformers.
  /// - Throws: ``ModelError`` where sizes do not fit each other.
  public init(
    llamaLike configuration: ModelConfiguration, _ defaults: DecoderDefaults
  ) throws {
    vocabulary = try configuration.size("vocab_size", defaults.vocabulary)
    hidden = try configuration.size("hidden_size", defaults.hidden)
    layers = try configuration.size("num_hidden_layers", defaults.layers)
    heads = try configuration.size("num_attention_heads", defaults.heads)
    keyValueHeads =
      try configuration["num_key_value_heads"] == nil
      ? defaults.keyValueHeads ?? heads
      : configuration.optionalSize("num_key_value_heads") ?? heads
    intermediate = try configuration.size("intermediate_size", defaults.intermediate)
    maxPositions = try configuration.size("max_position_embeddings", defaults.maxPositions)
    if let size = try configuration.optionalSize("head_dim") ?? defaults.headSize {
      headSize = size
    } else {
      try configuration.requireDivides(heads, hidden, "num_attention_heads")
      headSize = hidden / heads
    }
    guard headSize > 0, keyValueHeads > 0, heads % keyValueHeads == 0 else {
      throw configuration.fault(
        "num_key_value_heads", "\(heads) heads of \(headSize) cannot share \(keyValueHeads) keys")
    }
    activation = try configuration.activation("hidden_act", defaults.activation)
    let eps = try configuration.double("rms_norm_eps", defaults.eps)
    let dtype = configuration.dtype
    norm = { RMSNorm($0, eps: eps, dtype: dtype) }
    linear = { inputs, outputs, bias, _ in Linear(inputs, outputs, bias: bias, dtype: dtype) }
    attentionDropout = try configuration.probability("attention_dropout", 0)
    let size = headSize
    scale = { _ in 1 / Double(size).squareRoot() }
    windows = [Int?](repeating: nil, count: layers)
    paddingIndex = try configuration.paddingIndex(rows: vocabulary, defaults.paddingIndex)
    configuration.note(["initializer_range", "tie_word_embeddings"])
  }

  /// Choices of given sizes for families with other names of fields.
  public init(
    _ configuration: ModelConfiguration, vocabulary: Int, hidden: Int, layers: Int, heads: Int,
    intermediate: Int, maxPositions: Int, activation: NamedActivation, eps: Double
  ) {
    (self.vocabulary, self.hidden, self.layers, self.heads) = (vocabulary, hidden, layers, heads)
    (keyValueHeads, self.intermediate) = (heads, intermediate)
    (self.maxPositions, self.activation) = (maxPositions, activation)
    headSize = hidden / heads
    let dtype = configuration.dtype
    norm = { LayerNorm($0, eps: eps, dtype: dtype) }
    linear = { inputs, outputs, bias, _ in Linear(inputs, outputs, bias: bias, dtype: dtype) }
    let size = headSize
    scale = { _ in 1 / Double(size).squareRoot() }
    windows = [Int?](repeating: nil, count: layers)
    configuration.note(["initializer_range", "tie_word_embeddings"])
  }

  /// Gives every layer the rotary embedding that a configuration describes, which turns whole heads.
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - base: The default of `rope_theta`.
  /// - Throws: ``ModelError`` where a parameter is missing or cannot be followed.
  public mutating func rotate(_ configuration: ModelConfiguration, base: Double = 10_000) throws {
    try rotate(
      RotaryScaling(configuration, headSize: headSize, maxPositions: maxPositions, base: base))
  }

  /// Gives every layer the same rotary embedding.
  public mutating func rotate(_ scaling: RotaryScaling) throws {
    rotaries = [try RotaryEmbedding(scaling)]
    rotaryOfLayer = [Int?](repeating: 0, count: layers)
  }

  /// Reads whether layers have biases from Llama's fields, `attention_bias` and `mlp_bias`.
  public mutating func takeBiases(_ configuration: ModelConfiguration) throws {
    let hasBias = try configuration.bool("attention_bias", false)
    (queryBias, outputBias) = (hasBias, hasBias)
    feedForwardBias = try configuration.bool("mlp_bias", false)
  }

  /// Which layers have a window: those that `layer_types` calls sliding, or by a rule where it is
  /// missing.
  /// - Throws: ``ModelError`` where the list does not name a known kind for every layer.
  public func slidingLayers(
    _ configuration: ModelConfiguration, byDefault: (Int) -> Bool
  ) throws -> [Bool] {
    guard let types = try configuration.optionalStrings("layer_types") else {
      return (0..<layers).map(byDefault)
    }
    guard types.count >= layers,
      types.allSatisfy({ ["sliding_attention", "full_attention"].contains($0) })
    else {
      throw configuration.fault(
        "layer_types",
        "sliding_attention or full_attention is expected for each of \(layers) layers")
    }
    return types.prefix(layers).map { $0 == "sliding_attention" }
  }
}

/// The defaults of a family's configuration class in transformers.
public struct DecoderDefaults: Sendable {
  /// `vocab_size`.
  public var vocabulary: Int
  /// `hidden_size`.
  public var hidden: Int
  /// `intermediate_size`.
  public var intermediate: Int
  /// `num_hidden_layers`.
  public var layers: Int
  /// `num_attention_heads`.
  public var heads: Int
  /// `num_key_value_heads`; nil for as many as heads.
  public var keyValueHeads: Int?
  /// `head_dim`; nil for the states' width shared by the heads.
  public var headSize: Int?
  /// `hidden_act`.
  public var activation: String
  /// `max_position_embeddings`.
  public var maxPositions: Int
  /// `rms_norm_eps`.
  public var eps: Double
  /// `pad_token_id`.
  public var paddingIndex: Int?

  /// Llama's defaults but for those given.
  public init(
    vocabulary: Int = 32_000, hidden: Int = 4096, intermediate: Int = 11_008, layers: Int = 32,
    heads: Int = 32, keyValueHeads: Int? = nil, headSize: Int? = nil, activation: String = "silu",
    maxPositions: Int = 2048, eps: Double = 1e-6, paddingIndex: Int? = nil
  ) {
    (self.vocabulary, self.hidden, self.intermediate) = (vocabulary, hidden, intermediate)
    (self.layers, self.heads, self.keyValueHeads) = (layers, heads, keyValueHeads)
    (self.headSize, self.activation, self.maxPositions) = (headSize, activation, maxPositions)
    (self.eps, self.paddingIndex) = (eps, paddingIndex)
  }
}
