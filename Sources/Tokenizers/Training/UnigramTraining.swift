import Foundation

/// One run of a ``UnigramTrainer``.
struct UnigramTraining {
  typealias Piece = (text: [UInt8], score: Double)

  /// The piece of what is unknown while training; it is the first.
  static let unknown = Array("<UNK>".utf8)

  private let settings: UnigramTrainer
  private let words: [(word: [UInt8], count: Int)]
  private(set) var pieces: [Piece] = []

  init(_ settings: UnigramTrainer, _ words: [(word: [UInt8], count: Int)]) {
    self.settings = settings
    self.words = words
  }

  private var desiredSize: Int { settings.vocabularySize * 11 / 10 }

  mutating func run() {
    pieces =
      [(Self.unknown, .nan)]
      + UnigramSeeds(words, longest: settings.maxPieceLength, limit: settings.seedSize).pieces
    guard pieces.count > 1 else { return }
    while true {
      for _ in 0..<settings.subIterations { maximize(expected()) }
      if pieces.count <= desiredSize { return }
      let before = pieces.count
      prune()
      // Where nothing can be dropped any more, what is left is the result.
      if pieces.count == before { return }
    }
  }

  private func lattice() -> UnigramLattice { UnigramLattice(pieces) }

  /// How often each piece is expected to come.
  private func expected() -> [Double] {
    var lattice = lattice()
    var result = [Double](repeating: 0, count: pieces.count)
    for (word, count) in words {
      lattice.populate(word)
      lattice.addMarginals(Double(count), to: &result)
    }
    return result
  }

  /// Keeps the pieces that are expected at least every second time, with new scores.
  private mutating func maximize(_ expected: [Double]) {
    var kept: [Piece] = [pieces[0]]
    var sum = 0.0
    for i in 1..<pieces.count where expected[i] >= 0.5 {
      kept.append((pieces[i].text, expected[i]))
      sum += expected[i]
    }
    let logSum = Self.digamma(sum)
    for i in 1..<max(1, kept.count) { kept[i].score = Self.digamma(kept[i].score) - logSum }
    pieces = kept
  }

  private static func digamma(_ value: Double) -> Double {
    var x = value
    var result = 0.0
    while x < 7 {
      result -= 1 / x
      x += 1
    }
    x -= 0.5
    let xx = 1 / x
    let xx2 = xx * xx
    let xx4 = xx2 * xx2
    result += log(x) + (1.0 / 24) * xx2 - (7.0 / 960) * xx4 + (31.0 / 8064) * xx4 * xx2
    return result - (127.0 / 30720) * xx4 * xx4
  }

  /// Drops the pieces whose replacement by others costs the least likelihood.
  private mutating func prune() {
    var lattice = lattice()
    var alwaysKept = [Bool](repeating: true, count: pieces.count)
    var alternatives = [[Int]](repeating: [], count: pieces.count)
    alwaysKept[0] = false
    for i in 1..<pieces.count {
      lattice.populate(pieces[i].text)
      let (first, second) = lattice.twoBest()
      guard let second else { continue }
      if first.count >= 2 { alwaysKept[i] = false } else { alternatives[i] = second }
    }
    var frequency = [Double](repeating: 0, count: pieces.count)
    // In how many texts each piece stands on the best path, once for each time it stands there.
    var texts = [Double](repeating: 0, count: pieces.count)
    var all = 0.0
    for (word, count) in words {
      lattice.populate(word)
      all += Double(count)
      for id in lattice.best() {
        frequency[id] += Double(count)
        texts[id] += Double(count)
      }
    }
    let sum = frequency.reduce(0, +)
    let logSum = log(sum)
    var kept: [Piece] = [pieces[0]]
    var candidates: [(id: Int, loss: Double)] = []
    for i in 1..<pieces.count {
      if frequency[i] == 0, !alwaysKept[i] { continue }
      if alternatives[i].isEmpty {
        kept.append(pieces[i])
        continue
      }
      guard texts[i] > 0 else { continue }
      let own = log(frequency[i]) - logSum
      // The reference counts all pieces here, not those that take this one's place.
      let logAlternative = log(sum + frequency[i] * Double(pieces.count - 1))
      let other = alternatives[i].reduce(0.0) {
        $0 + log(frequency[$1] + frequency[i]) - logAlternative
      }
      candidates.append((i, texts[i] / all * (own - other)))
    }
    let size = max(desiredSize, Int(Double(pieces.count) * settings.shrinkingFactor))
    candidates.sort { $0.loss != $1.loss ? $0.loss > $1.loss : $0.id < $1.id }
    for candidate in candidates {
      if kept.count >= size { break }
      kept.append(pieces[candidate.id])
    }
    pieces = kept
  }
}

/// The substrings that training begins with: all characters, and every substring of words that goes
/// on in different ways, by its frequency and length.
struct UnigramSeeds {
  private(set) var pieces: [UnigramTraining.Piece] = []

  init(_ words: [(word: [UInt8], count: Int)], longest: Int, limit: Int) {
    var text: [UInt32] = []
    var characters: [UInt32: Int] = [:]
    for (word, count) in words {
      for scalar in String(decoding: word, as: UTF8.self).unicodeScalars {
        text.append(scalar.value)
        if scalar.value != 0 { characters[scalar.value, default: 0] &+= count }
      }
      text.append(0)
    }
    for (point, count) in characters.sorted(by: { ($0.value, $0.key) > ($1.value, $1.key) }) {
      pieces.append((Self.bytes([point]), Double(count)))
    }
    let found = Self.substrings(text, longest)
    for one in found {
      if pieces.count >= limit { break }
      pieces.append(
        (Self.bytes(Array(text[one.start..<one.start + one.length])), Double(one.score)))
    }
    let logSum = log(pieces.reduce(0) { $0 + $1.score })
    for i in pieces.indices { pieces[i].score = log(pieces[i].score) - logSum }
  }

  private static func bytes(_ points: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    for point in points { bytes.append(codePoint: point) }
    return bytes
  }

  private typealias Substring = (start: Int, length: Int, score: Int)

  /// The branching substrings of two characters and more that lie within words, the best first.
  private static func substrings(_ text: [UInt32], _ longest: Int) -> [Substring] {
    let depth = longest + 1
    func compare(_ a: Int, _ b: Int) -> (common: Int, less: Bool) {
      var i = 0
      while i < depth, a + i < text.count, b + i < text.count, text[a + i] == text[b + i] {
        i += 1
        // What follows the end of a word is another word.
        if text[a + i - 1] == 0 { break }
      }
      if i == depth || a + i >= text.count || b + i >= text.count || i > 0 && text[a + i - 1] == 0 {
        return (i, a < b)
      }
      return (i, text[a + i] < text[b + i])
    }
    let order = text.indices.filter { text[$0] != 0 }.sorted { compare($0, $1).less }
    var result: [Substring] = []
    // Intervals of suffixes that share a beginning, as they open and close.
    var open: [(length: Int, first: Int)] = []
    for i in 1...max(1, order.count) {
      let common = i < order.count ? compare(order[i - 1], order[i]).common : 0
      var first = i - 1
      while let last = open.last, last.length > common {
        open.removeLast()
        first = last.first
        let (start, length) = (order[first], last.length)
        if length >= 2, length <= longest, !text[start..<start + length].contains(0) {
          result.append((start, length, (i - first) * length))
        }
      }
      if common > 0, (open.last?.length ?? 0) < common { open.append((common, first)) }
    }
    return result.sorted { a, b in
      if a.score != b.score { return a.score > b.score }
      // Of equal scores the later in the order of code points comes first.
      return text[b.start..<b.start + b.length].lexicographicallyPrecedes(
        text[a.start..<a.start + a.length])
    }
  }
}
