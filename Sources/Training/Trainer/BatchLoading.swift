import Datasets

/// What delivers a rank's share of each global batch: a ``Datasets/DataLoader`` of whatever records, or a
/// ``Datasets/StreamLoader`` of a stream or a ``Datasets/Pipeline``.
public protocol BatchLoading<Content>: AnyObject {
  /// What a batch holds.
  associatedtype Content
  /// The number of the epoch that is read, counted from 0.
  var epoch: Int { get }
  /// How many batches of this epoch were handed out.
  var step: Int { get }
  /// The number of batches in this epoch, on every rank the same.
  var batchCount: Int { get }
  /// The next batch, or nil once at the end of each epoch.
  func next() throws -> Batch<Content>?
  /// Where the loader is.
  var state: LoaderState { get }
  /// Goes to a saved place.
  func restore(_ state: LoaderState) throws(DataError)
}

extension DataLoader: BatchLoading {}
extension StreamLoader: BatchLoading {}

/// A part of a rank's share of a batch, computed on its own to save memory.
public struct BatchPart<Content> {
  /// The collated records.
  public let content: Content
  /// How many records there are.
  public let count: Int

  /// Collated records with their number.
  public init(_ content: Content, count: Int) {
    self.content = content
    self.count = count
  }

  /// Collates records in at most `parts` parts of nearly equal size.
  public static func cut<Element>(
    _ records: [Element], into parts: Int, collate: ([Element]) throws -> Content
  ) rethrows -> [BatchPart] {
    let count = min(max(parts, 1), records.count)
    return try (0..<count).map { part in
      let range = blockRange(count: records.count, rank: part, worldSize: count)
      return BatchPart(try collate(Array(records[range])), count: range.count)
    }
  }
}
