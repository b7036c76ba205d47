import Base

/// How text is generated: `generation_config.json`, and the keywords of `generate`
/// (`transformers.GenerationConfig`).
///
/// A setting that is nil is not set: then the model's own configuration decides, and after it the
/// default that is named here.
///
/// ```swift
/// var config = GenerationConfig()
/// config.maxNewTokens = 50
/// config.doSample = true
/// config.temperature = 0.7
/// ```
public struct GenerationConfig: Equatable, Sendable {
  /// The settings by their names in generation_config.json, in alphabetical order when written.
  private(set) var fields: [String: ConfigurationValue] = [:]
  /// The file that the settings were read from.
  private(set) var path: String?

  /// Nothing set.
  public init() {}

  /// The commonest settings by name; nil leaves one to the model.
  ///
  /// - Parameters:
  ///   - maxNewTokens: The most tokens that are generated.
  ///   - doSample: Whether tokens are drawn.
  ///   - temperature: What scores are divided by before tokens are drawn.
  ///   - topK: How many of the likeliest tokens are drawn from.
  ///   - topP: How much probability the tokens that are drawn from have together.
  ///   - numBeams: How many sequences are followed side by side.
  public init(
    maxNewTokens: Int?, doSample: Bool? = nil, temperature: Double? = nil, topK: Int? = nil,
    topP: Double? = nil, numBeams: Int? = nil
  ) {
    (self.maxNewTokens, self.doSample, self.temperature) = (maxNewTokens, doSample, temperature)
    (self.topK, self.topP, self.numBeams) = (topK, topP, numBeams)
  }

  /// Settings by the names of generation_config.json: `["max_new_tokens": 20]`.
  /// - Throws: ``GenerationError`` where a name is unknown or a value is of another kind.
  public init(settings: [String: ConfigurationValue]) throws(GenerationError) {
    for (name, value) in settings where value != .null { fields[name] = value }
    for name in settings.keys.sorted() where !Self.isKnown(name) {
      throw GenerationError(name, "there is no such setting")
    }
    try checkKinds()
  }

  /// Settings of a file, whose unknown names are passed over as in transformers.
  init(members fields: ConfigurationValue, path: String) throws(GenerationError) {
    for member in fields.members ?? [] where member.value != .null && Self.isKnown(member.name) {
      self.fields[member.name] = member.value
    }
    self.path = path
    try checkKinds()
  }

  /// These settings, and those of another configuration where nothing is set here.
  public func filled(from other: GenerationConfig) -> GenerationConfig {
    var result = self
    result.fields.merge(other.fields) { own, _ in own }
    return result
  }

  /// The file's JSON, as transformers writes it.
  public var json: String {
    ConfigurationValue.object(fields.map { .init($0.key, $0.value) }).json() + "\n"
  }

  subscript(name: String) -> ConfigurationValue? {
    get { fields[name] }
    set { fields[name] = newValue }
  }
}

/// Length.
extension GenerationConfig {
  /// The greatest length, its prompt included. By default 20 more than the prompt, but no more than
  /// the model's positions.
  public var maxLength: Int? {
    get { self["max_length"]?.int }
    set { self["max_length"] = newValue.map(ConfigurationValue.int) }
  }
  /// How many tokens to generate at most; goes before ``maxLength``.
  public var maxNewTokens: Int? {
    get { self["max_new_tokens"]?.int }
    set { self["max_new_tokens"] = newValue.map(ConfigurationValue.int) }
  }
  /// The least length, its prompt included. By default 0.
  public var minLength: Int? {
    get { self["min_length"]?.int }
    set { self["min_length"] = newValue.map(ConfigurationValue.int) }
  }
  /// How many tokens to generate at least; goes before ``minLength``.
  public var minNewTokens: Int? {
    get { self["min_new_tokens"]?.int }
    set { self["min_new_tokens"] = newValue.map(ConfigurationValue.int) }
  }
  /// When beam search ends. By default ``EarlyStopping/heuristic``.
  public var earlyStopping: EarlyStopping? {
    get { self["early_stopping"].flatMap(EarlyStopping.init) }
    set { self["early_stopping"] = newValue?.value }
  }
  /// After how many seconds no further token is begun.
  public var maxTime: Double? {
    get { self["max_time"]?.double }
    set { self["max_time"] = newValue.map(ConfigurationValue.double) }
  }
  /// Texts that end a sequence; generate needs a way to decode tokens for them.
  public var stopStrings: [String]? {
    get { self["stop_strings"].flatMap { $0.string.map { [$0] } ?? $0.list?.compactMap(\.string) } }
    set { self["stop_strings"] = newValue.map { .list($0.map(ConfigurationValue.string)) } }
  }
}

/// Strategy.
extension GenerationConfig {
  /// Whether tokens are drawn. By default the likeliest are taken.
  public var doSample: Bool? {
    get { self["do_sample"]?.bool }
    set { self["do_sample"] = newValue.map(ConfigurationValue.bool) }
  }
  /// How many beams are searched. By default 1: no search.
  public var numBeams: Int? {
    get { self["num_beams"]?.int }
    set { self["num_beams"] = newValue.map(ConfigurationValue.int) }
  }
  /// How many sequences each prompt gives. By default 1.
  public var numReturnSequences: Int? {
    get { self["num_return_sequences"]?.int }
    set { self["num_return_sequences"] = newValue.map(ConfigurationValue.int) }
  }
  /// Whether keys and values are kept. By default true.
  public var useCache: Bool? {
    get { self["use_cache"]?.bool }
    set { self["use_cache"] = newValue.map(ConfigurationValue.bool) }
  }
  /// How many of the prompt's tokens are read at once; nil for all.
  public var prefillChunkSize: Int? {
    get { self["prefill_chunk_size"]?.int }
    set { self["prefill_chunk_size"] = newValue.map(ConfigurationValue.int) }
  }
  /// The power of the length that a beam's score is divided by. By default 1.
  public var lengthPenalty: Double? {
    get { self["length_penalty"]?.double }
    set { self["length_penalty"] = newValue.map(ConfigurationValue.double) }
  }
  /// How many tokens an assistant drafts in a round. By default 20.
  public var numAssistantTokens: Int? {
    get { self["num_assistant_tokens"]?.int }
    set { self["num_assistant_tokens"] = newValue.map(ConfigurationValue.int) }
  }
  /// How that number changes: `constant` (default), or `heuristic` and `heuristic_transient`: two
  /// more after a round in which all were right, else one fewer.
  public var numAssistantTokensSchedule: String? {
    get { self["num_assistant_tokens_schedule"]?.string }
    set { self["num_assistant_tokens_schedule"] = newValue.map(ConfigurationValue.string) }
  }
  /// The assistant's probability of a token below which its round ends. By default 0.4.
  public var assistantConfidenceThreshold: Double? {
    get { self["assistant_confidence_threshold"]?.double }
    set { self["assistant_confidence_threshold"] = newValue.map(ConfigurationValue.double) }
  }
  /// How many tokens are copied from the prompt as a draft; nil for none.
  public var promptLookupNumTokens: Int? {
    get { self["prompt_lookup_num_tokens"]?.int }
    set { self["prompt_lookup_num_tokens"] = newValue.map(ConfigurationValue.int) }
  }
  /// How many of the last tokens are looked up in the prompt at most. By default 2.
  public var maxMatchingNgramSize: Int? {
    get { self["max_matching_ngram_size"]?.int }
    set { self["max_matching_ngram_size"] = newValue.map(ConfigurationValue.int) }
  }
  /// Whether the processed scores of every step are returned. By default false.
  public var outputScores: Bool? {
    get { self["output_scores"]?.bool }
    set { self["output_scores"] = newValue.map(ConfigurationValue.bool) }
  }
  /// Whether the model's own logits of every step are returned. By default false.
  public var outputLogits: Bool? {
    get { self["output_logits"]?.bool }
    set { self["output_logits"] = newValue.map(ConfigurationValue.bool) }
  }
}

/// When beam search ends (`early_stopping`).
public enum EarlyStopping: Sendable, Equatable {
  /// Where no running beam can beat the worst finished one at its present length.
  case heuristic
  /// As soon as there are as many finished sequences as beams.
  case whenFull
  /// Where no running beam can beat the worst finished one at any length.
  case never

  init?(_ value: ConfigurationValue) {
    switch value {
    case .bool(false): self = .heuristic
    case .bool(true): self = .whenFull
    case .string("never"): self = .never
    default: return nil
    }
  }

  var value: ConfigurationValue {
    switch self {
    case .heuristic: false
    case .whenFull: true
    case .never: "never"
    }
  }
}
