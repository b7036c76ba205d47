import Collectives
import Datasets
import Foundation
import NN
import Tensors

/// What a configured run trains and is judged by, ready for a ``Trainer``: the model, this rank's
/// share of the data, and how one is fed to the other.
struct Workload {
  /// A batch: inputs, then targets.
  typealias Content = [Tensor]
  typealias Loader = any BatchLoading<[BatchPart<Content>]>

  let model: Module
  let forward: (Content) throws -> StepOutput
  let data: WorkloadData
}

/// This rank's share of a run's data.
struct WorkloadData {
  /// What a record is, and what a model must know of it.
  enum Kind {
    /// Images of `[channels, height, width]`.
    case images(shape: [Int], classes: Int)
    /// Characters of a text.
    case characters(vocabulary: Int, context: Int)
    /// Sentences of word numbers.
    case sentences(vocabulary: Int, classes: Int)

    var name: String {
      switch self {
      case .images: "images"
      case .characters: "characters"
      case .sentences: "sentences"
      }
    }
  }

  let kind: Kind
  let training: Workload.Loader
  /// Judged by while the run goes on; nil for the records that it is judged by at the end.
  let validation: Workload.Loader?
  /// Judged by at the end.
  let heldOut: Workload.Loader
  /// Which records each rank reads.
  let plan: ShardPlan
  /// What the records are made of, which a resumed run must find again.
  let contents: DataContents
  /// Whether the run is judged by its loss (a language model), rather than by its accuracy.
  let isJudgedByLoss: Bool
  /// What a finished run needs besides its weights: file names with their contents.
  var artifacts: [(name: String, contents: Data)] = []
}

/// What making a run's parts needs to know.
struct RunContext {
  let configuration: RunConfiguration
  /// The ranks that train together.
  let group: ProcessGroup
  /// Where relative paths of the project's own data are looked up.
  let files: ProjectFiles

  var rank: Int { group.rank }
  var worldSize: Int { group.size }

  /// A value that rank 0 makes and every rank receives. An error on rank 0 ends the job.
  func madeOnce<Value: Codable>(_ label: String, _ make: () throws -> Value) throws -> Value {
    try group.broadcastObject(rank == 0 ? make() : nil, label: label)
  }

  /// The sums of the files that a run's records come from, the same on all hosts.
  func contents(of paths: [String]) throws -> DataContents {
    try DataContents(onHostsOf: group) { try DataContents(files: paths) }
  }

  /// The plan by which ranks share a source's training records, made once.
  func plan(
    _ source: SourceFingerprint, path: String, lastBatch: LastBatch = .keep
  ) throws -> ShardPlan {
    try madeOnce("shard plan") {
      try ShardPlan(
        for: source, worldSize: worldSize, batchSize: configuration.batchSize,
        seed: UInt64(configuration.seed), lastBatch: lastBatch,
        sharding: configuration.distributed.sharding.planned, path: path)
    }
  }

  /// A loader of training records that reads ahead on a thread of its own.
  func trainingLoader<Source: Dataset & Sendable>(
    _ dataset: Source, _ batches: any BatchSampling,
    collate: @escaping ([Source.Element]) throws -> Workload.Content
  ) -> Workload.Loader where Source.Element: Sendable {
    let parts = configuration.accumulate
    return DataLoader(
      dataset, batches: batches, rank: rank, worldSize: worldSize, prefetch: 4
    ) { try BatchPart.cut($0, into: parts, collate: collate) }
  }

  /// A loader that reads every record exactly once over all ranks.
  func judgingLoader<Source: Dataset>(
    _ dataset: Source, batchSize: Int? = nil,
    collate: @escaping ([Source.Element]) throws -> Workload.Content
  ) -> Workload.Loader {
    let batches = BatchSampler(
      SequentialSampler(count: dataset.count),
      batchSize: max(batchSize ?? configuration.batchSize, worldSize))
    return judgingLoader(dataset, batches, collate: collate)
  }

  /// A loader of held-out records in batches that are given.
  func judgingLoader<Source: Dataset>(
    _ dataset: Source, _ batches: any BatchSampling,
    collate: @escaping ([Source.Element]) throws -> Workload.Content
  ) -> Workload.Loader {
    DataLoader(dataset, batches: batches, rank: rank, worldSize: worldSize) {
      try BatchPart.cut($0, into: 1, collate: collate)
    }
  }
}

extension DistributedConfiguration.Sharding {
  /// The same as the shard plan names it.
  var planned: ShardPlan.Sharding {
    switch self {
    case .auto: .automatic
    case .record: .record
    case .file: .file
    }
  }
}
