import NN
import Tensors

/// What a decoder is made of: the choices in which the families differ.
public struct DecoderSettings {
  /// How queries, keys and values come out of projections.
  enum Projections {
    /// Three layers.
    case separate
    /// One layer: all queries, then all keys, then all values.
    case joined
    /// One layer: query, key and value of each head in turn.
    case interleaved
  }

  /// How the feed-forward layers are made.
  enum FeedForward {
    /// down(act(gate(x)) · up(x)).
    case gated
    /// As ``gated``, with gate and up in one layer.
    case joinedGate
    /// out(act(in(x))).
    case plain
  }

  let vocabulary, hidden, layers, heads, keyValueHeads, headSize, intermediate: Int
  let maxPositions: Int
  var activation: NamedActivation
  /// Makes a norm over a width.
  var norm: (Int) -> any Layer
  /// Makes a linear layer; `isResidual` where its output is added to the stream of states.
  var linear: (_ inputs: Int, _ outputs: Int, _ bias: Bool, _ isResidual: Bool) -> any Layer
  var projections = Projections.separate
  var feedForward = FeedForward.gated
  var queryBias = false
  var outputBias = false
  var feedForwardBias = false
  /// Whether each head's queries and keys are normed.
  var normsHeads = false
  /// Whether the outputs of attention and feed-forward layers are normed before they are added.
  var normsOutputs = false
  /// Whether attention and feed-forward layers read the same states.
  var isParallel = false
  var attentionDropout = 0.0
  /// For what attention and feed-forward layers add to the states.
  var residualDropout = 0.0
  var embeddingDropout = 0.0
  /// What scores are multiplied by, in each layer.
  var scale: (Int) -> Double
  /// c of c·tanh(s/c) on scores; nil for none.
  var scoreCap: Double?
  /// c of c·tanh(s/c) on logits; nil for none.
  var logitCap: Double?
  /// How many keys a token sees in each layer, nil for all.
  var windows: [Int?]
  /// The rotary embeddings; none where positions are learned.
  var rotaries: [RotaryEmbedding] = []
  /// Which of them each layer uses.
  var rotaryOfLayer: [Int] = []
  /// The length of a text from which on its keys are turned otherwise, so that cached ones no longer
  /// hold; nil for none.
  var rereadingLength: Int?
  /// Whether positions have learned vectors.
  var learnsPositions = false
  /// What embeddings are multiplied by.
  var embeddingScale: Double?
  /// The embedding's row that is not trained.
  var paddingIndex: Int?

  /// The choices that Llama and its relatives share; the defaults are those of a family's class in
  /// transformers.
  /// - Throws: ``ModelError`` where sizes do not fit each other.
  init(
    llamaLike configuration: ModelConfiguration, _ defaults: DecoderDefaults
  ) throws {
    vocabulary = try configuration.size("vocab_size", defaults.vocabulary)
    hidden = try configuration.size("hidden_size", defaults.hidden)
    layers = try configuration.size("num_hidden_layers", defaults.layers)
    heads = try configuration.size("num_attention_heads", defaults.heads)
    keyValueHeads =
      try configuration["num_key_value_heads"] == nil
      ? defaults.keyValueHeads ?? heads
      : configuration.optionalInt("num_key_value_heads") ?? heads
    intermediate = try configuration.size("intermediate_size", defaults.intermediate)
    maxPositions = try configuration.size("max_position_embeddings", defaults.maxPositions)
    if let size = try configuration.optionalInt("head_dim") ?? defaults.headSize {
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
  init(
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

  /// Gives every layer the same rotary embedding.
  mutating func rotate(_ scaling: RotaryScaling) throws {
    rotaries = [try RotaryEmbedding(scaling)]
    rotaryOfLayer = [Int](repeating: 0, count: layers)
  }

  /// Which layers have a window: those that `layer_types` calls sliding, or by a rule where it is
  /// missing.
  /// - Throws: ``ModelError`` where the list does not name a known kind for every layer.
  func slidingLayers(
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
struct DecoderDefaults {
  var vocabulary = 32_000
  var hidden = 4096
  var intermediate = 11_008
  var layers = 32
  var heads = 32
  var keyValueHeads: Int?
  var headSize: Int?
  var activation = "silu"
  var maxPositions = 2048
  var eps = 1e-6
  var paddingIndex: Int?
}
