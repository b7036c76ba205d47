import NN
import Tensors

extension ModelFamily {
  /// ELECTRA (Clark et al. 2020).
  static let electra = ModelFamily(
    ["electra"], name: "Electra",
    fields: [
      "classifier_dropout", "summary_type", "summary_use_proj", "summary_activation",
      "summary_last_dropout", "summary_first_dropout", "summary_proj_to_labels",
    ],
    architectures: [
      .base: { try ElectraModel($0, pooling: false) },
      .sequenceClassification: { try ElectraForSequenceClassification($0) },
      .tokenClassification: { try ElectraForTokenClassification($0) },
      .questionAnswering: { try ElectraForQuestionAnswering($0) },
      .maskedLM: { try ElectraForMaskedLM($0) },
      .multipleChoice: { try ElectraForMultipleChoice($0) },
      .preTraining: { try ElectraForPreTraining($0) },
    ])
}

/// ELECTRA that classifies texts.
public typealias ElectraForSequenceClassification = EncoderForSequenceClassification<ElectraModel>
/// ELECTRA that classifies tokens.
public typealias ElectraForTokenClassification = EncoderForTokenClassification<ElectraModel>
/// ELECTRA that finds answers.
public typealias ElectraForQuestionAnswering = EncoderForQuestionAnswering<ElectraModel>
/// ELECTRA's generator, which guesses masked tokens.
public typealias ElectraForMaskedLM = EncoderForMaskedLM<ElectraModel>
/// ELECTRA that picks one of several continuations.
public typealias ElectraForMultipleChoice = EncoderForMultipleChoice<ElectraModel>

/// ELECTRA without a head: BERT's layers over embeddings that may be narrower.
public final class ElectraModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "Electra"
  let embeddings: TextEmbeddings
  let embeddingsProject: Linear?
  let encoder: BertEncoder
  private let settings: BertSettings

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration, pooling: Bool) throws {
    settings = try BertSettings(
      configuration, hidden: 256, heads: 4, intermediate: 1024)
    let width = try configuration.size("embedding_size", 128)
    let vocabulary = try configuration.size("vocab_size", 30522)
    embeddings = try TextEmbeddings(
      configuration, width: width, vocabulary: 30522,
      paddingIndex: try configuration.paddingIndex(rows: vocabulary, 0), types: 2,
      eps: settings.eps, dropout: settings.dropout)
    embeddingsProject =
      width == settings.hidden ? nil : configuration.linear(width, settings.hidden)
    encoder = BertEncoder(configuration, settings)
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "electra" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.wordEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    var x = embeddings(inputs)
    if let project = embeddingsProject { x = project(x) }
    return encoder(x, mask: AttentionMask.padding(inputs.attentionMask, dtype: x.dtype), inputs)
  }

  /// Whether a task's head reads the pooled state.
  public static func pools(for task: ModelTask) -> Bool { false }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    let dropout = try configuration.probability("classifier_dropout", settings.dropout)
    switch task {
    case .sequenceClassification:
      return try FirstTokenHead(
        configuration, settings.hidden, dropout: dropout, activation: .gelu)
    case .tokenClassification:
      return try TokenHead(configuration, settings.hidden, dropout: dropout)
    case .questionAnswering: return AnswerHead(configuration, settings.hidden)
    case .multipleChoice: return try ElectraSummaryHead(configuration, settings.hidden)
    case .maskedLM:
      return ElectraTokenScores(configuration, settings, inputEmbeddings.weight)
    case .preTraining: return ElectraDiscriminatorHead(configuration, settings)
    default: throw noHead(for: task)
    }
  }
}

/// ELECTRA's discriminator: whether each token was replaced. Logits `[N, T]`, positive where it was;
/// labels `[N, T]` of 0 and 1. Its loss counts attended tokens only.
public final class ElectraForPreTraining: HeadedEncoder<ElectraModel>, LabelledModel {
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .preTraining)
  }

  /// The logits of tokens, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = encoder(inputs)
    let logits = head(output)
    let loss = labels.map { labels -> Tensor in
      let targets = labels.to(logits.dtype)
      guard let mask = inputs.attentionMask else {
        return F.binaryCrossEntropyWithLogits(logits, targets)
      }
      let counted = mask.eq(1).to(logits.dtype)
      return F.binaryCrossEntropyWithLogits(logits, targets, weight: counted, reduction: .sum)
        / counted.sum()
    }
    return ModelOutput(loss: loss, logits: logits, output)
  }
}

/// A dense layer, an activation and one logit for every token.
final class ElectraDiscriminatorHead: EncoderHead {
  let discriminatorPredictions: Layers

  init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
    discriminatorPredictions = Layers(configuration, settings)
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    discriminatorPredictions(output.lastHiddenState)
  }

  final class Layers: Module, Layer {
    let dense, densePrediction: Linear
    private let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: BertSettings) {
      dense = configuration.linear(settings.hidden, settings.hidden)
      densePrediction = configuration.linear(settings.hidden, 1)
      activation = settings.activation
    }

    func forward(_ x: Tensor) -> Tensor {
      densePrediction(activation(dense(x))).squeezed(-1)
    }
  }
}

/// Scores of tokens, whose table has names beside the encoder's.
final class ElectraTokenScores: EncoderHead {
  let generatorPredictions: Layers
  let generatorLmHead: TiedLinear

  init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ table: Parameter) {
    generatorPredictions = Layers(configuration, settings, table.shape[1])
    generatorLmHead = TiedLinear(
      table, bias: Parameter(.zeros([table.shape[0]], dtype: configuration.dtype)),
      isTied: configuration.tiesEmbeddings)
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    generatorLmHead(generatorPredictions(output.lastHiddenState))
  }

  final class Layers: Module, Layer {
    let layerNorm: LayerNorm
    let dense: Linear

    init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ width: Int) {
      layerNorm = configuration.layerNorm(width, eps: settings.eps)
      dense = configuration.linear(settings.hidden, width)
    }

    override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

    func forward(_ x: Tensor) -> Tensor { layerNorm(F.gelu(dense(x))) }
  }
}

/// One vector for a text, by a rule that the configuration chooses, and one logit of it.
final class ElectraSummaryHead: EncoderHead {
  let sequenceSummary: Summary
  let classifier: Linear

  init(_ configuration: ModelConfiguration, _ width: Int) throws {
    sequenceSummary = try Summary(configuration, width)
    classifier = configuration.linear(width, 1)
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    classifier(sequenceSummary(output.lastHiddenState))
  }

  final class Summary: Module, Layer {
    let summary: Linear?
    let firstDropout, lastDropout: Dropout
    private let type: String
    private let activation: NamedActivation?

    init(_ configuration: ModelConfiguration, _ width: Int) throws {
      type = try configuration.string("summary_type", "first")
      guard ["first", "last", "mean", "cls_index"].contains(type) else {
        throw configuration.fault(
          "summary_type", "“\(type)” is none of first, last, mean and cls_index")
      }
      let projects = try configuration.bool("summary_use_proj", true)
      if try configuration.bool("summary_proj_to_labels", false), projects {
        guard try configuration.numLabels == width else {
          throw configuration.fault(
            "summary_proj_to_labels", "the classifier behind it reads \(width) numbers")
        }
      }
      summary = projects ? configuration.linear(width, width) : nil
      let name = try configuration.string("summary_activation", "gelu")
      activation = name.isEmpty ? nil : try configuration.activation("summary_activation", "gelu")
      firstDropout = Dropout(try configuration.probability("summary_first_dropout", 0))
      lastDropout = Dropout(try configuration.probability("summary_last_dropout", 0.1))
    }

    func forward(_ states: Tensor) -> Tensor {
      var x =
        switch type {
        case "first": states.select(dim: 1, index: 0)
        case "mean": states.mean(dim: 1)
        default: states.select(dim: 1, index: -1)
        }
      x = firstDropout(x)
      if let summary { x = summary(x) }
      if let activation { x = activation(x) }
      return lastDropout(x)
    }
  }
}
