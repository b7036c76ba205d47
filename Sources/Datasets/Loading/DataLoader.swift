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

  private let collate: ([Element]) throws -> Content
  private let makeReader: (EpochReader) -> BatchReader<Element>
  private var plan: EpochBatches
  private var reader: BatchReader<Element>?

  private init(
    _ batches: any BatchSampling, rank: Int, worldSize: Int,
    collate: @escaping ([Element]) throws -> Content,
    makeReader: @escaping (EpochReader) -> BatchReader<Element>
  ) {
    require(
      rank >= 0 && rank < worldSize, "DataLoader", "rank \(rank) is not one of \(worldSize)")
    self.batches = batches
    self.rank = rank
    self.worldSize = worldSize
    self.collate = collate
    self.makeReader = makeReader
    plan = batches.batches(epoch: 0)
  }

  /// A loader that reads each batch when it is asked for.
  /// - Parameters:
  ///   - dataset: Where records come from.
  ///   - batches: Global batches of the dataset's indices.
  ///   - rank: Which share of each batch is read here.
  ///   - worldSize: The number of shares.
  ///   - collate: Makes a batch of records, of which there is always at least one.
  public convenience init<Source: Dataset>(
    _ dataset: Source, batches: any BatchSampling, rank: Int = 0, worldSize: Int = 1,
    collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element {
    self.init(batches, rank: rank, worldSize: worldSize, collate: collate) { epoch in
      BatchReader { step in try epoch.share(of: step).map { try dataset[$0] } }
    }
  }

  /// A loader whose records a background thread reads up to `prefetch` batches ahead.
  ///
  /// Only records cross between threads; they are collated by the caller of `next()`, because
  /// tensors belong to the thread that makes them. What is read ahead does not count as handed out.
  public convenience init<Source: Dataset & Sendable>(
    _ dataset: Source, batches: any BatchSampling, rank: Int = 0, worldSize: Int = 1,
    prefetch: Int, collate: @escaping ([Element]) throws -> Content
  ) where Source.Element == Element, Element: Sendable {
    require(prefetch > 0, "DataLoader", "prefetch is \(prefetch); leave it out to read on demand")
    self.init(batches, rank: rank, worldSize: worldSize, collate: collate) { epoch in
      let ahead = Prefetcher(steps: epoch.firstStep..<epoch.plan.count, capacity: prefetch) {
        step in try epoch.share(of: step).map { try dataset[$0] }
      }
      return BatchReader(owner: ahead) { _ in try ahead.next() }
    }
  }

  /// The number of batches in the current epoch.
  public var batchCount: Int { plan.count }

  /// The next batch, or nil at the end of the epoch, after which another begins.
  /// - Throws: What reading or collating a record throws. The batch counts as not handed out.
  public func next() throws -> Batch<Content>? {
    if plan.isEmpty {
      throw DataError(
        .tooSmall, path: "", "the records do not fill one batch, so an epoch has no steps",
        remedy: "Use a smaller batch_size, or keep incomplete batches")
    }
    guard step < plan.count else {
      moveTo(epoch: epoch + 1, step: 0)
      return nil
    }
    let epochReader = EpochReader(
      plan: plan, firstStep: step, rank: rank, worldSize: worldSize)
    let reader = self.reader ?? makeReader(epochReader)
    self.reader = reader
    let share = plan.share(of: step, rank: rank, worldSize: worldSize)
    do {
      let batch = Batch(
        content: try collate(try reader.read(step)), count: share.count,
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

  private func moveTo(epoch: Int, step: Int) {
    if epoch != self.epoch { plan = batches.batches(epoch: epoch) }
    self.epoch = epoch
    self.step = step
    reader = nil
  }
}

/// The rest of an epoch as one rank reads it.
struct EpochReader: Sendable {
  let plan: EpochBatches
  let firstStep: Int
  let rank: Int
  let worldSize: Int

  /// This rank's indices; the batch's first record where it has none.
  func share(of step: Int) -> [Int] {
    let share = plan.share(of: step, rank: rank, worldSize: worldSize)
    return share.isEmpty ? Array(plan[step].prefix(1)) : share
  }
}

/// What delivers the records of consecutive steps.
private struct BatchReader<Element> {
  var owner: AnyObject?
  let read: (_ step: Int) throws -> [Element]

  init(owner: AnyObject? = nil, _ read: @escaping (_ step: Int) throws -> [Element]) {
    self.owner = owner
    self.read = read
  }
}
