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
      try divide(word, n, scratch)
      return try append(p, range, &sink, scratch)
    }
    let key = WordCache.key(word, n)
    // Unknown pieces are told from others when offsets are wanted: they are not kept.
    if scratch.cache.find(key, at: range.lowerBound, into: &sink) { return }
    try divide(word, n, scratch)
    let pieces = scratch.pieces
    let isKnown = stride(from: 0, to: pieces.count, by: 2).allSatisfy {
      unknown != Int(pieces[$0])
    }
    guard isKnown else { return try append(p, range, &sink, scratch) }
    scratch.cache.keep(
      key,
      stride(from: 0, to: pieces.count, by: 2).map {
        WordCache.Piece(id: pieces[$0], length: pieces[$0 + 1])
      })
    _ = scratch.cache.find(key, at: range.lowerBound, into: &sink)
  }

  /// Appends the scratch's pieces; unknown ones as bytes where those have tokens.
  private func append(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, _ sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError) {
    var at = range.lowerBound
    let pieces = scratch.pieces
    for i in stride(from: 0, to: pieces.count, by: 2) {
      let end = at + Int(pieces[i + 1])
      // A piece that was found unknown may be a token all the same, once it is joined.
      let id = Int(pieces[i]) == unknown ? vocabulary.id(of: p + at, end - at) : pieces[i]
      if id >= 0 {
        sink.append(id, at, end)
      } else if byteFallback, (at..<end).allSatisfy({ fallback[Int(p[$0])] >= 0 }) {
        for j in at..<end { sink.append(fallback[Int(p[j])], at, end) }
      } else {
        guard let unknown else { throw TokenizerError.missingUnknownToken("unk_id") }
        sink.literals.append((sink.ids.count, at..<end))
        sink.append(Int32(unknown), at, end)
      }
      at = end
    }
  }

  /// Puts ids and lengths into the scratch's pieces; neighbouring unknown ones become one.
  private func divide(
    _ word: UnsafePointer<UInt8>, _ n: Int, _ scratch: Scratch
  ) throws(TokenizerError) {
    if scratch.scores.count <= n {
      let size = max(n + 1, 64)
      scratch.scores = Array(repeating: 0, count: size)
      scratch.origins = Array(repeating: -1, count: size)
      scratch.origin = Array(repeating: -1, count: size)
    }
    let isComplete = scratch.scores.withUnsafeMutableBufferPointer { best in
      scratch.origins.withUnsafeMutableBufferPointer { from in
        scratch.origin.withUnsafeMutableBufferPointer { ids in
          scores.withUnsafeBufferPointer { walk(word, n, best, from, ids, $0) }
        }
      }
    }
    guard isComplete else { throw TokenizerError.missingUnknownToken("unk_id") }
    scratch.pieces.removeAll(keepingCapacity: true)
    var end = n
    while end > 0 {
      let start = Int(scratch.origins[end])
      let id = scratch.origin[end]
      if let unknown, Int(id) == unknown, let last = scratch.pieces.last, Int(last) == unknown {
        scratch.pieces[scratch.pieces.count - 2] += Int32(end - start)
      } else {
        scratch.pieces.append(Int32(end - start))
        scratch.pieces.append(id)
      }
      end = start
    }
    scratch.pieces.reverse()
  }

  /// Fills, for each end of a token, the best score up to it, where that token begins and its id.
  private func walk(
    _ word: UnsafePointer<UInt8>, _ n: Int, _ best: UnsafeMutableBufferPointer<Double>,
    _ from: UnsafeMutableBufferPointer<Int32>, _ ids: UnsafeMutableBufferPointer<Int32>,
    _ scores: UnsafeBufferPointer<Double>
  ) -> Bool {
    for i in 0...n {
      from[i] = -1
      best[i] = 0
    }
    var start = 0
    while start < n {
      let here = best[start]
      let length = UTF8Reader.length(word[start])
      var hasSingle = false
      var node: Int32 = 0
      var end = start
      while end < n {
        node = trie.child(node, word[end])
        if node < 0 { break }
        end += 1
        let id = trie.id(node)
        if id < 0 { continue }
        let score = scores[Int(id)] + here
        if from[end] < 0 || score > best[end] {
          best[end] = score
          from[end] = Int32(truncatingIfNeeded: start)
          ids[end] = id
        }
        if end - start == length { hasSingle = true }
      }
      if !hasSingle {
        guard let unknown else { return false }
        let end = start + length
        let score = unknownScore + here
        if from[end] < 0 || score > best[end] {
          best[end] = score
          from[end] = Int32(truncatingIfNeeded: start)
          ids[end] = Int32(unknown)
        }
      }
      start += length
    }
    return true
  }
}

/// A vocabulary as a tree of bytes, its edges in one table of integers.
final class ByteTrie: Sendable {
  /// Node << 8 | byte in the upper half, the child in the lower one; 0 is empty.
  private let edges: Block<UInt64>
  private let mask: Int
  private let ids: Block<Int32>
  private let roots: Block<Int32>

  init(_ vocabulary: Vocabulary) {
    var total = 1
    for id in vocabulary.ids { total += vocabulary.bytes(of: id)?.count ?? 0 }
    var capacity = 64
    // At most one edge a byte, so that the table is never full; shared beginnings make far fewer.
    while capacity <= total { capacity *= 2 }
    edges = Block(capacity, 0)
    mask = capacity - 1
    var ids: [Int32] = [-1]
    for id in vocabulary.ids {
      guard let bytes = vocabulary.bytes(of: id), !bytes.isEmpty else { continue }
      var node: UInt64 = 0
      for byte in bytes {
        let key = node << 8 | UInt64(byte)
        var at = Self.start(key) & mask
        while edges.base[at] != 0, edges.base[at] >> 32 != key { at = (at + 1) & mask }
        if edges.base[at] == 0 {
          edges.base[at] = key << 32 | UInt64(ids.count)
          ids.append(-1)
        }
        node = edges.base[at] & 0xffff_ffff
      }
      ids[Int(node)] = Int32(truncatingIfNeeded: id)
    }
    self.ids = Block(ids, -1)
    roots = Block(256, -1)
    for byte in 0..<256 { roots.base[byte] = find(UInt64(byte)) }
  }

  @inline(__always)
  private static func start(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32)
  }

  @inline(__always)
  private func find(_ key: UInt64) -> Int32 {
    var at = Self.start(key) & mask
    while edges.base[at] != 0 {
      if edges.base[at] >> 32 == key {
        return Int32(truncatingIfNeeded: edges.base[at] & 0xffff_ffff)
      }
      at = (at + 1) & mask
    }
    return -1
  }

  /// The node below another by a byte, or −1.
  @inline(__always)
  func child(_ node: Int32, _ byte: UInt8) -> Int32 {
    node == 0 ? roots.base[Int(byte)] : find(UInt64(node) << 8 | UInt64(byte))
  }

  /// The id of the token that ends at a node, or −1.
  @inline(__always)
  func id(_ node: Int32) -> Int32 { ids.base[Int(node)] }
}
