/// Unigram: the division of a word whose tokens' scores have the largest sum (Viterbi).
final class UnigramModel: TokenModel {
  let vocabulary: Vocabulary
  /// By id.
  let scores: [Double]
  let unknown: Int?
  let byteFallback: Bool
  private let trie: ByteTrie
  private let unknownScore: Double
  private let fallback: [Int32]

  /// - Parameter pieces: Tokens in the order of their ids, with their scores.
  init(vocabulary: Vocabulary, scores: [Double], unknown: Int?, byteFallback: Bool) {
    self.vocabulary = vocabulary
    self.scores = scores
    self.unknown = unknown
    self.byteFallback = byteFallback
    trie = ByteTrie(vocabulary)
    unknownScore = (scores.min() ?? 0) - 10
    fallback = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      let token = "<0x" + (digits.utf8.count < 2 ? "0" : "") + digits + ">"
      return vocabulary.id(of: token).map { Int32($0) } ?? -1
    }
  }

  func tokenize(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, into sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError) {
    let n = range.count
    let word = p + range.lowerBound
    guard n <= WordCache.longest else {
      return try append(divide(word, n, scratch), p, range.lowerBound, &sink)
    }
    let key = WordCache.Key(word, n)
    // Unknown pieces are told from others when offsets are wanted: they are not kept.
    if scratch.cache.find(key, at: range.lowerBound, into: &sink) { return }
    let pieces = try divide(word, n, scratch)
    guard let start = pieces.baseAddress, !pieces.contains(where: { Int($0.id) == unknown }) else {
      return try append(pieces, p, range.lowerBound, &sink)
    }
    scratch.cache.keep(key, start, pieces.count)
    sink.append(start, pieces.count, at: range.lowerBound)
  }

  private typealias Pieces = UnsafeBufferPointer<BPESymbol>

  /// Appends pieces; unknown ones as bytes where those have tokens.
  private func append(
    _ pieces: Pieces, _ p: UnsafePointer<UInt8>, _ start: Int, _ sink: inout TokenSink
  ) throws(TokenizerError) {
    var at = start
    for piece in pieces {
      let end = at + Int(piece.length)
      // A piece that was found unknown may be a token all the same, once it is joined.
      let id = Int(piece.id) == unknown ? vocabulary.id(of: p + at, end - at) : piece.id
      if id >= 0 {
        sink.append(id, at, end)
      } else if byteFallback, (at..<end).allSatisfy({ fallback[Int(p[$0])] >= 0 }) {
        for j in at..<end { sink.append(fallback[Int(p[j])], at, end) }
      } else {
        guard let unknown else { throw TokenizerError.missingUnknownToken("unk_id") }
        sink.literals.append((sink.count, at..<end))
        sink.append(Int32(unknown), at, end)
      }
      at = end
    }
  }

  /// The pieces of a word, in the scratch's symbols; neighbouring unknown ones are one.
  private func divide(
    _ word: UnsafePointer<UInt8>, _ n: Int, _ scratch: Scratch
  ) throws(TokenizerError) -> Pieces {
    scratch.reserveLattice(n + 1)
    scratch.reserve(n)
    let (lattice, symbols) = (scratch.lattice, scratch.symbols)
    let isComplete = scores.withUnsafeBufferPointer { walk(word, n, lattice, $0) }
    guard isComplete else { throw TokenizerError.missingUnknownToken("unk_id") }
    // From the end, so that the last of the symbols are filled first.
    var first = n
    var end = n
    while end > 0 {
      let node = lattice[end]
      let length = Int32(truncatingIfNeeded: end) - node.origin
      if first < n, Int(node.id) == unknown, symbols[first].id == node.id {
        symbols[first].length += length
      } else {
        first -= 1
        symbols[first] = BPESymbol(id: node.id, length: length, previous: 0, next: 0)
      }
      end = Int(node.origin)
    }
    return Pieces(start: symbols + first, count: n - first)
  }

  /// Fills, for each end of a token, the best score up to it, where that token begins and its id.
  private func walk(
    _ word: UnsafePointer<UInt8>, _ n: Int, _ lattice: UnsafeMutablePointer<LatticeNode>,
    _ scores: UnsafeBufferPointer<Double>
  ) -> Bool {
    lattice.initialize(repeating: LatticeNode(score: 0, origin: -1, id: -1), count: n + 1)
    var start = 0
    while start < n {
      let here = lattice[start].score
      let origin = Int32(truncatingIfNeeded: start)
      let length = UTF8Reader.length(word[start])
      var hasSingle = false
      trie.tokens(in: word, from: start, to: n) { end, id in
        let score = scores[Int(id)] + here
        if lattice[end].origin < 0 || score > lattice[end].score {
          lattice[end] = LatticeNode(score: score, origin: origin, id: id)
        }
        if end - start == length { hasSingle = true }
      }
      if !hasSingle {
        guard let unknown else { return false }
        let end = start + length
        let score = unknownScore + here
        if lattice[end].origin < 0 || score > lattice[end].score {
          lattice[end] = LatticeNode(
            score: score, origin: origin, id: Int32(truncatingIfNeeded: unknown))
        }
      }
      start += length
    }
    return true
  }
}
