import Collectives
import DataParallel
import Datasets
import Foundation
import Optimizers
import Tensors

extension RunConfiguration {
  /// The virtual workers of an invariant run; nil of another one.
  package var virtualWorkers: VirtualWorkers? { distributed.virtualWorkers(seed: seed) }
  /// How the optimizer's steps are rounded.
  package var stepRounding: ParameterRounding { rounding.rounding(precision, seed: seed) }
}

/// What making a run's parts needs to know.
public struct RunContext {
  /// What was configured.
  public let configuration: RunConfiguration
  /// The ranks that train together.
  public let group: ProcessGroup
  /// Where relative paths of the project's own data are looked up.
  public let files: ProjectFiles

  /// This rank's number.
  public var rank: Int { group.rank }
  /// How many ranks there are.
  public var worldSize: Int { group.size }

  /// The virtual workers of an invariant run; nil where ranks work as themselves.
  public var virtualWorkers: VirtualWorkers? { configuration.virtualWorkers }
  /// Into how many shares each batch is cut: one for each rank, or for each virtual worker.
  public var shareCount: Int { virtualWorkers?.count ?? worldSize }
  /// The shares that this rank reads.
  public var ownShares: Range<Int> {
    virtualWorkers?.owned(by: rank, of: worldSize) ?? rank..<rank + 1
  }

  /// A value that rank 0 makes and every rank receives. An error on rank 0 ends the job.
  public func madeOnce<Value: Codable>(_ label: String, _ make: () throws -> Value) throws -> Value
  {
    try group.madeOnce(label, make)
  }

  /// The sums of the files that a run's records come from, the same on all hosts.
  public func contents(of paths: [String]) throws -> DataContents {
    try DataContents(onHostsOf: group) { try DataContents(files: paths) }
  }

  /// The plan by which ranks share a source's training records, made once.
  public func plan(
    _ source: SourceFingerprint, path: String, dropLast: Bool = false
  ) throws -> ShardPlan {
    try madeOnce("shard plan") {
      try ShardPlan(
        for: source, worldSize: shareCount, batchSize: configuration.batchSize,
        seed: UInt64(configuration.seed), dropLast: dropLast,
        sharding: configuration.distributed.sharding, path: path)
    }
  }

  /// A loader of training records, as the plan shares them out, that reads ahead on a thread of its
  /// own.
  /// - Parameters:
  ///   - dataset: All ranks' records.
  ///   - plan: Which of them each rank reads.
  ///   - lengths: Each record's length, where the plan's order needs it.
  ///   - collate: Makes a batch's tensors, inputs first and targets last.
  public func trainingLoader<Source: Dataset & Sendable>(
    _ dataset: Source, _ plan: ShardPlan, lengths: [Int] = [],
    collate: @escaping ([Source.Element]) throws -> [Tensor]
  ) -> RunData.Loader where Source.Element: Sendable {
    let batches = plan.batches(lengths: lengths)
    if let virtualWorkers {
      // Each virtual worker's share is computed by itself, which takes no more memory than parts do.
      return VirtualLoader(virtualWorkers, rank: rank, worldSize: worldSize) { share, shares in
        DataLoader(
          dataset, batches: batches, rank: share, worldSize: shares, prefetch: 4, collate: collate)
      }
    }
    let parts = configuration.accumulate
    return DataLoader(
      dataset, batches: batches, rank: rank, worldSize: worldSize, prefetch: 4
    ) { try BatchPart.cut($0, into: parts, collate: collate) }
  }

  /// A loader that reads every record exactly once over all ranks, for evaluations.
  public func evaluationLoader<Source: Dataset>(
    _ dataset: Source, batchSize: Int? = nil,
    collate: @escaping ([Source.Element]) throws -> [Tensor]
  ) -> RunData.Loader {
    let batches = BatchSampler(
      SequentialSampler(recordCount: dataset.count),
      batchSize: max(batchSize ?? configuration.batchSize, shareCount))
    return evaluationLoader(dataset, batches, collate: collate)
  }

  /// A loader of records for evaluations, in batches that are given.
  public func evaluationLoader<Source: Dataset>(
    _ dataset: Source, _ batches: any BatchSampling,
    collate: @escaping ([Source.Element]) throws -> [Tensor]
  ) -> RunData.Loader {
    if let virtualWorkers {
      return VirtualLoader(virtualWorkers, rank: rank, worldSize: worldSize) { share, shares in
        DataLoader(dataset, batches: batches, rank: share, worldSize: shares, collate: collate)
      }
    }
    return DataLoader(dataset, batches: batches, rank: rank, worldSize: worldSize) {
      try BatchPart.cut($0, into: 1, collate: collate)
    }
  }
}
