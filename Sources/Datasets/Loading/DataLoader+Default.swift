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
  ///   - dropLast: Whether records that do not fill a batch are left out.
  ///   - seed: What the order comes from.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, dropLast: Bool = false,
    seed: UInt64 = 0
  ) where Source.Element == Element, Element: Collatable, Content == Element.Collated {
    self.init(
      dataset, batches: Self.batches(dataset.count, batchSize, shuffle, dropLast, seed)
    ) { try Element.collate($0) }
  }

  /// A loader of pairs, each part of which is collated by itself: `for (x, y) in loader`.
  public convenience init<Source: Dataset, A: Collatable, B: Collatable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, dropLast: Bool = false,
    seed: UInt64 = 0
  ) where Source.Element == Element, Element == (A, B), Content == (A.Collated, B.Collated) {
    self.init(
      dataset, batches: Self.batches(dataset.count, batchSize, shuffle, dropLast, seed)
    ) { (try A.collate($0.map(\.0)), try B.collate($0.map(\.1))) }
  }

  /// A loader of triples, each part of which is collated by itself.
  public convenience init<Source: Dataset, A: Collatable, B: Collatable, C: Collatable>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, dropLast: Bool = false,
    seed: UInt64 = 0
  )
  where
    Source.Element == Element, Element == (A, B, C),
    Content == (A.Collated, B.Collated, C.Collated)
  {
    self.init(
      dataset, batches: Self.batches(dataset.count, batchSize, shuffle, dropLast, seed)
    ) { (try A.collate($0.map(\.0)), try B.collate($0.map(\.1)), try C.collate($0.map(\.2))) }
  }

  /// A loader with PyTorch's arguments and a collation of one's own.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batchSize: Int = 1, shuffle: Bool = false, dropLast: Bool = false,
    seed: UInt64 = 0, collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    self.init(
      dataset, batches: Self.batches(dataset.count, batchSize, shuffle, dropLast, seed),
      collate: collate)
  }

  private static func batches(
    _ count: Int, _ size: Int, _ isShuffled: Bool, _ dropsLast: Bool, _ seed: UInt64
  ) -> BatchSampler {
    let sampler: any Sampler =
      isShuffled
      ? RandomSampler(recordCount: count, seed: seed) : SequentialSampler(count: count)
    return BatchSampler(sampler, batchSize: size, lastBatch: dropsLast ? .drop : .keep)
  }
}

extension DataLoader: Sequence {
  /// The contents of an epoch's batches; each loop has an epoch of its own, in another order where the
  /// loader shuffles. After `restore(_:)` the first loop has the rest of the saved epoch.
  ///
  /// A record that cannot be read or collated stops the process, as an error that nobody catches does in
  /// Python; whoever wants to catch it calls ``next()``, which also tells what a rank's share weighs.
  public func makeIterator() -> AnyIterator<Content> {
    leaveBegunEpoch()
    // Without records there are no batches, and no error either.
    if batchCount == 0 { return AnyIterator { nil } }
    return AnyIterator { [self] in
      do {
        return try nextInLoop()?.content
      } catch {
        fail("DataLoader", "\(error)")
      }
    }
  }
}
