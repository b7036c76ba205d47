import Foundation
import MPITesting
import Testing

@Suite("A request to stop", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct StopTests {
  @Test(
    "ends an evaluation on all ranks, and what goes on evaluates and ends as if nobody had asked")
  func evaluation() async throws {
    try await MPIRun.together {
      let reference = try FaultJob()
      defer { reference.remove() }
      try await reference.runInOrder(ranks: 2)
      let job = try FaultJob()
      defer { job.remove() }
      let (stopped, whole) = try await job.ask(rank: 1, of: 2)
      #expect(stopped.contains("checkpoint 4") && stopped.last == "stopped 4", "\(stopped)")
      #expect(!stopped.contains("evaluation 4"), "\(stopped)")
      #expect(whole.filter { $0.hasPrefix("evaluation") } == ["evaluation 4", "evaluation 8"])
      #expect(try job.model() == reference.model())
    }
  }
}
