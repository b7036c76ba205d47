/// What a call of a tokenizer gives: rows of ids and what else was asked for.
///
/// A row belongs to a text, or to a window of one where ``overflowToSampleMapping`` says which.
public struct BatchEncoding: Sendable {
  /// The ids of each row.
  public let inputIds: [[Int]]
  /// The segments of each row's tokens, where the model reads them or they were asked for.
  public let tokenTypeIds: [[Int]]?
  /// 1 for tokens, 0 for padding.
  public let attentionMask: [[Int]]?
  /// 1 for added tokens and padding, 0 for tokens of the text.
  public let specialTokensMask: [[Int]]?
  /// The code points of the text that each token stands for; empty for added tokens.
  public let offsetMapping: [[Range<Int>]]?
  /// The number of tokens in each row.
  public let length: [Int]?
  /// The text that each row belongs to.
  public let overflowToSampleMapping: [Int]?
  /// The rows with all that is known of them.
  public let encodings: [Encoding]

  /// The number of rows.
  public var count: Int { inputIds.count }

  /// The words of a row's tokens, nil for added ones. Needs offsets to have been asked for.
  public func wordIds(_ row: Int = 0) -> [Int?] { encodings[row].wordIds }

  /// The text, 0 or 1, of a row's tokens, nil for added ones. Needs offsets to have been asked for.
  public func sequenceIds(_ row: Int = 0) -> [Int?] { encodings[row].sequenceIds }
}
