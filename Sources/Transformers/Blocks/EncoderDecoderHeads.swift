import NN
import Tensors

/// A model that writes a text from a text.
public protocol Seq2SeqLanguageModel: GenerativeModel {
  /// The logits of the decoder's tokens, and their loss where labels are given; the decoder's tokens
  /// are then by default the labels, shifted right.
  func callAsFunction(_ inputs: Seq2SeqInputs, labels: Tensor?) -> Seq2SeqOutput
  /// The decoder's tokens that go with labels `[N, T]`: these, moved right by one behind the token that
  /// begins a text (`prepare_decoder_input_ids_from_labels`).
  func decoderInputIds(from labels: Tensor) -> Tensor
}

extension Seq2SeqLanguageModel {
  /// The logits of the decoder's tokens, and their loss where labels are given.
  /// - Parameters:
  ///   - inputIds: The source's tokens `[N, S]`.
  ///   - attentionMask: 1 where the source's tokens count.
  ///   - decoderInputIds: The decoder's tokens `[N, T]`; by default the labels, shifted right.
  ///   - labels: `[N, T]`, −100 where a token does not count.
  public func callAsFunction(
    inputIds: Tensor, attentionMask: Tensor? = nil, decoderInputIds: Tensor? = nil,
    labels: Tensor? = nil
  ) -> Seq2SeqOutput {
    self(
      Seq2SeqInputs(
        ModelInputs(inputIds: inputIds, attentionMask: attentionMask),
        decoderInputIds: decoderInputIds),
      labels: labels)
  }
}

/// An encoder-decoder with the scores of the next token.
public final class EncoderDecoderForConditionalGeneration<Body: EncoderDecoderModel>:
  PretrainedModel, Seq2SeqLanguageModel
{
  /// The encoder and the decoder.
  public let model: Body
  let finalLogitsBias: Buffer?
  let lmHead: TiedLinear
  /// The settings that hold where a call of generate gives none.
  public var generationConfig: GenerationConfig

  /// A model of a configuration.
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - bias: Whether files hold a bias of the logits that is not trained.
  ///   - ties: Whether the output layer has the embedding's weights.
  public init(_ configuration: ModelConfiguration, bias: Bool = false, ties: Bool) throws {
    model = try Body(configuration)
    let table = model.inputEmbeddings.weight
    lmHead = TiedLinear(table, isTied: ties)
    finalLogitsBias =
      bias ? Buffer(.zeros([1, table.shape[0]], dtype: configuration.dtype)) : nil
    generationConfig = try GenerationConfig(beside: configuration, defaults: Body.tokens)
    super.init(configuration: configuration)
  }

  public override class var stateNames: [String: String] { ["model": Body.writingPrefix] }
  public override class var baseModelPrefix: String { Body.baseModelPrefix }
  public override var initializerRange: Double { model.initializerRange }
  public override func isObsolete(_ name: String) -> Bool { model.isObsolete(name) }
  public override func mayBeMissing(_ name: String) -> Bool { name == "final_logits_bias" }
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    model.initialize(parameter, name, in: module)
  }

  /// The logits of the decoder's tokens, and their loss where labels are given.
  public func callAsFunction(_ inputs: Seq2SeqInputs, labels: Tensor?) -> Seq2SeqOutput {
    var inputs = inputs
    if inputs.decoderInputIds == nil { inputs.decoderInputIds = labels.map(model.shiftedRight) }
    require(
      inputs.decoderInputIds != nil, Body.familyName,
      "the decoder's tokens are missing: give decoderInputIds or labels")
    let states = model(inputs)
    let logits = logits(states.decoder.lastHiddenState)
    return Seq2SeqOutput(
      loss: labels.map { HeadLoss.tokens(logits, $0) }, logits: logits, states: states)
  }

  /// The labels moved right by one.
  public func decoderInputIds(from labels: Tensor) -> Tensor { model.shiftedRight(labels) }

  private func logits(_ states: Tensor) -> Tensor {
    let logits = lmHead(model.outputScale.map { states * $0 } ?? states)
    return finalLogitsBias.map { logits + $0.value } ?? logits
  }

  /// The number of tokens that are scored.
  public var vocabularySize: Int { lmHead.weight.shape[0] }
  /// The number of positions that the model was made for.
  public var maxPositions: Int? { model.positionLimit }
  /// The number of positions that have vectors.
  public var positionLimit: Int? { model.positionLimit }
  /// Answers begin with a token of their own.
  public var isEncoderDecoder: Bool { true }

  /// An empty cache.
  public func makeCache(capacity: Int, rollback: Int) -> KeyValueCache {
    model.makeCache(capacity: capacity)
  }

  /// The source's states, computed once for a text that is written token by token.
  public func encoded(_ inputs: ModelInputs) -> EncodedInputs {
    EncodedInputs(states: model.encode(inputs).lastHiddenState, mask: inputs.attentionMask)
  }

  /// The logits `[N, last, vocabulary]` of a pass's last tokens.
  public func logits(_ pass: DecodingPass) -> Tensor {
    guard let encoded = pass.encoded else {
      fail(Body.familyName, "a pass of an encoder-decoder needs the source's states")
    }
    // The source's ids are not read again: its states are there.
    let inputs = Seq2SeqInputs(
      ModelInputs(inputIds: pass.inputIds, attentionMask: encoded.mask),
      decoderAttentionMask: pass.attentionMask, cache: pass.cache)
    let states = model.decode(
      pass.inputIds, source: EncoderOutput(lastHiddenState: encoded.states), inputs
    ).decoder.lastHiddenState
    return logits(states.sliced(dim: 1, from: states.shape[1] - pass.last))
  }
}

/// An encoder-decoder that classifies texts by the decoder's state of the last end token. Logits
/// `[N, labels]`; labels `[N]`, or `[N, labels]` for several.
public final class EncoderDecoderForSequenceClassification<Body: EncoderDecoderModel>:
  PretrainedModel, LabelledModel
{
  let model: Body
  let classificationHead: FirstTokenHead.Layers

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    _ = try configuration.problemType
    model = try Body(configuration)
    guard configuration["eos_token_id"]?.int != nil else {
      throw configuration.fault(
        "eos_token_id", "texts are told by their end token, so it must be there")
    }
    classificationHead = FirstTokenHead.Layers(
      configuration, model.inputEmbeddings.weight.shape[1], try configuration.numLabels,
      dropout: model.classifierDropout, activation: .tanh)
    super.init(configuration: configuration)
  }

  public override class var stateNames: [String: String] { ["model": Body.baseModelPrefix] }
  public override class var baseModelPrefix: String { Body.baseModelPrefix }
  public override var initializerRange: Double { model.initializerRange }
  public override func isObsolete(_ name: String) -> Bool { model.isObsolete(name) }
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    model.initialize(parameter, name, in: module)
  }

  /// The logits of texts, and their loss where labels are given.
  public func callAsFunction(_ inputs: ModelInputs, labels: Tensor?) -> ModelOutput {
    let states = model(Seq2SeqInputs(inputs))
    let logits = classificationHead(lastEnds(inputs.inputIds, states.decoder.lastHiddenState))
    return ModelOutput(
      loss: labels.map { HeadLoss.sequence(logits, $0, configuration) }, logits: logits,
      states.decoder)
  }

  /// Each text's state at its last end token, `[N, hidden]`.
  private func lastEnds(_ ids: Tensor, _ states: Tensor) -> Tensor {
    let end = configuration["eos_token_id"]?.int ?? 0
    let (rows, length) = (ids.shape[0], ids.shape[1])
    let tokens = ids.array(of: Int.self)
    let places = (0..<rows).map { row -> Int in
      guard let place = (0..<length).last(where: { tokens[row * length + $0] == end }) else {
        fail(Body.familyName, "text \(row) has no end token \(end), by which it is classified")
      }
      return row * length + place
    }
    return states.reshaped([rows * length, states.shape[2]])
      .indexSelect(dim: 0, index: Tensor(places))
  }
}

/// An encoder-decoder that finds answers: the decoder reads the source once more.
public final class EncoderDecoderForQuestionAnswering<Body: EncoderDecoderModel>: PretrainedModel,
  AnsweringModel
{
  let model: Body
  let qaOutputs: Linear

  /// A model of a configuration.
  public init(_ configuration: ModelConfiguration) throws {
    model = try Body(configuration)
    qaOutputs = configuration.linear(model.inputEmbeddings.weight.shape[1], 2)
    super.init(configuration: configuration)
  }

  public override class var stateNames: [String: String] { ["model": Body.writingPrefix] }
  public override class var baseModelPrefix: String { Body.baseModelPrefix }
  public override var initializerRange: Double { model.initializerRange }
  public override func isObsolete(_ name: String) -> Bool { model.isObsolete(name) }
  public override func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    model.initialize(parameter, name, in: module)
  }

  /// Where answers start and end, and the loss where positions are given.
  public func callAsFunction(
    _ inputs: ModelInputs, startPositions: Tensor?, endPositions: Tensor?
  ) -> QuestionAnsweringOutput {
    let states = model(Seq2SeqInputs(inputs))
    let logits = qaOutputs(states.decoder.lastHiddenState)
    return HeadLoss.answers(logits, states.decoder, startPositions, endPositions)
  }
}
