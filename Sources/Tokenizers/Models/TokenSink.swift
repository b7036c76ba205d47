/// A token and the bytes of the normalized text that it stands for.
struct FoundToken {
  var id: Int32
  var start: Int32
  var end: Int32
}

/// The tokens of a text, as they are found, in memory that is lent by a ``Scratch``.
struct TokenSink {
  private(set) var tokens: UnsafeMutablePointer<FoundToken>
  private(set) var count = 0
  private var capacity: Int
  /// Tokens whose text is not that of their id: by place among the tokens, a range of bytes.
  var literals: [(index: Int, range: Range<Int>)] = []
  /// Tokens that end behind their word, since their lengths count more than the word's bytes: by place
  /// among the tokens, where their words begin. Bytes that stand for a prefix are such.
  private(set) var outside: [(index: Int, word: Int)] = []

  init(capacity: Int) {
    self.capacity = capacity
    tokens = .allocate(capacity: capacity)
  }

  /// Gives the memory back; the sink must not be used any more.
  func deallocate() { tokens.deallocate() }

  mutating func removeAll() {
    count = 0
    literals.removeAll(keepingCapacity: true)
    outside.removeAll(keepingCapacity: true)
  }

  /// Notes those of the tokens from a place on that end behind their word.
  mutating func noteOutside(of word: Range<Int>, from place: Int) {
    guard count > place, Int(tokens[count - 1].end) > word.upperBound else { return }
    for i in place..<count where Int(tokens[i].end) > word.upperBound {
      outside.append((i, word.lowerBound))
    }
  }

  @inline(__always)
  mutating func append(_ id: Int32, _ start: Int, _ end: Int) {
    if count == capacity { grow() }
    tokens[count] = FoundToken(
      id: id, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end))
    count &+= 1
  }

  /// Appends a word's tokens, the first of which begins at `start`.
  mutating func append(_ symbols: UnsafePointer<BPESymbol>, _ count: Int, at start: Int) {
    var at = start
    for i in 0..<count {
      let end = at &+ Int(symbols[i].length)
      append(symbols[i].id, at, end)
      at = end
    }
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<FoundToken>.allocate(capacity: capacity * 2)
    larger.update(from: tokens, count: count)
    tokens.deallocate()
    tokens = larger
    capacity *= 2
  }

  /// The ids alone.
  var ids: [Int] {
    [Int](unsafeUninitializedCapacity: count) { space, filled in
      for i in 0..<count { space[i] = Int(tokens[i].id) }
      filled = count
    }
  }
}
