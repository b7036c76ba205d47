/// How a tokenizer is called: the settings of transformers, by their names.
public struct CallOptions: Sendable, Equatable {
  /// What shorter texts are filled up to.
  public enum PaddingStrategy: String, Sendable {
    /// Nothing is filled up.
    case doNotPad = "do_not_pad"
    /// To the longest of the batch.
    case longest
    /// To ``CallOptions/maxLength``, or the model's.
    case maxLength = "max_length"
  }

  /// Which of two texts is cut.
  public enum TruncationStrategy: String, Sendable {
    /// Nothing is cut.
    case doNotTruncate = "do_not_truncate"
    /// Token by token, whichever is longer at that time.
    case longestFirst = "longest_first"
    /// The first text.
    case onlyFirst = "only_first"
    /// The second text.
    case onlySecond = "only_second"
  }

  /// Whether the tokenizer's special tokens are added.
  public var addSpecialTokens = true
  /// What shorter texts are filled up to.
  public var padding = PaddingStrategy.doNotPad
  /// What is cut; nil cuts the longest first where a length is given and nothing is filled up.
  public var truncation: TruncationStrategy?
  /// The most tokens, special ones included; nil is what the model takes.
  public var maxLength: Int?
  /// How many tokens the windows of a text that is cut have in common.
  public var stride = 0
  /// Whether each text is a list of words.
  public var isSplitIntoWords = false
  /// Lengths are rounded up to a multiple of this.
  public var padToMultipleOf: Int?
  /// The side that padding goes to; nil is the tokenizer's own.
  public var paddingSide: Truncation.Side?
  /// Whether segments are wanted; nil is what the model reads.
  public var returnTokenTypeIds: Bool?
  /// Whether masks are wanted; nil is what the model reads.
  public var returnAttentionMask: Bool?
  /// Whether what is cut off becomes further rows.
  public var returnOverflowingTokens = false
  /// Whether special tokens are marked.
  public var returnSpecialTokensMask = false
  /// Whether the tokens' places in the text are wanted.
  public var returnOffsetsMapping = false
  /// Whether rows' lengths are wanted.
  public var returnLength = false

  /// The settings where nothing is given.
  public init() {}

  /// The commonest settings by name: `CallOptions(padding: true, truncation: true, maxLength: 128)`.
  /// - Parameters:
  ///   - padding: What shorter texts are filled up to; `true` is the longest of the batch.
  ///   - truncation: What is cut; `true` is the longest first.
  ///   - maxLength: The most tokens, special ones included; nil is what the model takes.
  public init(
    padding: PaddingStrategy, truncation: TruncationStrategy? = nil, maxLength: Int? = nil
  ) {
    (self.padding, self.truncation, self.maxLength) = (padding, truncation, maxLength)
  }
}

extension CallOptions.PaddingStrategy: ExpressibleByBooleanLiteral {
  /// `true` fills up to the longest of the batch, `false` not at all.
  public init(booleanLiteral value: Bool) { self = value ? .longest : .doNotPad }
}

extension CallOptions.TruncationStrategy: ExpressibleByBooleanLiteral {
  /// `true` cuts the longest first, `false` nothing.
  public init(booleanLiteral value: Bool) { self = value ? .longestFirst : .doNotTruncate }
}
