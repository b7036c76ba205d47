/// The bytes of tensors without gaps, for those who read, fill or exchange them.
extension Tensor {
  /// Reads the elements' bytes in row-major order.
  package func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: lentMemory, count: count * dtype.size))
  }

  /// Overwrites the elements' bytes in row-major order; saved values notice.
  package func withMutableBytes<R, E: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    storage.version &+= 1
    return try body(
      UnsafeMutableRawBufferPointer(start: ownMemory, count: count * dtype.size))
  }

  /// The first byte, for an operation that goes on when this returns, such as a collective. Whoever lends
  /// it keeps the storage and leaves it alone until the operation is done, and tells of what was written
  /// by raising the storage's version.
  package var lentMemory: UnsafeMutableRawPointer {
    Watchers.read(self)
    return ownMemory
  }

  private var ownMemory: UnsafeMutableRawPointer {
    require(isContiguous, "memory", "a tensor of \(shape) whose elements have gaps between them")
    return body.pointer
  }

  /// Overwrites the elements with bytes in row-major order, of which there are as many.
  package func fill(with bytes: UnsafeRawBufferPointer) {
    require(
      bytes.count == count * dtype.size, "memory", "\(bytes.count) bytes for \(shape) of \(dtype)")
    withMutableBytes { $0.copyMemory(from: bytes) }
  }

  /// A tensor over a part of this one's memory, outside of the graph and with a version of its own.
  /// - Parameters:
  ///   - start: The first element's place, counted in elements of the part.
  ///   - dtype: What the bytes are taken for; this tensor's dtype where nil.
  package func part(at start: Int, shape: [Int], dtype: DType? = nil) -> Tensor {
    let type = dtype ?? self.dtype
    require(
      start >= 0 && (start + shape.reduce(1, *)) * type.size <= count * self.dtype.size, "memory",
      "\(shape) at \(start) ends beyond \(self.shape)")
    return Tensor(
      borrowing: lentMemory + start * type.size, shape: shape, dtype: type, owner: storage)
  }

  /// Overwrites bytes from a place on with some of another tensor's.
  package func copyBytes(to place: Int, from other: Tensor, _ range: Range<Int>) {
    withMutableBytes { target in
      other.withBytes { source in
        UnsafeMutableRawBufferPointer(rebasing: target[place..<(place + range.count)])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[range]))
      }
    }
  }

  /// How many elements of this dtype lie between the first element of another tensor of the same storage
  /// and this one's.
  package func distance(from other: Tensor) -> Int {
    (body.pointer - other.body.pointer) / dtype.size
  }

  /// Whether another tensor is this very one.
  package func isSameTensor(as other: Tensor) -> Bool { body === other.body }

  /// Whether two tensors begin at one address.
  package func begins(where other: Tensor) -> Bool { body.pointer == other.body.pointer }
}
