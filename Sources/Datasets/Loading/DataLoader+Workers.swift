import Tensors

/// Loaders whose records worker threads read and collate (`num_workers`).
///
/// The dataset is shared by the threads, so it is `Sendable`; what it makes need not be, since each record
/// belongs to its batch alone. Draws in the dataset's subscript follow from seed, epoch and index, those in
/// `collate` from seed, epoch and step: batches are the same for any number of workers. They come in order,
/// at most `workers · prefetchFactor` are read ahead, and an error reaches the caller at its own batch. A
/// loop that is left early stops the threads.
extension DataLoader {
  /// A loader of records that become batches by themselves.
  ///
  /// ```swift
  /// for (x, y) in DataLoader(dataset, batchSize: 32, shuffle: true, workers: 2) { … }
  /// ```
  /// - Parameters:
  ///   - dataset: Where records come from.
  ///   - batchSize: How many records are in a batch.
  ///   - shuffle: Whether each epoch has another order.
  ///   - sampler: The order of the records, in place of `shuffle`.
  ///   - batchSampler: The batches, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`.
  ///   - workers: How many threads read and collate; with 0 the caller does.
  ///   - dropLast: Whether records that do not fill a batch are left out: what pipelines call `dropRemainder`.
  ///   - timeout: How long a batch is waited for; nil for as long as it takes.
  ///   - prefetchFactor: How many batches a worker reads ahead.
  ///   - generator: Where PyTorch's order of epochs with that generator is wanted: read, never moved.
  ///   - seed: What the order and all draws come from.
  public convenience init<Source: Dataset & Sendable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, workers: Int, dropLast: Bool = false,
    timeout: Duration? = nil, prefetchFactor: Int = 2, generator: Generator? = nil, seed: UInt64 = 0
  ) where Source.Element == Element, Element: Collatable, Content == Element.Collated {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed),
      ahead: ReadingAhead(workers: workers, prefetchFactor: prefetchFactor, timeout: timeout)
    ) { try Element.collate($0) }
  }

  /// A loader of pairs, each part of which is collated by itself: `for (x, y) in loader`.
  public convenience init<Source: Dataset & Sendable, A: Collatable, B: Collatable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, workers: Int, dropLast: Bool = false,
    timeout: Duration? = nil, prefetchFactor: Int = 2, generator: Generator? = nil, seed: UInt64 = 0
  ) where Source.Element == Element, Element == (A, B), Content == (A.Collated, B.Collated) {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed),
      ahead: ReadingAhead(workers: workers, prefetchFactor: prefetchFactor, timeout: timeout)
    ) { (try A.collate($0.map(\.0)), try B.collate($0.map(\.1))) }
  }

  /// A loader of triples, each part of which is collated by itself.
  public convenience init<Source: Dataset & Sendable, A: Collatable, B: Collatable, C: Collatable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, workers: Int, dropLast: Bool = false,
    timeout: Duration? = nil, prefetchFactor: Int = 2, generator: Generator? = nil, seed: UInt64 = 0
  )
  where
    Source.Element == Element, Element == (A, B, C), Content == (A.Collated, B.Collated, C.Collated)
  {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed),
      ahead: ReadingAhead(workers: workers, prefetchFactor: prefetchFactor, timeout: timeout)
    ) { (try A.collate($0.map(\.0)), try B.collate($0.map(\.1)), try C.collate($0.map(\.2))) }
  }

  /// A loader with PyTorch's arguments and a collation of one's own.
  public convenience init<Source: Dataset & Sendable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, workers: Int, dropLast: Bool = false,
    timeout: Duration? = nil, prefetchFactor: Int = 2, generator: Generator? = nil,
    seed: UInt64 = 0, collate: @escaping @Sendable ([Element]) throws -> Content
  ) where Source.Element == Element {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed),
      ahead: ReadingAhead(workers: workers, prefetchFactor: prefetchFactor, timeout: timeout),
      collate: collate)
  }

  /// A loader of one rank's shares of global batches.
  /// - Parameters:
  ///   - dataset: Where records come from.
  ///   - batches: Global batches of the dataset's indices.
  ///   - rank: Which share of each batch is read here.
  ///   - worldSize: The number of shares.
  ///   - workers: How many threads read and collate; with 0 the caller does.
  ///   - timeout: How long a batch is waited for; nil for as long as it takes.
  ///   - prefetchFactor: How many batches a worker reads ahead.
  ///   - seed: What draws come from; the batches' where nil.
  ///   - collate: Makes a batch of records, of which there is always at least one.
  public convenience init<Source: Dataset & Sendable>(
    _ dataset: Source, batches: any BatchSampling, rank: Int = 0, worldSize: Int = 1, workers: Int,
    timeout: Duration? = nil, prefetchFactor: Int = 2, seed: UInt64? = nil,
    collate: @escaping @Sendable ([Element]) throws -> Content
  ) where Source.Element == Element {
    let seed = seed ?? batches.seed
    self.init(
      batches: batches, records: dataset.count, rank: rank, worldSize: worldSize,
      ahead: ReadingAhead(workers: workers, prefetchFactor: prefetchFactor, timeout: timeout)
    ) { reader in
      let draws = RecordDraws(seed: seed)
      return { step, isStopped in
        let records = try reader.records(of: step, in: dataset, draws, isStopped)
        return try reader.collating(step, draws) { try collate(records) }
      }
    }
  }

  /// A collation that captures nothing but types, or is `Sendable` itself.
  private convenience init<Source: Dataset & Sendable>(
    _ dataset: Source, order: LoaderOrder, ahead: ReadingAhead,
    collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    let collate = OneThreads(collate)
    self.init(
      dataset, batches: order.batches(of: dataset.count), workers: ahead.workers,
      timeout: ahead.timeout, prefetchFactor: ahead.prefetchFactor, seed: order.seed
    ) { try collate.value($0) }
  }
}
