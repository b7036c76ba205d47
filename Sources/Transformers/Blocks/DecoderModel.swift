import NN
import Tensors

/// A decoder without a head (`LlamaModel`): embeddings, layers that see what came before, a norm.
///
/// A family subclasses it with its ``settings(_:)`` and, where transformers' names differ, with
/// `stateNames` and a block class of its own.
open class DecoderModel: PretrainedModel {
  /// The table of the tokens.
  public let embedTokens: Embedding
  /// The table of the positions, where they are learned.
  public let positionEmbeddings: Embedding?
  /// The layers, the first one first.
  public let layers: [DecoderBlock]
  /// The norm behind the layers.
  public let norm: any Layer
  /// What the decoder is made of.
  public let settings: DecoderSettings
  private let dropout: Dropout

  /// A decoder of a configuration.
  /// - Throws: ``ModelError`` where the configuration cannot be followed.
  public required init(_ configuration: ModelConfiguration) throws {
    settings = try Self.settings(configuration)
    embedTokens = configuration.embedding(
      settings.vocabulary, settings.hidden, paddingIndex: settings.paddingIndex)
    positionEmbeddings =
      settings.learnsPositions
      ? configuration.embedding(settings.maxPositions, settings.hidden) : nil
    let (settings, block) = (settings, Self.block)
    layers = (0..<settings.layers).map { block.init(settings, layer: $0) }
    norm = settings.norm(settings.hidden)
    dropout = Dropout(settings.embeddingDropout)
    super.init(configuration: configuration)
  }

  /// What the names of the family's classes begin with: `Llama`.
  open class var familyName: String { "" }
  /// The family's choices for a configuration.
  open class func settings(_ configuration: ModelConfiguration) throws -> DecoderSettings {
    throw configuration.fault("model_type", "\(self) has no settings")
  }
  /// The class of the layers, whose names a family may change.
  open class var block: DecoderBlock.Type { DecoderBlock.self }
  /// The name of the head that classifies tokens.
  open class var tokenHeadName: String { "score" }
  /// The decoder's name in the class that finds answers.
  open class var answeringPrefix: String { baseModelPrefix }
  /// The default of `tie_word_embeddings`.
  open class var tiesEmbeddings: Bool { false }
  /// The defaults of special tokens (`bos_token_id`, `eos_token_id`, `pad_token_id`).
  open class var tokens: [String: ConfigurationValue] { [:] }

  open override class var baseModelPrefix: String { "model" }

  /// An empty cache for the decoder's layers.
  /// - Parameters:
  ///   - capacity: How many tokens to reserve memory for.
  ///   - rollback: How many of the newest tokens may be taken back.
  public func makeCache(capacity: Int = 0, rollback: Int = 0) -> KeyValueCache {
    KeyValueCache(windows: settings.windows, capacity: capacity, rollback: rollback)
  }

  /// The states of texts.
  /// - Parameters:
  ///   - inputs: New tokens; the attention mask covers those in the cache too. Positions that do not
  ///     go on by one begin a new text in the same row where there are neither mask nor cache.
  ///   - cache: Keys and values of the tokens before, to which those of the new ones are added.
  public func callAsFunction(_ inputs: ModelInputs, cache: KeyValueCache? = nil) -> EncoderOutput {
    let ids = inputs.inputIds
    require(
      ids.rank == 2, Self.familyName, "token ids of [N, T] are expected, not \(ids.shape)")
    let (past, length) = (cache?.sequenceLength ?? 0, ids.shape[1])
    let padding = checkedPadding(inputs.attentionMask, ids, past)
    let positions =
      inputs.positionIds ?? Tensor.arange(past, past + length).unsqueezed(0)
    var states = embedTokens(ids)
    if let scale = settings.embeddingScale {
      states = states * Tensor(scale, dtype: states.dtype).item()
    }
    if let positionEmbeddings {
      require(
        past + length <= settings.maxPositions || inputs.positionIds != nil, Self.familyName,
        "\(past + length) tokens are more than the \(settings.maxPositions) positions of the model")
      states = states + positionEmbeddings(positions)
    }
    if let types = inputs.tokenTypeIds, settings.learnsPositions {
      states = states + embedTokens(types)
    }
    states = dropout(states)
    let weights = inputs.outputAttentions ? AttentionWeights() : nil
    let texts =
      padding == nil && cache == nil && inputs.attentionMask == nil
      ? inputs.positionIds.flatMap(DecoderMask.texts) : nil
    let pass = DecoderPass(
      settings, queries: length, positions: positions, padding: padding, texts: texts, cache: cache,
      weights: weights, dtype: states.dtype)
    var all = inputs.outputHiddenStates ? [states] : nil
    let keepsInputs = inputs.gradientCheckpointing && cache == nil && weights == nil
    for layer in layers {
      states =
        keepsInputs && layer.isTraining
        ? checkpoint(layer, [states]) { layer($0[0], pass) } : layer(states, pass)
      all?.append(states)
    }
    states = norm(states)
    if let last = all?.indices.last, last > 0 { all?[last] = states }
    return EncoderOutput(
      lastHiddenState: states, poolerOutput: nil, hiddenStates: all, attentions: weights?.layers)
  }

  /// A mask of `[N, past + T]`, or nil where it masks nothing.
  private func checkedPadding(_ mask: Tensor?, _ ids: Tensor, _ past: Int) -> Tensor? {
    guard let mask else { return nil }
    require(
      mask.shape == [ids.shape[0], past + ids.shape[1]], Self.familyName,
      "an attention mask of \(mask.shape) for \(past) tokens in the cache and ids of \(ids.shape)")
    let counts = mask.dtype == .bool ? mask : mask.ne(0)
    return counts.all().item(Bool.self) ? nil : counts
  }
}
