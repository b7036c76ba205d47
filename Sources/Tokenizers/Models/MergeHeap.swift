/// A part of a word while pairs are merged.
struct BPESymbol {
  var id: Int32
  /// Its bytes; 0 once it was merged into the one before.
  var length: Int32
  var previous: Int32
  var next: Int32
}

/// The merges that are possible, the one of the lowest rank first, of equals the leftmost.
struct MergeHeap {
  struct Entry {
    var rank: UInt32
    var position: Int32
    var result: Int32

    @inline(__always)
    func comes(before other: Entry) -> Bool {
      rank != other.rank ? rank < other.rank : position < other.position
    }
  }

  private var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var i = entries.count - 1
    while i > 0 {
      let parent = (i - 1) >> 1
      guard entry.comes(before: entries[parent]) else { break }
      entries[i] = entries[parent]
      i = parent
    }
    entries[i] = entry
  }

  mutating func pop() -> Entry? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return first }
    var i = 0
    while true {
      var child = 2 * i + 1
      guard child < entries.count else { break }
      if child + 1 < entries.count, entries[child + 1].comes(before: entries[child]) { child += 1 }
      guard entries[child].comes(before: last) else { break }
      entries[i] = entries[child]
      i = child
    }
    entries[i] = last
    return first
  }
}

/// Pairs of ids with the rank and result of their merge, in one table of integers.
final class MergeTable: Sendable {
  private struct Slot {
    var pair: UInt64
    var rank: UInt32
    var result: Int32
  }

  private let slots: Block<Slot>
  private let mask: Int
  private static let none = UInt64.max
  let count: Int

  /// Where a pair comes twice its last rank holds.
  init(_ merges: [(left: Int32, right: Int32, result: Int32)]) {
    count = merges.count
    var capacity = 16
    while capacity < merges.count * 2 { capacity *= 2 }
    slots = Block(capacity, Slot(pair: Self.none, rank: 0, result: 0))
    mask = capacity - 1
    for (rank, merge) in merges.enumerated() {
      let pair = Self.pair(merge.left, merge.right)
      var at = Self.start(pair) & mask
      while slots.base[at].pair != Self.none, slots.base[at].pair != pair { at = (at + 1) & mask }
      slots.base[at] = Slot(
        pair: pair, rank: UInt32(truncatingIfNeeded: rank), result: merge.result)
    }
  }

  @inline(__always)
  private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  @inline(__always)
  private static func start(_ pair: UInt64) -> Int {
    Int(truncatingIfNeeded: (pair &* 0x9e37_79b9_7f4a_7c15) >> 32)
  }

  static let noRank = UInt32.max

  /// The rank of a pair and what it becomes; ``noRank`` where it is never merged.
  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32) {
    let pair = Self.pair(left, right)
    var at = Self.start(pair) & mask
    while true {
      let slot = slots.base[at]
      if slot.pair == pair { return (slot.rank, slot.result) }
      if slot.pair == Self.none { return (Self.noRank, -1) }
      at = (at + 1) & mask
    }
  }

  /// The merges by rank, without those that a later one replaced.
  var ranked: [(left: Int, right: Int, rank: Int)] {
    (0..<slots.count).compactMap { index in
      let slot = slots.base[index]
      guard slot.pair != Self.none else { return nil }
      return (Int(slot.pair >> 32), Int(slot.pair & 0xffff_ffff), Int(slot.rank))
    }.sorted { $0.rank < $1.rank }
  }
}
