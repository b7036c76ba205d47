import NN
import Tensors

extension ModelFamily {
  /// ModernBERT (Warner et al. 2024).
  static let modernBert = ModelFamily(
    ["modernbert"], name: "ModernBert",
    fields: [
      "classifier_pooling", "classifier_dropout", "classifier_bias", "classifier_activation",
      "decoder_bias", "sparse_prediction", "sparse_pred_ignore_index", "initializer_cutoff_factor",
      // How other kernels are chosen, and what follows from the kinds of the layers.
      "deterministic_flash_attn", "reference_compile", "repad_logits_with_grad",
      "global_attn_every_n_layers",
    ],
    architectures: [
      .base: { try ModernBertModel($0, pooling: false) },
      .sequenceClassification: { try ModernBertForSequenceClassification($0) },
      .tokenClassification: { try ModernBertForTokenClassification($0) },
      .questionAnswering: { try ModernBertForQuestionAnswering($0) },
      .maskedLM: { try ModernBertForMaskedLM($0) },
      .multipleChoice: { try ModernBertForMultipleChoice($0) },
    ])
}

/// ModernBERT that classifies texts.
public typealias ModernBertForSequenceClassification =
  EncoderForSequenceClassification<ModernBertModel>
/// ModernBERT that classifies tokens.
public typealias ModernBertForTokenClassification = EncoderForTokenClassification<ModernBertModel>
/// ModernBERT that finds answers.
public typealias ModernBertForQuestionAnswering = EncoderForQuestionAnswering<ModernBertModel>
/// ModernBERT that guesses masked tokens.
public typealias ModernBertForMaskedLM = EncoderForMaskedLM<ModernBertModel>
/// ModernBERT that picks one of several continuations.
public typealias ModernBertForMultipleChoice = EncoderForMultipleChoice<ModernBertModel>

/// ModernBERT without a head: pre-norm layers with rotary positions, most of which see only a
/// neighbourhood.
public final class ModernBertModel: PretrainedModel, EncoderModel {
  /// What the names of the family's classes begin with.
  public static let familyName = "ModernBert"
  let embeddings: ModernBertEmbeddings
  let layers: [ModernBertLayer]
  let finalNorm: LayerNorm
  private let settings: ModernBertSettings
  private let rotary: [ModernBertSettings.Reach: RotaryEmbedding]

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration, pooling: Bool) throws {
    settings = try ModernBertSettings(configuration)
    embeddings = try ModernBertEmbeddings(configuration, settings)
    let settings = settings
    layers = settings.reaches.enumerated().map {
      ModernBertLayer(configuration, settings, index: $0.offset, reach: $0.element)
    }
    finalNorm = settings.norm(configuration)
    rotary = try settings.rotary(configuration)
    super.init(configuration: configuration)
  }

  public override class var baseModelPrefix: String { "model" }

  /// The table of the tokens.
  public var inputEmbeddings: Embedding { embeddings.tokEmbeddings }

  /// The states of texts.
  public func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput {
    let length = inputs.inputIds.shape[1]
    var x = embeddings(inputs.inputIds)
    let positions = inputs.positionIds ?? Tensor.arange(length).unsqueezed(0)
    let tables = rotary.mapValues { $0(positions, dtype: x.dtype) }
    let padding = AttentionMask.padding(inputs.attentionMask, dtype: x.dtype)
    var masks: [ModernBertSettings.Reach: Tensor] = [:]
    masks[.full] = padding
    masks[.sliding] = settings.neighbourhood(length, padding, dtype: x.dtype)
    let weights = inputs.outputAttentions ? AttentionWeights() : nil
    var states = [x]
    for layer in layers {
      guard let table = tables[layer.reach] else {
        fail("ModernBertModel", "there is no rotary embedding for \(layer.reach.rawValue)")
      }
      x = layer(x, table, mask: masks[layer.reach], weights)
      if inputs.outputHiddenStates { states.append(x) }
    }
    x = finalNorm(x)
    if inputs.outputHiddenStates { states[states.count - 1] = x }
    var output = EncoderOutput(
      lastHiddenState: x, hiddenStates: inputs.outputHiddenStates ? states : nil,
      attentions: weights?.layers)
    output.attentionMask = inputs.attentionMask
    return output
  }

  /// Whether a task's head reads the pooled state; ModernBERT's heads pool themselves.
  public static func pools(for task: ModelTask) -> Bool { false }

  /// The layers between the states and a task's logits.
  public func makeHead(_ task: ModelTask) throws -> EncoderHead {
    switch task {
    case .sequenceClassification:
      return try ModernBertClassifier(
        configuration, settings, try configuration.numLabels, pools: true)
    case .multipleChoice:
      return try ModernBertClassifier(
        configuration, settings, 1, pools: true, skipsPadding: true)
    case .tokenClassification:
      return try ModernBertClassifier(
        configuration, settings, try configuration.numLabels, pools: false)
    case .questionAnswering:
      return try ModernBertClassifier(configuration, settings, 2, pools: false)
    case .maskedLM:
      return try ModernBertScores(configuration, settings, inputEmbeddings.weight)
    default: throw noHead(for: task)
    }
  }

  /// Normal weights cut off at some deviations; what writes into the residual is smaller in deep
  /// models.
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    let cut = configuration["initializer_cutoff_factor"]?.double ?? 3
    func draw(_ std: Double) {
      Init.truncatedNormal(parameter, std: std, from: -cut * std, to: cut * std)
    }
    switch module {
    case is Embedding: draw(initializerRange)
    case let layer as Linear where name == "weight":
      draw(settings.deviation(of: layer, initializerRange))
    case is TiedLinear where name == "weight": draw(settings.outputDeviation(initializerRange))
    default: super.initialize(parameter, name, in: module)
    }
  }
}

/// The heads' dense layer with its activation and norm.
final class ModernBertHeadLayers: Module, Layer {
  let dense: Linear
  let norm: LayerNorm
  private let activation: NamedActivation

  init(_ configuration: ModelConfiguration, _ settings: ModernBertSettings) throws {
    dense = settings.outputLayer(
      configuration.linear(
        settings.hidden, settings.hidden, bias: try configuration.bool("classifier_bias", false)))
    norm = settings.norm(configuration)
    activation = try configuration.activation("classifier_activation", "gelu")
  }

  func forward(_ x: Tensor) -> Tensor { norm(activation(dense(x))) }
}

/// Logits of a text's first or mean state, or of every token.
final class ModernBertClassifier: EncoderHead {
  let head: ModernBertHeadLayers
  let drop: Dropout
  let classifier: Linear
  private let pools, takesMean, skipsPadding: Bool

  /// - Parameters:
  ///   - pools: Whether there is one state a text.
  ///   - skipsPadding: Whether the first state is that of the first token that does not pad.
  init(
    _ configuration: ModelConfiguration, _ settings: ModernBertSettings, _ outputs: Int,
    pools: Bool, skipsPadding: Bool = false
  ) throws {
    head = try ModernBertHeadLayers(configuration, settings)
    drop = Dropout(try configuration.probability("classifier_dropout", 0))
    classifier = settings.classifier(configuration.linear(settings.hidden, outputs))
    let pooling = try configuration.string("classifier_pooling", "cls")
    guard ["cls", "mean"].contains(pooling) else {
      throw configuration.fault("classifier_pooling", "“\(pooling)” is neither cls nor mean")
    }
    (self.pools, takesMean, self.skipsPadding) = (pools, pooling == "mean", skipsPadding)
  }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    classifier(drop(head(pools ? pooled(output) : output.lastHiddenState)))
  }

  private func pooled(_ output: EncoderOutput) -> Tensor {
    let states = output.lastHiddenState
    if takesMean {
      guard let mask = output.attentionMask else { return states.mean(dim: 1) }
      let counted = mask.to(states.dtype)
      return (states * counted.unsqueezed(-1)).sum(dim: 1) / counted.sum(dim: 1, keepDim: true)
    }
    guard skipsPadding, let mask = output.attentionMask else {
      return states.select(dim: 1, index: 0)
    }
    let (rows, length) = (states.shape[0], states.shape[1])
    let firsts = noGrad {
      mask.to(.int64).argmax(dim: 1) + Tensor.arange(rows) * length
    }
    return states.reshaped([rows * length, states.shape[2]]).indexSelect(dim: 0, index: firsts)
  }
}

/// Scores of tokens, whose table has names beside the encoder's.
final class ModernBertScores: EncoderHead {
  let head: ModernBertHeadLayers
  let decoder: TiedLinear
  private let ignored: Int?

  init(
    _ configuration: ModelConfiguration, _ settings: ModernBertSettings, _ table: Parameter
  ) throws {
    head = try ModernBertHeadLayers(configuration, settings)
    let bias = Parameter(.zeros([table.shape[0]], dtype: configuration.dtype))
    decoder = TiedLinear(
      table, bias: try configuration.bool("decoder_bias", true) ? bias : nil,
      isTied: configuration.tiesEmbeddings)
    let index = try configuration.int("sparse_pred_ignore_index", HeadLoss.ignored)
    ignored = try configuration.bool("sparse_prediction", false) ? index : nil
  }

  override var sparseIgnoreIndex: Int? { ignored }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    decoder(head(output.lastHiddenState))
  }
}
