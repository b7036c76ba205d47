// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

import Tensors

extension DataLoader {
  /// PyTorch's name of `workers`.
  @available(
    *, unavailable,
    message: "threads that read are workers: DataLoader(dataset, batchSize: 32, workers: 2)"
  )
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, numWorkers: Int
  ) where Source.Element == Element, Content == [Element] { otherName() }
  /// PyTorch's name of `workers`.
  @available(
    *, unavailable,
    message: "threads that read are workers: DataLoader(dataset, batchSize: 32, workers: 2)"
  )
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, num_workers: Int
  ) where Source.Element == Element, Content == [Element] { otherName() }
}

extension DataLoader {
  /// PyTorch's name of `collate`.
  @available(
    *, unavailable, message: "what makes a batch is collate: DataLoader(dataset, collate: collate)"
  )
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    collateFn: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element { otherName() }
  /// PyTorch's name of `collate`.
  @available(
    *, unavailable, message: "what makes a batch is collate: DataLoader(dataset, collate: collate)"
  )
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false,
    collate_fn: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element { otherName() }
  /// PyTorch's data of a loader.
  @available(*, unavailable, message: "ask the dataset that you gave the loader: data.count")
  public var dataset: [Int] { otherName() }
}

extension DistributedSampler {
  /// PyTorch's name of `worldSize`.
  @available(
    *, unavailable,
    message: "ranks are counted by worldSize: DistributedSampler(data, rank: 0, worldSize: 4)"
  )
  public init(
    _ dataset: some Dataset, numReplicas: Int, rank: Int, shuffle: Bool = true,
    seed: UInt64 = 0, dropLast: Bool = false
  ) { otherName() }
  /// Another order of the arguments.
  @available(
    *, unavailable,
    message: "the rank comes first: DistributedSampler(data, rank: 0, worldSize: 4)"
  )
  public init(
    _ dataset: some Dataset, worldSize: Int, rank: Int, shuffle: Bool = true,
    seed: UInt64 = 0, dropLast: Bool = false
  ) { otherName() }
  /// PyTorch's announcement of an epoch.
  @available(
    *, unavailable, message: "leave it out: each loop over a loader has an epoch of its own"
  )
  public func setEpoch(_ epoch: Int) { otherName() }
  /// PyTorch's announcement of an epoch.
  @available(
    *, unavailable, message: "leave it out: each loop over a loader has an epoch of its own"
  )
  public func set_epoch(_ epoch: Int) { otherName() }
}

/// PyTorch's spelling of ``randomSplit(_:lengths:seed:)``.
@available(*, unavailable, renamed: "randomSplit(_:lengths:)")
public var random_split: PythonName { otherName() }

extension Dataset {
  /// A method for PyTorch's `Subset`.
  @available(*, unavailable, message: "use Subset(dataset, indices: indices)")
  public func subset(_ indices: some Sequence<Int>) -> Subset<Self> { otherName() }
}
