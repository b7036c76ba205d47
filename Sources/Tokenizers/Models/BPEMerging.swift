/// Merges the symbols of a word, in a scratch, until no pair is left that merges.
enum BPEMerging {
  /// Looks for the lowest rank anew each time: quickest for the words of ordinary text.
  ///
  /// - Parameter space: Room for twice as many numbers as symbols.
  /// - Returns: How many symbols are left.
  static func mergeShort(
    _ s: UnsafeMutablePointer<BPESymbol>, _ space: UnsafeMutablePointer<UInt32>, _ all: Int,
    _ merges: MergeTable
  ) -> Int {
    // `ranks[i]` is the rank of the pair of i and the next, `results[i]` what it becomes.
    let (ranks, results) = (space, space + all)
    var count = all
    @inline(__always)
    func rank(_ i: Int) {
      let found = merges.find(s[i].id, s[i + 1].id)
      ranks[i] = found.rank
      results[i] = UInt32(bitPattern: found.result)
    }
    for i in 0..<count - 1 { rank(i) }
    while count > 1 {
      var best = 0
      var lowest = ranks[0]
      var i = 1
      while i < count - 1 {
        if ranks[i] < lowest {
          lowest = ranks[i]
          best = i
        }
        i += 1
      }
      if lowest == MergeTable.noRank { break }
      s[best].id = Int32(bitPattern: results[best])
      s[best].length &+= s[best + 1].length
      count -= 1
      i = best + 1
      while i < count {
        s[i] = s[i + 1]
        ranks[i] = ranks[i + 1]
        results[i] = results[i + 1]
        i += 1
      }
      if best > 0 { rank(best - 1) }
      if best < count - 1 { rank(best) }
    }
    return count
  }

  /// Keeps the possible merges in a heap: n log n, whatever the length.
  ///
  /// - Returns: How many symbols are left.
  static func mergeLong(
    _ scratch: Scratch, _ count: Int, _ merges: MergeTable, dropout: Double
  ) -> Int {
    var generator = SystemRandomNumberGenerator()
    let s = scratch.symbols
    scratch.heap.removeAll()
    for i in 0..<count {
      s[i].previous = Int32(i - 1)
      s[i].next = i + 1 < count ? Int32(i + 1) : -1
    }
    func push(_ i: Int) {
      let next = s[i].next
      guard next >= 0 else { return }
      let found = merges.find(s[i].id, s[Int(next)].id)
      guard found.rank != MergeTable.noRank else { return }
      scratch.heap.push(
        MergeHeap.Entry(rank: found.rank, position: Int32(i), result: found.result))
    }
    for i in 0..<count { push(i) }
    var skipped: [MergeHeap.Entry] = []
    while let entry = scratch.heap.pop() {
      if dropout > 0, Double.random(in: 0..<1, using: &generator) < dropout {
        skipped.append(entry)
        continue
      }
      for one in skipped { scratch.heap.push(one) }
      skipped.removeAll(keepingCapacity: true)
      let i = Int(entry.position)
      let next = Int(s[i].next)
      guard s[i].length > 0, next >= 0 else { continue }
      // What was merged meanwhile makes an entry stale.
      let found = merges.find(s[i].id, s[next].id)
      guard found.rank != MergeTable.noRank, found.result == entry.result else { continue }
      s[i].id = found.result
      s[i].length += s[next].length
      s[next].length = 0
      let after = s[next].next
      s[i].next = after
      if after >= 0 { s[Int(after)].previous = Int32(i) }
      if s[i].previous >= 0 { push(Int(s[i].previous)) }
      push(i)
    }
    var kept = 0
    for i in 0..<count where s[i].length > 0 {
      s[kept] = s[i]
      kept += 1
    }
    return kept
  }
}

/// The places in a text that no merge ever reaches across: between two characters that stand beside
/// each other in no token that a merge makes. Words between such places can be divided one by one,
/// with the same result as the whole text at once.
final class MergeBorders: Sendable {
  /// Pairs of ASCII characters, bit by bit.
  private let ascii: Block<UInt64>
  /// Other pairs, with open addressing.
  private let pairs: Block<UInt64>
  private let mask: Int

  /// Nil where the rule does not hold: a merge takes the tokens of single bytes, whose text is not
  /// what stands in the text.
  init?(vocabulary: Vocabulary, merges: MergeTable, byteTokens: [Int32]) {
    let special = Set(byteTokens.map { Int($0) })
    ascii = Block(256, 0)
    var found: Set<UInt64> = []
    for merge in merges.ranked {
      guard !special.contains(merge.left), !special.contains(merge.right),
        let left = vocabulary.bytes(of: merge.left), let right = vocabulary.bytes(of: merge.right),
        let a = left.baseAddress, let b = right.baseAddress, left.count > 0, right.count > 0
      else { return nil }
      // Pairs within the parts are noted where those are made.
      let last = UTF8Reader.readBackward(a, left.count).value
      let first = UTF8Reader.read(b, 0).value
      if last < 128, first < 128 {
        ascii.base[Int(last) * 2 + Int(first >> 6)] |= 1 << UInt64(first & 63)
      } else {
        found.insert(Self.key(last, first))
      }
    }
    var capacity = 16
    while capacity < found.count * 2 { capacity *= 2 }
    mask = capacity - 1
    pairs = Block(capacity, 0)
    for key in found {
      var at = Self.start(key) & mask
      while pairs.base[at] != 0 { at = (at + 1) & mask }
      pairs.base[at] = key
    }
  }

  @inline(__always)
  private static func key(_ a: UInt32, _ b: UInt32) -> UInt64 { UInt64(a + 1) << 32 | UInt64(b) }

  @inline(__always)
  private static func start(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 40)
  }

  @inline(__always)
  private func joins(_ a: UInt32, _ b: UInt32) -> Bool {
    if a < 128, b < 128 {
      return ascii.base[Int(a) * 2 + Int(b >> 6)] >> UInt64(b & 63) & 1 != 0
    }
    let key = Self.key(a, b)
    var at = Self.start(key) & mask
    while pairs.base[at] != 0 {
      if pairs.base[at] == key { return true }
      at = (at + 1) & mask
    }
    return false
  }

  /// The next border behind `start`, at most `end`.
  func next(_ p: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ model: BPEModel) -> Int {
    var (a, length) = UTF8Reader.read(p, start)
    var i = start + length
    while i < end {
      let (b, size) = UTF8Reader.read(p, i)
      if !joins(a, b) {
        // Unknown characters may be joined by another rule, and drop out of the count of bytes.
        let isKnown = model.symbol(p + i - length, length) >= 0 && model.symbol(p + i, size) >= 0
        if isKnown { return i }
      }
      (a, length) = (b, size)
      i += size
    }
    return end
  }
}
