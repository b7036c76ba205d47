import NN
import Tensors

/// A model that generates text one token after the other (`GenerationMixin`).
///
/// It says how a pass is computed; ``generate(_:attentionMask:config:negativePromptIds:negativePromptAttentionMask:logitsProcessors:stoppingCriteria:prefixAllowedTokens:assistant:streamer:decode:generator:promptCache:)``
/// does the rest.
public protocol GenerativeModel: PretrainedModel {
  /// The settings that hold where a call of generate gives none.
  var generationConfig: GenerationConfig { get set }
  /// The number of tokens that are scored.
  var vocabularySize: Int { get }
  /// The number of positions that the model was made for, where its configuration says so.
  var maxPositions: Int? { get }
  /// The number of positions behind which the model cannot go at all; nil for none.
  var positionLimit: Int? { get }
  /// The length behind which the keys of a shorter text no longer hold, so that all of it is read
  /// again; nil where keys always hold.
  var rereadingLength: Int? { get }
  /// Whether prompts go through an encoder and answers begin with a token of their own.
  var isEncoderDecoder: Bool { get }
  /// An empty cache.
  /// - Parameters:
  ///   - capacity: How many tokens to reserve memory for.
  ///   - rollback: How many of the newest tokens may be taken back.
  func makeCache(capacity: Int, rollback: Int) -> KeyValueCache
  /// The encoder's states of prompts; only encoder-decoders have them.
  func encoded(_ inputs: ModelInputs) throws -> EncodedInputs
  /// The logits `[N, last, vocabulary]` of a pass's last tokens.
  func logits(_ pass: DecodingPass) -> Tensor
}

extension GenerativeModel {
  /// Nothing limits positions.
  public var positionLimit: Int? { nil }
  /// Keys always hold.
  public var rereadingLength: Int? { nil }
  /// Models are decoders alone.
  public var isEncoderDecoder: Bool { false }
  /// A decoder alone has no encoder.
  public func encoded(_ inputs: ModelInputs) throws -> EncodedInputs {
    throw GenerationError("inputs", "\(type(of: self)) has no encoder")
  }
}

/// What an encoder made of prompts, for the decoder to look at.
public struct EncodedInputs {
  /// `[N, S, hidden]`.
  public var states: Tensor
  /// `[N, S]`, 1 where a token counts; nil where all do.
  public var mask: Tensor?

  /// Encoded prompts.
  public init(states: Tensor, mask: Tensor? = nil) { (self.states, self.mask) = (states, mask) }

  /// What transformers lets a decoder see that reads its first tokens in chunks: it cuts the encoder's
  /// mask to as many tokens as the decoder has read, and takes no mask where those all count.
  func cut(to length: Int) -> EncodedInputs {
    guard let mask, length < mask.shape[1] else { return self }
    let seen = (mask.dtype == .bool ? mask : mask.ne(0)).narrowed(dim: 1, start: 0, length: length)
    guard !seen.all().item(Bool.self) else { return EncodedInputs(states: states) }
    let rest = Tensor.zeros([mask.shape[0], mask.shape[1] - length], dtype: .bool)
    return EncodedInputs(states: states, mask: Tensor.cat([seen, rest], dim: 1).to(mask.dtype))
  }

  /// The rows of the given numbers.
  func rows(_ rows: [Int]) -> EncodedInputs {
    let index = Tensor(rows)
    return EncodedInputs(
      states: states.indexSelect(dim: 0, index: index),
      mask: mask.map { $0.indexSelect(dim: 0, index: index) })
  }
}

/// One pass of a decoder: new tokens and what they look at.
public struct DecodingPass {
  /// The new tokens, `[N, T]`.
  public var inputIds: Tensor
  /// `[N, past + T]`, 1 where a token counts; nil where all do.
  public var attentionMask: Tensor?
  /// `[N, T]`; nil where they follow from the cache.
  public var positionIds: Tensor?
  /// The tokens before, or nil where the new ones are all there are.
  public var cache: KeyValueCache?
  /// The encoder's states, in encoder-decoders.
  public var encoded: EncodedInputs?
  /// How many of the last tokens are to be scored.
  public var last: Int
}

/// What generate returns (`GenerateDecoderOnlyOutput`, `GenerateBeamDecoderOnlyOutput`).
public struct GenerationOutput {
  /// `[rows, length]`: prompts and what was generated, or the answers of an encoder-decoder; padded
  /// behind their ends. Rows of one prompt follow each other.
  public var sequences: Tensor
  /// With beams the scores of the sequences: `[rows]`.
  public var sequencesScores: Tensor?
  /// With beams for every generated token the running beam that it continued, `[rows, length]`,
  /// −1 behind the end.
  public var beamIndices: Tensor?
  /// The processed scores of every step, `[rows, vocabulary]` each, where asked for.
  public var scores: [Tensor]?
  /// The model's logits of every step, `[rows, vocabulary]` each, where asked for.
  public var logits: [Tensor]?

  /// The rows as numbers.
  public var rows: [[Int]] {
    let width = sequences.shape[1]
    let all = sequences.array(of: Int.self)
    return (0..<sequences.shape[0]).map { Array(all[($0 * width)..<(($0 + 1) * width)]) }
  }
}
