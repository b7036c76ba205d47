/// The best way to a place in a word, as Unigram looks for it.
struct LatticeNode {
  /// The sum of the tokens' scores.
  var score: Double
  /// Where the last token begins; −1 where no way leads here.
  var origin: Int32
  /// The last token.
  var id: Int32
}

/// What one thread needs while it divides words: buffers, and a bounded memory of words it has seen.
final class Scratch {
  let cache = WordCache()
  var heap = MergeHeap()
  /// Of each id: whether its text divides into itself alone; 0 is not known.
  let canonical: Block<UInt8>
  private(set) var symbols: UnsafeMutablePointer<BPESymbol>
  private(set) var ranks: UnsafeMutablePointer<UInt32>
  private var capacity = 64
  private var sink = TokenSink(capacity: 1024)
  private(set) var lattice: UnsafeMutablePointer<LatticeNode>
  private var latticeCapacity = 64

  init(idBound: Int) {
    canonical = Block(idBound, 0)
    symbols = .allocate(capacity: capacity)
    ranks = .allocate(capacity: capacity * 2)
    lattice = .allocate(capacity: latticeCapacity)
  }

  deinit {
    symbols.deallocate()
    ranks.deallocate()
    lattice.deallocate()
    sink.deallocate()
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

  /// Makes room for a lattice of a number of nodes; what is there is lost.
  func reserveLattice(_ count: Int) {
    guard count > latticeCapacity else { return }
    latticeCapacity = max(count, latticeCapacity * 2)
    lattice.deallocate()
    lattice = .allocate(capacity: latticeCapacity)
  }

  /// Lends an empty sink, whose memory may grow meanwhile. Its tokens are there until the next time.
  func fill(
    _ body: (inout TokenSink) throws(TokenizerError) -> Void
  ) throws(TokenizerError) -> TokenSink {
    sink.removeAll()
    // Moved out, so that no access to this object is checked while tokens are appended.
    var lent = sink
    defer { sink = lent }
    try body(&lent)
    return lent
  }
}
