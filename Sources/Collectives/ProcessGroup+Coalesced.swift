import CMPIShim

/// A part of memory, for collectives on several at once.
public struct BufferSlice {
  /// Where it begins.
  public let pointer: UnsafeMutableRawPointer
  /// Elements.
  public let count: Int
  /// Of its elements.
  public let dtype: ElementType

  /// Creates a slice.
  public init(_ pointer: UnsafeMutableRawPointer, count: Int, dtype: ElementType) {
    self.pointer = pointer
    self.count = count
    self.dtype = dtype
  }
}

/// Several buffers as one operation: one latency instead of many.
extension ProcessGroup {
  /// All-reduces many buffers of one type in place as one operation, without blocking.
  ///
  /// The work fails at once, with nothing sent, where their types differ.
  public func allReduceCoalesced(_ slices: [BufferSlice], op: ReduceOp = .sum, label: String = "")
    -> Work
  {
    coalesced(slices, .allReduce, op, root: 0, label)
  }

  /// Copies the root's buffers, all of one type, to every rank as one operation, without blocking.
  public func broadcastCoalesced(_ slices: [BufferSlice], root: Int = 0, label: String = "")
    -> Work
  {
    coalesced(slices, .broadcast, .sum, root: root, label)
  }

  private func coalesced(
    _ slices: [BufferSlice], _ kind: CollectiveOperation.Kind, _ op: ReduceOp, root: Int,
    _ label: String
  ) -> Work {
    let dtype = slices.first?.dtype ?? .float32
    let count = slices.reduce(0) { $0 + $1.count }
    // The joined buffer lives until the work is done; the work owns it.
    let joined = JoinedBuffer(bytes: count * dtype.size)
    let call = torus_collective(
      kind, type: dtype, reduction: op, root: root, count: count, input: joined.pointer,
      output: joined.pointer)
    if let other = slices.first(where: { $0.dtype != dtype }) {
      return rejected(
        call, label, "coalesced buffers mix \(dtype.name) and \(other.dtype.name)")
    }
    joined.gather(slices)
    return issue(call, label: label) { joined.scatter(slices) }
  }
}

/// Memory in which slices lie side by side.
private final class JoinedBuffer {
  let pointer: UnsafeMutableRawPointer

  init(bytes: Int) { pointer = .allocate(byteCount: max(bytes, 1), alignment: 64) }
  deinit { pointer.deallocate() }

  func gather(_ slices: [BufferSlice]) {
    var at = pointer
    for slice in slices {
      let bytes = slice.count * slice.dtype.size
      at.copyMemory(from: slice.pointer, byteCount: bytes)
      at += bytes
    }
  }

  func scatter(_ slices: [BufferSlice]) {
    var at = pointer
    for slice in slices {
      let bytes = slice.count * slice.dtype.size
      slice.pointer.copyMemory(from: at, byteCount: bytes)
      at += bytes
    }
  }
}
