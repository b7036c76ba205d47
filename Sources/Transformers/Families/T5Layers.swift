import NN
import Tensors

/// T5's settings, read from a configuration.
struct T5Settings: Memberless {
  let vocabulary, width, size, heads, inner, layers, decoderLayers, buckets, maxDistance: Int
  let dropout, eps, factor: Double
  let activation: NamedActivation
  let isGated, scalesOutputs: Bool
  private let widths = Widths()

  init(_ configuration: ModelConfiguration) throws {
    configuration.rename([
      "hidden_size": "d_model", "num_attention_heads": "num_heads",
      "num_hidden_layers": "num_layers", "head_dim": "d_kv",
    ])
    let isMultilingual = configuration["model_type"]?.string == "mt5"
    width = try configuration.size("d_model", 512)
    size = try configuration.size("d_kv", 64)
    heads = try configuration.size("num_heads", isMultilingual ? 6 : 8)
    inner = try configuration.size("d_ff", isMultilingual ? 1024 : 2048)
    layers = try configuration.size("num_layers", isMultilingual ? 8 : 6)
    vocabulary = try configuration.size("vocab_size", isMultilingual ? 250_112 : 32128)
    decoderLayers = try configuration.size("num_decoder_layers", layers)
    buckets = try configuration.size("relative_attention_num_buckets", 32)
    maxDistance = try configuration.size("relative_attention_max_distance", 128)
    // The encoder halves the buckets, and halves them again for the distances of their own.
    guard buckets >= 4 else {
      throw configuration.fault(
        "relative_attention_num_buckets",
        "\(buckets) buckets leave none for distances of their own")
    }
    dropout = try configuration.probability("dropout_rate", 0.1)
    eps = try configuration.double("layer_norm_epsilon", 1e-6)
    factor = try configuration.double("initializer_factor", 1)
    let projection = try configuration.string(
      "feed_forward_proj", isMultilingual ? "gated-gelu" : "relu")
    let words = projection.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 1 || words.count == 2 && words[0] == "gated" else {
      throw configuration.fault(
        "feed_forward_proj", "“\(projection)” is neither an activation nor gated-ACTIVATION")
    }
    // What the file says of these two counts more than what follows from the projection.
    isGated = try configuration.bool("is_gated_act", words.count == 2)
    let name = projection == "gated-gelu" ? "gelu_new" : words[words.count - 1]
    activation = try configuration.activation("dense_act_fn", name)
    let wasTied = configuration.value("tie_word_embeddings")?.bool ?? true
    scalesOutputs = try !isMultilingual && configuration.bool("scale_decoder_outputs", wasTied)
  }

  /// A layer without bias that begins by the width of what it reads.
  func linear(
    _ configuration: ModelConfiguration, _ inputs: Int, _ outputs: Int, reads: Int? = nil
  ) -> Linear {
    let layer = configuration.linear(inputs, outputs, bias: false)
    widths.reads[ObjectIdentifier(layer)] = reads ?? inputs
    return layer
  }

  private final class Widths {
    var reads: [ObjectIdentifier: Int] = [:]
  }

  /// First values as T5's own code draws them: normal, by the width of what a weight reads.
  func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    switch (module, name) {
    case (is RMSNorm, _): Init.constant(parameter, factor)
    case (_, "bias"): Init.zeros(parameter)
    case (let table as Embedding, _):
      let isBias = table.weight.shape == [buckets, heads]
      Init.normal(parameter, std: isBias ? factor / Double(width).squareRoot() : factor)
    case (is TiedLinear, _): Init.normal(parameter, std: factor)
    case (let layer as Linear, _):
      let reads = widths.reads[ObjectIdentifier(layer)] ?? width
      Init.normal(parameter, std: factor / Double(reads).squareRoot())
    default: Init.normal(parameter, std: factor)
    }
  }
}

/// The encoder's or the decoder's layers, with one relative bias for the attention of all.
final class T5Stack: Module {
  let embedTokens: Embedding
  let block: [T5Block]
  let finalLayerNorm: RMSNorm
  let dropout: Dropout
  private let settings: T5Settings
  private let isDecoder: Bool

  init(
    _ configuration: ModelConfiguration, _ settings: T5Settings, _ table: Embedding, layers: Int,
    isDecoder: Bool
  ) {
    embedTokens = table
    block = (0..<layers).map { index in
      isDecoder
        ? T5DecoderBlock(configuration, settings, index) : T5Block(configuration, settings, index)
    }
    finalLayerNorm = RMSNorm([settings.width], eps: settings.eps, dtype: configuration.dtype)
    dropout = Dropout(settings.dropout)
    (self.settings, self.isDecoder) = (settings, isDecoder)
  }

  func callAsFunction(
    _ ids: Tensor, mask: Tensor?, source: EncoderOutput?, _ sourceMask: Tensor?,
    _ inputs: ModelInputs, cache: KeyValueCache?
  ) -> Seq2SeqStates {
    let (length, past) = (ids.shape[1], cache?.sequenceLength ?? 0)
    var x = dropout(embedTokens(ids))
    var pass = T5Pass(
      mask: bias(past, length), source: source?.lastHiddenState,
      sourceMask: AttentionMask.padding(sourceMask, dtype: x.dtype), cache: cache)
    if isDecoder, length > 1 {
      pass.mask = pass.mask + AttentionMask.causal(queries: length, past: past, dtype: x.dtype)
    }
    if let padding = AttentionMask.padding(mask, dtype: x.dtype) { pass.mask = pass.mask + padding }
    if inputs.outputAttentions { (pass.weights, pass.crossWeights) = (.init(), .init()) }
    var states = [x]
    for block in block {
      x = block(x, pass)
      if inputs.outputHiddenStates { states.append(x) }
    }
    x = dropout(finalLayerNorm(x))
    if inputs.outputHiddenStates { states[states.count - 1] = x }
    let output = EncoderOutput(
      lastHiddenState: x, hiddenStates: inputs.outputHiddenStates ? states : nil,
      attentions: pass.weights?.layers)
    return Seq2SeqStates(
      decoder: output, crossAttentions: pass.crossWeights?.layers, encoder: source ?? output)
  }

  /// What the distances between queries and keys add to the scores, `[1, heads, queries, keys]`.
  private func bias(_ past: Int, _ length: Int) -> Tensor {
    let buckets = RelativeBuckets.table(
      queries: past..<past + length, keys: past + length, isBidirectional: !isDecoder,
      buckets: settings.buckets, maxDistance: settings.maxDistance)
    guard let table = block.first?.selfAttention.attention.relativeAttentionBias else {
      fail("T5Stack", "the first layer has no relative bias")
    }
    return table(buckets).permuted(2, 0, 1).unsqueezed(0)
  }
}

/// What the layers of a pass share.
struct T5Pass {
  /// Added to the scores of the attention between a text's own tokens.
  var mask: Tensor
  var source: Tensor?
  var sourceMask: Tensor?
  var cache: KeyValueCache?
  var weights: AttentionWeights?
  var crossWeights: AttentionWeights?
}

/// One layer of the encoder.
class T5Block: Module {
  let selfAttention: T5SelfAttention
  let feedForward: T5FeedForward

  init(
    _ configuration: ModelConfiguration, _ settings: T5Settings, _ index: Int
  ) {
    selfAttention = T5SelfAttention(
      configuration, settings, layer: index, hasBias: index == 0)
    feedForward = T5FeedForward(configuration, settings)
  }

  override class var stateNames: [String: String] {
    ["selfAttention": "layer.0", "feedForward": "layer.1"]
  }

  func callAsFunction(_ x: Tensor, _ pass: T5Pass) -> Tensor {
    Self.clamped(feedForward(Self.clamped(selfAttention(x, pass))))
  }

  /// float16 overflows in the larger models.
  static func clamped(_ x: Tensor) -> Tensor {
    guard x.dtype == .float16 else { return x }
    let limit = x.isInf().any().item(Bool.self) ? 64504.0 : 65504.0
    return x.clamp(min: -limit, max: limit)
  }
}

/// One layer of the decoder, which also attends to the source.
final class T5DecoderBlock: T5Block {
  let crossAttention: T5CrossAttention

  override init(_ configuration: ModelConfiguration, _ settings: T5Settings, _ index: Int) {
    crossAttention = T5CrossAttention(configuration, settings, layer: index, hasBias: false)
    super.init(configuration, settings, index)
  }

  override class var stateNames: [String: String] {
    ["selfAttention": "layer.0", "crossAttention": "layer.1", "feedForward": "layer.2"]
  }

  override func callAsFunction(_ x: Tensor, _ pass: T5Pass) -> Tensor {
    var x = Self.clamped(selfAttention(x, pass))
    x = Self.clamped(crossAttention(x, pass))
    return Self.clamped(feedForward(x))
  }
}

/// A norm, attention without scaling, and the residual.
class T5AttentionLayer: Module {
  let attention: T5Attention
  let layerNorm: RMSNorm
  let dropout: Dropout

  init(
    _ configuration: ModelConfiguration, _ settings: T5Settings, layer: Int, hasBias: Bool
  ) {
    attention = T5Attention(configuration, settings, layer: layer, hasBias: hasBias)
    layerNorm = RMSNorm([settings.width], eps: settings.eps, dtype: configuration.dtype)
    dropout = Dropout(settings.dropout)
  }

  func callAsFunction(_ x: Tensor, _ pass: T5Pass) -> Tensor { x }
}

/// Attention between a text's own tokens.
final class T5SelfAttention: T5AttentionLayer {
  override class var stateNames: [String: String] { ["attention": "SelfAttention"] }

  override func callAsFunction(_ x: Tensor, _ pass: T5Pass) -> Tensor {
    let normed = layerNorm(x)
    var (key, value) = attention.pair(normed)
    if let cache = pass.cache {
      (key, value) = cache.update(layer: attention.layer, keys: key, values: value)
    }
    return x + dropout(attention(normed, key, value, mask: pass.mask, pass.weights))
  }
}

/// Attention to the source.
final class T5CrossAttention: T5AttentionLayer {
  override class var stateNames: [String: String] { ["attention": "EncDecAttention"] }

  override func callAsFunction(_ x: Tensor, _ pass: T5Pass) -> Tensor {
    guard let source = pass.source else { return x }
    let (key, value) =
      pass.cache?.cross(layer: attention.layer) { attention.pair(source) } ?? attention.pair(source)
    return x
      + dropout(attention(layerNorm(x), key, value, mask: pass.sourceMask, pass.crossWeights))
  }
}

/// Projections without biases, and attention whose scores are not scaled.
final class T5Attention: Module {
  let q, k, v, o: Linear
  let relativeAttentionBias: Embedding?
  let layer: Int
  private let heads: Int
  private let dropout: Double

  init(
    _ configuration: ModelConfiguration, _ settings: T5Settings, layer: Int, hasBias: Bool
  ) {
    let inner = settings.heads * settings.size
    q = settings.linear(configuration, settings.width, inner, reads: settings.width * settings.size)
    k = settings.linear(configuration, settings.width, inner)
    v = settings.linear(configuration, settings.width, inner)
    o = settings.linear(configuration, inner, settings.width)
    relativeAttentionBias =
      hasBias ? configuration.embedding(settings.buckets, settings.heads) : nil
    self.layer = layer
    (heads, dropout) = (settings.heads, settings.dropout)
  }

  /// Keys and values of states, each `[N, heads, S, size]`.
  func pair(_ x: Tensor) -> (keys: Tensor, values: Tensor) {
    (Attention.heads(k(x), heads), Attention.heads(v(x), heads))
  }

  func callAsFunction(
    _ x: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, _ weights: AttentionWeights?
  ) -> Tensor {
    o(
      Attention.merged(
        Attention.heads(q(x), heads), key, value, mask: mask, dropout: isTraining ? dropout : 0,
        scale: 1, weights: weights))
  }
}

/// A norm, two layers with an activation between them, which may gate, and the residual.
final class T5FeedForward: Module, Layer {
  let dense: Dense
  let layerNorm: RMSNorm
  let dropout: Dropout

  init(_ configuration: ModelConfiguration, _ settings: T5Settings) {
    dense =
      settings.isGated ? GatedDense(configuration, settings) : PlainDense(configuration, settings)
    layerNorm = RMSNorm([settings.width], eps: settings.eps, dtype: configuration.dtype)
    dropout = Dropout(settings.dropout)
  }

  override class var stateNames: [String: String] { ["dense": "DenseReluDense"] }

  func forward(_ x: Tensor) -> Tensor { x + dropout(dense(layerNorm(x))) }

  class Dense: Module, Layer {
    let wo: Linear
    let dropout: Dropout
    let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: T5Settings) {
      wo = settings.linear(configuration, settings.inner, settings.width)
      dropout = Dropout(settings.dropout)
      activation = settings.activation
    }

    func forward(_ x: Tensor) -> Tensor { x }
  }

  final class PlainDense: Dense {
    let wi: Linear

    override init(_ configuration: ModelConfiguration, _ settings: T5Settings) {
      wi = settings.linear(configuration, settings.width, settings.inner)
      super.init(configuration, settings)
    }

    override func forward(_ x: Tensor) -> Tensor { wo(dropout(activation(wi(x)))) }
  }

  final class GatedDense: Dense {
    let gate, linear: Linear

    override init(_ configuration: ModelConfiguration, _ settings: T5Settings) {
      gate = settings.linear(configuration, settings.width, settings.inner)
      linear = settings.linear(configuration, settings.width, settings.inner)
      super.init(configuration, settings)
    }

    override class var stateNames: [String: String] { ["gate": "wi_0", "linear": "wi_1"] }

    override func forward(_ x: Tensor) -> Tensor {
      wo(dropout(activation(gate(x)) * linear(x)))
    }
  }
}
