/// A bounded memory of short words and their tokens; a newer word takes an older one's place.
final class WordCache {
  /// A word's bytes, and its length in the last of them.
  struct Key: Equatable {
    var first: UInt64
    var second: UInt64
    var third: UInt64

    /// The key of a word of at most ``WordCache/longest`` bytes.
    @inline(__always)
    init(_ p: UnsafePointer<UInt8>, _ n: Int) {
      (second, third) = (0, UInt64(truncatingIfNeeded: n) << 56)
      if n >= 8 {
        first = ByteHash.load64(p)
        // The last eight bytes, shifted so that those which stand before fall away.
        if n > 16 {
          second = ByteHash.load64(p + 8)
          third |= ByteHash.load64(p + (n - 8)) >> UInt64((24 - n) * 8)
        } else if n > 8 {
          second = ByteHash.load64(p + (n - 8)) >> UInt64((16 - n) * 8)
        }
      } else if n >= 4 {
        first = ByteHash.load32(p) | ByteHash.load32(p + (n - 4)) << UInt64((n - 4) * 8)
      } else {
        first = 0
        for i in 0..<n { first |= UInt64(p[i]) << UInt64(i * 8) }
      }
    }

    @inline(__always)
    var slot: Int {
      let hash = ByteHash.mix(first ^ third &* 0x9fb2_1c65_1e98_df25, second)
      return Int(truncatingIfNeeded: hash & (1 << UInt64(WordCache.bits) - 1))
    }
  }

  private struct Entry {
    var first: UInt64
    var second: UInt64
    var third: UInt64
    var start: UInt32
    var count: UInt32
  }

  /// A token and how many bytes it stands for.
  private struct Piece {
    var id: Int32
    var length: Int32
  }

  /// Longer words are not kept.
  static let longest = 23
  private static let bits = 15
  private static let poolSize = 1 << 18
  /// The key of no word, since words have a length.
  private static let none = Entry(first: 0, second: 0, third: 0, start: 0, count: 0)
  private let entries: UnsafeMutablePointer<Entry>
  private let pool: UnsafeMutablePointer<Piece>
  private var used = 0

  init() {
    entries = .allocate(capacity: 1 << Self.bits)
    entries.initialize(repeating: Self.none, count: 1 << Self.bits)
    pool = .allocate(capacity: Self.poolSize)
  }

  deinit {
    entries.deallocate()
    pool.deallocate()
  }

  /// Appends a word's tokens, which begin at `start`, and says whether it knew them.
  @inline(__always)
  func find(_ key: Key, at start: Int, into sink: inout TokenSink) -> Bool {
    let entry = entries + key.slot
    guard
      entry.pointee.first == key.first, entry.pointee.second == key.second,
      entry.pointee.third == key.third
    else { return false }
    var at = start
    let pieces = pool + Int(entry.pointee.start)
    for i in 0..<Int(entry.pointee.count) {
      let end = at &+ Int(pieces[i].length)
      sink.append(pieces[i].id, at, end)
      at = end
    }
    return true
  }

  /// Keeps a word's tokens, of which there are no more than it has bytes.
  func keep(_ key: Key, _ symbols: UnsafePointer<BPESymbol>, _ count: Int) {
    if used + count > Self.poolSize {
      entries.update(repeating: Self.none, count: 1 << Self.bits)
      used = 0
    }
    for i in 0..<count { pool[used + i] = Piece(id: symbols[i].id, length: symbols[i].length) }
    entries[key.slot] = Entry(
      first: key.first, second: key.second, third: key.third,
      start: UInt32(truncatingIfNeeded: used), count: UInt32(truncatingIfNeeded: count))
    used += count
  }
}
