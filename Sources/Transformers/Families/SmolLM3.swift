import Tensors

extension ModelFamily {
  /// SmolLM 3 (Hugging Face 2025).
  static let smolLM3 = ModelFamily(decoder: SmolLM3Model.self, ["smollm3"])
}

/// SmolLM 3 that tells the next token.
public typealias SmolLM3ForCausalLM = DecoderForCausalLM<SmolLM3Model>
/// SmolLM 3 that classifies texts.
public typealias SmolLM3ForSequenceClassification = DecoderForSequenceClassification<SmolLM3Model>
/// SmolLM 3 that classifies tokens.
public typealias SmolLM3ForTokenClassification = DecoderForTokenClassification<SmolLM3Model>
/// SmolLM 3 that finds answers.
public typealias SmolLM3ForQuestionAnswering = DecoderForQuestionAnswering<SmolLM3Model>

/// SmolLM 3 without a head: a Llama in which every fourth layer turns no queries and keys by their
/// positions.
public final class SmolLM3Model: DecoderModel {
  public override class var familyName: String { "SmolLM3" }
  public override class var tokens: [String: ConfigurationValue] {
    ["bos_token_id": 128_000, "eos_token_id": 128_001, "pad_token_id": 128_004]
  }
  public override class var answeringPrefix: String { "transformer" }
  public override class var tiesEmbeddings: Bool { true }

  public override class func settings(
    _ configuration: ModelConfiguration
  ) throws -> DecoderSettings {
    var settings = try DecoderSettings(
      llamaLike: configuration,
      DecoderDefaults(
        vocabulary: 128_256, hidden: 2048, layers: 36, heads: 16, keyValueHeads: 4,
        maxPositions: 32_768, paddingIndex: 128_004))
    try settings.takeBiases(configuration)
    try settings.rotate(configuration, base: 2_000_000)
    let turns = try turningLayers(configuration, settings.layers)
    settings.rotaryOfLayer = turns.map { $0 ? 0 : nil }
    // Qwen's field, which stands in SmolLM 3's files, and which transformers does not read there either.
    configuration.note(["max_window_layers"])
    let window = try configuration.window("sliding_window", nil)
    let used = try configuration.bool("use_sliding_window", false) ? window : nil
    let sliding = try settings.slidingLayers(configuration) { used != nil && !turns[$0] }
    if sliding.contains(true), used == nil {
      throw configuration.fault(
        "layer_types",
        "a layer has sliding_attention, but use_sliding_window or sliding_window is off")
    }
    settings.windows = sliding.map { $0 ? used : nil }
    return settings
  }

  /// Which layers turn queries and keys: those of 1 in `no_rope_layers`, or all but every
  /// `no_rope_layer_interval`-th.
  private static func turningLayers(
    _ configuration: ModelConfiguration, _ layers: Int
  ) throws -> [Bool] {
    let interval = try configuration.size("no_rope_layer_interval", 4)
    guard let given = configuration.value("no_rope_layers"), given != .null else {
      return (0..<layers).map { ($0 + 1) % interval != 0 }
    }
    guard let numbers = given.list?.map(\.int), numbers.count >= layers,
      numbers.allSatisfy({ $0 == 0 || $0 == 1 })
    else {
      throw configuration.fault("no_rope_layers", "0 or 1 is expected for each of \(layers) layers")
    }
    return numbers.prefix(layers).map { $0 == 1 }
  }
}
