import DataParallel
import Datasets

/// The batches of the virtual workers whose work a rank does, each worker's share a part of its own; see
/// ``DataParallel/VirtualWorkers``.
///
/// ```swift
/// let loader = VirtualLoader(workers, rank: world.rank, worldSize: world.size) { share, shares in
///   DataLoader(records, batches: batches, rank: share, worldSize: shares, collate: collate)
/// }
/// ```
public final class VirtualLoader<Content>: BatchLoading {
  private let loaders: [any BatchLoading<Content>]

  /// Joins the loaders of a rank's virtual workers.
  /// - Parameters:
  ///   - workers: The virtual workers.
  ///   - rank: This rank.
  ///   - worldSize: The number of ranks, over which the workers are shared out.
  ///   - make: The loader of one worker's share: its number, and how many shares there are.
  public init(
    _ workers: VirtualWorkers, rank: Int = 0, worldSize: Int = 1,
    make: (_ share: Int, _ shares: Int) throws -> any BatchLoading<Content>
  ) rethrows {
    loaders = try workers.owned(by: rank, of: worldSize).map { try make($0, workers.count) }
  }

  /// The number of the epoch that is read, counted from 0.
  public var epoch: Int { loaders[0].epoch }
  /// How many batches of this epoch were handed out.
  public var step: Int { loaders[0].step }
  /// The number of batches in this epoch.
  public var batchCount: Int { loaders[0].batchCount }
  /// Where the loader is, on any number of ranks.
  public var state: LoaderState { loaders[0].state }

  /// Goes to a saved place.
  public func restore(_ state: LoaderState) throws(DataError) {
    for loader in loaders { try loader.restore(state) }
  }

  /// The next batch: a part for each worker, whose count is 0 where it holds a stand-in record alone.
  public func next() throws -> Batch<[BatchPart<Content>]>? {
    let place = state
    do {
      let batches = try loaders.map { try $0.next() }
      guard let first = batches[0] else { return nil }
      let shares = batches.compactMap { $0 }
      return Batch(
        content: shares.map { BatchPart($0.content, count: $0.count) },
        count: shares.reduce(0) { $0 + $1.count }, globalCount: first.globalCount,
        indices: shares.flatMap(\.indices), epoch: first.epoch, step: first.step)
    } catch {
      // The workers before the one that failed have gone on.
      try? restore(place)
      throw error
    }
  }
}
