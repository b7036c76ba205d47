import Tensors

/// Reads a rank's share of each global batch and collates it (`torch.utils.data.DataLoader`).
///
/// ```swift
/// let loader = DataLoader(digits, batches: plan.batches, rank: rank, worldSize: worldSize) {
///   Collate.images($0, shape: digits.imageShape)
/// }
/// for _ in 0..<epochs {
///   while let batch = try loader.next() { … }
/// }
/// ```
///
/// While record i of an epoch is read, `Generator.default` is that of the loader's seed, the epoch and
/// i, so that random transforms are the same on any rank, with any number of ranks, and read ahead or
/// not. Who wants it by itself asks for `Generator.keyed(seed:epoch:index:)`.
///
/// The loader counts epochs by itself: `next()` returns nil once at the end of each, and the
/// following call begins another in another order. Every rank gets the same number of batches.
public final class DataLoader<Element, Content> {
  /// The global batches.
  public let batches: any BatchSampling
  /// Which share of each batch is read here.
  public let rank: Int
  /// The number of shares.
  public let worldSize: Int
  /// The number of the epoch that `next()` reads from, counted from 0.
  public private(set) var epoch = 0
  /// How many batches of this epoch were handed out.
  public private(set) var step = 0

  /// Whether the dataset holds anything.
  private let hasRecords: Bool
  private let makeReader: (EpochReader) -> BatchReader<Content>
  private var plan: EpochBatches
  private var reader: BatchReader<Content>?
  /// Whether a loop over the loader has taken batches of this epoch.
  private var isBegunByLoop = false

  private init(
    _ batches: any BatchSampling, records: Int, rank: Int, worldSize: Int,
    makeReader: @escaping (EpochReader) -> BatchReader<Content>
  ) {
    require(
      rank >= 0 && rank < worldSize, "DataLoader", "rank \(rank) is not one of \(worldSize)")
    self.batches = batches
    hasRecords = records > 0
    self.rank = rank
    self.worldSize = worldSize
    self.makeReader = makeReader
    plan = batches.batches(epoch: 0)
  }

  /// A loader that reads each batch when it is asked for.
  /// - Parameters:
  ///   - dataset: Where records come from.
  ///   - batches: Global batches of the dataset's indices.
  ///   - rank: Which share of each batch is read here.
  ///   - worldSize: The number of shares.
  ///   - seed: What draws in the dataset's subscript come from; the batches' where nil.
  ///   - collate: Makes a batch of records, of which there is always at least one.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batches: any BatchSampling, rank: Int = 0, worldSize: Int = 1,
    seed: UInt64? = nil, collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    let draws = RecordDraws(seed: seed ?? batches.seed)
    self.init(batches, records: dataset.count, rank: rank, worldSize: worldSize) { reader in
      BatchReader { step in try collate(reader.records(of: step, in: dataset, draws)) }
    }
  }

  /// A loader whose records a background thread reads up to `prefetch` batches ahead.
  ///
  /// Records are collated by the caller of `next()`. What is read ahead does not count as handed out.
  public convenience init<Source: Dataset & Sendable>(
    _ dataset: Source, batches: any BatchSampling, rank: Int = 0, worldSize: Int = 1,
    prefetch: Int, seed: UInt64? = nil, collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    require(prefetch > 0, "DataLoader", "prefetch is \(prefetch); leave it out to read on demand")
    let seed = seed ?? batches.seed
    self.init(batches, records: dataset.count, rank: rank, worldSize: worldSize) { reader in
      let ahead = BatchWorkers(
        steps: reader.firstStep..<reader.plan.count, workers: 1, capacity: prefetch
      ) {
        // A thread that is ending may still read while the next one begins, so each has its own.
        let draws = RecordDraws(seed: seed)
        return { step, isStopped in
          try reader.records(of: step, in: dataset, draws, isStopped)
        }
      }
      return BatchReader { _ in try collate(ahead.next()) }
    }
  }

  /// A loader whose batches are read and collated with draws of their own, by threads where there are
  /// any; what `workers:` stands for.
  convenience init(
    batches: any BatchSampling, records: Int, rank: Int, worldSize: Int, ahead: ReadingAhead,
    makeRead: @escaping @Sendable (EpochReader) -> BatchWorkers<Content>.Read
  ) {
    require(
      ahead.workers >= 0 && ahead.prefetchFactor > 0, "DataLoader",
      "\(ahead.workers) workers that read \(ahead.prefetchFactor) batches ahead")
    self.init(batches, records: records, rank: rank, worldSize: worldSize) { reader in
      guard ahead.workers > 0 else {
        let read = makeRead(reader)
        return BatchReader { step in try read(step) { false } }
      }
      let workers = BatchWorkers<Content>(
        steps: reader.firstStep..<reader.plan.count, workers: ahead.workers,
        capacity: ahead.workers * ahead.prefetchFactor, timeout: ahead.timeout
      ) { makeRead(reader) }
      return BatchReader { _ in try workers.next() }
    }
  }

  /// The number of batches in the current epoch.
  public var batchCount: Int { plan.count }

  /// The next batch, or nil at the end of the epoch, after which another begins.
  /// - Throws: What reading or collating a record throws. The batch counts as not handed out.
  public func next() throws -> Batch<Content>? {
    if plan.isEmpty {
      guard hasRecords else {
        throw DataError(
          .empty, path: "", "the dataset holds no records, so an epoch has no steps",
          remedy: "Look at what it reads")
      }
      throw DataError(
        .tooSmall, path: "", "the records do not fill one batch, so an epoch has no steps",
        remedy: "Use a smaller batch_size, or keep incomplete batches")
    }
    guard step < plan.count else {
      moveTo(epoch: epoch + 1, step: 0)
      return nil
    }
    let epochReader = EpochReader(
      plan: plan, epoch: epoch, firstStep: step, rank: rank, worldSize: worldSize)
    let reader = self.reader ?? makeReader(epochReader)
    self.reader = reader
    let share = plan.share(of: step, rank: rank, worldSize: worldSize)
    do {
      let batch = Batch(
        content: try reader.read(step), count: share.count,
        globalCount: plan[step].count, indices: epochReader.share(of: step), epoch: epoch,
        step: step)
      step += 1
      return batch
    } catch {
      // What was read ahead belongs to later steps, so the next call starts a new reader here.
      self.reader = nil
      throw error
    }
  }

  /// Where the loader is, not counting what was read ahead.
  public var state: LoaderState {
    LoaderState(seed: batches.seed, epoch: epoch, position: plan.position(of: step))
  }

  /// Goes to a saved place, so that the next batch is the one that would have followed.
  /// - Throws: ``DataError`` where the state is of another seed, or no batch starts there.
  public func restore(_ state: LoaderState) throws(DataError) {
    guard state.seed == batches.seed else {
      throw DataError(
        .mismatch, path: "",
        "the data position was saved with seed \(state.seed), but the seed is "
          + "\(batches.seed)", remedy: "Set seed to \(state.seed), or start a new run")
    }
    guard
      state.epoch >= 0,
      let step = (state.epoch == epoch ? plan : batches.batches(epoch: state.epoch))
        .step(at: state.position)
    else {
      throw DataError(
        .mismatch, path: "",
        "no batch of epoch \(state.epoch) starts after \(state.position) "
          + "records", remedy: "Use the batch size and the data that the run was started with")
    }
    moveTo(epoch: state.epoch, step: step)
  }

  /// Stops reading ahead. The next call reads on from here.
  func rest() { reader = nil }

  /// Goes to the next epoch where a loop left this one before its end.
  func leaveBegunEpoch() {
    if isBegunByLoop, step > 0 { moveTo(epoch: epoch + 1, step: 0) }
  }

  /// The next batch for a loop over the loader.
  func nextInLoop() throws -> Batch<Content>? {
    let batch = try next()
    isBegunByLoop = batch != nil
    return batch
  }

  private func moveTo(epoch: Int, step: Int) {
    isBegunByLoop = false
    if epoch != self.epoch { plan = batches.batches(epoch: epoch) }
    self.epoch = epoch
    self.step = step
    reader = nil
  }
}

/// The rest of an epoch as one rank reads it.
struct EpochReader: Sendable {
  let plan: EpochBatches
  let epoch: Int
  let firstStep: Int
  let rank: Int
  let worldSize: Int

  /// This rank's indices; the batch's first record where it has none.
  func share(of step: Int) -> [Int] {
    let share = plan.share(of: step, rank: rank, worldSize: worldSize)
    return share.isEmpty ? Array(plan[step].prefix(1)) : share
  }

  /// This rank's records of a step, each read with draws of its own.
  /// - Throws: ``RecordError`` with what the dataset threw, or `CancellationError` where nobody wants
  ///   the step any more.
  func records<Source: Dataset>(
    of step: Int, in dataset: Source, _ draws: RecordDraws, _ isStopped: () -> Bool = { false }
  ) throws -> [Source.Element] {
    try share(of: step).map { index in
      if isStopped() { throw CancellationError() }
      return try draws.reading(epoch: epoch, index: index) {
        do {
          return try dataset[index]
        } catch {
          throw RecordError(index: index, epoch: epoch, underlying: error)
        }
      }
    }
  }

  /// Runs a body whose draws are those of this rank's share of a step as a whole: below 0 are no records.
  func collating<Result>(
    _ step: Int, _ draws: RecordDraws, _ body: () throws -> Result
  ) rethrows -> Result {
    try draws.reading(epoch: epoch, index: -1 - step * worldSize - rank, body)
  }
}

/// Who reads ahead, and how far.
struct ReadingAhead: Sendable {
  var workers: Int
  var prefetchFactor: Int
  var timeout: Duration?
}

/// What delivers the batches of consecutive steps.
private struct BatchReader<Content> {
  let read: (_ step: Int) throws -> Content
}
