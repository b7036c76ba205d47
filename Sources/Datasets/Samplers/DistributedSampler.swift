import Tensors

/// One rank's records by PyTorch's rule (`torch.utils.data.distributed.DistributedSampler`).
///
/// The permutation of `seed + epoch` over N records is made equally long for W ranks, and rank r
/// takes its elements r, r + W, r + 2W, …:
/// - without `dropLast` it is padded to ⌈N/W⌉·W by repeating from its start, again and again where
///   the padding exceeds N;
/// - with `dropLast`, where W does not divide N, it is cut to ⌈(N − W)/W⌉·W.
///
/// Training on global batches needs no such padding: see ``BatchSampler``. Evaluation never pads.
public struct DistributedSampler: Sampler {
  /// The number of records.
  public let recordCount: Int
  /// The number of ranks that share them.
  public let worldSize: Int
  /// Which share, counted from 0.
  public let rank: Int
  /// Whether the order is random; otherwise it is the records' own.
  public let shuffle: Bool
  /// Whether what does not divide evenly is left out instead of padded.
  public let dropLast: Bool
  /// What the order comes from; the same on every rank.
  public let seed: UInt64

  /// One rank's share.
  /// - Precondition: `0 <= rank < worldSize`.
  public init(
    recordCount: Int, rank: Int, worldSize: Int, shuffle: Bool = true, seed: UInt64 = 0,
    dropLast: Bool = false
  ) {
    require(
      worldSize > 0 && rank >= 0 && rank < worldSize, "DistributedSampler",
      "rank \(rank) is not one of \(worldSize)")
    self.recordCount = recordCount
    self.worldSize = worldSize
    self.rank = rank
    self.shuffle = shuffle
    self.dropLast = dropLast
    self.seed = seed
  }

  /// One rank's share of a dataset's records.
  /// - Precondition: `0 <= rank < worldSize`.
  public init(
    _ dataset: some Dataset, rank: Int, worldSize: Int, shuffle: Bool = true,
    seed: UInt64 = 0, dropLast: Bool = false
  ) {
    self.init(
      recordCount: dataset.count, rank: rank, worldSize: worldSize, shuffle: shuffle,
      seed: seed, dropLast: dropLast)
  }

  /// The number of indices of every rank.
  public var count: Int {
    if dropLast && recordCount % worldSize != 0 {
      return max(0, recordCount - worldSize + worldSize - 1) / worldSize
    }
    return (recordCount + worldSize - 1) / worldSize
  }

  /// This rank's indices in one epoch.
  public func indices(epoch: Int) -> [Int] {
    stride(from: rank, to: count * worldSize, by: worldSize).map(order(epoch: epoch).element)
  }

  /// All ranks' indices in one epoch before they are dealt out: N of them padded or cut.
  func order(epoch: Int) -> PaddedOrder {
    let generator = IndexGenerator(seed: seed &+ UInt64(epoch))
    let permuted = shuffle ? generator.permutation(recordCount) : Array(0..<recordCount)
    return PaddedOrder(permuted: permuted, count: recordCount == 0 ? 0 : count * worldSize)
  }

  /// A list read cyclically up to a length that may be shorter or longer than it.
  struct PaddedOrder {
    let permuted: [Int]
    let count: Int

    func element(_ index: Int) -> Int { permuted[index % permuted.count] }
    var elements: [Int] { (0..<count).map(element) }
  }
}
