import Tensors

/// What PyTorch's arguments of a loader say about its batches.
struct LoaderOrder {
  private let batchSize: Int
  private let shuffle: Bool
  private let sampler: (any Sampler)?
  private let batchSampler: (any BatchSampling)?
  private let dropLast: Bool
  private let generator: Generator?
  /// What draws of records come from.
  let seed: UInt64

  init(
    _ batchSize: Int, _ shuffle: Bool, _ sampler: (any Sampler)?,
    _ batchSampler: (any BatchSampling)?, _ dropLast: Bool, _ generator: Generator?, _ seed: UInt64
  ) {
    require(
      batchSampler == nil || batchSize == 1 && !shuffle && sampler == nil && !dropLast,
      "DataLoader",
      "a batchSampler takes the place of batchSize, shuffle, sampler and dropLast")
    require(
      sampler == nil || !shuffle, "DataLoader",
      "a sampler has an order of its own; give it or shuffle")
    (self.batchSize, self.shuffle, self.sampler) = (batchSize, shuffle, sampler)
    (self.batchSampler, self.dropLast, self.generator) = (batchSampler, dropLast, generator)
    self.seed = generator?.initialSeed ?? seed
  }

  func batches(of count: Int) -> any BatchSampling {
    if let batchSampler { return batchSampler }
    let order: any Sampler =
      if let sampler {
        sampler
      } else if !shuffle {
        SequentialSampler(recordCount: count)
      } else if let generator {
        ContinuedSampler(count: count, from: generator)
      } else {
        RandomSampler(recordCount: count, seed: seed)
      }
    return BatchSampler(order, batchSize: batchSize, dropLast: dropLast)
  }
}

/// The orders of PyTorch's `DataLoader(shuffle=True, generator=g)`, epoch after epoch.
///
/// Each epoch draws 64 bits for its workers, the order, and once more an order of which nothing is
/// taken. An epoch is found by drawing those before it.
private struct ContinuedSampler: Sampler {
  let count: Int
  let seed: UInt64
  private let start: Generator

  init(count: Int, from generator: Generator) {
    (self.count, seed, start) = (count, generator.initialSeed, generator.copy())
  }

  func indices(epoch: Int) -> [Int] {
    let generator = start.copy()
    var order: [Int] = []
    for _ in 0...epoch {
      _ = (generator.next32(), generator.next32())
      order = Tensor.randperm(count, generator: generator).array()
      _ = Tensor.randperm(count, generator: generator)
    }
    return order
  }
}

/// Something that only one thread at a time uses, or that has no state: a closure over types.
struct OneThreads<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) { self.value = value }
}
