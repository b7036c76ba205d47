/// What divides a word into tokens of a vocabulary.
protocol TokenModel: Sendable {
  var vocabulary: Vocabulary { get }

  /// Divides the bytes of a range, which is not empty, and appends the tokens.
  func tokenize(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, into sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError)
}

/// The tokens of a text, as they are found.
struct TokenSink {
  var ids: [Int32] = []
  /// The bytes of the normalized text that the tokens stand for, where wanted.
  var starts: [Int32] = []
  var ends: [Int32] = []
  let isTracked: Bool
  /// Tokens whose text is not that of their id: by place among the tokens, a range of bytes.
  var literals: [(index: Int, range: Range<Int>)] = []

  init(isTracked: Bool) { self.isTracked = isTracked }

  @inline(__always)
  mutating func append(_ id: Int32, _ start: Int, _ end: Int) {
    ids.append(id)
    if isTracked {
      starts.append(Int32(truncatingIfNeeded: start))
      ends.append(Int32(truncatingIfNeeded: end))
    }
  }
}

/// What one thread needs while it divides words: buffers, and a bounded memory of words it has seen.
final class Scratch {
  var cache = WordCache()
  var heap = MergeHeap()
  /// Of each id: whether its text divides into itself alone; 0 is not known.
  let canonical: Block<UInt8>
  private(set) var symbols: UnsafeMutablePointer<BPESymbol>
  private(set) var ranks: UnsafeMutablePointer<UInt32>
  private var capacity = 64
  var scores: [Double] = []
  var origins: [Int32] = []
  var origin: [Int32] = []
  var pieces: [Int32] = []

  init(idBound: Int) {
    canonical = Block(idBound, 0)
    symbols = .allocate(capacity: capacity)
    ranks = .allocate(capacity: capacity * 2)
  }

  deinit {
    symbols.deallocate()
    ranks.deallocate()
  }

  /// Makes room for a number of symbols and twice as many ranks; what is there is lost.
  func reserve(_ count: Int) {
    guard count > capacity else { return }
    capacity = max(count, capacity * 2)
    symbols.deallocate()
    ranks.deallocate()
    symbols = .allocate(capacity: capacity)
    ranks = .allocate(capacity: capacity * 2)
  }
}

/// A bounded memory of short words and their tokens; a newer word takes an older one's place.
struct WordCache {
  private struct Entry {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var start: UInt32 = 0
    var count: UInt32 = 0
  }

  /// A token and the bytes it stands for.
  struct Piece {
    var id: Int32
    var length: Int32
  }

  /// Longer words are not kept.
  static let longest = 15
  private static let bits = 15
  private static let poolLimit = 1 << 18
  private var entries: [Entry] = []
  private var pool: [Piece] = []

  /// A word's bytes and length as two words.
  @inline(__always)
  static func key(_ p: UnsafePointer<UInt8>, _ n: Int) -> (UInt64, UInt64) {
    var low: UInt64 = 0
    var high = UInt64(truncatingIfNeeded: n) << 56
    if n >= 8 {
      low = ByteHash.load64(p)
      // The last eight bytes, shifted so that those which `low` holds fall away.
      if n > 8 { high |= ByteHash.load64(p + (n - 8)) >> UInt64((16 - n) * 8) }
    } else if n >= 4 {
      low = ByteHash.load32(p) | ByteHash.load32(p + (n - 4)) << UInt64((n - 4) * 8)
    } else {
      for i in 0..<n { low |= UInt64(p[i]) << UInt64(i * 8) }
    }
    return (low, high)
  }

  @inline(__always)
  private static func slot(_ key: (UInt64, UInt64)) -> Int {
    Int(truncatingIfNeeded: ByteHash.mix(key.0, key.1) & (1 << UInt64(bits) - 1))
  }

  /// Appends a word's tokens, which begin at `start`, and says whether it knew them.
  @inline(__always)
  func find(_ key: (UInt64, UInt64), at start: Int, into sink: inout TokenSink) -> Bool {
    if entries.isEmpty { return false }
    let entry = entries[Self.slot(key)]
    guard entry.low == key.0, entry.high == key.1 else { return false }
    var at = start
    for i in Int(entry.start)..<Int(entry.start + entry.count) {
      let piece = pool[i]
      let end = at + Int(piece.length)
      sink.append(piece.id, at, end)
      at = end
    }
    return true
  }

  /// Keeps a word's tokens.
  mutating func keep(_ key: (UInt64, UInt64), _ pieces: some Sequence<Piece>) {
    if entries.isEmpty || pool.count > Self.poolLimit {
      entries = Array(repeating: Entry(), count: 1 << Self.bits)
      pool.removeAll(keepingCapacity: true)
    }
    let start = pool.count
    pool.append(contentsOf: pieces)
    entries[Self.slot(key)] = Entry(
      low: key.0, high: key.1, start: UInt32(start), count: UInt32(pool.count - start))
  }
}
