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
    Scenario("an algorithm that cannot run here is named") { world in
      if world.size == 1 { return }
      let foreign: AllReduceAlgorithm = world.nodeCount > 1 ? .sharedMemory : .hierarchical
      try expectError("\(foreign.rawValue) cannot run here") {
        try world.group.allReduce(
          buffer: Fixed.memory, count: 1, dtype: .float32, algorithm: foreign
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
        let got = try world.group.broadcastObject(object, root: root)
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
    Scenario("an object of another type is an error") { world in
      try expectError("could not be decoded") {
        if world.rank == 0 {
          _ = try world.group.broadcastObject("text")
          throw CollectiveError.object(rank: 0, reason: "could not be decoded")
        }
        _ = try world.group.broadcastObject(nil as [Int]?)
      }
    },
  ]
}

struct Record: Codable {
  let name: String
  let values: [Double]
}

/// Memory that outlives every operation that a test leaves behind.
enum Fixed {
  nonisolated(unsafe) static let memory: UnsafeMutableRawPointer = {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: 1 << 20)
    return memory
  }()
}
