import Collectives
import Foundation
import MPITesting
import Testing

/// How rank 1 fails in a job of three, and what the job must say.
enum Fault: String, CaseIterable, Sendable {
  case thrown, exit, trap, kill, stop, mismatch, away

  /// How long the others wait, which is soon over only where that is what ends the job: MPI_Init, too, has to
  /// be through within that time.
  var timeout: Duration { self == .stop || self == .away ? .seconds(5) : .seconds(20) }

  /// Words that the job's standard error must hold.
  var words: [String] {
    switch self {
    case .thrown: ["[rank 1] test failed: rank 1 has had enough"]
    case .exit: ["exited"]
    case .trap: ["signal"]
    case .kill: ["signal 9"]
    case .stop, .away:
      ["did not finish within 5 s", "not there: rank 1", "all-reduce of fc1.weight"]
    case .mismatch: ["met", "fc2.weight"]
    }
  }
}

@Suite("A failing rank ends the job", .serialized, .enabled(if: !MPIRank.isOne))
struct FaultTests {
  @Test("with a message, and soon", arguments: Fault.allCases)
  func fault(_ fault: Fault) async throws {
    let result = try await suitesUnderMPI(
      ["FaultRanks"], ranks: 3, environment: ["TORUS_TEST_FAULT": fault.rawValue],
      timeout: .seconds(60))
    #expect(!result.timedOut, "\(result.tail)")
    #expect(result.status != 0, "\(result.tail)")
    for word in fault.words { #expect(result.errors.contains(word), "\(result.tail)") }
  }

  @Test("and a job in order ends in order")
  func order() async throws {
    let result = try await suitesUnderMPI(
      ["FaultRanks"], ranks: 3, environment: ["TORUS_TEST_FAULT": "none"], timeout: .seconds(60))
    #expect(result.status == 0, "\(result.tail)")
  }
}

@Suite(
  "What the failing job does", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct FaultRanks {
  @Test func fails() throws {
    let name = ProcessInfo.processInfo.environment["TORUS_TEST_FAULT"] ?? "none"
    let fault = Fault(rawValue: name)
    let options = World.Options(timeout: fault?.timeout ?? .seconds(20))
    try MPIRank.run(options: options) { world in
      _ = try world.group.allReduce(1.0, label: "start")
      if world.rank == 1 {
        switch fault {
        case .thrown: throw Broken(description: "rank 1 has had enough")
        case .exit: _exit(3)
        case .trap: fatalError("trapped")
        case .kill: signal(SIGKILL)
        case .stop: signal(SIGSTOP)
        case .away: Thread.sleep(forTimeInterval: 30)
        case .mismatch: _ = try world.group.allReduce([1.0], label: "fc2.weight")
        case nil: break
        }
      }
      _ = try world.group.allReduce([1.0], label: "fc1.weight")
    }
  }

  /// Sends a signal to this process and waits for it: another thread may be the one to take it.
  private func signal(_ number: Int32) {
    kill(getpid(), number)
    Thread.sleep(forTimeInterval: 1)
  }
}
