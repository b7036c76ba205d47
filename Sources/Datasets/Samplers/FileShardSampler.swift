import Tensors

/// Global batches in which every rank reads only files that are its own.
///
/// Files stay with their rank; records are shuffled within a rank's files. All ranks take the same
/// number of steps, and ``Uneven`` says what that is where they have unequal numbers of records.
public struct FileShardSampler: BatchSampling {
  /// What happens where ranks have unequal numbers of records.
  public enum Uneven: Sendable {
    /// Ranks that run out start over until the fullest has read everything: for training.
    case startOver
    /// All stop when one cannot fill its share: for training without repeated records.
    case cut
    /// Ranks that run out have empty shares, so each record comes exactly once: for evaluation.
    case stop
  }

  /// For each rank the records of its files, as ranges of the indices of the whole dataset.
  public let shards: [[Range<Int>]]
  /// The number of records in a batch, all ranks together.
  public let batchSize: Int
  /// Whether records are shuffled within a rank's files.
  public let shuffle: Bool
  /// What happens where ranks have unequal numbers of records.
  public let uneven: Uneven
  /// What the order comes from.
  public let seed: UInt64

  /// Batches from fixed files.
  /// - Precondition: Every rank has a record, and `batchSize` is at least the number of ranks.
  public init(
    shards: [[Range<Int>]], batchSize: Int, shuffle: Bool = true, uneven: Uneven = .startOver,
    seed: UInt64
  ) {
    require(
      shards.allSatisfy { $0.contains { !$0.isEmpty } } && batchSize >= shards.count,
      "FileShardSampler",
      "each of \(shards.count) ranks needs a record and a place in a batch of \(batchSize)")
    self.shards = shards
    self.batchSize = batchSize
    self.shuffle = shuffle
    self.uneven = uneven
    self.seed = seed
  }

  /// All global batches of one epoch; they can be shared by as many ranks as there are shards.
  public func batches(epoch: Int) -> EpochBatches {
    let worldSize = shards.count
    let sizes = (0..<worldSize).map {
      blockRange(count: batchSize, rank: $0, worldSize: worldSize).count
    }
    // One generator for all ranks, in rank order: every rank computes the same whole list.
    let generator = IndexGenerator(seed: seed &+ UInt64(epoch))
    let orders = shards.map { ranges -> [Int] in
      let records = ranges.flatMap(Array.init)
      return shuffle ? generator.permutation(records.count).map { records[$0] } : records
    }
    let steps = zip(orders, sizes).map { order, size in
      uneven == .cut ? order.count / size : (order.count + size - 1) / size
    }
    let stepCount = (uneven == .cut ? steps.min() : steps.max()) ?? 0

    var order: [Int] = []
    var bounds = [0]
    var ends: [Int] = []
    for step in 0..<stepCount {
      for (records, size) in zip(orders, sizes) {
        for place in step * size..<(step + 1) * size where uneven != .stop || place < records.count
        {
          order.append(records[place % records.count])
        }
        ends.append(order.count)
      }
      bounds.append(order.count)
    }
    return EpochBatches(
      order: order, bounds: bounds, dealing: .fixed(worldSize: worldSize, ends: ends))
  }
}
