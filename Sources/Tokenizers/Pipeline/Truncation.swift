/// How texts are cut that have too many tokens.
public struct Truncation: Sendable, Equatable {
  /// Which of two texts is cut.
  public enum Strategy: String, Sendable, CaseIterable {
    /// Token by token, whichever is longer at that time.
    case longestFirst = "LongestFirst"
    /// The first text.
    case onlyFirst = "OnlyFirst"
    /// The second text.
    case onlySecond = "OnlySecond"
  }

  /// The end of the text that is cut off, or the side that padding goes to.
  public enum Side: String, Sendable, CaseIterable {
    /// The text's beginning.
    case left
    /// The text's end.
    case right
  }

  /// The most tokens, added ones included.
  public var maxLength: Int
  /// Which of two texts is cut.
  public var strategy: Strategy
  /// How many tokens a window shares with the one before.
  public var stride: Int
  /// The end that is cut off.
  public var direction: Side

  /// Cuts to a length.
  public init(
    maxLength: Int, strategy: Strategy = .longestFirst, stride: Int = 0, direction: Side = .right
  ) {
    self.maxLength = maxLength
    self.strategy = strategy
    self.stride = stride
    self.direction = direction
  }

  /// Cuts one or two encodings to a number of tokens, net of those to be added.
  func cut(
    _ first: inout Encoding, _ second: inout Encoding?, to length: Int
  ) throws(TokenizerError) {
    if length == 0 {
      try first.truncate(to: 0, stride: stride, direction: direction)
      try second?.truncate(to: 0, stride: stride, direction: direction)
      return
    }
    let (a, b) = (first.count, second?.count ?? 0)
    guard a + b > length else { return }
    switch strategy {
    case .longestFirst:
      guard second != nil else {
        return try first.truncate(to: length, stride: stride, direction: direction)
      }
      // The shorter one is cut only where both exceed half of what there is.
      var (shorter, longer) = (min(a, b), 0)
      longer = shorter > length ? shorter : max(shorter, length - shorter)
      if shorter + longer > length {
        shorter = length / 2
        longer = shorter + length % 2
      }
      try first.truncate(to: a > b ? longer : shorter, stride: stride, direction: direction)
      try second?.truncate(to: a > b ? shorter : longer, stride: stride, direction: direction)
    case .onlyFirst:
      try first.truncate(
        to: try rest(of: a, a + b - length, "first"), stride: stride, direction: direction)
    case .onlySecond:
      guard second != nil else {
        throw TokenizerError.truncation(
          "only the second text is to be cut, and there is none; use longestFirst or onlyFirst")
      }
      try second?.truncate(
        to: try rest(of: b, a + b - length, "second"), stride: stride, direction: direction)
    }
  }

  private func rest(of count: Int, _ removed: Int, _ name: String) throws(TokenizerError) -> Int {
    guard count > removed else {
      throw TokenizerError.truncation(
        "the \(name) text has \(count) tokens and \(removed) would have to go; raise maxLength or "
          + "use longestFirst")
    }
    return count - removed
  }
}

extension Encoding {
  /// Keeps a number of tokens; what is cut off becomes further windows.
  mutating func truncate(
    to length: Int, stride: Int, direction: Truncation.Side
  ) throws(TokenizerError) {
    guard length < count else { return }
    if length == 0 {
      var whole = self
      whole.overflowing = []
      self = Encoding()
      isTracked = whole.isTracked
      overflowing = [whole]
      return
    }
    guard stride < length else {
      throw TokenizerError.truncation(
        "the stride is \(stride), and a window has room for \(length) tokens of the text; make the "
          + "stride smaller or maxLength larger")
    }
    let step = length - stride
    var ranges: [Range<Int>] = []
    switch direction {
    case .right:
      var start = 0
      repeat {
        ranges.append(start..<min(start + length, count))
        start += step
      } while ranges[ranges.count - 1].upperBound < count
    case .left:
      var stop = count
      repeat {
        ranges.append(max(0, stop - length)..<stop)
        stop -= step
      } while ranges[ranges.count - 1].lowerBound > 0
    }
    let windows = ranges.map { slice($0) }
    self = windows[0]
    overflowing = Array(windows.dropFirst())
  }
}

/// How encodings are filled up.
public struct Padding: Sendable, Equatable {
  /// The length to fill up to; nil is the longest of the batch.
  public var length: Int?
  /// Lengths are rounded up to a multiple of this.
  public var multipleOf: Int?
  /// The side that the padding goes to.
  public var direction: Truncation.Side
  /// The padding token's id.
  public var id: Int
  /// The segment that padding belongs to.
  public var typeId: Int
  /// The padding token.
  public var token: String

  /// Fills up with a token.
  public init(
    length: Int? = nil, multipleOf: Int? = nil, direction: Truncation.Side = .right, id: Int = 0,
    typeId: Int = 0, token: String = "[PAD]"
  ) {
    self.length = length
    self.multipleOf = multipleOf
    self.direction = direction
    self.id = id
    self.typeId = typeId
    self.token = token
  }

  /// The most tokens that a text is filled up to: longer than any context, and still to be held.
  private static let mostTokens = 1 << 24

  /// Fills up all encodings of a batch, windows included.
  ///
  /// - Throws: `TokenizerError.call` where texts would become longer than 16,777,216 tokens.
  func fill(_ encodings: inout [Encoding]) throws(TokenizerError) {
    let longest = encodings.map(\.count).max() ?? 0
    var target = length ?? longest
    if let multipleOf, multipleOf > 0, target % multipleOf > 0 {
      let more = multipleOf - target % multipleOf
      target = target.addingReportingOverflow(more).overflow ? Int.max : target + more
    }
    guard target <= max(longest, Self.mostTokens) else {
      throw TokenizerError.call(
        "padding would make each text \(target) tokens long; set a length, or a multiple, of at "
          + "most \(Self.mostTokens)")
    }
    for i in encodings.indices { fill(&encodings[i], to: target) }
  }

  private func fill(_ encoding: inout Encoding, to target: Int) {
    for i in encoding.overflowing.indices { fill(&encoding.overflowing[i], to: target) }
    let missing = target - encoding.count
    guard missing > 0 else { return }
    var padding = Encoding(
      special: Array(repeating: id, count: missing), typeId: typeId,
      isTracked: encoding.isTracked)
    padding.attentionMask = Array(repeating: 0, count: missing)
    if encoding.isTracked {
      for i in 0..<missing { padding.literals[i] = token }
    }
    let windows = encoding.overflowing
    encoding.overflowing = []
    if direction == .right {
      encoding.append(padding)
    } else {
      padding.append(encoding)
      encoding = padding
    }
    encoding.overflowing = windows
  }
}
