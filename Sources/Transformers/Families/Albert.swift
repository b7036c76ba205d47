import NN
import Tensors

extension ModelFamily {
  /// ALBERT (Lan et al. 2019).
  static let albert = ModelFamily(
    ["albert"], name: "Albert", fields: ["classifier_dropout_prob"],
    architectures: [
      .base: { try AlbertModel($0, pooling: true) },
      .sequenceClassification: { try AlbertForSequenceClassification($0) },
      .tokenClassification: { try AlbertForTokenClassification($0) },
      .questionAnswering: { try AlbertForQuestionAnswering($0) },
      .maskedLM: { try AlbertForMaskedLM($0) },
      .multipleChoice: { try AlbertForMultipleChoice($0) },
      .preTraining: { try AlbertForPreTraining($0) },
    ])
}

/// ALBERT that classifies texts.
public typealias AlbertForSequenceClassification = EncoderForSequenceClassification<AlbertModel>
/// ALBERT that classifies tokens.
public typealias AlbertForTokenClassification = EncoderForTokenClassification<AlbertModel>
/// ALBERT that finds answers.
public typealias AlbertForQuestionAnswering = EncoderForQuestionAnswering<AlbertModel>
/// ALBERT that guesses masked tokens.
public typealias AlbertForMaskedLM = EncoderForMaskedLM<AlbertModel>
/// ALBERT that picks one of several continuations.
public typealias AlbertForMultipleChoice = EncoderForMultipleChoice<AlbertModel>

/// ALBERT without a head: narrow embeddings, and few layers that are run again and again.
public final class AlbertModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "Albert"
  let embeddings: TextEmbeddings
  let encoder: Stack
  let pooler: Linear?
  private let settings: BertSettings

  /// A model of a configuration.
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - pooling: Whether there is a pooled state.
  public init(_ configuration: ModelConfiguration, pooling: Bool = true) throws {
    settings = try BertSettings(
      configuration, hidden: 4096, heads: 64, intermediate: 16384, activation: "gelu_new",
      dropout: 0)
    let width = try configuration.size("embedding_size", 128)
    let vocabulary = try configuration.size("vocab_size", 30000)
    embeddings = try TextEmbeddings(
      configuration, width: width, vocabulary: 30000,
      paddingIndex: try configuration.paddingIndex(rows: vocabulary, 0), types: 2,
      eps: settings.eps, dropout: settings.dropout)
    encoder = try Stack(configuration, settings, inputs: width)
    pooler = pooling ? configuration.linear(settings.hidden, settings.hidden) : nil
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "albert" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.wordEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    let x = encoder.embeddingHiddenMappingIn(embeddings(inputs))
    var output = EncoderOutput.run(
      encoder.layers, x, mask: AttentionMask.padding(inputs.attentionMask, dtype: x.dtype), inputs)
    output.poolerOutput = pooler.map {
      $0(output.lastHiddenState.select(dim: 1, index: 0)).tanh()
    }
    return output
  }

  /// Whether a task's head reads the pooled state.
  public static func pools(for task: ModelTask) -> Bool {
    [.base, .sequenceClassification, .multipleChoice, .preTraining].contains(task)
  }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    let dropout = try configuration.probability("classifier_dropout_prob", 0.1)
    switch task {
    case .sequenceClassification:
      return PooledHead(
        configuration, settings.hidden, try configuration.numLabels, dropout: dropout)
    case .multipleChoice: return PooledHead(configuration, settings.hidden, 1, dropout: dropout)
    case .tokenClassification:
      return try TokenHead(configuration, settings.hidden, dropout: dropout)
    case .questionAnswering: return AnswerHead(configuration, settings.hidden)
    case .maskedLM, .preTraining:
      let scores = AlbertTokenScores(
        configuration, width: settings.hidden, eps: settings.eps, activation: settings.activation,
        table: inputEmbeddings.weight)
      guard task == .preTraining else { return AlbertPreTrainingHead(scores, order: nil) }
      return AlbertPreTrainingHead(
        scores,
        order: PooledHead(
          configuration, settings.hidden, try configuration.numLabels, dropout: dropout))
    default: throw noHead(for: task)
    }
  }

  /// Groups of layers, each run several times in a row.
  final class Stack: Module {
    let embeddingHiddenMappingIn: Linear
    let albertLayerGroups: [Group]
    private let count: Int

    init(_ configuration: ModelConfiguration, _ settings: BertSettings, inputs: Int) throws {
      embeddingHiddenMappingIn = configuration.linear(inputs, settings.hidden)
      let groups = try configuration.size("num_hidden_groups", 1)
      let inner = try configuration.size("inner_group_num", 1)
      albertLayerGroups = (0..<groups).map { _ in Group(configuration, settings, inner) }
      count = settings.layers
    }

    /// The layers in the order in which they run.
    var layers: [AlbertLayer] {
      (0..<count).flatMap { index in
        // As transformers rounds: a whole number of a float quotient.
        let group = Int(Double(index) / (Double(count) / Double(albertLayerGroups.count)))
        return albertLayerGroups[group].albertLayers
      }
    }
  }

  final class Group: Module {
    let albertLayers: [AlbertLayer]

    init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ count: Int) {
      albertLayers = (0..<count).map { _ in AlbertLayer(configuration, settings) }
    }
  }
}

/// Attention and a feed-forward part, each with a norm behind the residual.
final class AlbertLayer: Module, EncoderLayer {
  let fullLayerLayerNorm: LayerNorm
  let attention: SelfAttention
  let ffn, ffnOutput: Linear
  private let activation: NamedActivation

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    fullLayerLayerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
    attention = SelfAttention(configuration, settings)
    ffn = configuration.linear(settings.hidden, settings.intermediate)
    ffnOutput = configuration.linear(settings.intermediate, settings.hidden)
    activation = settings.activation
  }

  func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
    let x = attention(x, mask: mask, weights)
    return fullLayerLayerNorm(ffnOutput(activation(ffn(x))) + x)
  }

  final class SelfAttention: Module {
    let query, key, value, dense: Linear
    let layerNorm: LayerNorm
    let outputDropout: Dropout
    private let heads: Int
    private let dropout: Double

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
      query = configuration.linear(settings.hidden, settings.hidden)
      key = configuration.linear(settings.hidden, settings.hidden)
      value = configuration.linear(settings.hidden, settings.hidden)
      dense = configuration.linear(settings.hidden, settings.hidden)
      layerNorm = configuration.layerNorm(settings.hidden, eps: settings.eps)
      outputDropout = Dropout(settings.dropout)
      (heads, dropout) = (settings.heads, settings.attentionDropout)
    }

    override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

    func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
      let states = Attention.merged(
        Attention.heads(query(x), heads), Attention.heads(key(x), heads),
        Attention.heads(value(x), heads), mask: mask, dropout: isTraining ? dropout : 0,
        weights: weights)
      return layerNorm(x + outputDropout(dense(states)))
    }
  }
}

/// ``TokenScores`` with a norm that is written as a class.
final class AlbertTokenScores: TokenScores {
  override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }
}

/// The heads that ALBERT is pre-trained with: masked tokens, and the order of two texts.
final class AlbertPreTrainingHead: EncoderHead {
  let predictions: AlbertTokenScores
  let sopClassifier: PooledHead?

  init(_ predictions: AlbertTokenScores, order: PooledHead?) {
    self.predictions = predictions
    sopClassifier = order
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    predictions(output.lastHiddenState)
  }
}

/// ALBERT with both heads of its pre-training.
public final class AlbertForPreTraining: HeadedEncoder<AlbertModel> {
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .preTraining)
  }

  /// The logits of tokens and order, and the sum of their losses where both have labels.
  /// - Parameters:
  ///   - inputs: The tokenized texts.
  ///   - labels: Tokens `[N, T]`, −100 where nothing was masked.
  ///   - sentenceOrderLabels: `[N]`, 0 where the texts stand in their order.
  public func callAsFunction(
    _ inputs: ModelInputs, labels: Tensor? = nil, sentenceOrderLabels: Tensor? = nil
  ) -> PreTrainingOutput {
    guard let head = head as? AlbertPreTrainingHead, let classifier = head.sopClassifier else {
      fail("AlbertForPreTraining", "its head is another family's")
    }
    let output = encoder(inputs)
    let (tokens, order) = (head(output), classifier(output))
    var loss: Tensor?
    if let labels, let sentenceOrderLabels {
      loss = HeadLoss.tokens(tokens, labels) + HeadLoss.tokens(order, sentenceOrderLabels)
    }
    return PreTrainingOutput(
      loss: loss, predictionLogits: tokens, orderLogits: order, hiddenStates: output.hiddenStates,
      attentions: output.attentions)
  }
}
