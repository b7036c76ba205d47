import Collectives
import Testing

/// What the other collectives must do, whatever the transport.
struct CollectiveConformance {
  /// Elements per rank: empty, single, prime, inlined, segmented.
  var lengths = [0, 1, 7, 500, 1021, 70_001]
  var types = DType.allCases

  func run(in group: ProcessGroup) throws {
    for type in types {
      for length in lengths {
        for root in 0..<group.size { try rooted(group, type, length, root) }
        try gathering(group, type, (0..<group.size).map { _ in length }, even: true)
        try gathering(group, type, (0..<group.size).map { length + 3 * $0 }, even: false)
        try gathering(group, type, (0..<group.size).map { $0 == 1 ? 0 : length }, even: false)
        try exchanging(group, type, length)
      }
      for op in ReduceOp.allCases where op.supports(type) {
        for length in lengths where length < 70_000 { try reducing(group, type, op, length) }
      }
    }
  }

  private func fill(
    _ buffer: TestBuffer, _ type: DType, _ count: Int, rank: Int, from first: Int = 0,
    at offset: Int = 0
  ) {
    buffer.fill(
      Elements.palette(rank: rank, op: .sum, type: type), type, count: count, from: first,
      at: offset)
  }

  private func fillSum(
    _ buffer: TestBuffer, _ type: DType, _ count: Int, ranks: Int, from first: Int = 0
  ) {
    buffer.fill(
      Elements.reducedPalette(ranks: ranks, op: .sum, type: type), type, count: count, from: first)
  }

  /// Broadcast, reduce and scatter with equal parts.
  private func rooted(_ group: ProcessGroup, _ type: DType, _ length: Int, _ root: Int)
    throws
  {
    let bytes = length * type.size
    let data = try TestBuffer(bytes: bytes, sharedIn: nil)
    let expected = try TestBuffer(bytes: bytes, sharedIn: nil)
    fill(data, type, length, rank: group.rank)
    fill(expected, type, length, rank: root)
    try group.broadcast(buffer: data.pointer, count: length, dtype: type, root: root).wait()
    #expect(data.matches(expected, bytes: bytes), "broadcast \(type) \(length) from \(root)")

    fill(data, type, length, rank: group.rank)
    let result = try TestBuffer(bytes: bytes, sharedIn: nil)
    fillSum(expected, type, length, ranks: group.size)
    let isRoot = group.rank == root
    try group.reduce(
      input: data.pointer, output: isRoot ? result.pointer : nil, count: length, dtype: type,
      root: root
    ).wait()
    if isRoot {
      #expect(result.matches(expected, bytes: bytes), "reduce \(type) \(length) to \(root)")
    }
    fill(expected, type, length, rank: group.rank)
    #expect(data.matches(expected, bytes: bytes), "reduce leaves its input alone")

    let parts = try TestBuffer(bytes: bytes * group.size, sharedIn: nil)
    if isRoot {
      for r in 0..<group.size { fill(parts, type, length, rank: r, at: r * length) }
    }
    try group.scatter(
      input: isRoot ? parts.pointer : nil, output: result.pointer, count: length, dtype: type,
      root: root
    ).wait()
    #expect(result.matches(expected, bytes: bytes), "scatter \(type) \(length) from \(root)")
    for buffer in [data, expected, result, parts] { try buffer.free() }
  }

  /// Reduce to the last rank, and reduce-scatter.
  private func reducing(
    _ group: ProcessGroup, _ type: DType, _ op: ReduceOp, _ length: Int
  ) throws {
    let total = length * group.size
    let input = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    let output = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    let expected = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    input.fill(Elements.palette(rank: group.rank, op: op, type: type), type, count: total)
    expected.fill(
      Elements.reducedPalette(ranks: group.size, op: op, type: type), type, count: total)
    let root = group.size - 1
    try group.reduce(
      input: input.pointer, output: output.pointer, count: total, dtype: type, op: op, root: root
    ).wait()
    if group.rank == root {
      #expect(output.matches(expected, bytes: total * type.size), "reduce \(type) \(op) \(total)")
    }
    try group.reduceScatter(
      input: input.pointer, output: output.pointer, count: length, dtype: type, op: op
    ).wait()
    expected.fill(
      Elements.reducedPalette(ranks: group.size, op: op, type: type), type, count: length,
      from: length * group.rank)
    #expect(
      output.matches(expected, bytes: length * type.size), "reduce-scatter \(type) \(op) \(length)")
    for buffer in [input, output, expected] { try buffer.free() }
  }

  /// All-gather, gather and reduce-scatter with given parts.
  private func gathering(
    _ group: ProcessGroup, _ type: DType, _ counts: [Int], even: Bool
  ) throws {
    let total = counts.reduce(0, +), mine = counts[group.rank]
    let input = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    let output = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    let expected = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    fill(input, type, mine, rank: group.rank)
    var start = 0
    for (r, count) in counts.enumerated() {
      fill(expected, type, count, rank: r, at: start)
      start += count
    }
    let each = even ? mine : 0, list = even ? nil : counts
    try group.allGather(
      input: input.pointer, output: output.pointer, count: each, counts: list, dtype: type
    ).wait()
    #expect(output.matches(expected, bytes: total * type.size), "all-gather \(type) \(counts)")

    let root = group.size - 1
    let collected = try TestBuffer(bytes: total * type.size, sharedIn: nil)
    try group.gather(
      input: input.pointer, output: group.rank == root ? collected.pointer : nil, count: each,
      counts: list, dtype: type, root: root
    ).wait()
    if group.rank == root {
      #expect(collected.matches(expected, bytes: total * type.size), "gather \(type) \(counts)")
    }

    fill(input, type, total, rank: group.rank)
    let begin = counts[..<group.rank].reduce(0, +)
    fillSum(expected, type, mine, ranks: group.size, from: begin)
    try group.reduceScatter(
      input: input.pointer, output: output.pointer, count: each, counts: list, dtype: type
    ).wait()
    #expect(output.matches(expected, bytes: mine * type.size), "reduce-scatter \(type) \(counts)")
    for buffer in [input, output, expected, collected] { try buffer.free() }
  }

  /// All-to-all with equal parts, and with rank r sending length + r + s to rank s.
  private func exchanging(_ group: ProcessGroup, _ type: DType, _ length: Int) throws {
    for even in [true, false] {
      func count(from: Int, to: Int) -> Int { even ? length : length + from + 2 * to }
      let sent = (0..<group.size).map { count(from: group.rank, to: $0) }
      let received = (0..<group.size).map { count(from: $0, to: group.rank) }
      let (out, into) = (sent.reduce(0, +), received.reduce(0, +))
      let input = try TestBuffer(bytes: out * type.size, sharedIn: nil)
      let output = try TestBuffer(bytes: into * type.size, sharedIn: nil)
      let expected = try TestBuffer(bytes: into * type.size, sharedIn: nil)
      var start = 0
      for (to, count) in sent.enumerated() {
        fill(input, type, count, rank: group.rank, from: 100 * to, at: start)
        start += count
      }
      start = 0
      for (from, count) in received.enumerated() {
        fill(expected, type, count, rank: from, from: 100 * group.rank, at: start)
        start += count
      }
      try group.allToAll(
        input: input.pointer, output: output.pointer, count: even ? length : 0,
        sent: even ? nil : sent, received: even ? nil : received, dtype: type
      ).wait()
      #expect(output.matches(expected, bytes: into * type.size), "all-to-all \(type) \(length)")
      for buffer in [input, output, expected] { try buffer.free() }
    }
  }
}
