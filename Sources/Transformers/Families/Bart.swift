import NN
import Tensors

extension ModelFamily {
  /// BART (Lewis et al. 2019).
  static let bart = ModelFamily(
    ["bart"], name: "Bart",
    fields: [
      "classifier_dropout", "is_decoder", "classif_dropout", "extra_pos_embeddings",
      "force_bos_token_to_be_generated", "static_position_embeddings", "add_bias_logits",
    ],
    architectures: [
      .base: { try BartModel($0) },
      .seq2SeqLM: {
        try BartForConditionalGeneration($0, bias: true, ties: $0.tiesEmbeddings)
      },
      .sequenceClassification: { try BartForSequenceClassification($0) },
      .questionAnswering: { try BartForQuestionAnswering($0) },
    ])
}

/// BART that writes a text from a text.
public typealias BartForConditionalGeneration = EncoderDecoderForConditionalGeneration<BartModel>
/// BART that classifies texts.
public typealias BartForSequenceClassification = EncoderDecoderForSequenceClassification<BartModel>
/// BART that finds answers.
public typealias BartForQuestionAnswering = EncoderDecoderForQuestionAnswering<BartModel>

/// BART without a head: a post-norm encoder and decoder over one table of tokens.
public final class BartModel: PretrainedModel, EncoderDecoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "Bart"
  /// The model's name beside every head.
  public static let writingPrefix = "model"
  /// The tokens of transformers' class.
  public static let tokens: [String: ConfigurationValue] = [
    "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2,
    "forced_eos_token_id": 2,
  ]
  let shared: Embedding
  let encoder: BartStack
  let decoder: BartStack
  /// The probability with which a classifier drops.
  public let classifierDropout: Double

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    configuration.rename([
      "num_attention_heads": "encoder_attention_heads", "hidden_size": "d_model",
      "num_hidden_layers": "encoder_layers",
    ])
    if configuration["id2label"] == nil, configuration["num_labels"] == nil {
      configuration.setLabels((0..<3).map { "LABEL_\($0)" })
    }
    let vocabulary = try configuration.size("vocab_size", 50265)
    let width = try configuration.size("d_model", 1024)
    let padding = try configuration.paddingIndex(rows: vocabulary, 1)
    func table() -> Embedding {
      configuration.embedding(vocabulary, width, paddingIndex: padding)
    }
    shared = table()
    let isTied = configuration.tiesEmbeddings
    encoder = try BartStack(
      configuration, isTied ? shared.tied() : table(), width, isDecoder: false)
    decoder = try BartStack(configuration, isTied ? shared.tied() : table(), width, isDecoder: true)
    classifierDropout = try configuration.probability("classifier_dropout", 0)
    super.init(configuration: configuration)
    configuration.note(["init_std"])
    try requireTokens(start: 2, padding: 1)
  }

  public override class var baseModelPrefix: String { "model" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { shared }

  /// The rows of the decoder's table of positions.
  public var positionLimit: Int? {
    decoder.embedPositions.weight.shape[0] - BartStack.offset
  }

  /// The decoder's states are not scaled.
  public var outputScale: Double? { nil }

  /// The deviation of new weights (`init_std`).
  public override var initializerRange: Double { configuration["init_std"]?.double ?? 0.02 }

  /// Files of old versions hold numbers of versions.
  public override func isObsolete(_ name: String) -> Bool {
    super.isObsolete(name) || name.hasSuffix("encoder.version") || name.hasSuffix("decoder.version")
  }

  /// The source's states.
  public func encode(_ inputs: ModelInputs) -> EncoderOutput {
    encoder(inputs.inputIds, mask: inputs.attentionMask, source: nil, nil, inputs, cache: nil)
      .decoder
  }

  /// The states of the decoder's tokens.
  public func decode(
    _ ids: Tensor, source: EncoderOutput, _ inputs: Seq2SeqInputs
  ) -> Seq2SeqStates {
    decoder(
      ids, mask: inputs.decoderAttentionMask, source: source, inputs.source.attentionMask,
      inputs.source, cache: inputs.cache)
  }

  /// An empty cache for the decoder's layers.
  public func makeCache(capacity: Int) -> KeyValueCache {
    KeyValueCache(layers: decoder.layers.count, capacity: capacity)
  }
}

/// The encoder's or the decoder's embeddings and layers.
final class BartStack: Module {
  /// Positions stand two rows further down: a leftover of the tables' beginnings.
  static let offset = 2
  let embedTokens: Embedding
  let embedPositions: Embedding
  let layers: [BartLayer]
  let layernormEmbedding: LayerNorm
  let dropout: Dropout
  private let scale: Double?
  private let layerDrop: Double
  private let isDecoder: Bool

  init(
    _ configuration: ModelConfiguration, _ table: Embedding, _ width: Int, isDecoder: Bool
  ) throws {
    let side = isDecoder ? "decoder" : "encoder"
    embedTokens = table
    embedPositions = configuration.embedding(
      try configuration.size("max_position_embeddings", 1024) + Self.offset, width)
    let settings = try BartSettings(configuration, width, side)
    layers = (0..<(try configuration.size("\(side)_layers", 12))).map {
      isDecoder
        ? BartDecoderLayer(configuration, settings, $0) : BartLayer(configuration, settings, $0)
    }
    layernormEmbedding = configuration.layerNorm(width, eps: 1e-5)
    dropout = Dropout(settings.dropout)
    scale =
      try configuration.bool("scale_embedding", false) ? Double(width).squareRoot() : nil
    layerDrop = try configuration.probability("\(side)_layerdrop", 0)
    self.isDecoder = isDecoder
  }

  func callAsFunction(
    _ ids: Tensor, mask: Tensor?, source: EncoderOutput?, _ sourceMask: Tensor?,
    _ inputs: ModelInputs, cache: KeyValueCache?
  ) -> Seq2SeqStates {
    let (length, past) = (ids.shape[1], cache?.sequenceLength ?? 0)
    let rows = embedPositions.weight.shape[0]
    require(
      past + length + Self.offset <= rows, "BartModel",
      "\(past + length) tokens are more than the \(rows - Self.offset) positions")
    var x = embedTokens(ids)
    if let scale { x = x * scale }
    x = x + embedPositions.rows((past + Self.offset)..<(past + Self.offset + length))
    x = dropout(layernormEmbedding(x))
    var pass = BartPass(
      mask: AttentionMask.padding(mask, dtype: x.dtype), isCausal: false,
      source: source?.lastHiddenState,
      sourceMask: AttentionMask.padding(sourceMask, dtype: x.dtype), cache: cache)
    if isDecoder, length > 1 {
      if pass.mask == nil, past == 0 {
        pass.isCausal = true
      } else {
        let causal = AttentionMask.causal(queries: length, past: past, dtype: x.dtype)
        pass.mask = pass.mask.map { $0 + causal } ?? causal
      }
    }
    if inputs.outputAttentions { (pass.weights, pass.crossWeights) = (.init(), .init()) }
    var states = [x]
    for layer in layers {
      if isTraining, layerDrop > 0, Tensor.rand([]).item(Double.self) < layerDrop { continue }
      x = layer(x, pass)
      if inputs.outputHiddenStates { states.append(x) }
    }
    let output = EncoderOutput(
      lastHiddenState: x, hiddenStates: inputs.outputHiddenStates ? states : nil,
      attentions: pass.weights?.layers)
    return Seq2SeqStates(
      decoder: output, crossAttentions: pass.crossWeights?.layers, encoder: source ?? output)
  }
}

/// The settings of one side's layers.
struct BartSettings {
  let width, heads, inner: Int
  let dropout, attentionDropout, activationDropout: Double
  let activation: NamedActivation

  init(_ configuration: ModelConfiguration, _ width: Int, _ side: String) throws {
    self.width = width
    heads = try configuration.size("\(side)_attention_heads", 16)
    inner = try configuration.size("\(side)_ffn_dim", 4096)
    dropout = try configuration.probability("dropout", 0.1)
    attentionDropout = try configuration.probability("attention_dropout", 0)
    activationDropout = try configuration.probability("activation_dropout", 0)
    activation = try configuration.activation("activation_function", "gelu")
    try configuration.requireDivides(heads, width, "\(side)_attention_heads")
  }
}

/// What the layers of a pass share.
struct BartPass {
  var mask: Tensor?
  var isCausal: Bool
  var source: Tensor?
  var sourceMask: Tensor?
  var cache: KeyValueCache?
  var weights: AttentionWeights?
  var crossWeights: AttentionWeights?
}

/// One layer of the encoder, and what the decoder's have in common with it.
class BartLayer: Module {
  let selfAttn: BartAttention
  let selfAttnLayerNorm: LayerNorm
  let fc1, fc2: Linear
  let finalLayerNorm: LayerNorm
  let dropout, activationDropout: Dropout
  private let activation: NamedActivation

  init(_ configuration: ModelConfiguration, _ settings: BartSettings, _ index: Int) {
    selfAttn = BartAttention(configuration, settings, layer: index)
    selfAttnLayerNorm = configuration.layerNorm(settings.width, eps: 1e-5)
    fc1 = configuration.linear(settings.width, settings.inner)
    fc2 = configuration.linear(settings.inner, settings.width)
    finalLayerNorm = configuration.layerNorm(settings.width, eps: 1e-5)
    dropout = Dropout(settings.dropout)
    activationDropout = Dropout(settings.activationDropout)
    activation = settings.activation
  }

  func callAsFunction(_ x: Tensor, _ pass: BartPass) -> Tensor { feedForward(attended(x, pass)) }

  /// Attention between a text's own tokens.
  func attended(_ x: Tensor, _ pass: BartPass) -> Tensor {
    var (key, value) = selfAttn.pair(x)
    if let cache = pass.cache {
      (key, value) = cache.update(layer: selfAttn.layer, keys: key, values: value)
    }
    let states = selfAttn(
      x, key, value, mask: pass.mask, isCausal: pass.isCausal, pass.weights)
    return selfAttnLayerNorm(x + dropout(states))
  }

  func feedForward(_ x: Tensor) -> Tensor {
    finalLayerNorm(x + dropout(fc2(activationDropout(activation(fc1(x))))))
  }
}

/// One layer of the decoder, which also attends to the source.
final class BartDecoderLayer: BartLayer {
  let encoderAttn: BartAttention
  let encoderAttnLayerNorm: LayerNorm

  override init(_ configuration: ModelConfiguration, _ settings: BartSettings, _ index: Int) {
    encoderAttn = BartAttention(configuration, settings, layer: index)
    encoderAttnLayerNorm = configuration.layerNorm(settings.width, eps: 1e-5)
    super.init(configuration, settings, index)
  }

  override func callAsFunction(_ x: Tensor, _ pass: BartPass) -> Tensor {
    var x = attended(x, pass)
    if let source = pass.source {
      let (key, value) =
        pass.cache?.cross(layer: encoderAttn.layer) { encoderAttn.pair(source) }
        ?? encoderAttn.pair(source)
      let states = encoderAttn(
        x, key, value, mask: pass.sourceMask, isCausal: false, pass.crossWeights)
      x = encoderAttnLayerNorm(x + dropout(states))
    }
    return feedForward(x)
  }
}

/// Queries, keys and values, the attention between them, and a projection.
final class BartAttention: Module {
  let kProj, vProj, qProj, outProj: Linear
  let layer: Int
  private let heads: Int
  private let dropout: Double

  init(_ configuration: ModelConfiguration, _ settings: BartSettings, layer: Int) {
    kProj = configuration.linear(settings.width, settings.width)
    vProj = configuration.linear(settings.width, settings.width)
    qProj = configuration.linear(settings.width, settings.width)
    outProj = configuration.linear(settings.width, settings.width)
    self.layer = layer
    (heads, dropout) = (settings.heads, settings.attentionDropout)
  }

  /// Keys and values of states, each `[N, heads, S, size]`.
  func pair(_ x: Tensor) -> (keys: Tensor, values: Tensor) {
    (Attention.heads(kProj(x), heads), Attention.heads(vProj(x), heads))
  }

  func callAsFunction(
    _ x: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, isCausal: Bool,
    _ weights: AttentionWeights?
  ) -> Tensor {
    outProj(
      Attention.merged(
        Attention.heads(qProj(x), heads), key, value, mask: mask, isCausal: isCausal,
        dropout: isTraining ? dropout : 0, weights: weights))
  }
}
