import Base
import NN
import Tensors
import Tokenizers

/// A model that makes one vector of a text, as sentence-transformers' folders describe it
/// (`modules.json`): an encoder, a pooling, and what stands behind it.
///
/// ```swift
/// let model = try SentenceTransformer("models/all-MiniLM-L6-v2")
/// let vectors = try model.encode(["A dog runs.", "A cat sleeps."])
/// print(model.similarity(vectors, vectors))
/// ```
public final class SentenceTransformer: Module {
  /// The model that makes the tokens' states.
  public let autoModel: PretrainedModel
  /// What cuts texts into tokens.
  public let tokenizer: PreTrainedTokenizer
  /// The most tokens of a text that are read; nil for all.
  public var maxSequenceLength: Int?
  /// How the states become one vector.
  public let pooling: SentencePooling
  /// What changes the vector: linear layers, norms.
  public let stages: [SentenceStage]
  /// How vectors are compared.
  public let similarityFunction: SentenceSimilarity
  /// Texts that go before texts of a kind, by the kind's name (`prompts`).
  public let prompts: [String: String]
  /// The kind that texts are of where none is given.
  public let defaultPromptName: String?
  /// Whether texts are lowercased before they are tokenized, special tokens in them too.
  public let lowercases: Bool
  private let states: (ModelInputs) -> EncoderOutput

  /// Loads a folder, ready for evaluation.
  ///
  /// A folder of transformers without `modules.json` gets a mean pooling, as in
  /// sentence-transformers.
  /// - Parameters:
  ///   - path: A folder, or a name in the hub's cache.
  ///   - dtype: The weights' type; by default the one they were saved with.
  ///   - revision: The branch, tag or commit of a name in the hub's cache.
  ///   - cache: The hub's cache; by default the one that the environment names.
  /// - Throws: ``ModelError``, `TokenizerError` or `CheckpointError`, with the file, the field or
  ///   tensor and a remedy.
  public convenience init(
    _ path: String, dtype: DType? = nil, revision: String = "main", cache: String? = nil
  ) throws {
    let folder = try ModelFolder.found(path, revision: revision, cache: cache)
    let modules = try SentenceModules(folder)
    let model = try modules.encoder(PretrainedOptions(dtype: dtype))
    let place = try modules.encoderFolder()
    let pooling = try modules.pooling()
    let settings = try SentenceSettings(folder, encoder: place)
    let tokenizer = try AutoTokenizer.fromPretrained(place.path)
    // Without a length of its own the folder's is the fewer of what tokenizer and positions take.
    let limits = [
      tokenizer.modelMaxLength, model.configuration["max_position_embeddings"]?.int,
    ].compactMap { $0 }
    try self.init(
      model, tokenizer: tokenizer, pooling: pooling,
      stages: try modules.stages(
        width: Self.width(of: model) * pooling.modes.count, dtype: model.configuration.dtype),
      similarity: settings.similarity,
      maxSequenceLength: settings.maxSequenceLength ?? limits.min(), prompts: settings.prompts,
      defaultPromptName: settings.defaultPromptName, lowercases: settings.lowercases)
    eval()
  }

  /// A model of given parts.
  /// - Throws: ``ModelError`` where the model makes no states of tokens.
  public init(
    _ model: PretrainedModel, tokenizer: PreTrainedTokenizer, pooling: SentencePooling,
    stages: [SentenceStage] = [], similarity: SentenceSimilarity = .cosine,
    maxSequenceLength: Int? = nil, prompts: [String: String] = [:],
    defaultPromptName: String? = nil, lowercases: Bool = false
  ) throws {
    autoModel = model
    self.tokenizer = tokenizer
    self.pooling = pooling
    self.stages = stages
    similarityFunction = similarity
    self.maxSequenceLength = maxSequenceLength
    self.prompts = prompts
    self.defaultPromptName = defaultPromptName
    self.lowercases = lowercases
    states = try model.stateFunction()
  }

  /// The width of the vectors.
  public var dimension: Int {
    stages.reduce(Self.width(of: autoModel) * pooling.modes.count) { $1.width(of: $0) }
  }

  /// The width of a model's states.
  static func width(of model: PretrainedModel) -> Int {
    if let model = model as? DecoderModel { return model.settings.hidden }
    // The table of the tokens may be narrower than the states.
    if let width = model.configuration["hidden_size"]?.int { return width }
    return (model as? any EncoderModel)?.inputEmbeddings.weight.shape[1] ?? 0
  }

  /// The vectors of tokenized texts, `[N, width]`.
  /// - Parameters:
  ///   - inputs: What ``tokenized(_:promptName:)`` gives.
  ///   - promptLength: How many tokens at the beginning of each text belong to a prompt.
  public func callAsFunction(_ inputs: ModelInputs, promptLength: Int = 0) -> Tensor {
    let mask = inputs.attentionMask ?? Tensor.ones(inputs.inputIds.shape, dtype: .int64)
    let output = states(inputs)
    let vectors = pooling(output.lastHiddenState, mask: mask, promptLength: promptLength)
    return stages.reduce(vectors) { $1($0) }
  }

  /// How alike vectors are, every one of the first with every one of the second: `[N, M]`.
  public func similarity(_ a: Tensor, _ b: Tensor) -> Tensor { similarityFunction(a, b) }
}
