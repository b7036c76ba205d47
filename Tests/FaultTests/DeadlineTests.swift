import Foundation
import MPITesting
import Testing

/// Ranks that are stopped where only MPI waits for them.
@Suite("The start and the end of a job", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct JobDeadlineTests {
  @Test(
    "have deadlines: a stopped rank is named and the job ends, without the launcher",
    arguments: [true, false], [0, 2])
  func stopped(atStart: Bool, rank: Int) async throws {
    try await MPIRun.together {
      let job = try FaultJob()
      defer { job.remove() }
      let result = try await job.stop(rank, of: 3, atStart: atStart)
      #expect(result.status != 0 && !result.timedOut, "\(result.tail)")
      #expect(result.seconds < 40, "\(result.tail)")
      let said = result.errors.split(separator: "\n").filter {
        $0.contains("did not finish within 5 s") && $0.contains("not there: rank \(rank)")
      }
      // Who says it first ends the others.
      #expect(!said.isEmpty, "\(result.tail)")
      if atStart { #expect(said.contains { $0.contains("MPI_Init") }, "\(said)") }
    }
  }
}
