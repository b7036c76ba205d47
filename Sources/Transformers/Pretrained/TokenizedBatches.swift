import Tensors
import Tokenizers

extension ModelInputs {
  /// A tokenizer's batch as tensors: ids, and where it has them masks and segments, `[N, T]` each.
  ///
  /// ```swift
  /// let inputs = try ModelInputs(tokenizer(["A first text.", "Another one"], padding: true))
  /// ```
  /// - Throws: ``ModelError`` where rows differ in length.
  public init(_ batch: BatchEncoding) throws(ModelError) {
    let lengths = Set(batch.inputIds.map(\.count)).sorted()
    guard lengths.count == 1, let length = lengths.first else {
      throw ModelError(
        .mismatch, path: "", "the batch's texts have \(lengths) tokens, which make no tensor",
        remedy: "Have the tokenizer fill them up: tokenizer(texts, padding: true)")
    }
    func tensor(_ rows: [[Int]]) -> Tensor {
      Tensor(rows.flatMap { $0 }, shape: [rows.count, length])
    }
    self.init(
      inputIds: tensor(batch.inputIds), attentionMask: batch.attentionMask.map(tensor),
      tokenTypeIds: batch.tokenTypeIds.map(tensor))
  }
}

extension PretrainedModel {
  /// The states of texts, `[N, T, hidden]`, of an encoder or a decoder without a head, such as
  /// ``AutoModel`` loads.
  ///
  /// ```swift
  /// let model = try AutoModel.fromPretrained("models/bert")
  /// let states = try model.states(of: ModelInputs(batch)).lastHiddenState
  /// ```
  /// - Throws: ``ModelError`` where the model makes no states of tokens.
  public func states(of inputs: ModelInputs) throws(ModelError) -> EncoderOutput {
    try stateFunction()(inputs)
  }

  /// What makes states of texts, as ``states(of:)`` does.
  func stateFunction() throws(ModelError) -> (ModelInputs) -> EncoderOutput {
    switch self {
    case let model as any EncoderModel: return { model($0) }
    case let model as DecoderModel: return { model($0) }
    default:
      throw ModelError(
        .unsupported, path: configuration.path, "\(type(of: self)) makes no states of tokens",
        remedy: "Use an encoder or a decoder without a head")
    }
  }
}

extension LabelledModel {
  /// The logits of a tokenizer's batch, and their loss where labels are given.
  /// - Throws: ``ModelError`` where rows differ in length.
  public func callAsFunction(
    _ batch: BatchEncoding, labels: Tensor? = nil
  ) throws(ModelError) -> ModelOutput {
    self(try ModelInputs(batch), labels: labels)
  }
}

extension GenerativeModel {
  /// Goes on from a tokenizer's batch.
  ///
  /// ```swift
  /// let output = try model.generate(tokenizer("Once upon a time"), config: .init(maxNewTokens: 20))
  /// print(tokenizer.decode(output.rows[0], skipSpecialTokens: true))
  /// ```
  /// - Parameters:
  ///   - batch: Prompts; of different lengths, they are filled up on the left.
  ///   - config: Settings of this call, before the model's own.
  ///   - generator: What sampling draws from.
  /// - Throws: ``ModelError`` where rows differ in length, ``GenerationError`` where settings cannot be
  ///   followed.
  public func generate(
    _ batch: BatchEncoding, config: GenerationConfig = GenerationConfig(),
    generator: Generator? = nil
  ) throws -> GenerationOutput {
    let inputs = try ModelInputs(batch)
    return try generate(
      inputs.inputIds, attentionMask: inputs.attentionMask, config: config, generator: generator)
  }
}
