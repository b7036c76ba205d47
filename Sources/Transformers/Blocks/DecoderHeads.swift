import NN
import Tensors

/// A decoder and a head; the decoder has the family's own name.
open class HeadedDecoder<Backbone: DecoderModel>: PretrainedModel {
  /// The decoder.
  public let model: Backbone

  /// A head over a decoder.
  public init(over model: Backbone) {
    self.model = model
    super.init(configuration: model.configuration)
  }

  open override class var stateNames: [String: String] { ["model": Backbone.baseModelPrefix] }
  open override class var baseModelPrefix: String { Backbone.baseModelPrefix }
  open override var initializerRange: Double { model.initializerRange }
  open override func renamed(_ name: String) -> String { model.renamed(name) }
  open override func savedName(_ name: String) -> String { model.savedName(name) }
  open override func isObsolete(_ name: String) -> Bool { model.isObsolete(name) }
  open override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    model.initialize(parameter, name, in: module)
  }
}

/// A decoder that tells the next token. Logits `[N, T, vocabulary]`; labels `[N, T]` are the inputs,
/// −100 where a token does not count.
public final class DecoderForCausalLM<Backbone: DecoderModel>: HeadedDecoder<Backbone>,
  LabelledModel, GenerativeModel
{
  /// Scores of every token of the vocabulary.
  public let lmHead: TiedLinear
  /// The settings that hold where a call of generate gives none.
  public var generationConfig: GenerationConfig

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    let isTied =
      try configuration.bool("tie_word_embeddings", Backbone.tiesEmbeddings)
    let decoder = try Backbone(configuration)
    lmHead = TiedLinear(decoder.embedTokens.weight, isTied: isTied)
    generationConfig = try GenerationConfig(beside: configuration, defaults: Backbone.tokens)
    super.init(over: decoder)
  }

  /// The logits of tokens, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = model(inputs)
    let logits = logits(output.lastHiddenState)
    return ModelOutput(
      loss: labels.map { HeadLoss.nextTokens(logits, $0) }, logits: logits, output)
  }

  /// The number of tokens that are scored.
  public var vocabularySize: Int { model.settings.vocabulary }
  /// The number of positions that the model was made for.
  public var maxPositions: Int? { model.settings.maxPositions }
  /// The number of positions that have vectors, where these are learned.
  public var positionLimit: Int? {
    model.settings.learnsPositions ? model.settings.maxPositions : nil
  }

  /// The length from which on keys are turned otherwise.
  public var rereadingLength: Int? { model.settings.rereadingLength }

  /// An empty cache.
  public func makeCache(capacity: Int, rollback: Int) -> KeyValueCache {
    model.makeCache(capacity: capacity, rollback: rollback)
  }

  /// The logits `[N, last, vocabulary]` of a pass's last tokens.
  public func logits(_ pass: DecodingPass) -> Tensor {
    let inputs = ModelInputs(
      inputIds: pass.inputIds, attentionMask: pass.attentionMask, positionIds: pass.positionIds)
    let states = model(inputs, cache: pass.cache).lastHiddenState
    return logits(states.sliced(dim: 1, from: states.shape[1] - pass.last))
  }

  /// The logits of states.
  func logits(_ states: Tensor) -> Tensor {
    var logits = lmHead(states)
    if let divisor = model.settings.logitDivisor { logits = logits / divisor }
    guard let cap = model.settings.logitCap else { return logits }
    return (logits / cap).tanh() * cap
  }
}

/// A decoder that classifies texts or gives them numbers, by the state of each text's last token
/// that is not padding. Logits `[N, labels]`; labels `[N]`, or `[N, labels]` for several.
public final class DecoderForSequenceClassification<Backbone: DecoderModel>:
  HeadedDecoder<Backbone>, LabelledModel
{
  let score: Linear

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    _ = try configuration.problemType
    let decoder = try Backbone(configuration)
    score = configuration.linear(decoder.settings.hidden, try configuration.numLabels, bias: false)
    super.init(over: decoder)
  }

  /// The logits of texts, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = model(inputs)
    let rows = Tensor.arange(inputs.inputIds.shape[0])
    let states = output.lastHiddenState[rows, lastTokens(inputs.inputIds)]
    let logits = score(states)
    return ModelOutput(
      loss: labels.map { HeadLoss.sequence(logits, $0, configuration) }, logits: logits, output)
  }

  /// The position of each row's last token that is not `pad_token_id`.
  private func lastTokens(_ ids: Tensor) -> Tensor {
    let padding = configuration["pad_token_id"].map(\.int) ?? Backbone.tokens["pad_token_id"]?.int
    guard let padding else {
      require(
        ids.shape[0] == 1, "\(Backbone.familyName)ForSequenceClassification",
        "several texts at once need a padding token: set pad_token_id in the configuration")
      return Tensor.full([1], ids.shape[1] - 1, dtype: .int64)
    }
    return noGrad {
      (Tensor.arange(ids.shape[1]) * ids.ne(padding).to(.int64)).argmax(dim: -1)
    }
  }
}

/// A decoder that classifies tokens. Logits `[N, T, labels]`; labels `[N, T]`, −100 where a token
/// does not count.
public final class DecoderForTokenClassification<Backbone: DecoderModel>: HeadedDecoder<Backbone>,
  LabelledModel
{
  let dropout: Dropout
  let score: Linear

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    let decoder = try Backbone(configuration)
    let name = ["classifier_dropout", "hidden_dropout"].first { configuration.value($0) != nil }
    dropout = Dropout(try name.map { try configuration.probability($0, 0.1) } ?? 0.1)
    score = configuration.linear(
      decoder.settings.hidden, try configuration.numLabels,
      bias: try configuration.bool("token_classification_bias", true))
    super.init(over: decoder)
  }

  public override class var stateNames: [String: String] {
    ["model": Backbone.baseModelPrefix, "score": Backbone.tokenHeadName]
  }

  /// The logits of tokens, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let output = model(inputs)
    let logits = score(dropout(output.lastHiddenState))
    return ModelOutput(loss: labels.map { HeadLoss.tokens(logits, $0) }, logits: logits, output)
  }
}

/// A decoder that finds the answer to a question in a text.
public final class DecoderForQuestionAnswering<Backbone: DecoderModel>: HeadedDecoder<Backbone>,
  AnsweringModel
{
  let qaOutputs: Linear

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    let decoder = try Backbone(configuration)
    qaOutputs = configuration.linear(decoder.settings.hidden, 2)
    super.init(over: decoder)
  }

  public override class var stateNames: [String: String] { ["model": Backbone.answeringPrefix] }
  public override class var baseModelPrefix: String { Backbone.answeringPrefix }

  /// Where answers start and end, and the loss where positions are given.
  public func callAsFunction(
    _ inputs: ModelInputs, startPositions: Tensor?, endPositions: Tensor?
  ) -> QuestionAnsweringOutput {
    let output = model(inputs)
    let logits = qaOutputs(output.lastHiddenState)
    let (starts, ends) = (logits.select(dim: 2, index: 0), logits.select(dim: 2, index: 1))
    var loss: Tensor?
    if let startPositions, let endPositions {
      loss = HeadLoss.answers(
        starts, ends, startPositions: startPositions, endPositions: endPositions)
    }
    return QuestionAnsweringOutput(
      loss: loss, startLogits: starts, endLogits: ends, hiddenStates: output.hiddenStates,
      attentions: output.attentions)
  }
}
