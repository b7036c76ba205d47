/// What became of a text, or of a pair of texts: tokens, and where they come from.
public struct Encoding: Sendable, Equatable {
  /// The tokens' ids.
  public internal(set) var ids: [Int] = []
  /// The segment of each token, as the post-processor says.
  public internal(set) var typeIds: [Int] = []
  /// 1 for tokens that the post-processor or padding added, else 0.
  public internal(set) var specialTokensMask: [Int] = []
  /// 0 for padding, else 1.
  public internal(set) var attentionMask: [Int] = []
  /// The code points of the text that each token stands for; empty where offsets were not asked for.
  public internal(set) var offsets: [Range<Int>] = []
  /// The number of each token's word, nil for added tokens; empty where offsets were not asked for.
  public internal(set) var wordIds: [Int?] = []
  /// The text that each token comes from, 0 or 1, nil for added tokens.
  public internal(set) var sequenceIds: [Int?] = []
  /// The further windows of a text that was cut.
  public internal(set) var overflowing: [Encoding] = []
  /// The text of tokens where it is not that of their id, by place.
  var literals: [Int: String] = [:]
  var isTracked = false

  /// How many tokens there are.
  public var count: Int { ids.count }

  /// Nothing.
  init() {}

  /// Added tokens.
  init(special ids: [Int], typeId: Int, isTracked: Bool) {
    self.ids = ids
    self.isTracked = isTracked
    typeIds = ids.map { _ in typeId }
    specialTokensMask = ids.map { _ in 1 }
    attentionMask = ids.map { _ in 1 }
    if isTracked {
      offsets = ids.map { _ in 0..<0 }
      wordIds = ids.map { _ in nil }
      sequenceIds = ids.map { _ in nil }
    }
  }

  mutating func setTypeId(_ id: Int) { typeIds = Array(repeating: id, count: ids.count) }

  /// Sets the sequence of tokens of the text, here and in all windows.
  mutating func setSequence(_ number: Int) {
    if isTracked { sequenceIds = Array(repeating: number, count: ids.count) }
    for i in overflowing.indices { overflowing[i].setSequence(number) }
  }

  /// The tokens of a range, without further windows.
  func slice(_ range: Range<Int>) -> Encoding {
    var part = Encoding()
    part.isTracked = isTracked
    part.ids = Array(ids[range])
    part.typeIds = Array(typeIds[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    part.attentionMask = Array(attentionMask[range])
    if isTracked {
      part.offsets = Array(offsets[range])
      part.wordIds = Array(wordIds[range])
      part.sequenceIds = Array(sequenceIds[range])
      if !literals.isEmpty {
        for (index, text) in literals where range.contains(index) {
          part.literals[index - range.lowerBound] = text
        }
      }
    }
    return part
  }

  /// Puts another encoding behind this one; windows of both are combined in every way.
  mutating func append(_ other: Encoding) {
    var windows: [Encoding] = []
    for own in overflowing {
      var one = own
      one.appendTokens(other)
      windows.append(one)
      for others in other.overflowing {
        var one = own
        one.appendTokens(others)
        windows.append(one)
      }
    }
    for others in other.overflowing {
      var one = self
      one.overflowing = []
      one.appendTokens(others)
      windows.append(one)
    }
    overflowing = windows
    appendTokens(other)
  }

  private mutating func appendTokens(_ other: Encoding) {
    for (index, text) in other.literals { literals[index + ids.count] = text }
    ids += other.ids
    typeIds += other.typeIds
    specialTokensMask += other.specialTokensMask
    attentionMask += other.attentionMask
    offsets += other.offsets
    wordIds += other.wordIds
    sequenceIds += other.sequenceIds
  }
}
