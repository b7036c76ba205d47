import Collectives

/// A kind of operation of which 1,000 are under way at the same time.
private struct Burst: Sendable {
  let name: String
  /// Begins number k, from `size` integers to `size` others.
  let begin:
    @Sendable (_ k: Int, ProcessGroup, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> [Work]
  /// What number k must leave, from the first integer on.
  let expected: @Sendable (_ k: Int, ProcessGroup) -> [Int]

  /// Integer j of rank r in operation k.
  static func value(_ r: Int, _ k: Int, _ j: Int) -> Int { (8 * r + j) * 1000 + k }

  static func sum(_ k: Int, _ j: Int, _ group: ProcessGroup) -> Int {
    (0..<group.size).reduce(0) { $0 + value($1, k, j) }
  }

  static func row(_ k: Int, _ j: Int, _ group: ProcessGroup) -> [Int] {
    (0..<group.size).map { value($0, k, j) }
  }

  static let all = [
    Burst(name: "all_reduce") { _, group, input, output in
      output.copyMemory(from: input, byteCount: 8)
      return [group.allReduce(buffer: output, count: 1, dtype: .int64)]
    } expected: {
      [sum($0, 0, $1)]
    },
    Burst(name: "broadcast") { k, group, input, output in
      output.copyMemory(from: input, byteCount: 8)
      return [group.broadcast(buffer: output, count: 1, dtype: .int64, root: k % group.size)]
    } expected: {
      [value($0 % $1.size, $0, 0)]
    },
    Burst(name: "reduce") { k, group, input, output in
      [group.reduce(input: input, output: output, count: 1, dtype: .int64, root: k % group.size)]
    } expected: {
      $1.rank == $0 % $1.size ? [sum($0, 0, $1)] : []
    },
    Burst(name: "all_gather") { _, group, input, output in
      [group.allGather(input: input, output: output, count: 1, dtype: .int64)]
    } expected: {
      row($0, 0, $1)
    },
    Burst(name: "gather") { k, group, input, output in
      [group.gather(input: input, output: output, count: 1, dtype: .int64, root: k % group.size)]
    } expected: {
      $1.rank == $0 % $1.size ? row($0, 0, $1) : []
    },
    Burst(name: "scatter") { k, group, input, output in
      [group.scatter(input: input, output: output, count: 1, dtype: .int64, root: k % group.size)]
    } expected: {
      [value($0 % $1.size, $0, $1.rank)]
    },
    Burst(name: "reduce_scatter") { _, group, input, output in
      [group.reduceScatter(input: input, output: output, count: 1, dtype: .int64)]
    } expected: {
      [sum($0, $1.rank, $1)]
    },
    Burst(name: "all_to_all") { _, group, input, output in
      [group.allToAll(input: input, output: output, count: 1, dtype: .int64)]
    } expected: {
      row($0, $1.rank, $1)
    },
    Burst(name: "isend, irecv") { _, group, input, output in
      let (rank, size) = (group.rank, group.size)
      return group.batch([
        .receive(output, count: 1, dtype: .int64, from: (rank + size - 1) % size),
        .send(input, count: 1, dtype: .int64, to: (rank + 1) % size),
      ])
    } expected: {
      [value(($1.rank + $1.size - 1) % $1.size, $0, 0)]
    },
  ]
}

extension Scenario {
  static let outstanding = Burst.all.map { burst in
    Scenario("\(burst.name)_async: 1,000 outstanding, in order") { world in
      let group = world.group, size = group.size, count = 1000
      let input = try TestBuffer(bytes: 8 * size * count, sharedIn: nil)
      let output = try TestBuffer(bytes: 8 * size * count, sharedIn: nil)
      let values = input.pointer.assumingMemoryBound(to: Int.self)
      let results = output.pointer.assumingMemoryBound(to: Int.self)
      let order = Order()
      var works: [Work] = []
      for k in 0..<count {
        for j in 0..<size { values[k * size + j] = Burst.value(group.rank, k, j) }
        let begun = burst.begin(
          k, group, input.pointer + 8 * k * size, output.pointer + 8 * k * size)
        begun[0].onCompletion { _ in order.append(k) }
        works += begun
      }
      for work in works.reversed() { try work.wait() }
      for k in 0..<count {
        for (j, value) in burst.expected(k, group).enumerated() {
          try expectEqual(results[k * size + j], value)
        }
      }
      // Messages have no common order.
      try expectEqual(works.count > count ? order.items.sorted() : order.items, Array(0..<count))
      try input.free()
      try output.free()
    }
  }
}
