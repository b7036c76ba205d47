import NN
import Tensors

extension ModelFamily {
  /// T5 (Raffel et al. 2020) and its version 1.1.
  static let t5 = ModelFamily(
    ["t5"], name: "T5", fields: t5Fields, architectures: t5Architectures)
  /// mT5 (Xue et al. 2021): version 1.1 for a hundred languages.
  static let mt5 = ModelFamily(
    ["mt5"], name: "MT5", fields: t5Fields, architectures: t5Architectures)
}

private let t5Fields: Set<String> = ["classifier_dropout", "n_positions", "is_decoder", "head_dim"]

private let t5Architectures: [ModelTask: ModelFamily.Maker] = [
  .base: { try T5Model($0) },
  .textEncoder: { try T5EncoderModel($0, pooling: false) },
  .seq2SeqLM: { try T5ForConditionalGeneration($0, ties: true) },
  .sequenceClassification: { try T5ForSequenceClassification($0) },
  .tokenClassification: { try T5ForTokenClassification($0) },
  .questionAnswering: { try T5ForQuestionAnswering($0) },
]

/// T5 that writes a text from a text.
public typealias T5ForConditionalGeneration = EncoderDecoderForConditionalGeneration<T5Model>
/// T5 that classifies texts.
public typealias T5ForSequenceClassification = EncoderDecoderForSequenceClassification<T5Model>
/// T5 that finds answers.
public typealias T5ForQuestionAnswering = EncoderDecoderForQuestionAnswering<T5Model>
/// T5's encoder that classifies tokens.
public typealias T5ForTokenClassification = EncoderForTokenClassification<T5EncoderModel>

/// T5 without a head: an encoder and a decoder over one table of tokens.
public final class T5Model: PretrainedModel, EncoderDecoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "T5"
  /// In the class that writes texts the parts stand beside the head.
  public static let writingPrefix = ""
  /// The tokens of transformers' class.
  public static let tokens: [String: ConfigurationValue] = ["pad_token_id": 0, "eos_token_id": 1]
  let shared: Embedding
  let encoder: T5Stack
  let decoder: T5Stack
  private let settings: T5Settings
  /// The probability with which a classifier drops.
  public let classifierDropout: Double

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    settings = try T5Settings(configuration)
    shared = configuration.embedding(settings.vocabulary, settings.width)
    encoder = T5Stack(
      configuration, settings, shared.tied(), layers: settings.layers, isDecoder: false)
    decoder = T5Stack(
      configuration, settings, shared.tied(), layers: settings.decoderLayers, isDecoder: true)
    classifierDropout = try configuration.probability("classifier_dropout", 0)
    super.init(configuration: configuration)
    try requireTokens(start: nil, padding: 0)
  }

  public override class var baseModelPrefix: String { "transformer" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { shared }

  /// Distances have no end.
  public var positionLimit: Int? { nil }

  /// The first version scales the decoder's states down before the head; 1.1 does not.
  public var outputScale: Double? {
    settings.scalesOutputs ? 1 / Double(settings.width).squareRoot() : nil
  }

  /// Files of old versions hold a bias that no attention to the source has.
  public override func isObsolete(_ name: String) -> Bool {
    super.isObsolete(name)
      || name.hasSuffix("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight")
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
    KeyValueCache(layers: settings.decoderLayers, capacity: capacity)
  }

  /// New weights by the widths of what they read (`initializer_factor`).
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    settings.initialize(parameter, name, in: module)
  }
}

/// T5's encoder alone (`T5EncoderModel`).
public final class T5EncoderModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "T5"
  let shared: Embedding
  let encoder: T5Stack
  private let settings: T5Settings

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration, pooling: Bool) throws {
    settings = try T5Settings(configuration)
    shared = configuration.embedding(settings.vocabulary, settings.width)
    encoder = T5Stack(
      configuration, settings, shared.tied(), layers: settings.layers, isDecoder: false)
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "transformer" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { shared }

  /// A file of the whole model holds a decoder, which is not news.
  public override func isObsolete(_ name: String) -> Bool {
    super.isObsolete(name) || name.contains("decoder") || name == "lm_head.weight"
  }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    encoder(inputs.inputIds, mask: inputs.attentionMask, source: nil, nil, inputs, cache: nil)
      .decoder
  }

  /// Whether a task's head reads the pooled state.
  public static func pools(for task: ModelTask) -> Bool { false }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    guard task == .tokenClassification else { throw noHead(for: task) }
    return try TokenHead(
      configuration, settings.width,
      dropout: try configuration.probability("classifier_dropout", 0))
  }

  /// New weights by the widths of what they read (`initializer_factor`).
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    settings.initialize(parameter, name, in: module)
  }
}
