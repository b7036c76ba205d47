import Tensors

/// The global batches of one epoch in order, and the rule by which ranks share them.
public struct EpochBatches: RandomAccessCollection, Sendable {
  /// How a global batch is dealt to the ranks. Shares differ by at most one record.
  public enum Dealing: Sendable, Equatable {
    /// Each rank takes consecutive records; the first ranks take one more where it is uneven.
    case blocks
    /// Rank r of W takes the records r, r + W, … .
    case strided
    /// Each rank takes what was laid out for it when the batches were made for `worldSize` ranks:
    /// rank r's part of batch b ends at `ends[b * worldSize + r]`.
    case fixed(worldSize: Int, ends: [Int])
  }

  private let order: [Int]
  /// Where each batch starts in `order`, and where the last one ends.
  private let bounds: [Int]
  /// How a batch is dealt to the ranks.
  public let dealing: Dealing

  /// Batches of `order` between consecutive `bounds`.
  init(order: [Int], bounds: [Int], dealing: Dealing) {
    self.order = order
    self.bounds = bounds
    self.dealing = dealing
  }

  /// Consecutive batches of `batchSize` records.
  init(cutting order: [Int], every batchSize: Int, dropLast: Bool, dealing: Dealing) {
    var bounds = Array(stride(from: 0, through: order.count, by: batchSize))
    if !dropLast && bounds[bounds.count - 1] < order.count { bounds.append(order.count) }
    self.init(order: order, bounds: bounds, dealing: dealing)
  }

  /// 0: the first batch.
  public var startIndex: Int { 0 }
  /// The number of batches, on every rank the same.
  public var endIndex: Int { bounds.count - 1 }
  /// The records of a global batch.
  public subscript(step: Int) -> ArraySlice<Int> { order[bounds[step]..<bounds[step + 1]] }

  /// The records of all batches before `step`, all ranks together.
  public func position(of step: Int) -> Int { bounds[step] }

  /// The batch that starts after `position` records, or nil where none does.
  public func step(at position: Int) -> Int? {
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < position { low = middle + 1 } else { high = middle }
    }
    return low < bounds.count && bounds[low] == position ? low : nil
  }

  /// One rank's share of a global batch, possibly empty.
  /// - Precondition: `0 <= rank < worldSize`, and `worldSize` is the number that `Dealing.fixed`
  ///   batches were made for.
  public func share(of step: Int, rank: Int, worldSize: Int) -> [Int] {
    require(
      rank >= 0 && rank < worldSize, "EpochBatches", "rank \(rank) is not one of \(worldSize)")
    let batch = self[step]
    switch dealing {
    case .blocks:
      let range = blockRange(count: batch.count, rank: rank, worldSize: worldSize)
      return Array(batch.dropFirst(range.lowerBound).prefix(range.count))
    case .strided:
      return stride(from: rank, to: batch.count, by: worldSize).map { batch[batch.startIndex + $0] }
    case .fixed(let planned, let ends):
      require(
        planned == worldSize, "EpochBatches",
        "the batches were laid out for \(planned) ranks, not for \(worldSize)")
      let slot = step * worldSize + rank
      return Array(order[(rank == 0 ? bounds[step] : ends[slot - 1])..<ends[slot]])
    }
  }
}

/// The consecutive part of `count` things that falls to one of `worldSize` ranks: ⌊count/W⌋ or one
/// more, the larger parts first.
package func blockRange(count: Int, rank: Int, worldSize: Int) -> Range<Int> {
  let (base, extra) = count.quotientAndRemainder(dividingBy: worldSize)
  let start = rank * base + Swift.min(rank, extra)
  return start..<(start + base + (rank < extra ? 1 : 0))
}
