/// One rank's share of a global batch.
public struct Batch<Content> {
  /// The collated records.
  public let content: Content
  /// How many of this rank's records count. Where a small last batch left none for this rank,
  /// `content` holds one stand-in record that takes part in the step and counts 0.
  public let count: Int
  /// How many records the batch has on all ranks together.
  public let globalCount: Int
  /// The records' indices in the dataset; where `count` is 0 the stand-in's, if it has one.
  public let indices: [Int]
  /// The number of the epoch, counted from 0.
  public let epoch: Int
  /// The number of the batch in its epoch, counted from 0.
  public let step: Int

  /// A share that was read elsewhere.
  public init(
    content: Content, count: Int, globalCount: Int, indices: [Int], epoch: Int, step: Int
  ) {
    self.content = content
    self.count = count
    self.globalCount = globalCount
    self.indices = indices
    self.epoch = epoch
    self.step = step
  }

  /// What a rank's mean loss is multiplied with before gradients are averaged over `worldSize`
  /// ranks, so that every record of the global batch weighs the same: count · W / globalCount.
  public func weight(worldSize: Int) -> Double {
    Double(count * worldSize) / Double(globalCount)
  }

  /// The same batch with other contents.
  public func map<Result>(_ transform: (Content) throws -> Result) rethrows -> Batch<Result> {
    Batch<Result>(
      content: try transform(content), count: count, globalCount: globalCount, indices: indices,
      epoch: epoch, step: step)
  }
}

/// Where a loader is: enough to go on in the middle of an epoch, on any number of ranks.
public struct LoaderState: Codable, Hashable, Sendable {
  /// The sampler's seed.
  public var seed: UInt64
  /// The number of the epoch, counted from 0.
  public var epoch: Int
  /// The records of this epoch that were handed out, all ranks together.
  public var position: Int

  /// Describes a place.
  public init(seed: UInt64, epoch: Int, position: Int) {
    self.seed = seed
    self.epoch = epoch
    self.position = position
  }
}
