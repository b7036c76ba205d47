import Collectives
import MPITesting
import Testing

@Suite("Conformance on threads", .serialized)
struct ThreadConformanceTests {
  @Test("every algorithm, type and reduction", arguments: 1...8)
  func allReduce(ranks: Int) throws {
    let cases = try World.threads(ranks) { try AllReduceConformance().run(in: $0.group) }
    #expect(cases.allSatisfy { $0 > 1000 })
  }

  @Test(
    "several nodes with unequal numbers of ranks",
    arguments: [
      [0, 1], [0, 0, 1], [0, 1, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1, 2, 2], [2, 0, 1, 0, 2],
    ])
  func nodes(nodes: [Int]) throws {
    _ = try World.threads(nodes.count, nodes: nodes) { world in
      var conformance = AllReduceConformance()
      conformance.operations = [.sum, .average, .maximum]
      try conformance.run(in: world.group)
      #expect(world.group.supports(.hierarchical, .float32, .sum))
      #expect(!world.group.supports(.sharedMemory, .float32, .sum))
      conformance.types = [.float32, .bfloat16]
      conformance.operations = [.sum]
      conformance.lengths = [131_071, 131_072, 131_073, 1_000_003]
      try conformance.run(in: world.group)
      try CollectiveConformance(lengths: [0, 1, 1021], types: [.float32, .uint8])
        .run(in: world.group)
    }
  }

  @Test("lengths around segments and beyond", arguments: [2, 3, 4])
  func segments(ranks: Int) throws {
    _ = try World.threads(ranks) { world in
      // The ring's segment is 512 KiB of a chunk, a stage 512 KiB of the buffer.
      let segment = 131_072
      var lengths = [-1, 0, 1].map { segment + $0 } + [-1, 0, 1].map { segment * ranks + $0 }
      lengths += [9 * segment * ranks + 17]
      var conformance = AllReduceConformance()
      conformance.types = [.float32]
      conformance.operations = [.sum]
      conformance.lengths = lengths
      try conformance.run(in: world.group)
    }
  }

  @Test("small segments keep many under way", arguments: [2, 3, 5])
  func smallSegments(ranks: Int) throws {
    for algorithm in [AllReduceAlgorithm.ring, .recursiveDoubling, .halvingDoubling] {
      let topology = Topology(ranks: ranks, nodes: 1, sharesMemory: false)
      let row = AlgorithmTable.Row(
        topology: topology, maxBytes: .max, algorithm: algorithm, segmentBytes: 256)
      let options = World.Options(sharesMemory: false, algorithms: AlgorithmTable(rows: [row]))
      let sums = try World.threads(ranks, options: options) { world in
        try world.group.allReduce((0..<3_001).map { Double($0 + world.rank) })
      }
      for sum in sums {
        #expect(sum == (0..<3_001).map { Double(ranks * $0 + ranks * (ranks - 1) / 2) })
      }
    }
  }

  @Test("long messages travel in pieces", arguments: [2, 3])
  func pieces(ranks: Int) throws {
    var options = World.Options(sharesMemory: false)
    options.messageBytes = 1000
    _ = try World.threads(ranks, options: options) { world in
      var conformance = AllReduceConformance()
      conformance.types = [.float32, .uint8]
      conformance.operations = [.sum]
      conformance.places = [false]
      conformance.lengths = [249, 250, 251, 5_001]
      try conformance.run(in: world.group)
      try CollectiveConformance(lengths: [999, 1_000, 1_001, 4_321], types: [.uint8, .float64])
        .run(in: world.group)
      let sent = (0..<1_000).map { Double($0) }
      let right = (world.rank + 1) % ranks, left = (world.rank + ranks - 1) % ranks
      let buffer = try TestBuffer(bytes: 8_000, sharedIn: nil)
      try sent.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        let works = world.group.batch([
          .send(start, count: 1_000, dtype: .float64, to: right),
          .receive(buffer.pointer, count: 1_000, dtype: .float64, from: left),
        ])
        for work in works { try work.wait() }
      }
      try expectEqual(buffer.pointer.load(fromByteOffset: 7_992, as: Double.self), 999)
      try buffer.free()
      try expectError("more than") {
        _ = try world.group.receive(Double.self, count: 1_000, from: nil)
      }
    }
  }

  @Test("the other collectives", arguments: [1, 2, 3, 4, 5])
  func others(ranks: Int) throws {
    _ = try World.threads(ranks) { try CollectiveConformance().run(in: $0.group) }
  }

  @Test("without shared memory", arguments: [2, 3, 4, 7])
  func withoutSharing(ranks: Int) throws {
    _ = try World.threads(ranks, options: World.Options(sharesMemory: false)) { world in
      #expect(!world.group.topology.sharesMemory)
      var conformance = AllReduceConformance()
      conformance.places = [false]
      try conformance.run(in: world.group)
      try CollectiveConformance(types: [.float32, .bool]).run(in: world.group)
    }
  }

  @Test(
    "a reduce-scatter of half precision rounds once, on one node and on several",
    arguments: [[0, 0, 0], [0, 1, 2], [0, 1, 0]], [1, 5_000, 700_001])
  func scatterRounding(nodes: [Int], length: Int) throws {
    let results = try World.threads(3, nodes: nodes) { world in
      // A ring would round 1 + 2^-8 to 1 in bfloat16.
      let value = Elements.brain(world.rank == 0 ? 1 : 0x1p-8)
      let (input, output) = (
        try TestBuffer(bytes: 2 * 3 * length, sharedIn: nil),
        try TestBuffer(bytes: 2 * length, sharedIn: nil)
      )
      input.pointer.initializeMemory(as: UInt16.self, repeating: value, count: 3 * length)
      try world.group.reduceScatter(
        input: input.pointer, output: output.pointer, count: length, dtype: .bfloat16
      ).wait()
      let sums = UnsafeBufferPointer(
        start: output.pointer.assumingMemoryBound(to: UInt16.self), count: length)
      let isExact = sums.allSatisfy { $0 == Elements.brain(1 + 0x1p-7) }
      for buffer in [input, output] { try buffer.free() }
      return isExact
    }
    #expect(results == [true, true, true])
  }

  @Test("half precision rounds to nearest even, and extremes propagate NaN")
  func rounding() throws {
    let results = try World.threads(3) { world in
      // In bfloat16 1 + 2^-8 rounds to 1, but 1 + 2^-8 + 2^-8, rounded once, is 1 + 2^-7.
      let values: [Float] = [1, 0x1p-8, 0x1p-8]
      let buffer = try TestBuffer(bytes: 4, sharedIn: nil)
      buffer.pointer.storeBytes(of: Elements.brain(values[world.rank]), as: UInt16.self)
      try world.group.allReduce(
        buffer: buffer.pointer, count: 1, dtype: .bfloat16, algorithm: .sharedMemory
      ).wait()
      let bits = buffer.pointer.load(as: UInt16.self)
      try buffer.free()
      let highest = try world.group.allReduce(
        world.rank == 1 ? Float.nan : Float(world.rank), op: .maximum)
      return (Float(bitPattern: UInt32(bits) << 16), highest)
    }
    for (sum, highest) in results {
      #expect(sum == 1 + 0x1p-7)
      #expect(highest.isNaN)
    }
  }
}

@Suite("Conformance of ranks", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct ConformanceRanks {
  @Test func allReduceEveryAlgorithm() throws {
    try MPIRank.run { world in
      let cases = try AllReduceConformance().run(in: world.group)
      #expect(cases > 1000)
      if world.size > 1 { #expect(world.group.supports(.mpi, .float32, .sum)) }
    }
  }

  @Test func allReduceLong() throws {
    try MPIRank.run { world in
      var conformance = AllReduceConformance()
      conformance.types = [.float32]
      conformance.operations = [.sum]
      conformance.lengths = [131_071, 131_073, 524_289, 6_553_600]
      try conformance.run(in: world.group)
    }
  }

  @Test func otherCollectives() throws {
    try MPIRank.run { try CollectiveConformance().run(in: $0.group) }
  }

  @Test func subgroups() throws {
    try MPIRank.run { world in
      guard world.size > 1 else { return }
      var conformance = AllReduceConformance()
      conformance.types = [.float32, .int64]
      conformance.operations = [.sum, .maximum]
      let evens = try world.group.newGroup(
        ranks: Array(stride(from: 0, to: world.size, by: 2)), name: "evens")
      #expect((evens != nil) == (world.rank % 2 == 0))
      if let evens {
        try conformance.run(in: evens)
        try CollectiveConformance(lengths: [1, 1021], types: [.float64]).run(in: evens)
      }
      let halves = try world.group.split(color: world.rank / 2, key: -world.rank)
      if let halves {
        #expect(halves.ranks == halves.ranks.sorted(by: >))
        try conformance.run(in: halves)
        try halves.close()
      }
    }
  }
}

@Suite(
  "Conformance of ranks on pretended nodes", .serialized,
  .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct NodeRanks {
  @Test func severalNodes() throws {
    var options = World.Options(timeout: .seconds(20))
    options.ranksPerNode = 2
    try MPIRank.run(options: options) { world in
      try expectEqual(world.nodeCount, (world.size + 1) / 2)
      try expectEqual(world.localRank, world.rank % 2)
      try expect(world.group.supports(.hierarchical, .float32, .sum))
      var conformance = AllReduceConformance()
      conformance.operations = [.sum, .average, .minimum]
      try conformance.run(in: world.group)
      conformance.types = [.float32]
      conformance.operations = [.sum]
      conformance.lengths = [131_071, 131_073, 2_000_003]
      try conformance.run(in: world.group)
      try CollectiveConformance(lengths: [0, 1, 1_021], types: [.float32]).run(in: world.group)
      for scenario in Scenario.all {
        try scenario.body(world)
        // A receive from any rank must not meet a quicker rank's message of the next scenario.
        try world.group.barrier()
      }
    }
  }
}
