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

/// PyTorch's spelling of ``randomSplit(_:lengths:seed:)``.
@available(*, unavailable, renamed: "randomSplit(_:lengths:)")
public var random_split: PythonName { otherName() }
