import Foundation

/// All ways to divide a word into pieces.
struct UnigramLattice {
  private struct Node {
    var id: Int
    var start: Int
    var end: Int
    var score: Double
  }

  private let trie: ByteTrie
  private let scores: [Double]
  private let unknownScore: Double
  private var nodes: [Node] = []
  /// The nodes that begin, and that end, at each byte.
  private var begins: [[Int]] = []
  private var ends: [[Int]] = []
  private var length = 0

  init(_ pieces: [UnigramTraining.Piece]) {
    trie = ByteTrie(Vocabulary(pieces.enumerated().map { ($1.text, $0) }))
    scores = pieces.map(\.score)
    unknownScore = (scores.filter { !$0.isNaN }.min() ?? 0) - 10
  }

  mutating func populate(_ word: [UInt8]) {
    length = word.count
    nodes.removeAll(keepingCapacity: true)
    if begins.count <= length {
      begins += Array(repeating: [], count: length + 1 - begins.count)
      ends += Array(repeating: [], count: length + 1 - ends.count)
    }
    for i in 0...length {
      begins[i].removeAll(keepingCapacity: true)
      ends[i].removeAll(keepingCapacity: true)
    }
    var start = 0
    while start < length {
      let size = UTF8Reader.length(word[start])
      var hasSingle = false
      trie.tokens(in: word, from: start, to: length) { end, id in
        add(Node(id: Int(id), start: start, end: end, score: scores[Int(id)]))
        if end - start == size { hasSingle = true }
      }
      if !hasSingle { add(Node(id: 0, start: start, end: start + size, score: unknownScore)) }
      start += size
    }
  }

  private mutating func add(_ node: Node) {
    begins[node.start].append(nodes.count)
    ends[node.end].append(nodes.count)
    nodes.append(node)
  }

  private static func logSumExp(_ x: Double, _ y: Double, _ isFirst: Bool) -> Double {
    if isFirst { return y }
    let (low, high) = x > y ? (y, x) : (x, y)
    return high > low + 50 ? high : high + log(exp(low - high) + 1)
  }

  /// Adds to each piece how often it is expected in the word, which comes `frequency` times.
  func addMarginals(_ frequency: Double, to expected: inout [Double]) {
    // The weight of all ways to reach, and to go on from, each node; the ends have score 0.
    var alpha = [Double](repeating: 0, count: nodes.count)
    var beta = [Double](repeating: 0, count: nodes.count)
    for position in 0...length where position > 0 {
      for right in begins[position] {
        for (i, left) in ends[position].enumerated() {
          alpha[right] = Self.logSumExp(alpha[right], nodes[left].score + alpha[left], i == 0)
        }
      }
    }
    for position in stride(from: length - 1, through: 0, by: -1) {
      for left in ends[position] {
        for (i, right) in begins[position].enumerated() {
          beta[left] = Self.logSumExp(beta[left], nodes[right].score + beta[right], i == 0)
        }
      }
    }
    var z = 0.0
    for (i, left) in ends[length].enumerated() {
      z = Self.logSumExp(z, nodes[left].score + alpha[left], i == 0)
    }
    for (i, node) in nodes.enumerated() {
      expected[node.id] += frequency * exp(alpha[i] + node.score + beta[i] - z)
    }
  }

  /// The ids of the best way.
  func best() -> [Int] {
    var scores = [Double](repeating: 0, count: length + 1)
    var last = [Int](repeating: -1, count: length + 1)
    for end in 1...max(1, length) where end <= length {
      for i in ends[end] {
        let node = nodes[i]
        guard node.start == 0 || last[node.start] >= 0 else { continue }
        let score = scores[node.start] + node.score
        if last[end] < 0 || score > scores[end] {
          scores[end] = score
          last[end] = i
        }
      }
    }
    var result: [Int] = []
    var end = length
    while end > 0, last[end] >= 0 {
      result.append(nodes[last[end]].id)
      end = nodes[last[end]].start
    }
    return result.reversed()
  }

  /// The ids of the best way and of the second best, where there is one.
  func twoBest() -> (first: [Int], second: [Int]?) {
    struct Way {
      var score: Double
      var node: Int
      /// Which of the ways to the node's start it goes on from.
      var rank: Int
    }
    var ways = [[Way]](repeating: [], count: length + 1)
    ways[0] = [Way(score: 0, node: -1, rank: 0)]
    for end in 1...max(1, length) where end <= length {
      for i in ends[end] {
        for (rank, way) in ways[nodes[i].start].enumerated() {
          let new = Way(score: way.score + nodes[i].score, node: i, rank: rank)
          let place = ways[end].firstIndex { new.score > $0.score } ?? ways[end].count
          ways[end].insert(new, at: place)
          if ways[end].count > 2 { ways[end].removeLast() }
        }
      }
    }
    func ids(_ rank: Int) -> [Int] {
      var result: [Int] = []
      var (end, rank) = (length, rank)
      while end > 0, rank < ways[end].count {
        let way = ways[end][rank]
        result.append(nodes[way.node].id)
        (end, rank) = (nodes[way.node].start, way.rank)
      }
      return result.reversed()
    }
    return (ids(0), ways[length].count > 1 ? ids(1) : nil)
  }
}
