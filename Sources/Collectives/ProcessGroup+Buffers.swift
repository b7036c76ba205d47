import CCollectives

extension ProcessGroup {
  /// All-reduces a buffer in place, without blocking.
  ///
  /// buffer[i] = Σ_r buffer_r[i] for `.sum`; the result is bitwise the same on every rank. Works of
  /// one group are reduced in order of issue.
  ///
  /// - Parameters:
  ///   - buffer: `count` elements, which must stay alive and untouched until the work is done. A
  ///     buffer from `allocateBuffer`, at the same offset on all ranks, is reduced without copies.
  ///   - count: The number of elements, the same on every rank.
  ///   - dtype: The elements' type.
  ///   - op: How elements are combined.
  ///   - algorithm: Chosen from the group's table where nil.
  ///   - label: What messages call it; the same on every rank.
  /// - Complexity: See `AllReduceAlgorithm`.
  public func allReduce(
    buffer: UnsafeMutableRawPointer, count: Int, dtype: DType, op: ReduceOp = .sum,
    algorithm: AllReduceAlgorithm? = nil, label: String = ""
  ) -> Work {
    issue(
      torus_collective(
        .allReduce, type: dtype, reduction: op, algorithm: algorithm, count: count, input: buffer,
        output: buffer), label: label)
  }

  /// All-reduces a buffer in place and blocks until this rank has the result; the quickest way for
  /// short buffers.
  ///
  /// - Parameters:
  ///   - buffer: `count` elements, overwritten by the result.
  ///   - count: The number of elements, the same on every rank.
  ///   - dtype: The elements' type.
  ///   - op: How elements are combined.
  ///   - algorithm: Chosen from the group's table where nil.
  ///   - segmentBytes: Bytes of one pipelined segment; the algorithm's choice where 0.
  ///   - label: What messages call it; the same on every rank.
  ///   - timeout: How long to wait; the group's `timeout` where nil.
  public func allReduceAndWait(
    buffer: UnsafeMutableRawPointer, count: Int, dtype: DType, op: ReduceOp = .sum,
    algorithm: AllReduceAlgorithm? = nil, segmentBytes: Int = 0, label: String = "",
    timeout: Duration? = nil
  ) throws(CollectiveError) {
    var call = torus_collective(
      .allReduce, type: dtype, reduction: op, algorithm: algorithm, count: count, input: buffer,
      output: buffer)
    call.segment_bytes = UInt64(max(0, segmentBytes))
    try run(call, label: label, timeout: timeout)
  }

  /// MPI_Allreduce itself, without fingerprint and deadline, for comparison. Blocks.
  package func reduceByMPI(
    buffer: UnsafeMutableRawPointer, count: Int, dtype: DType, op: ReduceOp = .sum
  ) throws(CollectiveError) {
    if isClosed { throw .invalid(rank: rank, reason: "MPI_Allreduce: \(name) is closed") }
    guard count >= 0 else {
      throw .invalid(rank: rank, reason: "MPI_Allreduce: a count of \(count) was given")
    }
    let status = engine.locked {
      torus_group_builtin_all_reduce(
        handle, buffer, UInt64(count), dtype.code, op.rawValue)
    }
    if status != Status.done {
      throw .invalid(rank: rank, reason: "MPI_Allreduce cannot run on this group and type")
    }
  }

  /// Copies the root's buffer to every rank, without blocking.
  /// - Complexity: ⌈log₂p⌉(α + nβ) for short, (p + n/segment)·(α + segment·β) for long buffers.
  public func broadcast(
    buffer: UnsafeMutableRawPointer, count: Int, dtype: DType, root: Int = 0,
    label: String = ""
  ) -> Work {
    issue(
      torus_collective(
        .broadcast, type: dtype, root: root, count: count, input: buffer, output: buffer),
      label: label)
  }

  /// Reduces all ranks' input into the root's output, without blocking. Only the root's output is
  /// written; it may be its input.
  public func reduce(
    input: UnsafeRawPointer, output: UnsafeMutableRawPointer?, count: Int, dtype: DType,
    op: ReduceOp = .sum, root: Int = 0, label: String = ""
  ) -> Work {
    issue(
      torus_collective(
        .reduce, type: dtype, reduction: op, root: root, count: count, input: input,
        output: output), label: label)
  }

  /// Concatenates all ranks' inputs in rank order on every rank, without blocking.
  ///
  /// - Parameters:
  ///   - input: This rank's elements, which must stay alive until the work is done.
  ///   - output: Room for the elements of all ranks.
  ///   - count: Elements per rank, where all are alike.
  ///   - counts: Elements per rank, known to all ranks, where they differ.
  ///   - dtype: The elements' type.
  ///   - label: What messages call it; the same on every rank.
  public func allGather(
    input: UnsafeRawPointer, output: UnsafeMutableRawPointer, count: Int = 0, counts: [Int]? = nil,
    dtype: DType, label: String = ""
  ) -> Work {
    issue(
      torus_collective(.allGather, type: dtype, count: count, input: input, output: output),
      label: label, counts: counts)
  }

  /// Reduces the ranks' inputs and leaves rank r with its part, without blocking.
  ///
  /// output = Σ_r input_r[part of this rank]; `count` or `counts` as in `allGather`. Half precision is
  /// added up in rank order in `float32` and rounded once, as by `AllReduceAlgorithm.sharedMemory`.
  /// - Complexity: (p−1)α + (p−1)/p·nβ.
  public func reduceScatter(
    input: UnsafeRawPointer, output: UnsafeMutableRawPointer, count: Int = 0, counts: [Int]? = nil,
    dtype: DType, op: ReduceOp = .sum, label: String = ""
  ) -> Work {
    issue(
      torus_collective(
        .reduceScatter, type: dtype, reduction: op, count: count, input: input, output: output),
      label: label, counts: counts)
  }

  /// Concatenates all ranks' inputs on the root, without blocking. Other ranks need no output.
  public func gather(
    input: UnsafeRawPointer, output: UnsafeMutableRawPointer?, count: Int = 0,
    counts: [Int]? = nil, dtype: DType, root: Int = 0, label: String = ""
  ) -> Work {
    issue(
      torus_collective(
        .gather, type: dtype, root: root, count: count, input: input, output: output),
      label: label, counts: counts)
  }

  /// Hands each rank its part of the root's input, without blocking. Other ranks need no input.
  public func scatter(
    input: UnsafeRawPointer?, output: UnsafeMutableRawPointer, count: Int = 0,
    counts: [Int]? = nil, dtype: DType, root: Int = 0, label: String = ""
  ) -> Work {
    issue(
      torus_collective(
        .scatter, type: dtype, root: root, count: count, input: input, output: output),
      label: label, counts: counts)
  }

  /// Sends part r of the input to rank r, and concatenates what arrives, without blocking.
  ///
  /// - Parameters:
  ///   - input: The parts for all ranks, in rank order; they must stay alive until the work is
  ///     done.
  ///   - output: Room for the parts from all ranks.
  ///   - count: Elements per pair of ranks, where all are alike.
  ///   - sent: Elements that this rank sends to each rank, where they differ.
  ///   - received: Elements that each rank sends here; both are given or neither.
  ///   - dtype: The elements' type.
  ///   - label: What messages call it; the same on every rank.
  public func allToAll(
    input: UnsafeRawPointer, output: UnsafeMutableRawPointer, count: Int = 0, sent: [Int]? = nil,
    received: [Int]? = nil, dtype: DType, label: String = ""
  ) -> Work {
    issue(
      torus_collective(.allToAll, type: dtype, count: count, input: input, output: output),
      label: label, counts: received, sent: sent)
  }

  /// Blocks until every rank of the group has called it. Earlier works of the group are then done.
  /// - Parameters:
  ///   - label: What messages call it; the same on every rank.
  ///   - timeout: How long to wait; the group's `timeout` where nil.
  /// - Complexity: ⌈log₂p⌉α.
  public func barrier(label: String = "", timeout: Duration? = nil) throws(CollectiveError) {
    try run(
      torus_collective(.barrier, type: .uint8, count: 0, input: nil, output: nil), label: label,
      timeout: timeout)
  }

  /// A barrier that does not block.
  public func barrierAsync(label: String = "") -> Work {
    issue(
      torus_collective(.barrier, type: .uint8, count: 0, input: nil, output: nil), label: label)
  }
}
