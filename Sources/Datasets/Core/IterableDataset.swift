/// Records that come one after another, without an index (`torch.utils.data.IterableDataset`).
///
/// For streams, generators and files that are too large to index. A ``StreamLoader`` cuts the stream
/// into global batches, of which each rank reads its share and skips the rest.
public protocol IterableDataset<Element> {
  /// What one record is.
  associatedtype Element
  /// What reads the stream.
  associatedtype Reader: RecordReader where Reader.Element == Element

  /// Opens the stream at its beginning: the same records in the same order on every rank.
  /// - Parameter epoch: Which pass over the stream, for sources that shuffle.
  func reader(epoch: Int) throws -> Reader

  /// The number of records, where it is known without reading them.
  var recordCount: Int? { get }
}

extension IterableDataset {
  /// Nil: a stream seldom knows.
  public var recordCount: Int? { nil }
}

/// Reads records one after another.
public protocol RecordReader<Element> {
  /// What one record is.
  associatedtype Element

  /// The next record, or nil at the end.
  mutating func next() throws -> Element?

  /// Passes over up to `count` records, without making them where the source allows it.
  /// - Returns: How many there were.
  mutating func skip(_ count: Int) throws -> Int
}

extension RecordReader {
  /// Reads records and forgets them.
  public mutating func skip(_ count: Int) throws -> Int {
    for passed in 0..<count where try next() == nil { return passed }
    return count
  }
}

/// The elements of a sequence that is made anew for each epoch.
public struct GeneratedDataset<Base: Sequence>: IterableDataset, Sendable {
  private let make: @Sendable (_ epoch: Int) throws -> Base

  /// A stream of what `make` returns, which is the same on every rank.
  public init(_ make: @escaping @Sendable (_ epoch: Int) throws -> Base) { self.make = make }

  /// Starts the sequence of an epoch.
  public func reader(epoch: Int) throws -> SequenceReader<Base.Iterator> {
    SequenceReader(try make(epoch).makeIterator())
  }
}

/// Reads the elements of an iterator.
public struct SequenceReader<Base: IteratorProtocol>: RecordReader {
  private var base: Base

  /// The elements of `base`.
  public init(_ base: Base) { self.base = base }

  /// The next element.
  public mutating func next() -> Base.Element? { base.next() }
}
