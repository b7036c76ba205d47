import Base
import Tensors
import Tokenizers
import Transformers

/// A language model with its tokenizer, as a folder holds both: it continues texts and answers in
/// conversations.
///
/// ```swift
/// let writer = try TextWriter(folder: "models/smollm")
/// let texts = try writer.continuations(of: "Once upon a time", writer.config, seed: 1) {
///   print($0, terminator: "")
/// }
/// ```
public struct TextWriter {
  /// Makes ids of texts, and texts of ids.
  public let tokenizer: PreTrainedTokenizer
  /// Tells the next token.
  public let model: any GenerativeModel
  /// A smaller model of the same vocabulary, which drafts tokens.
  public var assistant: (any GenerativeModel)?

  /// Loads a folder, or a name that the hub's cache holds.
  /// - Parameters:
  ///   - folder: The folder, with `config.json`, weights and a tokenizer.
  ///   - dtype: The weights' type; nil for the one that they were saved with.
  /// - Throws: What is missing, damaged or does not fit, with its file.
  public init(folder: String, dtype: DType? = nil) throws {
    self.init(
      tokenizer: try AutoTokenizer.fromPretrained(folder), model: try Self.model(folder, dtype))
    guard tokenizer.count <= model.vocabularySize else {
      throw TextError(
        "\(folder): the tokenizer has \(tokenizer.count) tokens and the model \(model.vocabularySize); use the tokenizer that the model was trained with"
      )
    }
  }

  /// What a model is loaded for whose configuration names no class: to write, in the way of its family.
  static func task(_ folder: String) -> ModelTask? {
    guard let json = try? ModelFolder(folder).json("config.json"),
      json["architectures"]?.array?.isEmpty ?? true,
      let family = json["model_type"]?.string.flatMap(ModelRegistry.family)
    else { return nil }
    return family.tasks[.seq2SeqLM] != nil ? .seq2SeqLM : .causalLM
  }

  /// A model with its tokenizer.
  public init(tokenizer: PreTrainedTokenizer, model: any GenerativeModel) {
    self.tokenizer = tokenizer
    self.model = model
  }

  /// Loads a model that writes.
  static func model(_ folder: String, _ dtype: DType?) throws -> any GenerativeModel {
    let loaded = try Pretrained.load(
      folder, task: task(folder), PretrainedOptions(dtype: dtype))
    guard let model = loaded as? any GenerativeModel else {
      throw TextError(
        "\(folder): a \(type(of: loaded)) writes no texts; name a model for causal language modelling or for sequence to sequence"
      )
    }
    if let report = model.loadReport, !report.missing.isEmpty {
      throw TextError(
        "\(folder): the weights lack \(report.missing.joined(separator: ", ")); complete the download"
      )
    }
    return model
  }

  /// Settings in which the tokenizer's tokens stand where the folder names none.
  public var config: GenerationConfig {
    var config = GenerationConfig()
    if model.generationConfig.eosTokenId == nil {
      config.eosTokenId = tokenizer.eosTokenId.map { [$0] }
    }
    if model.generationConfig.padTokenId == nil { config.padTokenId = tokenizer.padTokenId }
    return config
  }

  /// How many tokens a text and its continuation may have; nil where nothing limits them.
  public var contextLength: Int? {
    model.isEncoderDecoder ? model.positionLimit : model.positionLimit ?? model.maxPositions
  }

  /// The ids of a prompt.
  /// - Throws: ``TextError`` where it is empty and no token begins a text, or where it leaves no room in
  ///   the context.
  public func ids(ofPrompt prompt: String) throws -> [Int] {
    var ids = try tokenizer(prompt).inputIds[0]
    if ids.isEmpty, let first = tokenizer.bosTokenId ?? model.generationConfig.bosTokenId {
      ids = [first]
    }
    guard !ids.isEmpty else {
      throw TextError(
        "the prompt is empty, and this tokenizer has no token that begins a text; give a prompt")
    }
    try checkRoom(ids.count, "the prompt")
    return ids
  }

  func checkRoom(_ count: Int, _ what: String) throws(TextError) {
    guard let most = contextLength, count >= most else { return }
    throw TextError(
      "\(what) has \(count) tokens, and the model's context \(most), which leaves no room to go on; shorten it"
    )
  }

  /// Continues a prompt.
  /// - Parameters:
  ///   - prompt: The text to go on with, or the source of an encoder-decoder.
  ///   - config: Settings before the folder's own; begin with ``config``.
  ///   - seed: What tokens are drawn from.
  ///   - negativePrompt: What `guidance_scale` leads away from.
  ///   - output: Takes each piece of the first continuation as soon as it is certain, where one is
  ///     asked for and no beams are searched; whole characters only.
  /// - Returns: The continuations, without the prompt.
  public func continuations(
    of prompt: String, _ config: GenerationConfig, seed: UInt64, negativePrompt: String? = nil,
    output: ((String) -> Void)? = nil
  ) throws -> [String] {
    if negativePrompt != nil, config.filled(from: model.generationConfig).guidanceScale ?? 1 == 1 {
      throw TextError("a negative prompt needs guidance_scale: set it to a number other than 1")
    }
    return try continuations(
      of: try ids(ofPrompt: prompt), config, seed: seed,
      negative: try negativePrompt.map(ids(ofPrompt:)), output: output)
  }

  /// Continues ids.
  /// - Parameters:
  ///   - ids: The tokens of the prompt.
  ///   - config: How tokens are chosen, and when writing ends.
  ///   - seed: The seed of what is drawn.
  ///   - negative: The tokens of a negative prompt.
  ///   - promptCache: What an earlier call has read, from which this one goes on.
  ///   - output: Is handed each piece of text as soon as it is written, where there is one
  ///     continuation.
  public func continuations(
    of ids: [Int], _ config: GenerationConfig, seed: UInt64, negative: [Int]? = nil,
    promptCache: PromptCache? = nil,
    output: ((String) -> Void)? = nil
  ) throws -> [String] {
    let config = bounded(config, prompt: ids.count)
    let whole = config.filled(from: model.generationConfig)
    let isSingle = (whole.numBeams ?? 1) == 1 && (whole.numReturnSequences ?? 1) == 1
    let tokenizer = tokenizer
    let decode = { (ids: [Int]) in tokenizer.decode(ids, skipSpecialTokens: true) }
    let streamer =
      isSingle
      ? output.map { TextStreamer(skipPrompt: true, decode: decode, output: $0) } : nil
    let result = try model.generate(
      Tensor([ids]), config: config, negativePromptIds: negative.map { Tensor([$0]) },
      assistant: assistant, streamer: streamer, decode: decode,
      generator: Generator(seed: seed), promptCache: promptCache)
    let start = model.isEncoderDecoder ? 0 : ids.count
    return result.rows.map { decode(Array($0.dropFirst(start))) }
  }

  /// Settings that end with the context.
  private func bounded(_ config: GenerationConfig, prompt: Int) -> GenerationConfig {
    guard let most = contextLength else { return config }
    var config = config
    let room = model.isEncoderDecoder ? most - 1 : most - prompt
    if let asked = config.maxNewTokens, asked > room { config.maxNewTokens = max(room, 1) }
    return config
  }
}

/// What a text, or a folder of a model and its texts, lacks.
public struct TextError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and what to do.
  public let description: String

  /// Describes one fault.
  public init(_ description: String) { self.description = description }
}
