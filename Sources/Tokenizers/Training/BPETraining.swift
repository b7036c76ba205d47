/// One run of a ``BPETrainer``.
struct BPETraining {
  private let settings: BPETrainer
  /// The tokens by id.
  private(set) var tokens: [[UInt8]] = []
  private var ids: [[UInt8]: Int32] = [:]
  private var words: [[Symbol]] = []
  private var counts: [Int] = []
  private var pairCounts: [UInt64: Int] = [:]
  private var queue = PairQueue()

  private struct Symbol {
    var id: Int32
    /// In characters.
    var length: Int32
  }

  init(_ settings: BPETrainer) { self.settings = settings }

  private mutating func id(of token: [UInt8]) -> Int32 {
    if let id = ids[token] { return id }
    let id = Int32(tokens.count)
    tokens.append(token)
    ids[token] = id
    return id
  }

  /// Trains on words in a fixed order, and returns the merges.
  mutating func run(
    _ all: [(word: [UInt8], count: Int)]
  ) -> [(left: Int32, right: Int32, result: Int32)] {
    for token in settings.specialTokens { _ = id(of: Array(token.content.utf8)) }
    addAlphabet(all)
    for (word, count) in all {
      words.append(symbols(of: word))
      counts.append(count)
    }
    countPairs()
    return merge()
  }

  private static func pair(_ a: Int32, _ b: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))
  }

  private mutating func addAlphabet(_ all: [(word: [UInt8], count: Int)]) {
    var found: [UInt32: Int] = [:]
    for (word, count) in all {
      for scalar in String(decoding: word, as: UTF8.self).unicodeScalars {
        let (sum, isTooLarge) = found[scalar.value, default: 0].addingReportingOverflow(count)
        found[scalar.value] = isTooLarge ? .max : sum
      }
    }
    for scalar in settings.initialAlphabet { found[scalar.value] = .max }
    var kept = found.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    if let limit = settings.limitAlphabet, kept.count > limit {
      kept.removeFirst(kept.count - limit)
    }
    for point in kept.map(\.key).sorted() {
      var bytes: [UInt8] = []
      bytes.append(codePoint: point)
      _ = id(of: bytes)
    }
  }

  private mutating func symbols(of word: [UInt8]) -> [Symbol] {
    var result: [Symbol] = []
    var i = 0
    while i < word.count {
      let length = UTF8Reader.length(word[i])
      var text = Array(word[i..<i + length])
      // A character outside the alphabet is passed over.
      if ids[text] != nil {
        if i > 0, let prefix = settings.continuingSubwordPrefix { text = Array(prefix.utf8) + text }
        if i + length == word.count, let suffix = settings.endOfWordSuffix {
          text += Array(suffix.utf8)
        }
        result.append(Symbol(id: id(of: text), length: 1))
      }
      i += length
    }
    return result
  }

  private mutating func countPairs() {
    var places: [UInt64: [Int32]] = [:]
    for (number, word) in words.enumerated() {
      for i in 0..<max(0, word.count - 1) {
        let pair = Self.pair(word[i].id, word[i + 1].id)
        pairCounts[pair, default: 0] &+= counts[number]
        if places[pair]?.last != Int32(number) { places[pair, default: []].append(Int32(number)) }
      }
    }
    for (pair, words) in places.sorted(by: { $0.key < $1.key }) {
      if let count = pairCounts[pair], count > 0 {
        queue.push(PairQueue.Entry(pair: pair, count: count, words: words))
      }
    }
  }

  private mutating func merge() -> [(left: Int32, right: Int32, result: Int32)] {
    var merges: [(left: Int32, right: Int32, result: Int32)] = []
    let prefix = settings.continuingSubwordPrefix.map { Array($0.utf8) } ?? []
    while tokens.count < settings.vocabularySize, var top = queue.pop() {
      let count = pairCounts[top.pair] ?? 0
      if top.count != count {
        top.count = count
        queue.push(top)
        continue
      }
      if count < 1 || count < settings.minFrequency { break }
      let left = Int32(truncatingIfNeeded: top.pair >> 32)
      let right = Int32(truncatingIfNeeded: top.pair & 0xffff_ffff)
      var end = tokens[Int(right)]
      if !prefix.isEmpty, end.starts(with: prefix) { end.removeFirst(prefix.count) }
      let new = id(of: tokens[Int(left)] + end)
      merges.append((left, right, new))
      var places: [UInt64: [Int32]] = [:]
      for number in top.words {
        for (pair, change) in replace(Int(number), left, right, new) {
          pairCounts[pair, default: 0] &+= change * counts[Int(number)]
          if change > 0, places[pair]?.last != number { places[pair, default: []].append(number) }
        }
      }
      for (pair, words) in places.sorted(by: { $0.key < $1.key }) {
        if let count = pairCounts[pair], count > 0 {
          queue.push(PairQueue.Entry(pair: pair, count: count, words: words))
        }
      }
    }
    return merges
  }

  /// Merges a pair in a word, and returns which pairs come less (−1) or more (1) often.
  private mutating func replace(
    _ number: Int, _ left: Int32, _ right: Int32, _ new: Int32
  ) -> [(pair: UInt64, change: Int)] {
    var changes: [(pair: UInt64, change: Int)] = []
    let longest = Int32(clamping: settings.maxTokenLength ?? .max)
    var word = words[number]
    var i = 0
    while i + 1 < word.count {
      guard word[i].id == left, word[i + 1].id == right else {
        i += 1
        continue
      }
      let merged = Symbol(id: new, length: word[i].length + word[i + 1].length)
      if i > 0 {
        changes.append((Self.pair(word[i - 1].id, left), -1))
        if word[i - 1].length + merged.length < longest {
          changes.append((Self.pair(word[i - 1].id, new), 1))
        }
      }
      word[i] = merged
      word.remove(at: i + 1)
      if i + 1 < word.count {
        changes.append((Self.pair(right, word[i + 1].id), -1))
        if word[i + 1].length + merged.length < longest {
          changes.append((Self.pair(new, word[i + 1].id), 1))
        }
      }
      i += 1
    }
    words[number] = word
    return changes
  }
}

/// Pairs by their counts, the most frequent first, of equals the one with the lower ids.
private struct PairQueue {
  struct Entry {
    var pair: UInt64
    var count: Int
    /// The words that it was seen in.
    var words: [Int32]

    func comes(before other: Entry) -> Bool {
      count != other.count ? count > other.count : pair < other.pair
    }
  }

  private var entries: [Entry] = []

  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var i = entries.count - 1
    while i > 0, entries[i].comes(before: entries[(i - 1) / 2]) {
      entries.swapAt(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }

  mutating func pop() -> Entry? {
    guard !entries.isEmpty else { return nil }
    entries.swapAt(0, entries.count - 1)
    let top = entries.removeLast()
    var i = 0
    while true {
      var first = i
      for child in [2 * i + 1, 2 * i + 2] where child < entries.count {
        if entries[child].comes(before: entries[first]) { first = child }
      }
      if first == i { return top }
      entries.swapAt(i, first)
      i = first
    }
  }
}
