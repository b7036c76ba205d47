import Collectives
import MPITesting
import Testing

@Suite("Scenarios on threads", .serialized)
struct ThreadScenarioTests {
  static let options = World.Options(timeout: .seconds(30))

  @Test("on one node", arguments: Scenario.all, 1...4)
  func oneNode(scenario: Scenario, ranks: Int) throws {
    _ = try World.threads(ranks, options: Self.options) { try scenario.body($0) }
  }

  @Test("without shared memory", arguments: Scenario.all)
  func withoutSharing(scenario: Scenario) throws {
    let options = World.Options(timeout: .seconds(30), sharesMemory: false)
    _ = try World.threads(3, options: options) { try scenario.body($0) }
  }
}

@Suite("Scenarios of ranks", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct ScenarioRanks {
  @Test(arguments: Scenario.all)
  func underMPI(scenario: Scenario) throws {
    try MPIRank.run { world in
      try scenario.body(world)
      // A receive from any rank must not meet a quicker rank's message of the next scenario.
      try world.group.barrier()
    }
  }
}
