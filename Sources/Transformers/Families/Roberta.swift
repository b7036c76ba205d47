import NN
import Tensors

extension ModelFamily {
  /// RoBERTa (Liu et al. 2019).
  static let roberta = roberta(["roberta"], name: "Roberta")
  /// XLM-RoBERTa (Conneau et al. 2019), the same model.
  static let xlmRoberta = roberta(["xlm-roberta"], name: "XLMRoberta")
  /// CamemBERT (Martin et al. 2019), the same model.
  static let camembert = roberta(["camembert"], name: "Camembert")

  private static func roberta(_ types: [String], name: String) -> ModelFamily {
    ModelFamily(
      types, name: name, fields: ["classifier_dropout"],
      architectures: [
        .base: { try RobertaModel($0, pooling: true) },
        .sequenceClassification: { try RobertaForSequenceClassification($0) },
        .tokenClassification: { try RobertaForTokenClassification($0) },
        .questionAnswering: { try RobertaForQuestionAnswering($0) },
        .maskedLM: { try RobertaForMaskedLM($0) },
        .multipleChoice: { try RobertaForMultipleChoice($0) },
      ])
  }
}

/// RoBERTa that classifies texts.
public typealias RobertaForSequenceClassification = EncoderForSequenceClassification<RobertaModel>
/// RoBERTa that classifies tokens.
public typealias RobertaForTokenClassification = EncoderForTokenClassification<RobertaModel>
/// RoBERTa that finds answers.
public typealias RobertaForQuestionAnswering = EncoderForQuestionAnswering<RobertaModel>
/// RoBERTa that guesses masked tokens.
public typealias RobertaForMaskedLM = EncoderForMaskedLM<RobertaModel>
/// RoBERTa that picks one of several continuations.
public typealias RobertaForMultipleChoice = EncoderForMultipleChoice<RobertaModel>

/// RoBERTa without a head: BERT's layers, with positions that begin behind the padding token's
/// number and heads of two layers.
public final class RobertaModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "Roberta"
  let embeddings: TextEmbeddings
  let encoder: BertEncoder
  let pooler: FirstTokenPooler?
  private let settings: BertSettings

  /// A model of a configuration.
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - pooling: Whether there is a pooled state.
  public init(_ configuration: ModelConfiguration, pooling: Bool = true) throws {
    settings = try BertSettings(configuration)
    let words = configuration["model_type"]?.string == "roberta" ? 50265 : 30522
    let vocabulary = try configuration.size("vocab_size", words)
    guard let padding = try configuration.paddingIndex(rows: vocabulary, 1) else {
      throw configuration.fault(
        "pad_token_id", "positions are counted from it, so it must be there")
    }
    embeddings = try TextEmbeddings(
      configuration, width: settings.hidden, vocabulary: words, paddingIndex: padding, types: 2,
      positions: .afterPadding(padding), eps: settings.eps, dropout: settings.dropout)
    encoder = BertEncoder(configuration, settings)
    pooler = pooling ? FirstTokenPooler(configuration, settings.hidden) : nil
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "roberta" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.wordEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    let x = embeddings(inputs)
    var output = encoder(
      x, mask: AttentionMask.padding(inputs.attentionMask, dtype: x.dtype), inputs)
    output.poolerOutput = pooler.map { $0(output.lastHiddenState) }
    return output
  }

  /// Whether a task's head reads the pooled state.
  public static func pools(for task: ModelTask) -> Bool {
    task == .base || task == .multipleChoice
  }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    let dropout = try configuration.probability("classifier_dropout", settings.dropout)
    switch task {
    case .sequenceClassification:
      return try FirstTokenHead(
        configuration, settings.hidden, dropout: dropout, activation: .tanh)
    case .tokenClassification:
      return try TokenHead(configuration, settings.hidden, dropout: dropout)
    case .questionAnswering: return AnswerHead(configuration, settings.hidden)
    case .multipleChoice:
      return PooledHead(configuration, settings.hidden, 1, dropout: settings.dropout)
    case .maskedLM:
      return LanguageHead(
        TokenScores(
          configuration, width: settings.hidden, eps: settings.eps, activation: .gelu,
          table: inputEmbeddings.weight))
    default: throw noHead(for: task)
    }
  }
}
