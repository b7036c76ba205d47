import Foundation
import NN
import Tensors

extension ModelFamily {
  /// DistilBERT (Sanh et al. 2019).
  static let distilBert = ModelFamily(
    ["distilbert"], name: "DistilBert",
    fields: ["qa_dropout", "seq_classif_dropout", "sinusoidal_pos_embds"],
    architectures: [
      .base: { try DistilBertModel($0, pooling: false) },
      .sequenceClassification: { try DistilBertForSequenceClassification($0) },
      .tokenClassification: { try DistilBertForTokenClassification($0) },
      .questionAnswering: { try DistilBertForQuestionAnswering($0) },
      .maskedLM: { try DistilBertForMaskedLM($0) },
      .multipleChoice: { try DistilBertForMultipleChoice($0) },
    ])
}

/// DistilBERT that classifies texts.
public typealias DistilBertForSequenceClassification =
  EncoderForSequenceClassification<DistilBertModel>
/// DistilBERT that classifies tokens.
public typealias DistilBertForTokenClassification = EncoderForTokenClassification<DistilBertModel>
/// DistilBERT that finds answers.
public typealias DistilBertForQuestionAnswering = EncoderForQuestionAnswering<DistilBertModel>
/// DistilBERT that guesses masked tokens.
public typealias DistilBertForMaskedLM = EncoderForMaskedLM<DistilBertModel>
/// DistilBERT that picks one of several continuations.
public typealias DistilBertForMultipleChoice = EncoderForMultipleChoice<DistilBertModel>

/// DistilBERT without a head: BERT's layers under names of its own, without text numbers and pooled
/// state.
public final class DistilBertModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "DistilBert"
  let embeddings: TextEmbeddings
  let transformer: Stack
  private let settings: Settings

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration, pooling: Bool) throws {
    configuration.rename([
      "hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers",
    ])
    settings = try Settings(configuration)
    let vocabulary = try configuration.size("vocab_size", 30522)
    embeddings = try TextEmbeddings(
      configuration, width: settings.width, vocabulary: 30522,
      paddingIndex: try configuration.paddingIndex(rows: vocabulary, 0), eps: Settings.eps,
      dropout: settings.dropout)
    transformer = Stack(configuration, settings)
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "distilbert" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.wordEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    let x = embeddings(inputs)
    return EncoderOutput.run(
      transformer.layer, x, mask: AttentionMask.padding(inputs.attentionMask, dtype: x.dtype),
      inputs)
  }

  /// Whether a task's head reads the pooled state.
  public static func pools(for task: ModelTask) -> Bool { false }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    let classifierDropout = try configuration.probability("seq_classif_dropout", 0.2)
    switch task {
    case .sequenceClassification:
      return DistilBertClassifier(
        configuration, settings.width, try configuration.numLabels, dropout: classifierDropout)
    case .multipleChoice:
      return DistilBertClassifier(configuration, settings.width, 1, dropout: classifierDropout)
    case .tokenClassification:
      return try TokenHead(configuration, settings.width, dropout: settings.dropout)
    case .questionAnswering:
      return AnswerHead(
        configuration, settings.width, dropout: try configuration.probability("qa_dropout", 0.1))
    case .maskedLM:
      return DistilBertTokenScores(
        configuration, settings.width, settings.activation, inputEmbeddings.weight)
    default: throw noHead(for: task)
    }
  }

  /// Positions may begin as sines and cosines of growing wavelengths.
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    guard module === embeddings.positionEmbeddings,
      configuration["sinusoidal_pos_embds"]?.bool == true
    else { return super.initialize(parameter, name, in: module) }
    let (rows, width) = (parameter.shape[0], parameter.shape[1])
    let values = (0..<rows).flatMap { row in
      (0..<width).map { column -> Float in
        let angle = Double(row) / pow(10_000, Double(2 * (column / 2)) / Double(width))
        return Float(column % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
    parameter.assign(Tensor(values, shape: [rows, width]))
  }

  struct Settings {
    static let eps = 1e-12
    let width, heads, layers, inner: Int
    let activation: NamedActivation
    let dropout, attentionDropout: Double

    init(_ configuration: ModelConfiguration) throws {
      width = try configuration.size("dim", 768)
      heads = try configuration.size("n_heads", 12)
      layers = try configuration.size("n_layers", 6)
      inner = try configuration.size("hidden_dim", 3072)
      activation = try configuration.activation("activation", "gelu")
      dropout = try configuration.probability("dropout", 0.1)
      attentionDropout = try configuration.probability("attention_dropout", 0.1)
      try configuration.requireDivides(heads, width, "n_heads")
    }
  }

  final class Stack: Module {
    let layer: [Block]

    init(_ configuration: ModelConfiguration, _ settings: Settings) {
      layer = (0..<settings.layers).map { _ in Block(configuration, settings) }
    }
  }

  final class Block: Module, EncoderLayer {
    let attention: SelfAttention
    let saLayerNorm: LayerNorm
    let ffn: FeedForward
    let outputLayerNorm: LayerNorm

    init(_ configuration: ModelConfiguration, _ settings: Settings) {
      attention = SelfAttention(configuration, settings)
      saLayerNorm = configuration.layerNorm(settings.width, eps: Settings.eps)
      ffn = FeedForward(configuration, settings)
      outputLayerNorm = configuration.layerNorm(settings.width, eps: Settings.eps)
    }

    func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
      let x = saLayerNorm(attention(x, mask: mask, weights) + x)
      return outputLayerNorm(ffn(x) + x)
    }
  }

  final class SelfAttention: Module {
    let qLin, kLin, vLin, outLin: Linear
    private let heads: Int
    private let dropout: Double

    init(_ configuration: ModelConfiguration, _ settings: Settings) {
      qLin = configuration.linear(settings.width, settings.width)
      kLin = configuration.linear(settings.width, settings.width)
      vLin = configuration.linear(settings.width, settings.width)
      outLin = configuration.linear(settings.width, settings.width)
      (heads, dropout) = (settings.heads, settings.attentionDropout)
    }

    func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor {
      outLin(
        Attention.merged(
          Attention.heads(qLin(x), heads), Attention.heads(kLin(x), heads),
          Attention.heads(vLin(x), heads), mask: mask, dropout: isTraining ? dropout : 0,
          weights: weights))
    }
  }

  final class FeedForward: Module, Layer {
    let lin1, lin2: Linear
    let dropout: Dropout
    private let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: Settings) {
      lin1 = configuration.linear(settings.width, settings.inner)
      lin2 = configuration.linear(settings.inner, settings.width)
      dropout = Dropout(settings.dropout)
      activation = settings.activation
    }

    func forward(_ x: Tensor) -> Tensor { dropout(lin2(activation(lin1(x)))) }
  }
}

/// A dense layer, ReLU, dropout and a linear layer over the first token's state.
final class DistilBertClassifier: EncoderHead {
  let preClassifier, classifier: Linear
  let dropout: Dropout

  init(_ configuration: ModelConfiguration, _ width: Int, _ outputs: Int, dropout: Double) {
    preClassifier = configuration.linear(width, width)
    classifier = configuration.linear(width, outputs)
    self.dropout = Dropout(dropout)
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    let first = output.lastHiddenState.select(dim: 1, index: 0)
    return classifier(dropout(preClassifier(first).relu()))
  }
}

/// Scores of tokens, with names that stand beside the encoder's.
final class DistilBertTokenScores: EncoderHead {
  let vocabTransform: Linear
  let vocabLayerNorm: LayerNorm
  let vocabProjector: TiedLinear
  private let activation: NamedActivation

  init(
    _ configuration: ModelConfiguration, _ width: Int, _ activation: NamedActivation,
    _ table: Parameter
  ) {
    vocabTransform = configuration.linear(width, width)
    vocabLayerNorm = configuration.layerNorm(width, eps: 1e-12)
    vocabProjector = TiedLinear(
      table, bias: Parameter(.zeros([table.shape[0]], dtype: configuration.dtype)),
      isTied: configuration.tiesEmbeddings)
    self.activation = activation
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    vocabProjector(vocabLayerNorm(activation(vocabTransform(output.lastHiddenState))))
  }
}
