import Collectives
import Foundation
import MPITesting
import Testing

@Suite("Ranks under mpirun", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct MPITests {
  @Test("the suites of ranks pass", arguments: [1, 2, 3, 4])
  func underMPI(ranks: Int) async throws {
    try await runUnderMPI(
      ranks: [ranks], suites: ["BasicRanks", "ConformanceRanks", "ScenarioRanks"],
      timeout: .seconds(180))
  }

  @Test("and on pretended nodes", arguments: [3, 4])
  func nodes(ranks: Int) async throws {
    try await runUnderMPI(ranks: [ranks], suites: ["NodeRanks"], timeout: .seconds(120))
  }
}

/// Counts that no 32-bit integer holds: `TORUS_TEST_LONG_COUNTS=1 ./launch/test --filter LongCount`.
@Suite(
  "Counts beyond 2³¹ under mpirun",
  .enabled(
    if: !MPIRank.isOne && ProcessInfo.processInfo.environment["TORUS_TEST_LONG_COUNTS"] != nil,
    "set TORUS_TEST_LONG_COUNTS=1; needs 10 GB of memory"))
struct LongCountTests {
  @Test("2.2e9 elements are broadcast, reduced and sent")
  func underMPI() async throws {
    try await runUnderMPI(ranks: [2], suites: ["LongCountRanks"], timeout: .seconds(180))
  }
}

@Suite("What ranks do with them", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct LongCountRanks {
  @Test func long() throws {
    let options = World.Options(timeout: .seconds(120), sharesMemory: false)
    try MPIRank.run(options: options) { world in
      let count = 2_200_000_000
      let buffer = try TestBuffer(bytes: count, sharedIn: nil)
      let bytes = buffer.pointer.assumingMemoryBound(to: UInt8.self)
      let places = [0, 1 << 30, Int(Int32.max), 1 << 31, count - 1]
      memset(buffer.pointer, world.rank == 0 ? 3 : 0, count)
      try world.group.broadcast(buffer: buffer.pointer, count: count, dtype: .uint8).wait()
      for place in places { try expectEqual(bytes[place], 3) }
      try world.group.allReduce(
        buffer: buffer.pointer, count: count, dtype: .uint8, algorithm: .ring
      ).wait()
      for place in places { try expectEqual(bytes[place], UInt8(3 * world.size)) }
      if world.rank == 0 {
        memset(buffer.pointer, 7, count)
        try world.group.isend(buffer: buffer.pointer, count: count, dtype: .uint8, to: 1).wait()
      } else if world.rank == 1 {
        try world.group.irecv(buffer: buffer.pointer, count: count, dtype: .uint8, from: 0).wait()
        for place in places { try expectEqual(bytes[place], 7) }
      }
      try world.group.barrier()
      try buffer.free()
    }
  }
}

@Suite("What every rank does", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct BasicRanks {
  @Test func sums() throws {
    try MPIRank.run { world in
      let sum = try world.group.allReduce(1)
      #expect(sum == world.size)
      #expect(world.kind == .mpi)
      #expect(world.localSize == world.size)
    }
  }
}
