import Tensors

/// Global batches of records of similar length, so that little is padded.
///
/// The epoch's random order is cut into chunks of many batches; each chunk is sorted by length and
/// cut into batches, and all batches are put in random order. Records of equal length keep their
/// random order. Within a batch ranks take every W-th record, so each has short and long ones alike.
/// Everything follows from the lengths, the seed and the epoch, so all ranks agree without talking.
public struct LengthBucketSampler: BatchSampling {
  /// The length of each record.
  public let lengths: [Int]
  /// The number of records in a batch, all ranks together.
  public let batchSize: Int
  /// How many batches are sorted together: more pad less, fewer mix better.
  public let chunkBatches: Int
  /// Whether the order is random; otherwise records are sorted as a whole.
  public let shuffle: Bool
  /// Whether an incomplete batch is left out; there is at most one.
  public let dropLast: Bool
  /// What the order comes from.
  public let seed: UInt64

  /// Batches by length.
  public init(
    lengths: [Int], batchSize: Int, chunkBatches: Int = 50, shuffle: Bool = true,
    dropLast: Bool = false, seed: UInt64 = 0
  ) {
    require(
      batchSize > 0 && chunkBatches > 0, "LengthBucketSampler",
      "batch size \(batchSize) and \(chunkBatches) batches a chunk must be positive")
    self.lengths = lengths
    self.batchSize = batchSize
    self.chunkBatches = chunkBatches
    self.shuffle = shuffle
    self.dropLast = dropLast
    self.seed = seed
  }

  /// All global batches of one epoch.
  public func batches(epoch: Int) -> EpochBatches {
    let generator = IndexGenerator(seed: seed &+ UInt64(epoch))
    var order = shuffle ? generator.permutation(lengths.count) : Array(lengths.indices)
    // With a batch that is to be dropped, what is dropped is a random choice, not the longest.
    if dropLast { order.removeLast(order.count % batchSize) }
    let chunk = shuffle ? batchSize * chunkBatches : max(order.count, 1)
    var batches: [ArraySlice<Int>] = []
    for start in stride(from: 0, to: order.count, by: chunk) {
      let range = start..<min(start + chunk, order.count)
      // Swift's sort is stable, so equal lengths stay in the order of the permutation.
      order[range].sort { lengths[$0] < lengths[$1] }
      for first in stride(from: range.lowerBound, to: range.upperBound, by: batchSize) {
        batches.append(order[first..<min(first + batchSize, range.upperBound)])
      }
    }
    if shuffle { batches = generator.permutation(batches.count).map { batches[$0] } }
    var bounds = [0]
    for batch in batches { bounds.append(bounds[bounds.count - 1] + batch.count) }
    return EpochBatches(order: batches.flatMap { $0 }, bounds: bounds, dealing: .strided)
  }
}
