import Tensors

/// Reads a rank's share of each global batch of a stream and collates it.
///
/// A batch is the next `batchSize` records of the stream, all ranks together, and a rank's share of
/// it is a block, as ``DataLoader`` deals it; so the number of ranks changes nothing but who reads
/// what, and every rank takes equally many steps. The loader counts epochs by itself: `next()`
/// returns nil once at the end of each.
public final class StreamLoader<Source: IterableDataset, Content> {
  /// The number of records in a batch, all ranks together.
  public let batchSize: Int
  /// Which share of each batch is read here.
  public let rank: Int
  /// The number of shares.
  public let worldSize: Int
  /// The number of the epoch, counted from 0.
  public private(set) var epoch = 0
  /// How many batches of this epoch were handed out.
  public private(set) var step = 0

  private let source: Source
  private let collate: ([Source.Element]) throws -> Content
  private let draws: RecordDraws
  private var reader: Source.Reader?
  private var position = 0
  private var counted: Int?
  /// The newest record of this rank: it stands in where a small last batch has none for it.
  private var standIn: Source.Element?

  /// A loader of a stream.
  /// - Parameters:
  ///   - source: The stream, the same on every rank.
  ///   - batchSize: The number of records in a batch, all ranks together: at least `worldSize`.
  ///   - rank: Which share of each batch is read here.
  ///   - worldSize: The number of shares.
  ///   - seed: What draws of the stream come from: those for record i of an epoch follow from the
  ///     seed, the epoch and i, on any rank.
  ///   - collate: Makes a batch of records, of which there is always at least one.
  public init(
    _ source: Source, batchSize: Int, rank: Int = 0, worldSize: Int = 1, seed: UInt64 = 0,
    collate: @escaping ([Source.Element]) throws -> Content
  ) {
    require(
      rank >= 0 && rank < worldSize && batchSize >= worldSize, "StreamLoader",
      "rank \(rank) of \(worldSize) with a global batch of \(batchSize)")
    self.source = source
    self.batchSize = batchSize
    self.rank = rank
    self.worldSize = worldSize
    self.collate = collate
    draws = RecordDraws(seed: seed)
  }

  /// The next batch, or nil at the end of the epoch, after which another begins.
  /// - Throws: What reading or collating a record throws, and ``DataError`` where the stream has
  ///   fewer records than there are ranks. A batch that throws leaves the stream where it stopped.
  public func next() throws -> Batch<Content>? {
    var reader = try self.reader ?? open(epoch)
    let block = blockRange(count: batchSize, rank: rank, worldSize: worldSize)
    var records: [Source.Element] = []
    var globalCount = try skip(block.lowerBound, &reader, position, epoch)
    if globalCount == block.lowerBound {
      while records.count < block.count, let record = try read(&reader, position + globalCount) {
        records.append(record)
        globalCount += 1
      }
      if records.count == block.count {
        globalCount += try skip(
          batchSize - block.upperBound, &reader, position + globalCount, epoch)
      }
    }
    self.reader = reader
    guard globalCount > 0 else {
      (epoch, step, position) = (epoch + 1, 0, 0)
      self.reader = nil
      return nil
    }
    let indices = records.indices.map { position + block.lowerBound + $0 }
    standIn = records.last ?? standIn
    guard let standIn else {
      throw DataError(
        .tooSmall, path: "",
        "a stream of \(globalCount) records leaves rank \(rank) of "
          + "\(worldSize) without one", remedy: "Start fewer workers")
    }
    let batch = Batch(
      content: try collate(records.isEmpty ? [standIn] : records), count: records.count,
      globalCount: globalCount, indices: indices, epoch: epoch, step: step)
    position += globalCount
    step += 1
    return batch
  }

  /// The number of batches in an epoch, on every rank the same. Where the stream does not know its length, the
  /// first call reads it through once.
  public var batchCount: Int {
    if let counted { return counted }
    do {
      let records = try source.recordCount ?? countRecords()
      let batches = (records + batchSize - 1) / batchSize
      counted = batches
      return batches
    } catch {
      fail("StreamLoader", "\(error)")
    }
  }

  private func countRecords() throws -> Int {
    var reader = try open(0)
    return try skip(.max, &reader, 0, 0)
  }

  /// What a stream throws, as an error of data.
  private func reading<R>(_ body: () throws -> R) throws(DataError) -> R {
    do {
      return try body()
    } catch let error as DataError {
      throw error
    } catch {
      throw DataError(
        .unreadable, path: "", "the stream cannot be read: \(error)", remedy: "Look at its source")
    }
  }

  private func open(_ epoch: Int) throws -> Source.Reader {
    try draws.reading(epoch: epoch, index: -1) { try source.reader(epoch: epoch) }
  }

  private func read(_ reader: inout Source.Reader, _ index: Int) throws -> Source.Element? {
    try draws.reading(epoch: epoch, index: index) { try reader.next() }
  }

  /// Passes over records one by one, each with its draws: a stream that draws its order, say from a
  /// buffer, then has the same one on ranks that read other records.
  private func skip(
    _ count: Int, _ reader: inout Source.Reader, _ index: Int, _ epoch: Int
  ) throws -> Int {
    for passed in 0..<count {
      let isThere = try draws.reading(epoch: epoch, index: index + passed) {
        try reader.skip(1) == 1
      }
      if !isThere { return passed }
    }
    return count
  }

  /// Where the loader is. A stream has no seed.
  public var state: LoaderState { LoaderState(seed: 0, epoch: epoch, position: position) }

  /// Goes to a saved place by passing over the records before it.
  /// - Throws: ``DataError`` where the stream ends before it.
  public func restore(_ state: LoaderState) throws(DataError) {
    guard state.epoch >= 0, state.position >= 0 else {
      throw DataError(
        .malformed, path: "", "there is no record \(state.position) of epoch \(state.epoch)",
        remedy: "Restore a state that a loader gave")
    }
    let (found, passed) = try reading { () throws -> (Source.Reader, Int) in
      var reader = try open(state.epoch)
      let passed = try skip(state.position, &reader, 0, state.epoch)
      return (reader, passed)
    }
    guard passed == state.position else {
      throw DataError(
        .mismatch, path: "",
        "the stream ends after \(passed) records; the data position was "
          + "saved after \(state.position)", remedy: "Restore the data, or start a new run")
    }
    reader = found
    epoch = state.epoch
    position = state.position
    step = (position + batchSize - 1) / batchSize
  }
}
