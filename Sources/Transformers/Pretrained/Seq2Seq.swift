import NN
import Tensors

/// What an encoder-decoder reads.
public struct Seq2SeqInputs {
  /// The source texts, and what else is to be returned.
  public var source: ModelInputs
  /// The tokens that the decoder has written so far `[N, T]`; by default made of the labels.
  public var decoderInputIds: Tensor?
  /// 1 where the decoder's tokens count, `[N, past + T]`; nil where all do.
  public var decoderAttentionMask: Tensor?
  /// The source's states, where they are known already; the source's ids are then not read.
  public var encoderOutput: EncoderOutput?
  /// Keys and values of the decoder's earlier tokens, to which those of the new ones are added.
  public var cache: KeyValueCache?

  /// Inputs, of which only the source must be there.
  public init(
    _ source: ModelInputs, decoderInputIds: Tensor? = nil, decoderAttentionMask: Tensor? = nil,
    encoderOutput: EncoderOutput? = nil, cache: KeyValueCache? = nil
  ) {
    self.source = source
    self.decoderInputIds = decoderInputIds
    self.decoderAttentionMask = decoderAttentionMask
    self.encoderOutput = encoderOutput
    self.cache = cache
  }
}

/// What an encoder-decoder without a head returns (`Seq2SeqModelOutput`).
public struct Seq2SeqStates {
  /// The decoder's states `[N, T, hidden]`, each layer's and its attention weights, where asked for.
  public var decoder: EncoderOutput
  /// The decoder's attention to the source by layer, where asked for.
  public var crossAttentions: [Tensor]?
  /// The encoder's states.
  public var encoder: EncoderOutput
}

/// What an encoder-decoder with a head returns (`Seq2SeqLMOutput`).
public struct Seq2SeqOutput {
  /// The loss, where there were labels.
  public var loss: Tensor?
  /// The logits `[N, T, vocabulary]`.
  public var logits: Tensor
  /// The states that they were made of.
  public var states: Seq2SeqStates
}

/// An encoder-decoder without a head (`T5Model`, `BartModel`).
public protocol EncoderDecoderModel: PretrainedModel {
  /// What the names of the family's classes begin with: `T5`.
  static var familyName: String { get }
  /// The model's name in the class that writes texts; empty where its parts stand beside the head.
  static var writingPrefix: String { get }
  /// A model of a configuration.
  init(_ configuration: ModelConfiguration) throws
  /// The table of the tokens.
  var inputEmbeddings: Embedding { get }
  /// What the decoder's states are multiplied with before the head; nil for 1.
  var outputScale: Double? { get }
  /// Tokens of transformers' configuration class, for what a configuration lacks.
  static var tokens: [String: ConfigurationValue] { get }
  /// The number of positions that the decoder has vectors for; nil where nothing limits them.
  var positionLimit: Int? { get }
  /// The probability with which a classifier drops.
  var classifierDropout: Double { get }
  /// The source's states.
  func encode(_ inputs: ModelInputs) -> EncoderOutput
  /// The states of the decoder's tokens.
  func decode(_ ids: Tensor, source: EncoderOutput, _ inputs: Seq2SeqInputs) -> Seq2SeqStates
  /// An empty cache for the decoder's layers.
  func makeCache(capacity: Int) -> KeyValueCache
}

extension EncoderDecoderModel {
  /// The states of both sides. Without tokens of the decoder's own it reads the source, shifted right.
  public func callAsFunction(_ inputs: Seq2SeqInputs) -> Seq2SeqStates {
    let source = inputs.encoderOutput ?? encode(inputs.source)
    let ids = inputs.decoderInputIds ?? shiftedRight(inputs.source.inputIds)
    return decode(ids, source: source, inputs)
  }

  /// Tokens moved right by one, behind the token that begins a text; −100 becomes the padding token.
  public func shiftedRight(_ ids: Tensor) -> Tensor {
    let (start, padding) = (
      configuration["decoder_start_token_id"]?.int, configuration["pad_token_id"]?.int
    )
    guard let start, let padding else {
      fail(
        Self.familyName,
        "decoder_start_token_id and pad_token_id are needed to make the decoder's tokens")
    }
    return noGrad {
      let first = Tensor.full([ids.shape[0], 1], start, dtype: .int64)
      let shifted = Tensor.cat([first, ids.to(.int64).sliced(dim: 1, to: -1)], dim: 1)
      return shifted.maskedFill(shifted.eq(HeadLoss.ignored), padding)
    }
  }

  /// Makes sure that the tokens that every class needs are there.
  func requireTokens(start: Int?, padding: Int?) throws {
    for (name, fallback) in [("decoder_start_token_id", start), ("pad_token_id", padding)] {
      if configuration[name] == nil, let fallback { configuration[name] = .int(fallback) }
      _ = try configuration.optionalInt(name)
    }
  }
}
