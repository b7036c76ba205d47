import NN
import Tensors

extension ModelFamily {
  /// BERT (Devlin et al. 2018), and what shares its shape: MiniLM and others.
  static let bert = ModelFamily(
    ["bert"], name: BertModel.familyName, fields: ["classifier_dropout"],
    architectures: [
      .base: { try BertModel($0, pooling: true) },
      .sequenceClassification: { try BertForSequenceClassification($0) },
      .tokenClassification: { try BertForTokenClassification($0) },
      .questionAnswering: { try BertForQuestionAnswering($0) },
      .maskedLM: { try BertForMaskedLM($0) },
      .multipleChoice: { try BertForMultipleChoice($0) },
      .nextSentencePrediction: { try BertForNextSentencePrediction($0) },
      .preTraining: { try BertForPreTraining($0) },
    ])
}

/// BERT that classifies texts.
public typealias BertForSequenceClassification = EncoderForSequenceClassification<BertModel>
/// BERT that classifies tokens.
public typealias BertForTokenClassification = EncoderForTokenClassification<BertModel>
/// BERT that finds answers.
public typealias BertForQuestionAnswering = EncoderForQuestionAnswering<BertModel>
/// BERT that guesses masked tokens.
public typealias BertForMaskedLM = EncoderForMaskedLM<BertModel>
/// BERT that picks one of several continuations.
public typealias BertForMultipleChoice = EncoderForMultipleChoice<BertModel>
/// BERT that says whether the second text follows the first.
public typealias BertForNextSentencePrediction = EncoderForNextSentencePrediction<BertModel>

/// BERT without a head: post-norm layers over tokens, learned positions and text numbers.
public final class BertModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "Bert"
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
    let vocabulary = try configuration.size("vocab_size", 30522)
    embeddings = try TextEmbeddings(
      configuration, width: settings.hidden, vocabulary: 30522,
      paddingIndex: try configuration.paddingIndex(rows: vocabulary, 0), types: 2,
      eps: settings.eps, dropout: settings.dropout)
    encoder = BertEncoder(configuration, settings)
    pooler = pooling ? FirstTokenPooler(configuration, settings.hidden) : nil
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "bert" }

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
    [.base, .sequenceClassification, .multipleChoice, .nextSentencePrediction, .preTraining]
      .contains(task)
  }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    let dropout = try configuration.probability("classifier_dropout", settings.dropout)
    switch task {
    case .sequenceClassification:
      return PooledHead(
        configuration, settings.hidden, try configuration.numLabels, dropout: dropout)
    case .multipleChoice: return PooledHead(configuration, settings.hidden, 1, dropout: dropout)
    case .tokenClassification:
      return try TokenHead(configuration, settings.hidden, dropout: dropout)
    case .questionAnswering: return AnswerHead(configuration, settings.hidden)
    case .maskedLM:
      return BertPreTrainingHead(configuration, settings, inputEmbeddings, order: false)
    case .nextSentencePrediction:
      return BertPreTrainingHead(configuration, settings, nil, order: true)
    case .preTraining:
      return BertPreTrainingHead(configuration, settings, inputEmbeddings, order: true)
    default: throw noHead(for: task)
    }
  }
}

/// The heads that BERT is pre-trained with: masked tokens, the order of two texts, or both.
final class BertPreTrainingHead: EncoderHead {
  let cls: Heads

  /// - Parameters:
  ///   - embeddings: The table that scores tokens; nil for a head of the order alone.
  ///   - order: Whether the order is told.
  init(
    _ configuration: ModelConfiguration, _ settings: BertSettings, _ embeddings: Embedding?,
    order: Bool
  ) {
    cls = Heads(configuration, settings, embeddings, order: order)
  }

  /// The logits of tokens or, in a head of the order alone, of the order.
  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    cls.predictions.map { $0(output.lastHiddenState) } ?? order(output)
  }

  /// The logits of the order.
  func order(_ output: EncoderOutput) -> Tensor {
    guard let layer = cls.seqRelationship, let pooled = output.poolerOutput else {
      fail("BertPreTrainingHead", "it was made without the order of texts")
    }
    return layer(pooled)
  }

  final class Heads: Module {
    let predictions: BertTokenScores?
    let seqRelationship: Linear?

    init(
      _ configuration: ModelConfiguration, _ settings: BertSettings, _ embeddings: Embedding?,
      order: Bool
    ) {
      predictions = embeddings.map {
        BertTokenScores(configuration, settings, $0.weight)
      }
      seqRelationship = order ? configuration.linear(settings.hidden, 2) : nil
    }
  }
}

/// BERT with both heads of its pre-training.
public final class BertForPreTraining: HeadedEncoder<BertModel> {
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .preTraining)
  }

  /// The logits of tokens and order, and the sum of their losses where both have labels.
  /// - Parameters:
  ///   - inputs: The tokenized texts.
  ///   - labels: Tokens `[N, T]`, −100 where nothing was masked.
  ///   - nextSentenceLabels: `[N]`, 0 where the second text follows the first.
  public func callAsFunction(
    _ inputs: ModelInputs, labels: Tensor? = nil, nextSentenceLabels: Tensor? = nil
  ) -> PreTrainingOutput {
    guard let head = head as? BertPreTrainingHead else {
      fail("BertForPreTraining", "its head is another family's")
    }
    let output = encoder(inputs)
    let (tokens, order) = (head(output), head.order(output))
    var loss: Tensor?
    if let labels, let nextSentenceLabels {
      loss = HeadLoss.tokens(tokens, labels) + HeadLoss.tokens(order, nextSentenceLabels)
    }
    return PreTrainingOutput(
      loss: loss, predictionLogits: tokens, orderLogits: order, hiddenStates: output.hiddenStates,
      attentions: output.attentions)
  }
}
