import NN
import Tensors

/// A model with logits, and a loss where there are labels.
public protocol LabelledModel: PretrainedModel {
  /// The logits of texts, and their loss where labels are given.
  func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput
}

extension LabelledModel {
  /// The logits of texts, and their loss where labels are given.
  /// - Parameters:
  ///   - inputIds: Token numbers `[N, T]`; for multiple choice `[N, choices, T]`.
  ///   - attentionMask: 1 where a token counts, of the ids' shape.
  ///   - tokenTypeIds: The number of the text that a token belongs to, of the ids' shape.
  ///   - labels: What the logits are judged by, as the task has it; nil for no loss.
  public func callAsFunction(
    inputIds: Tensor, attentionMask: Tensor? = nil, tokenTypeIds: Tensor? = nil,
    labels: Tensor? = nil
  ) -> ModelOutput {
    self(
      ModelInputs(
        inputIds: inputIds, attentionMask: attentionMask, tokenTypeIds: tokenTypeIds),
      labels: labels)
  }
}

/// An encoder and a head; the head's names stand beside the encoder's.
open class HeadedEncoder<Backbone: EncoderModel>: PretrainedModel {
  /// The encoder, under the family's own name: `bert`.
  public let encoder: Backbone
  /// The layers behind it.
  public let head: EncoderHead

  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - task: What the head is for.
  public init(_ configuration: ModelConfiguration, task: ModelTask) throws {
    encoder = try Backbone(configuration, pooling: Backbone.pools(for: task))
    head = try encoder.makeHead(task)
    super.init(configuration: configuration)
  }

  /// The encoder has the family's name, the head none.
  open override class var stateNames: [String: String] {
    ["encoder": Backbone.baseModelPrefix, "head": ""]
  }

  open override class var baseModelPrefix: String { Backbone.baseModelPrefix }
  open override var initializerRange: Double { encoder.initializerRange }
  open override func renamed(_ name: String) -> String { encoder.renamed(name) }
  open override func isObsolete(_ name: String) -> Bool { encoder.isObsolete(name) }
  open override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    encoder.initialize(parameter, name, in: module)
  }
}

/// An encoder that classifies texts or gives them numbers. Logits `[N, labels]`; labels `[N]`, or
/// `[N, labels]` for several.
public final class EncoderForSequenceClassification<Backbone: EncoderModel>:
  HeadedEncoder<Backbone>, LabelledModel
{
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    _ = try configuration.problemType
    try super.init(configuration, task: .sequenceClassification)
  }

  /// The logits of texts, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = encoder(inputs)
    let logits = head(output)
    return ModelOutput(
      loss: labels.map { encoder.sequenceLoss(logits, $0) },
      logits: labels == nil ? logits : encoder.labelledLogits(logits), output)
  }
}

/// An encoder that classifies tokens. Logits `[N, T, labels]`; labels `[N, T]`, −100 where a token
/// does not count.
public final class EncoderForTokenClassification<Backbone: EncoderModel>: HeadedEncoder<Backbone>,
  LabelledModel
{
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .tokenClassification)
  }

  /// The logits of tokens, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = encoder(inputs)
    let logits = head(output)
    return ModelOutput(loss: labels.map { HeadLoss.tokens(logits, $0) }, logits: logits, output)
  }
}

/// An encoder that guesses masked tokens. Logits `[N, T, vocabulary]`; labels `[N, T]`, −100 where
/// nothing was masked.
public final class EncoderForMaskedLM<Backbone: EncoderModel>: HeadedEncoder<Backbone>,
  LabelledModel
{
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .maskedLM)
  }

  /// The logits of tokens, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = encoder(inputs)
    if let labels, let ignored = head.sparseIgnoreIndex {
      return sparse(output, labels.to(.int64).flattened(), ignored)
    }
    let logits = head(output)
    return ModelOutput(loss: labels.map { HeadLoss.tokens(logits, $0) }, logits: logits, output)
  }

  /// Logits `[labelled tokens, vocabulary]` and their loss.
  private func sparse(_ output: EncoderOutput, _ labels: Tensor, _ ignored: Int) -> ModelOutput {
    let places = labels.ne(ignored).nonzero().flattened()
    var chosen = output
    let states = output.lastHiddenState
    chosen.lastHiddenState = states.reshaped([labels.count, states.shape[states.rank - 1]])
      .indexSelect(dim: 0, index: places)
    let logits = head(chosen)
    return ModelOutput(
      loss: HeadLoss.tokens(logits, labels.indexSelect(dim: 0, index: places)), logits: logits,
      output)
  }
}

/// An encoder that finds the answer to a question in a text.
public final class EncoderForQuestionAnswering<Backbone: EncoderModel>: HeadedEncoder<Backbone>,
  AnsweringModel
{
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .questionAnswering)
  }

  /// Where answers start and end, and the loss where positions are given.
  public func callAsFunction(
    _ inputs: ModelInputs, startPositions: Tensor?, endPositions: Tensor?
  ) -> QuestionAnsweringOutput {
    let output = encoder(inputs)
    return HeadLoss.answers(head(output), output, startPositions, endPositions)
  }
}

/// A model that finds the answer to a question in a text.
public protocol AnsweringModel: PretrainedModel {
  /// Where answers start and end, and the loss where positions are given.
  /// - Parameters:
  ///   - inputs: The tokenized texts.
  ///   - startPositions: Where answers start, `[N]`; beyond the text, a position does not count.
  ///   - endPositions: Where answers end, `[N]`, likewise.
  func callAsFunction(
    _ inputs: ModelInputs, startPositions: Tensor?, endPositions: Tensor?
  ) -> QuestionAnsweringOutput
}

extension AnsweringModel {
  /// Where answers start and end.
  public func callAsFunction(
    inputIds: Tensor, attentionMask: Tensor? = nil, tokenTypeIds: Tensor? = nil,
    startPositions: Tensor? = nil, endPositions: Tensor? = nil
  ) -> QuestionAnsweringOutput {
    self(
      ModelInputs(
        inputIds: inputIds, attentionMask: attentionMask, tokenTypeIds: tokenTypeIds),
      startPositions: startPositions, endPositions: endPositions)
  }
}

/// An encoder that picks one of several continuations. Inputs `[N, choices, T]`, logits
/// `[N, choices]`, labels `[N]`.
public final class EncoderForMultipleChoice<Backbone: EncoderModel>: HeadedEncoder<Backbone>,
  LabelledModel
{
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .multipleChoice)
  }

  /// The logits of choices, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    require(
      inputs.inputIds.rank == 3, "EncoderForMultipleChoice",
      "ids of [N, choices, T] are expected, not \(inputs.inputIds.shape)")
    let output = encoder(inputs.flattened)
    let logits = head(output).reshaped([inputs.inputIds.shape[0], inputs.inputIds.shape[1]])
    return ModelOutput(loss: labels.map { HeadLoss.tokens(logits, $0) }, logits: logits, output)
  }
}

/// An encoder that says whether the second text follows the first. Logits `[N, 2]`; labels `[N]`, 0
/// where it follows.
public final class EncoderForNextSentencePrediction<Backbone: EncoderModel>:
  HeadedEncoder<Backbone>, LabelledModel
{
  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    try super.init(configuration, task: .nextSentencePrediction)
  }

  /// The logits of texts, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = encoder(inputs)
    let logits = head(output)
    return ModelOutput(loss: labels.map { HeadLoss.tokens(logits, $0) }, logits: logits, output)
  }
}
