import Foundation
import MPITesting
import Testing

/// Jobs of four ranks of which one breaks: killed, stopped, exiting, trapping, throwing or calling
/// something else; at the start, in the forward and backward pass, within a collective, and while a
/// checkpoint is saved.
///
/// All 120 cases: `TORUS_TEST_FAULTS=all ./launch/test --filter FaultGridTests`.
@Suite("A broken rank", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct FaultGridTests {
  @Test("is named, ends the job, leaves nothing, and the restarted run is the same bit for bit")
  func grid() async throws {
    let isFull = ProcessInfo.processInfo.environment["TORUS_TEST_FAULTS"] == "all"
    let cases = isFull ? FaultCase.all : FaultCase.covering
    #expect(cases.count == (isFull ? 120 : 60))
    try await MPIRun.together {
      let reference = try FaultJob()
      defer { reference.remove() }
      try await reference.runInOrder()
      let expected = try reference.model()
      // Survivors of a stopped rank do nothing but wait, so many of those run at a time.
      await run(cases.filter { $0.kind == .stop }, atATime: 5, expected)
      await run(cases.filter { $0.kind != .stop }, atATime: 2, expected)
    }
  }

  private func run(_ cases: [FaultCase], atATime limit: Int, _ expected: Data) async {
    await withTaskGroup(of: Void.self) { group in
      for (index, fault) in cases.enumerated() {
        if index >= limit { await group.next() }
        group.addTask { await run(fault, expected) }
      }
    }
  }

  private func run(_ fault: FaultCase, _ expected: Data) async {
    do {
      let job = try FaultJob()
      defer { job.remove() }
      try await job.run(fault)
      if try job.model() != expected {
        Issue.record("\(fault): the restarted run ends with another model")
      }
    } catch {
      Issue.record("\(fault): \(error)")
    }
  }

  @Test("that hangs is named by the launcher, with who waited for it and in which operation")
  func hang() async throws {
    try await MPIRun.together {
      let job = try FaultJob()
      defer { job.remove() }
      let said = try await job.fail("hang:backward:2").errors
      let lines = said.split(separator: "\n").map(String.init)
      let cause = try #require(
        lines.first { $0.hasPrefix("ddp-launch: rank ") && $0.contains("failed first") }, "\(said)")
      #expect(!cause.contains("MPI_Abort") && !cause.contains("rank 2 failed first"), "\(cause)")
      for part in ["step 5: all-reduce of ", "did not finish within 5 s", "not there: rank 2;"] {
        #expect(cause.contains(part), "\(cause)")
      }
      #expect(
        lines.contains { $0.hasPrefix("ddp-launch: it waited for rank 2, ") }, "\(said)")
    }
  }

  @Test(
    "leaves the timeline of all until then as a valid trace",
    arguments: ["hang:backward:2", "exception:forward:3", "trap:forward:1", "exit:backward:0"])
  func trace(fault: String) async throws {
    try await MPIRun.together {
      let job = try FaultJob()
      defer { job.remove() }
      let result = try await job.fail(fault, ["--trace"])
      #expect(result.errors.contains("the timeline until then: run/trace.failed.json"))
      let names = try job.failedTrace()
      let faulty = try #require(Int(fault.suffix(1)))
      // Who fails writes down what it has; the others may have been ended too soon.
      for rank in fault.hasPrefix("hang") ? [0, 1, 2, 3] : [faulty] {
        let own = try #require(names[rank], "\(names.keys)")
        #expect(own.contains("step 4") && own.contains("backward"), "rank \(rank): \(own)")
        #expect(!own.contains("step 5"), "rank \(rank)")
        // Who hangs is not asked.
        if !fault.hasPrefix("hang") || rank != faulty {
          #expect(own.contains("step 5, unfinished"), "rank \(rank): \(own)")
        }
      }
    }
  }

  @Test("whose replica has changed by a bit is named with the parameter, by rank 0 alone")
  func drift() async throws {
    try await MPIRun.together {
      let job = try FaultJob()
      defer { job.remove() }
      let said = try await job.drift(rank: 2)
      let lines = said.split(separator: "\n").filter { $0.contains("the replicas differ") }
      #expect(lines.count == 1, "\(said)")
      #expect(lines.first?.contains("[rank 0] ddp-train: step 6: ") == true, "\(said)")
      #expect(lines.first?.contains(" f32[4, 1, 3, 3]") == true, "\(said)")
      #expect(lines.first?.contains("on rank 2;") == true, "\(said)")
    }
  }

  @Test("the cases cover every pair of kind, phase and rank, under both launchers")
  func covering() {
    let cases = FaultCase.covering
    #expect(Set(FaultCase.all.map(\.description)).count == 120)
    #expect(Set(cases.map { "\($0.kind) \($0.phase)" }).count == 30)
    #expect(Set(cases.map { "\($0.kind) \($0.rank)" }).count == 24)
    #expect(Set(cases.map { "\($0.phase) \($0.rank)" }).count == 20)
    #expect(Set(cases.map { "\($0.kind) \($0.isLaunched)" }).count == 12)
    #expect(Set(cases.map { "\($0.phase) \($0.isLaunched)" }).count == 10)
  }
}
