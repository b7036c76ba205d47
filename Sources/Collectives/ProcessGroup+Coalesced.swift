import CCollectives

/// A part of memory, for collectives on several at once.
public struct BufferSlice {
  /// Where it begins.
  public let pointer: UnsafeMutableRawPointer
  /// Elements.
  public let count: Int
  /// Of its elements.
  public let dtype: DType

  /// Creates a slice.
  public init(_ pointer: UnsafeMutableRawPointer, count: Int, dtype: DType) {
    self.pointer = pointer
    self.count = count
    self.dtype = dtype
  }
}

/// What a rank gives and gets of one of several buffers that are gathered or reduced and scattered.
public struct BufferPair {
  /// A part of `count` elements for an all-gather, all ranks' parts for a reduce-scatter.
  public let input: UnsafeMutableRawPointer
  /// All ranks' parts for an all-gather, this rank's for a reduce-scatter.
  public let output: UnsafeMutableRawPointer
  /// Elements per rank.
  public let count: Int
  /// Of its elements.
  public let dtype: DType

  /// Creates a pair.
  public init(
    input: UnsafeMutableRawPointer, output: UnsafeMutableRawPointer, count: Int, dtype: DType
  ) {
    self.input = input
    self.output = output
    self.count = count
    self.dtype = dtype
  }
}

/// Several buffers as one operation (`torch.distributed._coalescing_manager`): one latency instead of
/// many, and a copy in and out.
///
/// The work fails at once, with nothing sent, where the types differ. The ranks must agree on every
/// buffer's length, not only on their sum.
extension ProcessGroup {
  /// All-reduces many buffers of one type in place as one operation, without blocking.
  public func allReduceCoalesced(_ slices: [BufferSlice], op: ReduceOp = .sum, label: String = "")
    -> Work
  {
    inPlace(slices, .allReduce, op, root: 0, label)
  }

  /// Copies the root's buffers, all of one type, to every rank as one operation, without blocking.
  public func broadcastCoalesced(_ slices: [BufferSlice], root: Int = 0, label: String = "")
    -> Work
  {
    inPlace(slices, .broadcast, .sum, root: root, label)
  }

  /// Gathers many buffers of one type as one operation, without blocking: each pair's output gets all
  /// ranks' inputs in rank order.
  public func allGatherCoalesced(_ pairs: [BufferPair], label: String = "") -> Work {
    joined(
      .allGather, .sum, 0, label,
      pairs.map { BufferSlice($0.input, count: $0.count, dtype: $0.dtype) },
      outputs: (0..<size).flatMap { rank in pairs.map { $0.slice(of: $0.output, rank) } },
      each: pairs.map(\.count))
  }

  /// Reduces many buffers of one type as one operation, without blocking: each pair's output gets this
  /// rank's part of the sum of all ranks' inputs.
  public func reduceScatterCoalesced(_ pairs: [BufferPair], op: ReduceOp = .sum, label: String = "")
    -> Work
  {
    joined(
      .reduceScatter, op, 0, label,
      (0..<size).flatMap { rank in pairs.map { $0.slice(of: $0.input, rank) } },
      outputs: pairs.map { BufferSlice($0.output, count: $0.count, dtype: $0.dtype) },
      each: pairs.map(\.count))
  }

  private func inPlace(
    _ slices: [BufferSlice], _ kind: CollectiveOperation.Kind, _ op: ReduceOp, root: Int,
    _ label: String
  ) -> Work {
    joined(kind, op, root, label, slices, outputs: slices, each: slices.map(\.count))
  }

  /// One operation of `each` elements per rank, side by side, from the inputs to the outputs.
  private func joined(
    _ kind: CollectiveOperation.Kind, _ op: ReduceOp, _ root: Int, _ label: String,
    _ inputs: [BufferSlice], outputs: [BufferSlice], each: [Int]
  ) -> Work {
    let dtype = inputs.first?.dtype ?? .float32
    let negative = each.first { $0 < 0 }
    let count = negative ?? each.reduce(0, +)
    func call(_ input: JoinedBuffer?, _ output: JoinedBuffer?) -> torus_collective {
      var call = torus_collective(
        kind, type: dtype, reduction: op, root: root, count: count, input: input?.pointer,
        output: output?.pointer)
      call.joined = each.reduce(0xcbf2_9ce4_8422_2325) {
        ($0 ^ UInt64(bitPattern: Int64($1))) &* 0x100_0000_01b3
      }
      return call
    }
    if let other = inputs.first(where: { $0.dtype != dtype }) {
      return rejected(
        call(nil, nil), label,
        "coalesced buffers mix \(dtype.shortName) and \(other.dtype.shortName)")
    }
    if let negative { return rejected(call(nil, nil), label, "a count of \(negative) was given") }
    // The joined buffers live until the work is done; the work owns them.
    let from = JoinedBuffer(inputs)
    let isInPlace = kind == .allReduce || kind == .broadcast
    let into = isInPlace ? from : JoinedBuffer(outputs)
    from.gather(inputs)
    return issue(call(from, into), label: label) {
      withExtendedLifetime(from) { into.scatter(outputs) }
    }
  }
}

extension BufferPair {
  /// Rank `rank`'s part of memory that holds all ranks'.
  fileprivate func slice(of memory: UnsafeMutableRawPointer, _ rank: Int) -> BufferSlice {
    let start = max(count, 0) * dtype.size * rank
    return BufferSlice(memory + start, count: count, dtype: dtype)
  }
}

/// Memory in which slices lie side by side.
private final class JoinedBuffer {
  let pointer: UnsafeMutableRawPointer

  init(_ slices: [BufferSlice]) {
    let bytes = slices.reduce(0) { $0 + $1.count * $1.dtype.size }
    pointer = .allocate(byteCount: max(bytes, 1), alignment: 64)
  }

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
