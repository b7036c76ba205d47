import NN
import Optimizers
import Tensors

/// Which rank keeps which part of each parameter.
///
/// Parameters lie side by side in buckets, and each rank keeps a part of every bucket. Where a rule
/// moves every number by itself, parts are equal and cut through parameters; else parameters stay
/// whole, the largest first to the rank that has the least so far, as PyTorch's
/// `ZeroRedundancyOptimizer` does.
struct ShardLayout {
  /// A part of a parameter that one rank keeps.
  struct Piece {
    /// The parameter's position.
    let position: Int
    /// The part's numbers, in row-major order.
    let range: Range<Int>
    let rank: Int
    /// Where it lies in its bucket.
    let offset: Int
  }

  /// Parameters side by side.
  struct Bucket {
    let positions: [Int]
    let pieces: [Piece]
    /// The numbers that each rank keeps, in rank order.
    let counts: [Int]
    let dtype: DType

    var count: Int { counts.reduce(0, +) }

    /// Where a parameter begins: its pieces lie side by side.
    func offset(of position: Int) -> Int {
      pieces.first { $0.position == position }?.offset ?? 0
    }

    /// Where a rank's part begins.
    func start(of rank: Int) -> Int { counts[..<rank].reduce(0, +) }
  }

  let plan: BucketPlan
  let buckets: [Bucket]

  /// - Parameters:
  ///   - unit: What may not be cut.
  ///   - bucketBytes: Bytes at which a bucket closes, the first one earlier.
  init(
    _ parameters: [Parameter], ranks: Int, unit: UpdateUnit, limits: [Int]
  ) {
    let sizes = parameters.map { (count: $0.count, dtype: $0.dtype) }
    // Gradients become ready roughly from the last layer to the first.
    let plan = BucketPlan(sizes, limits: limits, order: Array(parameters.indices.reversed()))
    let owners = unit == .element ? [] : Self.owners(sizes.map(\.count), ranks: ranks)
    self.plan = plan
    buckets = plan.buckets.map { positions in
      let dtype = sizes[positions[0]].dtype
      return unit == .element
        ? Self.cut(positions, sizes.map(\.count), dtype, ranks)
        : Self.whole(positions, sizes.map(\.count), dtype, owners, ranks)
    }
  }

  /// One bucket for each list of positions, whose parameters are of one type and begin on cache lines.
  init(_ parameters: [Parameter], ranks: Int, unit: UpdateUnit, buckets lists: [[Int]]) {
    let counts = parameters.map(\.count)
    let owners = unit == .element ? [] : Self.owners(counts, ranks: ranks)
    plan = BucketPlan(buckets: lists)
    buckets = lists.map { positions in
      let dtype = parameters[positions[0]].dtype
      let line = max(1, 64 / dtype.size)
      return unit == .element
        ? Self.cut(positions, counts, dtype, ranks, line: line)
        : Self.whole(positions, counts, dtype, owners, ranks, line: line)
    }
  }

  /// The pieces that a rank keeps.
  func pieces(of rank: Int) -> [Piece] {
    buckets.flatMap { $0.pieces.filter { $0.rank == rank } }
  }

  /// Equal parts, whatever they cut through.
  /// - Parameter line: Of how many numbers parameters and parts begin at a multiple.
  private static func cut(
    _ positions: [Int], _ counts: [Int], _ dtype: DType, _ ranks: Int, line: Int = 1
  ) -> Bucket {
    func aligned(_ count: Int) -> Int { (count + line - 1) / line * line }
    let total = positions.reduce(0) { $0 + aligned(counts[$1]) }
    let share = aligned((total + ranks - 1) / ranks)
    var pieces: [Piece] = []
    var start = 0
    for position in positions {
      var done = 0
      while done < counts[position] {
        let offset = start + done
        let rank = offset / share
        let length = min(counts[position] - done, (rank + 1) * share - offset)
        pieces.append(
          Piece(position: position, range: done..<(done + length), rank: rank, offset: offset))
        done += length
      }
      start += aligned(counts[position])
    }
    return Bucket(
      positions: positions, pieces: pieces, counts: [Int](repeating: share, count: ranks),
      dtype: dtype)
  }

  /// Whole parameters, rank by rank.
  private static func whole(
    _ positions: [Int], _ counts: [Int], _ dtype: DType, _ owners: [Int], _ ranks: Int,
    line: Int = 1
  ) -> Bucket {
    var pieces: [Piece] = []
    var lengths = [Int](repeating: 0, count: ranks)
    var offset = 0
    for rank in 0..<ranks {
      for position in positions where owners[position] == rank {
        let count = counts[position]
        pieces.append(Piece(position: position, range: 0..<count, rank: rank, offset: offset))
        let length = (count + line - 1) / line * line
        offset += length
        lengths[rank] += length
      }
    }
    return Bucket(positions: positions, pieces: pieces, counts: lengths, dtype: dtype)
  }

  /// Each parameter's rank.
  private static func owners(_ counts: [Int], ranks: Int) -> [Int] {
    var loads = [Int](repeating: 0, count: ranks)
    var owners = [Int](repeating: 0, count: counts.count)
    for position in counts.indices.sorted(by: { (counts[$1], $0) < (counts[$0], $1) }) {
      let rank = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      owners[position] = rank
      loads[rank] += counts[position]
    }
    return owners
  }
}
