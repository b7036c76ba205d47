import Foundation
import MPITesting
import Testing

/// Invariant jobs of two to four ranks that are hit at random moments and go on from memory, every other one
/// with a rank fewer.
///
/// A larger campaign: `TORUS_TEST_STRIKES=200 ./launch/test --filter InvariantCampaignTests`.
@Suite(
  "An invariant job that is hit anywhere", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct InvariantCampaignTests {
  private static let options = [
    "--distributed.invariant", "--distributed.virtual_workers", "4", "--model.dropout", "0.2",
    "--model.batch_norm", "--checkpoint.memory_every", "1", "--checkpoint.every_steps", "null",
  ]

  @Test("ends with the bits of one that was not, on whatever number of ranks, and leaves no memory")
  func campaign() async throws {
    let count =
      ProcessInfo.processInfo.environment["TORUS_TEST_STRIKES"].flatMap { UInt64($0) } ?? 4
    try await MPIRun.together {
      let whole = try FaultJob()
      defer { whole.remove() }
      let seconds = try await whole.strike(nil, ranks: 1, after: 0, Self.options).seconds
      let expected = try whole.model()
      var restarts = 0
      for number in 1...min(max(count, 1), 1_000_000) {
        let strike = Strike(number: 7_000 + number)
        let job = try FaultJob()
        defer { job.remove() }
        let result = try await job.strike(
          strike, ranks: strike.ranks, after: strike.moment * seconds,
          isElastic: number % 2 == 0, Self.options)
        let isSame = try job.model() == expected
        #expect(isSame, "strike \(number), \(strike): another model")
        if result.output.contains("resumed from /") { restarts += 1 }
      }
      // With so many strikes some come between two steps.
      if count >= 50 { #expect(restarts > 0) }
      #expect(try Self.orphans() == [])
    }
  }

  @Test("goes on from the newest step that is in memory, not from an older one on disk")
  func newest() async throws {
    try await MPIRun.together {
      let whole = try FaultJob()
      defer { whole.remove() }
      _ = try await whole.strike(nil, ranks: 1, after: 0, Self.options)
      let job = try FaultJob()
      defer { job.remove() }
      let said = try await job.restart("kill:optimizer:1", Self.options)
      #expect(said.contains("resumed from /") && said.contains("torus-memory-"))
      // The fault is in the fifth step.
      #expect(said.contains("at step 4"), "\(said)")
      #expect(try job.model() == whole.model())
      #expect(try Self.orphans() == [])
    }
  }

  @Test("goes on with fewer ranks and takes back what it lost, with the bits of one that did not")
  func elastic() async throws {
    try await MPIRun.together {
      let whole = try FaultJob()
      defer { whole.remove() }
      _ = try await whole.strike(nil, ranks: 1, after: 0, Self.options)
      let job = try FaultJob()
      defer { job.remove() }
      let said = try await job.restart(
        "shrink:optimizer:1", Self.options,
        launch: ["--nproc-per-node", "2:3", "--grow-interval", "0"])
      let lines = [
        "; 3 workers, ", "going on with one worker fewer, with at least 2 on a host",
        "goes on from the checkpoint in memory of step 4; ", "; 2 workers, ",
        "some workers were given up: asked the workers to save and stop, to go on with more",
        "goes on from the checkpoint on disk of step 7; 0 steps are done twice",
      ]
      for line in lines { #expect(said.contains(line), "\(line) is not in \(said)") }
      #expect(said.components(separatedBy: "; 3 workers, ").count == 3)
      #expect(try job.model() == whole.model())
      #expect(try Self.orphans() == [])
    }
  }

  /// Folders of launchers that are gone.
  private static func orphans() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/dev/shm").filter { name in
      guard name.hasPrefix("torus-memory-"), let pid = name.split(separator: "-").last else {
        return false
      }
      return !FileManager.default.fileExists(atPath: "/proc/\(pid)")
    }
  }
}
