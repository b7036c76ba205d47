import Collectives

extension Scenario {
  static let reductions = [
    Scenario("all_reduce sum, product, min, max, avg on values") { world in
      let mine = [Double(world.rank + 1), 2]
      let ranks = (1...world.size).map(Double.init)
      let sum = try world.group.allReduce(mine)
      let product = try world.group.allReduce(mine, op: .product)
      let least = try world.group.allReduce(mine, op: .minimum)
      let most = try world.group.allReduce(mine, op: .maximum)
      let mean = try world.group.allReduce(mine, op: .average)
      try expectEqual(sum, [ranks.reduce(0, +), 2 * Double(world.size)])
      try expectEqual(product[0], ranks.reduce(1, *))
      try expectEqual(least, [1, 2])
      try expectEqual(most, [Double(world.size), 2])
      try expectEqual(mean, [ranks.reduce(0, +) / Double(world.size), 2])
    },
    Scenario("reduce and reduce_scatter on values, uneven, with every op") { world in
      let bits = (0..<world.size).map { Int32(1 << $0 | 8) }
      let all: [(ReduceOp, (Int32, Int32) -> Int32)] = [
        (.sum, { $0 &+ $1 }), (.product, { $0 &* $1 }), (.minimum, { min($0, $1) }),
        (.maximum, { max($0, $1) }), (.bitAnd, { $0 & $1 }), (.bitOr, { $0 | $1 }),
        (.bitXor, { $0 ^ $1 }),
      ]
      for (op, combine) in all {
        let expected = bits.dropFirst().reduce(bits[0], combine)
        for root in 0..<world.size {
          let result = try world.group.reduce([bits[world.rank], 5], op: op, root: root)
          try expectEqual(result?[0], world.rank == root ? expected : nil)
        }
        let lists = (0..<world.size).map { [Int32](repeating: bits[world.rank], count: $0) }
        let part = try world.group.reduceScatter(lists, op: op)
        try expectEqual(part, [Int32](repeating: expected, count: world.rank))
      }
      let mean = try world.group.reduceScatter(
        (0..<world.size).map { [Double($0 + 2 * world.rank)] }, op: .average)
      try expectEqual(mean, [Double(world.rank + world.size - 1)])
      try expectError("lists for \(world.size) ranks") {
        _ = try world.group.reduceScatter([[Float]](repeating: [], count: world.size + 1))
      }
    },
    Scenario("all_reduce of bool is or and and") { world in
      let any = try world.group.allReduce([world.rank == 0, false], op: .sum)
      let all = try world.group.allReduce([world.rank == 0, true], op: .product)
      try expectEqual(any, [true, false])
      try expectEqual(all, [world.size == 1, true])
    },
    Scenario("all_reduce bitwise on integers") { world in
      let bit = 1 << world.rank
      let mask = (1 << world.size) - 1
      let or = try world.group.allReduce(bit, op: .bitOr)
      let and = try world.group.allReduce(mask ^ bit, op: .bitAnd)
      let xor = try world.group.allReduce(mask, op: .bitXor)
      try expectEqual(or, mask)
      try expectEqual(and, 0)
      try expectEqual(xor, world.size % 2 == 0 ? 0 : mask)
    },
    Scenario("an unsupported reduction is an error before anything is sent") { world in
      try expectError("avg is not defined for i64") {
        _ = try world.group.allReduce([1], op: .average)
      }
      try expectError("band is not defined for f32") {
        _ = try world.group.allReduce([Float(1)], op: .bitAnd)
      }
      let works = [Work](
        [world.group.allReduce(buffer: Fixed.memory, count: 1, dtype: .bool, op: .average)])
      try expectError("avg is not defined for bool") { try works[0].wait() }
      let sum = try world.group.allReduce(1)
      try expectEqual(sum, world.size)
    },
    Scenario("all_reduce_coalesced") { world in
      let counts = [1, 0, 5, 3000]
      let buffers = try counts.map { try TestBuffer(bytes: $0 * 4, sharedIn: nil) }
      for (buffer, count) in zip(buffers, counts) {
        buffer.pointer.initializeMemory(
          as: Float.self, repeating: Float(world.rank), count: count)
      }
      let slices = zip(buffers, counts).map {
        BufferSlice($0.pointer, count: $1, dtype: .float32)
      }
      try world.group.allReduceCoalesced(slices, op: .maximum).wait()
      for (buffer, count) in zip(buffers, counts) where count > 0 {
        try expectEqual(
          buffer.pointer.load(fromByteOffset: 4 * (count - 1), as: Float.self),
          Float(world.size - 1))
      }
      try world.group.broadcastCoalesced(slices, root: 0).wait()
      let mixed = slices + [BufferSlice(buffers[0].pointer, count: 1, dtype: .int32)]
      try expectError("mix f32 and i32") { try world.group.allReduceCoalesced(mixed).wait() }
      for buffer in buffers { try buffer.free() }
    },
    Scenario("all_gather_coalesced, reduce_scatter_tensor_coalesced") { world in
      let counts = [2, 0, 700], size = world.size
      var gathered: [BufferPair] = [], scattered: [BufferPair] = []
      var buffers: [TestBuffer] = []
      for (i, count) in counts.enumerated() {
        let one = try TestBuffer(bytes: count * 4, sharedIn: nil)
        let all = try TestBuffer(bytes: count * 4 * size, sharedIn: nil)
        one.pointer.initializeMemory(
          as: Int32.self, repeating: Int32(100 * i + world.rank), count: count)
        buffers += [one, all]
        gathered.append(
          BufferPair(input: one.pointer, output: all.pointer, count: count, dtype: .int32))
        let back = try TestBuffer(bytes: count * 4, sharedIn: nil)
        buffers.append(back)
        scattered.append(
          BufferPair(input: all.pointer, output: back.pointer, count: count, dtype: .int32))
      }
      try world.group.allGatherCoalesced(gathered).wait()
      for (i, pair) in gathered.enumerated() {
        for k in 0..<(pair.count * size) {
          let value = pair.output.load(fromByteOffset: 4 * k, as: Int32.self)
          try expectEqual(value, Int32(100 * i + k / pair.count))
        }
      }
      try world.group.reduceScatterCoalesced(scattered).wait()
      for (i, pair) in scattered.enumerated() {
        for k in 0..<pair.count {
          let value = pair.output.load(fromByteOffset: 4 * k, as: Int32.self)
          try expectEqual(value, Int32(size * (100 * i + world.rank)))
        }
      }
      let mixed = [
        gathered[0],
        BufferPair(input: Fixed.memory, output: Fixed.memory, count: 1, dtype: .uint8),
      ]
      try expectError("mix i32 and u8") { try world.group.allGatherCoalesced(mixed).wait() }
      try expectError("mix i32 and u8") { try world.group.reduceScatterCoalesced(mixed).wait() }
      try world.group.allGatherCoalesced([]).wait()
      for buffer in buffers { try buffer.free() }
    },
    Scenario("a negative count is an error before anything is sent") { world in
      let group = world.group, memory = Fixed.memory
      let works = [
        group.allReduce(buffer: memory, count: -1, dtype: .float32),
        group.allReduce(buffer: memory, count: .min, dtype: .float32),
        group.allReduce(buffer: memory, count: .max, dtype: .float32),
        group.broadcast(buffer: memory, count: -1, dtype: .float32),
        group.reduce(input: memory, output: memory, count: -1, dtype: .float32),
        group.allGather(input: memory, output: memory, count: -1, dtype: .float32),
        group.reduceScatter(input: memory, output: memory, count: -1, dtype: .float32),
        group.gather(input: memory, output: memory, count: -1, dtype: .float32),
        group.scatter(input: memory, output: memory, count: -1, dtype: .float32),
        group.allToAll(input: memory, output: memory, count: -1, dtype: .float32),
        group.allReduceCoalesced([BufferSlice(memory, count: -1, dtype: .float32)]),
        group.broadcastCoalesced([BufferSlice(memory, count: -1, dtype: .float32)]),
        group.reduceScatterCoalesced([
          BufferPair(input: memory, output: memory, count: -1, dtype: .float32)
        ]),
        group.isend(buffer: memory, count: -1, dtype: .float32, to: 0),
        group.irecv(buffer: memory, count: .max, dtype: .float32, from: 0),
      ]
      for work in works { try expectError("count") { try work.wait() } }
      try expectError("a count of -1") {
        try group.allReduceAndWait(buffer: memory, count: -1, dtype: .float32)
      }
      try expectError("count -1") { _ = try group.receive(Int.self, count: -1, from: 0) }
      try expectError("-1 bytes") { _ = try group.allocateBuffer(-1) }
      let sum = try group.allReduce(1)
      try expectEqual(sum, world.size)
    },
    Scenario("an algorithm that cannot run here is named") { world in
      if world.size == 1 { return }
      let foreign: AllReduceAlgorithm = world.nodeCount > 1 ? .sharedMemory : .hierarchical
      try expectError("\(foreign.rawValue) cannot run here") {
        try world.group.allReduce(
          buffer: Fixed.memory, count: 1, dtype: .float32, algorithm: foreign
        ).wait()
      }
      guard world.group.supports(.mpi, .float32, .sum) else { return }
      try expectError("mpi cannot run here: it has no sum of bf16; name another algorithm") {
        try world.group.allReduce(
          buffer: Fixed.memory, count: 1, dtype: .bfloat16, algorithm: .mpi
        ).wait()
      }
    },
    Scenario("results are bitwise identical on all ranks") { world in
      let values = (0..<5000).map { Float($0 + 1) / Float(3 + world.rank) }
      for algorithm in AllReduceAlgorithm.allCases
      where world.group.supports(algorithm, .float32, .sum) && algorithm != .mpi {
        var mine = values
        try mine.withUnsafeMutableBytes { bytes in
          guard let start = bytes.baseAddress else { return }
          try world.group.allReduceAndWait(
            buffer: start, count: 5000, dtype: .float32, algorithm: algorithm)
        }
        let all = try world.group.allGather(mine)
        try expect(all.allSatisfy { $0 == all[0] }, "\(algorithm)")
      }
    },
  ]

  static let movements = [
    Scenario("broadcast, broadcast_full_group from every root") { world in
      for root in 0..<world.size {
        let text = try world.group.broadcast([world.rank, 10 * world.rank], root: root)
        try expectEqual(text, [root, 10 * root])
      }
    },
    Scenario("a bad root is an error") { world in
      try expectError("no rank \(world.size)") {
        _ = try world.group.broadcast([1], root: world.size)
      }
      try expectError("no rank -1") {
        try world.group.reduce(
          input: Fixed.memory, output: Fixed.memory, count: 1, dtype: .uint8, root: -1
        ).wait()
      }
    },
    Scenario("all_gather, uneven and empty") { world in
      let mine = [Int32](repeating: Int32(world.rank), count: world.rank * 3)
      let all = try world.group.allGather(mine)
      try expectEqual(all, (0..<world.size).map { [Int32](repeating: Int32($0), count: $0 * 3) })
      let none = try world.group.allGather([Float]())
      try expectEqual(none, [[Float]](repeating: [], count: world.size))
    },
    Scenario("gather and scatter, uneven, at every root") { world in
      for root in 0..<world.size {
        let mine = [UInt8](repeating: UInt8(world.rank), count: world.rank + 1)
        let all = try world.group.gather(mine, root: root)
        try expectEqual(all != nil, world.rank == root)
        if let all { try expectEqual(all.map(\.count), Array(1...world.size)) }
        let part = try world.group.scatter(
          world.rank == root ? (0..<world.size).map { ($0..<(2 * $0)).map(Double.init) } : nil,
          root: root)
        try expectEqual(part, (world.rank..<(2 * world.rank)).map(Double.init))
      }
    },
    Scenario("all_to_all, equal and unequal splits") { world in
      let lists = (0..<world.size).map { [Int](repeating: world.rank * 100 + $0, count: $0 + 1) }
      let received = try world.group.allToAll(lists)
      try expectEqual(
        received,
        (0..<world.size).map { [Int](repeating: $0 * 100 + world.rank, count: world.rank + 1) })
    },
    Scenario("what only the root finds wrong is every rank's error") { world in
      for root in 0..<world.size {
        let words = "rank \(root): scatter: the root needs \(world.size) lists, not 9"
        try expectError(words) {
          let lists = [[Int]](repeating: [1], count: 9)
          _ = try world.group.scatter(world.rank == root ? lists : nil, root: root)
        }
        try expectError("rank \(root): scatter: the root needs \(world.size) lists, not 0") {
          _ = try world.group.scatter(nil as [[Float]]?, root: root)
        }
        try expectError(words) {
          let objects = [String](repeating: "", count: 9)
          _ = try world.group.scatter(objects: world.rank == root ? objects : nil, root: root)
        }
        try expectError("rank \(root): broadcast of an object: the root has none") {
          _ = try world.group.broadcast(object: nil as Int?, root: root)
        }
        let mine = Stubborn(refuses: world.rank == root)
        let refused = "rank \(root): Stubborn could not be encoded"
        try expectError(refused) { _ = try world.group.broadcast(object: mine, root: root) }
        try expectError(refused) { _ = try world.group.allGather(object: mine) }
        try expectError(refused) {
          let objects = (0..<world.size).map { Stubborn(refuses: $0 == 0) }
          _ = try world.group.scatter(objects: objects, root: root)
        }
      }
      let sum = try world.group.allReduce(1)
      try expectEqual(sum, world.size)
    },
    Scenario("a wrong number of lists or counts is an error") { world in
      try expectError("lists for \(world.size) ranks") {
        _ = try world.group.allToAll([[Int]](repeating: [], count: world.size + 1))
      }
      try expectError("counts were given for \(world.size) ranks") {
        try world.group.allGather(
          input: Fixed.memory, output: Fixed.memory, counts: [], dtype: .uint8
        ).wait()
      }
      try expectError("a count of -1") {
        try world.group.allGather(
          input: Fixed.memory, output: Fixed.memory,
          counts: [Int](repeating: -1, count: world.size), dtype: .uint8
        ).wait()
      }
    },
  ]

  static let objects = [
    Scenario("broadcast_object_list") { world in
      for root in 0..<world.size {
        let object = world.rank == root ? Record(name: "r\(root)", values: [0.1, .nan]) : nil
        let got = try world.group.broadcast(object: object, root: root)
        try expectEqual(got.name, "r\(root)")
        try expect(got.values[0] == 0.1 && got.values[1].isNaN)
      }
    },
    Scenario("all_gather_object, gather_object, scatter_object_list") { world in
      let mine = Record(name: String(repeating: "ß", count: world.rank * 1000), values: [])
      let all = try world.group.allGather(object: mine)
      try expectEqual(all.map(\.name.count), (0..<world.size).map { $0 * 1000 })
      let collected = try world.group.gather(object: mine, root: world.size - 1)
      try expectEqual(collected?.count, world.rank == world.size - 1 ? world.size : nil)
      let objects = (0..<world.size).map { Record(name: "to \($0)", values: [Double($0)]) }
      let part = try world.group.scatter(objects: world.rank == 0 ? objects : nil)
      try expectEqual(part.name, "to \(world.rank)")
    },
    Scenario("object collectives in a subgroup") { world in
      guard let half = try world.group.split(color: world.rank % 2, key: -world.rank) else {
        return
      }
      let mine = Record(name: "rank \(world.rank)", values: [])
      let names = half.ranks.map { "rank \($0)" }
      let all = try half.allGather(object: mine)
      try expectEqual(all.map(\.name), names)
      let last = half.size - 1
      let collected = try half.gather(object: mine, root: last)
      try expectEqual(collected?.map(\.name), half.rank == last ? names : nil)
      let told = try half.broadcast(object: half.rank == last ? mine : nil, root: last)
      try expectEqual(told.name, names[last])
      let part = try half.scatter(objects: half.rank == last ? names : nil, root: last)
      try expectEqual(part, names[half.rank])
    },
    Scenario("an object of another type is an error") { world in
      try expectError("could not be decoded") {
        if world.rank == 0 {
          _ = try world.group.broadcast(object: "text")
          throw CollectiveError.object(rank: 0, reason: "could not be decoded")
        }
        _ = try world.group.broadcast(object: nil as [Int]?)
      }
    },
  ]
}

struct Record: Codable {
  let name: String
  let values: [Double]
}

/// An object that may refuse to be encoded.
struct Stubborn: Codable {
  let refuses: Bool

  func encode(to encoder: any Encoder) throws {
    if refuses { throw Broken(description: "it refuses") }
    var container = encoder.singleValueContainer()
    try container.encode([refuses])
  }

  init(refuses: Bool) { self.refuses = refuses }
  init(from decoder: any Decoder) throws { refuses = false }
}

/// Memory that outlives every operation that a test leaves behind.
enum Fixed {
  nonisolated(unsafe) static let memory: UnsafeMutableRawPointer = {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: 1 << 20)
    return memory
  }()
}
