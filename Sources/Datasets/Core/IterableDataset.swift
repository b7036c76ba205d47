/// Records that come one after another, without an index (`torch.utils.data.IterableDataset`).
///
/// For streams, generators and files that are too large to index. Each rank asks for its own
/// part of the stream.
public protocol IterableDataset<Element> {
  /// What one record is.
  associatedtype Element
  /// What reads the stream.
  associatedtype Reader: RecordReader where Reader.Element == Element

  /// Opens the part of the stream that one rank reads.
  /// - Parameters:
  ///   - rank: Which part, counted from 0.
  ///   - worldSize: The number of parts; together they are the whole stream, none twice.
  ///   - epoch: Which pass over the stream, for sources that shuffle.
  func reader(rank: Int, worldSize: Int, epoch: Int) throws -> Reader
}

/// Reads records one after another.
public protocol RecordReader<Element> {
  /// What one record is.
  associatedtype Element

  /// The next record, or nil at the end.
  mutating func next() throws -> Element?
}

/// Every W-th record of a sequence that is made anew for each epoch.
public struct GeneratedDataset<Base: Sequence>: IterableDataset {
  private let make: @Sendable (_ epoch: Int) throws -> Base

  /// A stream of what `make` returns; rank r of W reads its elements r, r + W, ….
  public init(_ make: @escaping @Sendable (_ epoch: Int) throws -> Base) { self.make = make }

  /// Opens the part of the stream that one rank reads.
  public func reader(rank: Int, worldSize: Int, epoch: Int) throws -> StridedReader<Base.Iterator> {
    StridedReader(try make(epoch).makeIterator(), start: rank, step: worldSize)
  }
}

/// Reads every `step`-th element of an iterator.
public struct StridedReader<Base: IteratorProtocol>: RecordReader {
  private var base: Base
  private var skip: Int
  private let step: Int

  /// Elements `start`, `start + step`, … of `base`.
  public init(_ base: Base, start: Int, step: Int) {
    self.base = base
    skip = start
    self.step = step
  }

  /// The next element of this part.
  public mutating func next() -> Base.Element? {
    for _ in 0..<skip where base.next() == nil { return nil }
    skip = step - 1
    return base.next()
  }
}
