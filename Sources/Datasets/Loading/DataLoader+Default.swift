import Tensors

/// Loaders of a process on its own, with PyTorch's arguments and its default collation.
extension DataLoader {
  /// A loader of records that become batches by themselves.
  ///
  /// ```swift
  /// let loader = DataLoader(dataset, batchSize: 32, shuffle: true)
  /// for x in loader { … }
  /// ```
  /// - Parameters:
  ///   - dataset: Where records come from.
  ///   - batchSize: How many records are in a batch.
  ///   - shuffle: Whether each epoch has another order.
  ///   - sampler: The order of the records, in place of `shuffle`.
  ///   - batchSampler: The batches, in place of `batchSize`, `shuffle`, `sampler` and `dropLast`.
  ///   - dropLast: Whether records that do not fill a batch are left out: what pipelines call `dropRemainder`.
  ///   - generator: Where PyTorch's order of epochs with that generator is wanted: read, never moved.
  ///   - seed: What the order and all draws come from.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, dropLast: Bool = false, generator: Generator? = nil,
    seed: UInt64 = 0
  ) where Source.Element == Element, Element: Collatable, Content == Element.Collated {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed)
    ) { try Element.collate($0) }
  }

  /// A loader of pairs, each part of which is collated by itself: `for (x, y) in loader`.
  public convenience init<Source: Dataset, A: Collatable, B: Collatable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, dropLast: Bool = false, generator: Generator? = nil,
    seed: UInt64 = 0
  ) where Source.Element == Element, Element == (A, B), Content == (A.Collated, B.Collated) {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed)
    ) { (try A.collate($0.map(\.0)), try B.collate($0.map(\.1))) }
  }

  /// A loader of triples, each part of which is collated by itself.
  public convenience init<Source: Dataset, A: Collatable, B: Collatable, C: Collatable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, dropLast: Bool = false, generator: Generator? = nil,
    seed: UInt64 = 0
  )
  where
    Source.Element == Element, Element == (A, B, C), Content == (A.Collated, B.Collated, C.Collated)
  {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed)
    ) { (try A.collate($0.map(\.0)), try B.collate($0.map(\.1)), try C.collate($0.map(\.2))) }
  }

  /// A loader with PyTorch's arguments and a collation of one's own.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, sampler: (any Sampler)? = nil,
    batchSampler: (any BatchSampling)? = nil, dropLast: Bool = false, generator: Generator? = nil,
    seed: UInt64 = 0, collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    self.init(
      dataset,
      order: LoaderOrder(batchSize, shuffle, sampler, batchSampler, dropLast, generator, seed),
      collate: collate)
  }

  private convenience init<Source: Dataset>(
    _ dataset: Source, order: LoaderOrder, collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    // On the caller's thread alone, whatever it captures.
    let (source, collate) = (OneThreads(dataset), OneThreads(collate))
    let seed = order.seed
    self.init(
      batches: order.batches(of: dataset.count), records: dataset.count, rank: 0, worldSize: 1,
      ahead: ReadingAhead(workers: 0, prefetchFactor: 1)
    ) { reader in
      let draws = RecordDraws(seed: seed)
      return { step, isStopped in
        let records = try reader.records(of: step, in: source.value, draws, isStopped)
        return try reader.collating(step, draws) { try collate.value(records) }
      }
    }
  }
}

extension DataLoader: Sequence {
  /// The contents of an epoch's batches; each loop has an epoch of its own, in another order where the
  /// loader shuffles. After `restore(_:)` the first loop has the rest of the saved epoch.
  ///
  /// A record that cannot be read or collated stops the process, as an error that nobody catches does in
  /// Python; whoever wants to catch it calls ``next()``, which also tells what a rank's share weighs.
  public func makeIterator() -> LoaderIterator<Content> {
    leaveBegunEpoch()
    // Without records there are no batches, and no error either.
    if batchCount == 0 { return LoaderIterator(next: { nil }, end: {}) }
    return LoaderIterator { [self] in
      do {
        return try nextInLoop()?.content
      } catch {
        fail("DataLoader", "\(error)")
      }
    } end: { [self] in
      rest()
    }
  }
}

/// The batches of one loop over a ``DataLoader``. When the loop ends, at its end or before, nothing is
/// read ahead any more.
public final class LoaderIterator<Content>: IteratorProtocol {
  private let take: () -> Content?
  private let end: () -> Void

  init(next: @escaping () -> Content?, end: @escaping () -> Void) { (take, self.end) = (next, end) }

  deinit { end() }

  /// The next batch's content.
  public func next() -> Content? { take() }
}
