/// A vocabulary as a tree of bytes, its edges in one table with open addressing.
final class ByteTrie: Sendable {
  /// An edge, and the token that ends at the child.
  private struct Edge {
    /// Node << 8 | byte; 0 is no edge, since those of the root are not in the table.
    var key: UInt64
    var child: Int32
    /// −1 where no token ends.
    var id: Int32
  }

  private let edges: Block<Edge>
  private let mask: Int
  private let roots: Block<Edge>

  init(_ vocabulary: Vocabulary) {
    var total = 1
    for id in vocabulary.ids { total += vocabulary.bytes(of: id)?.count ?? 0 }
    var capacity = 64
    // At most one edge a byte, so that the table is never full; shared beginnings make far fewer.
    while capacity <= total { capacity *= 2 }
    let none = Edge(key: 0, child: -1, id: -1)
    edges = Block(capacity, none)
    mask = capacity - 1
    roots = Block(256, none)
    var nodes: Int32 = 0
    for id in vocabulary.ids {
      guard let bytes = vocabulary.bytes(of: id), let first = bytes.first else { continue }
      var edge = roots.base + Int(first)
      if edge.pointee.child < 0 {
        nodes += 1
        edge.pointee.child = nodes
      }
      for byte in bytes.dropFirst() {
        let key = Self.key(edge.pointee.child, byte)
        var at = Self.start(key) & mask
        while edges.base[at].key != 0, edges.base[at].key != key { at = (at + 1) & mask }
        edge = edges.base + at
        if edge.pointee.key == 0 {
          nodes += 1
          edge.pointee = Edge(key: key, child: nodes, id: -1)
        }
      }
      edge.pointee.id = Int32(truncatingIfNeeded: id)
    }
  }

  @inline(__always)
  private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
  }

  @inline(__always)
  private static func start(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32)
  }

  /// Calls `body` with the end and the id of each token that begins at `start`, the shortest first.
  @inline(__always)
  func tokens(
    in p: UnsafePointer<UInt8>, from start: Int, to end: Int, _ body: (Int, Int32) -> Void
  ) {
    var edge = roots.base + Int(p[start])
    var i = start + 1
    while edge.pointee.child >= 0 {
      if edge.pointee.id >= 0 { body(i, edge.pointee.id) }
      if i == end { return }
      let key = Self.key(edge.pointee.child, p[i])
      var at = Self.start(key) & mask
      while edges.base[at].key != key {
        if edges.base[at].key == 0 { return }
        at = (at + 1) & mask
      }
      edge = edges.base + at
      i += 1
    }
  }
}
