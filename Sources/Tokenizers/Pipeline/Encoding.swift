/// What became of a text, or of a pair of texts: tokens, and where they come from.
public struct Encoding: Sendable, Equatable {
  /// The tokens' ids.
  public internal(set) var ids: [Int] = []
  /// The segment of each token, as the post-processor says.
  public internal(set) var typeIDs: [Int] = []
  /// 1 for tokens that the post-processor or padding added, else 0.
  public internal(set) var specialTokensMask: [Int] = []
  /// 0 for padding, else 1.
  public internal(set) var attentionMask: [Int] = []
  /// The code points of the text that each token stands for; empty where offsets were not asked for.
  public internal(set) var offsets: [Range<Int>] = []
  /// The number of each token's word, nil for added tokens; empty where offsets were not asked for.
  public internal(set) var wordIDs: [Int?] = []
  /// The text that each token comes from, 0 or 1, nil for added tokens.
  public internal(set) var sequenceIDs: [Int?] = []
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
  init(special ids: [Int], typeID: Int, isTracked: Bool) {
    self.ids = ids
    self.isTracked = isTracked
    typeIDs = ids.map { _ in typeID }
    specialTokensMask = ids.map { _ in 1 }
    attentionMask = ids.map { _ in 1 }
    if isTracked {
      offsets = ids.map { _ in 0..<0 }
      wordIDs = ids.map { _ in nil }
      sequenceIDs = ids.map { _ in nil }
    }
  }

  mutating func setTypeID(_ id: Int) { typeIDs = Array(repeating: id, count: ids.count) }

  /// Sets the sequence of tokens of the text, here and in all windows.
  mutating func setSequence(_ number: Int) {
    if isTracked { sequenceIDs = Array(repeating: number, count: ids.count) }
    for i in overflowing.indices { overflowing[i].setSequence(number) }
  }

  /// The tokens of a range, without further windows.
  func slice(_ range: Range<Int>) -> Encoding {
    var part = Encoding()
    part.isTracked = isTracked
    part.ids = Array(ids[range])
    part.typeIDs = Array(typeIDs[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    part.attentionMask = Array(attentionMask[range])
    if isTracked {
      part.offsets = Array(offsets[range])
      part.wordIDs = Array(wordIDs[range])
      part.sequenceIDs = Array(sequenceIDs[range])
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
    typeIDs += other.typeIDs
    specialTokensMask += other.specialTokensMask
    attentionMask += other.attentionMask
    offsets += other.offsets
    wordIDs += other.wordIDs
    sequenceIDs += other.sequenceIDs
  }
}
