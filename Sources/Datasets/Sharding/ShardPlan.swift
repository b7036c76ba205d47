import Foundation
import Tensors

/// Which records or files each rank reads: made once, sent to every rank, saved with the run.
///
/// The plan holds the rule, not lists of indices: the number of records, the world size, the seed
/// and the policy, from which every rank derives the same epochs.
public struct ShardPlan: Codable, Hashable, Sendable {
  /// How records are shared.
  public enum Policy: String, Codable, Sendable, CaseIterable {
    /// Every global batch is cut into one consecutive piece a rank; nothing is padded.
    case batches
    /// PyTorch's `DistributedSampler`: rank r reads r, r + W, …, padded by repeated records.
    case padded
    /// The same, cut instead of padded (`drop_last`).
    case cut
    /// Each rank reads files of its own.
    case files
  }

  /// How a source is to be divided; the plan settles what `automatic` means.
  public enum Sharding: String, Codable, Sendable, CaseIterable {
    /// By file where there are enough of them to load the ranks evenly, else by record.
    case automatic = "auto"
    /// By record.
    case record
    /// By file; an error where a rank would have none.
    case file
  }

  /// The order of records, where it is not that of a shuffle alone.
  public enum Order: String, Codable, Sendable, CaseIterable {
    /// Batches of records of similar length: ``LengthBucketSampler``'s. Every batch is shared out
    /// among the ranks, whatever the policy; the policy says who owns which records.
    case lengthBuckets = "length_buckets"
  }

  /// How a plan's file says what becomes of an incomplete last batch.
  private enum LastBatch: String, Codable {
    case keep
    case drop
  }

  /// The format's version.
  public var version = 1
  /// What the source looked like.
  public var source: SourceFingerprint
  /// The number of ranks.
  public var worldSize: Int
  /// The number of records in a batch, all ranks together.
  public var batchSize: Int
  /// What the order of an epoch comes from, together with the epoch's number.
  public var seed: UInt64
  /// Whether records are shuffled.
  public var shuffle: Bool
  /// How records are shared.
  public var policy: Policy
  /// Whether an incomplete last batch is left out.
  public var dropLast: Bool {
    get { lastBatch == .drop }
    set { lastBatch = newValue ? .drop : .keep }
  }
  private var lastBatch: LastBatch
  /// Under ``Policy/files``, each rank's files as positions in `source.files`.
  public var shards: [[Int]]?
  /// What puts an epoch's batches together; nil for the policy alone.
  public var order: Order?

  /// Makes a plan.
  /// - Parameters:
  ///   - source: The data's fingerprint.
  ///   - worldSize: The number of ranks.
  ///   - batchSize: The number of records in a batch, all ranks together.
  ///   - seed: What the order comes from.
  ///   - shuffle: Whether records are shuffled.
  ///   - dropLast: Whether an incomplete last batch is left out.
  ///   - sharding: By file or by record.
  ///   - path: What errors call the source.
  /// - Throws: ``DataError`` where there are no records, fewer places in a batch than ranks, or
  ///   fewer files than ranks although `sharding` is `file`.
  public init(
    for source: SourceFingerprint, worldSize: Int, batchSize: Int, seed: UInt64,
    shuffle: Bool = true, dropLast: Bool = false, sharding: Sharding = .automatic,
    path: String = ""
  ) throws(DataError) {
    guard source.records > 0 else {
      throw DataError(
        .empty, path: path, "there are no records to share",
        remedy: "Check that the path names the data you mean")
    }
    guard batchSize >= worldSize else {
      throw DataError(
        .tooSmall, path: path,
        "a global batch of \(batchSize) records cannot give each of \(worldSize) ranks one",
        remedy: "Set batch_size to \(worldSize) or more, or start fewer workers")
    }
    self.source = source
    self.worldSize = worldSize
    self.batchSize = batchSize
    self.seed = seed
    self.shuffle = shuffle
    lastBatch = dropLast ? .drop : .keep
    policy = .batches
    guard sharding != .record, worldSize > 1 || sharding == .file else { return }

    let dealt = dealFiles(source.files, worldSize: worldSize)
    if sharding == .file {
      guard let dealt else {
        let files = source.files.count { ($0.records ?? 0) > 0 }
        throw DataError(
          .tooSmall, path: path,
          "\(files) files with records cannot give each of \(worldSize) "
            + "ranks a file", remedy: "Use sharding: record, or start fewer workers")
      }
      shards = dealt.shards
      policy = .files
    } else if let dealt, dealt.isEven {
      shards = dealt.shards
      policy = .files
    }
  }

  /// A plan by PyTorch's `DistributedSampler` rule.
  /// - Parameters:
  ///   - source: The records, by number and fingerprint.
  ///   - worldSize: The number of ranks.
  ///   - batchSize: The records of one step on all ranks together.
  ///   - seed: The seed of the shuffled order.
  ///   - shuffle: Whether each epoch has an order of its own.
  ///   - dropLast: Whether uneven ends are cut instead of padded.
  ///   - path: What errors call the plan.
  /// - Throws: ``DataError`` as the other initialiser, and where `batchSize` is no multiple of
  ///   `worldSize`.
  public init(
    distributedSampler source: SourceFingerprint, worldSize: Int, batchSize: Int, seed: UInt64,
    shuffle: Bool = true, dropLast: Bool = false, path: String = ""
  ) throws(DataError) {
    try self.init(
      for: source, worldSize: worldSize, batchSize: batchSize, seed: seed, shuffle: shuffle,
      sharding: .record, path: path)
    guard batchSize % worldSize == 0 else {
      throw DataError(
        .mismatch, path: path,
        "DistributedSampler's rule needs equal shares, but \(batchSize) records do not divide "
          + "into \(worldSize) ranks",
        remedy: "Set batch_size to a multiple of \(worldSize)")
    }
    policy = dropLast ? .cut : .padded
  }

  /// The global batches that this plan means where it has no ``order`` of its own. Their indices are
  /// those of the whole dataset.
  public var batches: any BatchSampling {
    require(order == nil, "ShardPlan.batches", "the plan's order needs lengths: batches(lengths:)")
    switch policy {
    case .batches:
      let sampler: any Sampler =
        shuffle
        ? RandomSampler(recordCount: source.records, seed: seed)
        : SequentialSampler(recordCount: source.records)
      return BatchSampler(sampler, batchSize: batchSize, dropLast: dropLast)
    case .padded, .cut:
      let sampler = DistributedSampler(
        recordCount: source.records, rank: 0, worldSize: worldSize, shuffle: shuffle,
        seed: seed, dropLast: policy == .cut)
      return DistributedBatchSampler(sampler, batchSize: batchSize)
    case .files:
      return FileShardSampler(
        shards: fileRanges, batchSize: batchSize, shuffle: shuffle,
        uneven: dropLast ? .cut : .startOver, seed: seed)
    }
  }

  /// The global batches that this plan means.
  /// - Parameter lengths: Each record's length, where ``order`` needs it.
  public func batches(lengths: [Int]) -> any BatchSampling {
    switch order {
    case nil: return batches
    case .lengthBuckets:
      require(
        lengths.count == source.records, "ShardPlan.batches",
        "\(lengths.count) lengths of \(source.records) records")
      return LengthBucketSampler(
        lengths: lengths, batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, seed: seed)
    }
  }

  /// The same records once each, in order, without padding: what evaluation reads.
  public var evaluationBatches: any BatchSampling {
    guard policy == .files else {
      return BatchSampler(SequentialSampler(recordCount: source.records), batchSize: batchSize)
    }
    return FileShardSampler(
      shards: fileRanges, batchSize: batchSize, shuffle: false, uneven: .stop, seed: 0)
  }

  /// The files that a rank opens: its own by file, all of them by record.
  public func files(rank: Int) -> [SourceFingerprint.File] {
    guard let shards else { return source.files }
    return shards[rank].map { source.files[$0] }
  }

  /// The indices that a rank reads in an epoch, in order.
  public func indices(rank: Int, epoch: Int) -> [Int] {
    let batches = batches.batches(epoch: epoch)
    return batches.indices.flatMap { batches.share(of: $0, rank: rank, worldSize: worldSize) }
  }

  /// The consecutive records that fall to a rank where each record is to be seen by exactly one,
  /// as for counting words.
  public func ownedRecords(rank: Int) -> [Range<Int>] {
    policy == .files
      ? fileRanges[rank]
      : [blockRange(count: source.records, rank: rank, worldSize: worldSize)]
  }

  /// Each rank's files as ranges of record indices.
  private var fileRanges: [[Range<Int>]] {
    var start = 0
    let ranges = source.files.map { file in
      defer { start += file.records ?? 0 }
      return start..<start + (file.records ?? 0)
    }
    return (shards ?? []).map { $0.map { ranges[$0] } }
  }
}
