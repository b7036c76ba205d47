import Collectives
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
