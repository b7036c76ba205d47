import NN
import Tensors

extension ModelFamily {
  /// DeBERTa version 2 and 3 (He et al. 2020, 2021).
  static let debertaV2 = ModelFamily(
    ["deberta-v2"], name: "DebertaV2",
    fields: [
      "cls_dropout", "pooler_dropout", "pooler_hidden_act", "pooler_hidden_size", "legacy",
      "share_att_key", "position_buckets", "max_relative_positions", "norm_rel_ebd",
      "conv_groups", "conv_act",
    ],
    architectures: [
      .base: { try DebertaV2Model($0, pooling: false) },
      .sequenceClassification: { try DebertaV2ForSequenceClassification($0) },
      .tokenClassification: { try DebertaV2ForTokenClassification($0) },
      .questionAnswering: { try DebertaV2ForQuestionAnswering($0) },
      .maskedLM: { try DebertaV2ForMaskedLM($0) },
      .multipleChoice: { try DebertaV2ForMultipleChoice($0) },
    ])
}

/// DeBERTa that classifies texts.
public typealias DebertaV2ForSequenceClassification =
  EncoderForSequenceClassification<DebertaV2Model>
/// DeBERTa that classifies tokens.
public typealias DebertaV2ForTokenClassification = EncoderForTokenClassification<DebertaV2Model>
/// DeBERTa that finds answers.
public typealias DebertaV2ForQuestionAnswering = EncoderForQuestionAnswering<DebertaV2Model>
/// DeBERTa that guesses masked tokens.
public typealias DebertaV2ForMaskedLM = EncoderForMaskedLM<DebertaV2Model>
/// DeBERTa that picks one of several continuations.
public typealias DebertaV2ForMultipleChoice = EncoderForMultipleChoice<DebertaV2Model>

/// DeBERTa without a head: attention that scores contents and distances apart.
public final class DebertaV2Model: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "DebertaV2"
  let embeddings: DebertaV2Embeddings
  let encoder: DebertaV2Encoder
  private let settings: BertSettings

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration, pooling: Bool) throws {
    settings = try BertSettings(
      configuration, hidden: 1536, heads: 24, layers: 24, intermediate: 6144, eps: 1e-7)
    embeddings = try DebertaV2Embeddings(configuration, settings)
    encoder = try DebertaV2Encoder(configuration, settings)
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "deberta" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.wordEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    encoder(embeddings(inputs), inputs)
  }

  /// Whether a task's head reads the pooled state; DeBERTa's heads pool themselves.
  public static func pools(for task: ModelTask) -> Bool { false }

  /// Files of version 3 hold heads of its pre-training and positions that are not used.
  public override func isObsolete(_ name: String) -> Bool {
    super.isObsolete(name) || name.contains("position_embeddings")
      || name.hasPrefix("mask_predictions")
  }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    switch task {
    case .sequenceClassification:
      return try DebertaV2ContextHead(configuration, settings, try configuration.numLabels)
    case .multipleChoice: return try DebertaV2ContextHead(configuration, settings, 1)
    case .tokenClassification:
      return try TokenHead(configuration, settings.hidden, dropout: settings.dropout)
    case .questionAnswering: return AnswerHead(configuration, settings.hidden)
    case .maskedLM:
      if try configuration.bool("legacy", true) {
        return DebertaV2LegacyScores(configuration, settings, inputEmbeddings.weight)
      }
      guard inputEmbeddings.weight.shape[1] == settings.hidden else {
        throw configuration.fault(
          "embedding_size", "the head of masked tokens wants tables as wide as the states")
      }
      return DebertaV2Scores(configuration, settings, inputEmbeddings.weight)
    default: throw noHead(for: task)
    }
  }

  /// Where the configuration does not name the kind of the labels, DeBERTa has rules of its own: one
  /// label means numbers; a label for each text means classes, of which negative ones do not count;
  /// others are taken for probabilities.
  public func sequenceLoss(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    let count = logits.shape[logits.rank - 1]
    guard configuration["problem_type"]?.string == nil else {
      return HeadLoss.sequence(logits, labels, configuration)
    }
    if count == 1 { return F.mseLoss(logits.flattened(), labels.to(logits.dtype).flattened()) }
    guard labels.rank == 1 || labels.shape[labels.rank - 1] == 1 else {
      return -(logits.logSoftmax(dim: -1) * labels.to(logits.dtype)).sum(dim: -1).mean()
    }
    let classes = labels.to(.int64).flattened()
    let unknown = classes.lt(0)
    if unknown.all().item(Bool.self) { return logits.sum() * 0.0 }
    return HeadLoss.tokens(logits, classes.maskedFill(unknown, HeadLoss.ignored))
  }

  /// Numbers come as `[N]` where their kind is not named, as in transformers.
  public func labelledLogits(_ logits: Tensor) -> Tensor {
    let isNumber = configuration["problem_type"]?.string == nil && logits.size(-1) == 1
    return isNumber ? logits.flattened() : logits
  }
}

/// Tokens and, where the configuration wants them, positions and text numbers; padding is zero.
final class DebertaV2Embeddings: Module {
  let wordEmbeddings: Embedding
  let positionEmbeddings: Embedding?
  let tokenTypeEmbeddings: Embedding?
  let embedProj: Linear?
  let layerNorm: LayerNorm
  let dropout: Dropout

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) throws {
    let vocabulary = try configuration.size("vocab_size", 128100)
    let width = try configuration.size("embedding_size", settings.hidden)
    wordEmbeddings = configuration.embedding(
      vocabulary, width, paddingIndex: try configuration.paddingIndex(rows: vocabulary, 0))
    let positions = try configuration.size("max_position_embeddings", 512)
    positionEmbeddings =
      try configuration.bool("position_biased_input", true)
      ? configuration.embedding(positions, width) : nil
    let types = try configuration.int("type_vocab_size", 0)
    tokenTypeEmbeddings = types > 0 ? configuration.embedding(types, width) : nil
    embedProj =
      width == settings.hidden ? nil : configuration.linear(width, settings.hidden, bias: false)
    layerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
    dropout = Dropout(settings.dropout)
  }

  override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

  func callAsFunction(_ inputs: ModelInputs) -> Tensor {
    var x = wordEmbeddings(inputs.inputIds)
    if let table = positionEmbeddings {
      let length = inputs.inputIds.shape[1]
      let rows = table.weight.shape[0]
      require(
        inputs.positionIds != nil || length <= rows, "DebertaV2Model",
        "\(length) tokens are more than the \(rows) positions")
      x = x + (inputs.positionIds.map { table($0) } ?? table.rows(0..<length))
    }
    if let table = tokenTypeEmbeddings {
      x = x + (inputs.tokenTypeIds.map { table($0) } ?? table.rows(0..<1))
    }
    if let embedProj { x = embedProj(x) }
    x = layerNorm(x)
    if let mask = inputs.attentionMask { x = x * mask.to(x.dtype).unsqueezed(-1) }
    return dropout(x)
  }
}

/// A dense layer over the first token's state, with dropout on either side, and a classifier.
final class DebertaV2ContextHead: EncoderHead {
  let pooler: Pooler
  let classifier: Linear
  let dropout: Dropout

  init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ outputs: Int) throws {
    pooler = try Pooler(configuration, settings)
    classifier = configuration.linear(settings.hidden, outputs)
    dropout = Dropout(try configuration.probability("cls_dropout", settings.dropout))
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    classifier(dropout(pooler(output.lastHiddenState.select(dim: 1, index: 0))))
  }

  final class Pooler: Module, Layer {
    let dense: Linear
    let dropout: Dropout
    private let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) throws {
      let width = try configuration.size("pooler_hidden_size", settings.hidden)
      guard width == settings.hidden else {
        throw configuration.fault(
          "pooler_hidden_size", "\(width) is not the width of the states, \(settings.hidden)")
      }
      dense = configuration.linear(width, width)
      dropout = Dropout(try configuration.probability("pooler_dropout", 0))
      activation = try configuration.activation("pooler_hidden_act", "gelu")
    }

    func forward(_ x: Tensor) -> Tensor { activation(dense(dropout(x))) }
  }
}

/// Scores of tokens as BERT's, which most files hold.
final class DebertaV2LegacyScores: EncoderHead {
  let cls: Parts

  init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ table: Parameter) {
    cls = Parts(predictions: BertTokenScores(configuration, settings, table))
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    cls.predictions(output.lastHiddenState)
  }

  final class Parts: Module {
    let predictions: BertTokenScores
    init(predictions: BertTokenScores) { self.predictions = predictions }
  }
}

/// Scores of tokens as DeBERTa's own code has them: always by the embedding's table.
final class DebertaV2Scores: EncoderHead {
  let lmPredictions: Parts
  private let table: () -> Tensor

  init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ table: Parameter) {
    lmPredictions = Parts(lmHead: Layers(configuration, settings, rows: table.shape[0]))
    self.table = { table.value }
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    let head = lmPredictions.lmHead
    return head(output.lastHiddenState).linear(table(), head.bias.value)
  }

  final class Parts: Module {
    let lmHead: Layers
    init(lmHead: Layers) { self.lmHead = lmHead }
  }

  final class Layers: Module, Layer {
    let dense: Linear
    let layerNorm: LayerNorm
    let bias: Parameter
    private let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: BertSettings, rows: Int) {
      dense = configuration.linear(settings.hidden, settings.hidden)
      layerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
      bias = Parameter(.zeros([rows], dtype: configuration.dtype))
      activation = settings.activation
    }

    override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

    func forward(_ x: Tensor) -> Tensor { layerNorm(activation(dense(x))) }
  }
}
