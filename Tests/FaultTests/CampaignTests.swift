import Foundation
import MPITesting
import Testing

/// Jobs of two to four ranks that are hit at random moments, their start and end among them.
///
/// A larger campaign, from another number on:
/// `TORUS_TEST_STRIKES=200 TORUS_TEST_FIRST_STRIKE=1000 ./launch/test --filter CampaignTests`.
@Suite("A job that is hit anywhere", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct CampaignTests {
  @Test("ends in time, names the rank, leaves nothing, and restarts to the same model bit for bit")
  func campaign() async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["TORUS_TEST_STRIKES"].flatMap { UInt64($0) } ?? 5
    let first = environment["TORUS_TEST_FIRST_STRIKE"].flatMap { UInt64($0) } ?? 1
    try await MPIRun.together {
      var models: [Int: Data] = [:]
      var seconds: [Int: Double] = [:]
      for ranks in 2...4 {
        let job = try FaultJob()
        defer { job.remove() }
        seconds[ranks] = try await job.strike(nil, ranks: ranks, after: 0).seconds
        models[ranks] = try job.model()
      }
      let (expected, lengths) = (models, seconds)
      await withTaskGroup(of: Void.self) { group in
        for number in first..<first + min(count, 1_000_000) {
          if number >= first + 2 { await group.next() }
          group.addTask {
            let strike = Strike(number: number)
            await run(strike, number, expected[strike.ranks], lengths[strike.ranks] ?? 1)
          }
        }
      }
    }
  }

  private func run(_ strike: Strike, _ number: UInt64, _ expected: Data?, _ seconds: Double) async {
    do {
      let job = try FaultJob()
      defer { job.remove() }
      let result = try await job.strike(
        strike, ranks: strike.ranks, after: strike.moment * seconds)
      let hasRestarted = result.errors.contains("restart 1 of 1")
      if hasRestarted, !strike.isNamed(in: result.errors) {
        Issue.record("strike \(number), \(strike): the rank is not named: \(result.tail)")
      }
      if try job.model() != expected {
        Issue.record("strike \(number), \(strike): another model")
      }
    } catch {
      Issue.record("strike \(number), \(strike): \(error)")
    }
  }
}
