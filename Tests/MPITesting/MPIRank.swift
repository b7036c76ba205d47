import Collectives
import Foundation
import Testing

/// Tests that are ranks of an MPI job.
///
/// A suite marked `.enabled(if: MPIRank.isOne)` holds what every rank does; an ordinary test starts
/// it with `runUnderMPI`:
///
///     @Test(arguments: [1, 2, 3, 4]) func underMPI(ranks: Int) async throws {
///       try await runUnderMPI(ranks: [ranks], suites: ["SumRankTests"])
///     }
///
///     @Suite(.serialized, .enabled(if: MPIRank.isOne)) struct SumRankTests {
///       @Test func sums() throws {
///         try MPIRank.run { world in #expect(try world.group.allReduce(1) == world.size) }
///       }
///     }
public enum MPIRank {
  static let mark = "TORUS_TEST_RANK"
  static let jobMark = "TORUS_TEST_JOB"

  /// Whether this process is a rank that `runUnderMPI` started.
  public static let isOne = ProcessInfo.processInfo.environment[mark] != nil

  /// Whether `MPIRun` started this process, as a rank or otherwise.
  static let isInJob = ProcessInfo.processInfo.environment[jobMark] != nil

  /// How long a rank waits for another: less than the deadline of the whole job, so that the rank
  /// names what it waited for. Suites of ranks run serially, on one thread at a time.
  nonisolated(unsafe) private static var options = World.Options(timeout: .seconds(20))

  private static let shared: Result<World, any Error> = Result {
    let world = try World.initialize(options)
    // The test runner ends the process by exit(); ranks that got here without an error leave MPI
    // in order, so that mpirun reports their own exit status.
    finishing.world = world
    atexit { MPIRank.finishing.finish() }
    return world
  }

  private static let finishing = Finishing()

  /// Runs a rank's part of a test. An error ends all ranks at once.
  ///
  /// - Parameter options: How the world is started; the first call of a process decides.
  public static func run(options: World.Options? = nil, _ body: (World) throws -> Void) throws {
    if let options { self.options = options }
    let world = try shared.get()
    do {
      try body(world)
    } catch {
      world.group.end(error, during: "test failed")
    }
  }
}

private final class Finishing: @unchecked Sendable {
  // Written once, before `atexit` is called.
  var world: World?

  func finish() {
    guard let world else { return }
    do {
      try world.finalize()
    } catch {
      world.abort("the world did not end well: \(error)")
    }
  }
}

/// Runs this test executable's suites named `suites` as ranks of an MPI job, for each number of
/// ranks; a failure, a crash or a hang of any rank is recorded with the ranks' output.
public func runUnderMPI(
  ranks: [Int], suites: [String], timeout: Duration = .seconds(120),
  sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  for count in ranks {
    let result = try await suitesUnderMPI(suites, ranks: count, timeout: timeout)
    let ran = result.output.contains(" passed after ") || result.errors.contains(" passed after ")
    let names = suites.joined(separator: ", ")
    if result.status != 0 || result.timedOut {
      Issue.record(
        "\(names) failed on \(count) ranks: \(result.tail)", sourceLocation: sourceLocation)
    } else if !ran {
      Issue.record(
        "\(names): no such suite ran on \(count) ranks: \(result.tail)",
        sourceLocation: sourceLocation)
    }
  }
}

/// Runs this test executable's suites as ranks of an MPI job and returns how it ended, for tests of
/// failures.
public func suitesUnderMPI(
  _ suites: [String], ranks: Int, environment: [String: String] = [:],
  timeout: Duration = .seconds(120)
) async throws -> MPIRunResult {
  // A test's identifier is `Module.Suite/test/File.swift:line:column`: the suite's name is matched
  // with its slash, so that no file's name is.
  let filter = suites.map { "\\.\($0)/" }.joined(separator: "|")
  return try await MPIRun.run(
    testExecutable,
    ["--testing-library", "swift-testing", "--no-parallel", "--filter", filter], ranks: ranks,
    environment: environment.merging([MPIRank.mark: "1"]) { $1 }, timeout: timeout)
}

/// The test executable itself; the link is resolved here, since mpirun has another /proc/self.
private var testExecutable: String {
  (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    ?? CommandLine.arguments[0]
}
