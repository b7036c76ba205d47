import Tensors

/// Groups an epoch's records into global batches, of which every rank takes its share.
///
/// The batch size counts the records of all ranks together, so that a run's arithmetic does not
/// depend on the number of workers: 4 ranks with 8 records each see what 1 rank with 32 sees.
public protocol BatchSampling: Sendable {
  /// What the random choices come from; 0 where there are none.
  var seed: UInt64 { get }

  /// All global batches of one epoch: the same on every rank.
  func batches(epoch: Int) -> EpochBatches
}

/// Global batches of equal size from a sampler's order (`torch.utils.data.BatchSampler`).
public struct BatchSampler: BatchSampling {
  /// The order of the records.
  public let sampler: any Sampler
  /// The number of records in a batch, all ranks together.
  public let batchSize: Int
  /// Whether records at an epoch's end that do not fill a batch are left out. Otherwise they form a
  /// smaller one, in which a rank without a record takes part with weight 0.
  public let dropLast: Bool
  /// The sampler's seed.
  public var seed: UInt64 { sampler.seed }

  /// Cuts a sampler's order into batches of `batchSize` records.
  public init(_ sampler: any Sampler, batchSize: Int, dropLast: Bool = false) {
    require(batchSize > 0, "BatchSampler", "the batch size is \(batchSize)")
    self.sampler = sampler
    self.batchSize = batchSize
    self.dropLast = dropLast
  }

  /// All global batches of one epoch. Each rank takes a block of consecutive records.
  public func batches(epoch: Int) -> EpochBatches {
    EpochBatches(
      cutting: sampler.indices(epoch: epoch), every: batchSize, dropLast: dropLast,
      dealing: .blocks)
  }
}

/// Global batches whose shares are those of PyTorch's ``DistributedSampler`` on every rank.
///
/// Rank r's shares of all batches, one after another, are exactly `DistributedSampler`'s indices
/// for r; a batch is what W loaders with batch size `batchSize / W` read in one step.
public struct DistributedBatchSampler: BatchSampling {
  /// The rule; its rank is of no account here.
  public let sampler: DistributedSampler
  /// The number of records in a batch, all ranks together: a multiple of the world size.
  public let batchSize: Int
  /// The sampler's seed.
  public var seed: UInt64 { sampler.seed }

  /// Batches of PyTorch's padded or cut order.
  /// - Precondition: `batchSize` is a positive multiple of the sampler's world size.
  public init(_ sampler: DistributedSampler, batchSize: Int) {
    require(
      batchSize > 0 && batchSize % sampler.worldSize == 0, "DistributedBatchSampler",
      "the batch size \(batchSize) is no positive multiple of the \(sampler.worldSize) ranks")
    self.sampler = sampler
    self.batchSize = batchSize
  }

  /// All global batches of one epoch. Rank r takes the records r, r + W, … of each.
  public func batches(epoch: Int) -> EpochBatches {
    EpochBatches(
      cutting: sampler.order(epoch: epoch).elements, every: batchSize, dropLast: false,
      dealing: .strided)
  }
}
