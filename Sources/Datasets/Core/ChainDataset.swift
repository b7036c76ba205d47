/// Streams one after another (`torch.utils.data.ChainDataset`).
public struct ChainDataset<Base: IterableDataset>: IterableDataset {
  /// The streams in order.
  public let parts: [Base]

  /// The records of all parts in order.
  public init(_ parts: [Base]) { self.parts = parts }

  /// Opens the first stream; each of the others when the one before it has ended.
  public func reader(epoch: Int) throws -> Reader { Reader(parts: parts[...], epoch: epoch) }

  /// Reads streams one after another.
  public struct Reader: RecordReader {
    fileprivate var parts: ArraySlice<Base>
    fileprivate let epoch: Int
    private var open: Base.Reader?

    fileprivate init(parts: ArraySlice<Base>, epoch: Int) {
      (self.parts, self.epoch) = (parts, epoch)
    }

    /// The next record of the present stream, or the first of the next.
    public mutating func next() throws -> Base.Element? {
      while true {
        if let record = try open?.next() { return record }
        guard let part = parts.popFirst() else { return nil }
        open = try part.reader(epoch: epoch)
      }
    }

    /// Passes over records, without making them where the streams allow it.
    public mutating func skip(_ count: Int) throws -> Int {
      var passed = 0
      while passed < count {
        passed += try open?.skip(count - passed) ?? 0
        if passed == count { break }
        guard let part = parts.popFirst() else { break }
        open = try part.reader(epoch: epoch)
      }
      return passed
    }
  }
}
