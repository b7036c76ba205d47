import Collectives
import Foundation
import MPITesting

/// A folder in which a faulty job runs, fails and is started again.
struct FaultJob {
  /// What a job was expected to do and did not.
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  let folder: String

  /// Seconds after which the survivors give a rank up.
  static let deadline = 5

  private static let run = [
    "digits-cnn", "--run-dir", "run", "--model.channels", "[4, 8]", "--steps", "8", "--epochs",
    "null", "--checkpoint.every_steps", "3", "--checkpoint.every_epochs", "null",
    "--evaluation.every_epochs", "null", "--distributed.timeout_s", "\(deadline)",
    "--distributed.checksum_every", "2",
  ]

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-fault-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // By that name ddp-launch knows that it goes on with --resume.
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/ddp-train", withDestinationPath: Self.product("faulty-train"))
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  private static func product(_ name: String) -> String {
    let bundle = Bundle.main.executablePath ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name)
      .path
  }

  /// The model that the run ends with.
  func model() throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder)/run/model.safetensors"))
  }

  private func start(_ arguments: [String], ranks: Int = FaultCase.ranks) async throws
    -> MPIRunResult
  {
    let program = ranks > 0 ? "./ddp-train" : Self.product("ddp-launch")
    // Open MPI's folder of the session lies here too, and must be gone afterwards.
    return try await MPIRun.run(
      program, arguments, ranks: ranks, environment: ["TMPDIR": folder], directory: folder,
      timeout: .seconds(120), inTurn: false)
  }

  /// The run without a fault.
  func runInOrder(ranks: Int = FaultCase.ranks) async throws {
    let result = try await start(Self.run, ranks: ranks)
    guard result.status == 0 else { throw Problem(description: result.tail) }
    try await checkNothingRemains()
  }

  /// A job of which one rank is stopped before MPI has started there, or before it ends MPI; with mpirun
  /// alone. Returns what it said.
  func stop(_ rank: Int, of ranks: Int, atStart: Bool) async throws -> MPIRunResult {
    let stopping = "[ $OMPI_COMM_WORLD_RANK = \(rank) ] && kill -STOP $$; "
    let arguments = atStart ? Self.run : ["--fault", "stop:finish:\(rank)"]
    let result = try await MPIRun.run(
      "/bin/sh",
      ["-c", (atStart ? stopping : "") + "exec ./ddp-train \"$@\"", "sh"] + arguments, ranks: ranks,
      environment: ["TMPDIR": folder], directory: folder, timeout: .seconds(60), inTurn: false)
    try await checkNothingRemains()
    return result
  }

  /// The run with the fault, and its restart.
  func run(_ fault: FaultCase) async throws {
    let broken =
      ["--fault", "\(fault.kind.rawValue):\(fault.phase.rawValue):\(fault.rank)"] + Self.run
    if fault.isLaunched {
      let result = try await start(
        ["--nproc-per-node", "\(FaultCase.ranks)", "--max-restarts", "1", "--restart-delay", "0"]
          + ["./ddp-train"] + broken, ranks: 0)
      try check(result, fault)
      guard result.status == 0 else {
        throw Problem(description: "the restarted run failed: \(result.tail)")
      }
    } else {
      let result = try await start(broken)
      guard result.status != 0 else { throw Problem(description: "the job ended with 0") }
      try check(result, fault)
      try await checkNothingRemains()
      let resumed = try await start(Self.run + ["--resume"])
      guard resumed.status == 0, !resumed.timedOut else {
        throw Problem(description: "the resumed run failed: \(resumed.tail)")
      }
    }
    try await checkNothingRemains()
  }

  /// The run of which a rank is asked to stop when an evaluation begins, and what goes on from there; returns
  /// the events of the first and of both.
  func ask(rank: Int, of ranks: Int) async throws -> (stopped: [String], whole: [String]) {
    let run = Self.run + ["--evaluation.every_steps", "4"]
    let result = try await start(["--fault", "ask:evaluation:\(rank)"] + run, ranks: ranks)
    guard result.status == 143 else {
      throw Problem(description: "it ended with \(result.status): \(result.tail)")
    }
    let stopped = try events()
    let resumed = try await start(run + ["--resume"], ranks: ranks)
    guard resumed.status == 0 else { throw Problem(description: resumed.tail) }
    return (stopped, try events())
  }

  /// What metrics.jsonl says but for steps: `evaluation 4`.
  private func events() throws -> [String] {
    let text = try String(contentsOfFile: "\(folder)/run/metrics.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").compactMap { line in
      let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let event = row?["event"] as? String, event != "step" else { return nil }
      return "\(event) \(row?["step"] as? Int ?? -1)"
    }
  }

  /// The run in which one bit of one replica changes in step 5, whose parameters are compared after step
  /// 6; returns what the job said.
  func drift(rank: Int) async throws -> String {
    let result = try await start(["--fault", "drift:optimizer:\(rank)"] + Self.run)
    guard result.status != 0 else { throw Problem(description: "the job ended with 0") }
    try await checkNothingRemains()
    return result.errors
  }

  /// A run under `ddp-launch` with that fault, to its failure; `more` are further arguments of the run.
  func fail(_ fault: String, _ more: [String] = []) async throws -> MPIRunResult {
    let result = try await start(
      ["--nproc-per-node", "\(FaultCase.ranks)", "./ddp-train", "--fault", fault] + Self.run + more,
      ranks: 0)
    guard FileManager.default.fileExists(atPath: "\(folder)/fired") else {
      throw Problem(description: "the fault did not happen: \(result.tail)")
    }
    guard !result.timedOut, result.status != 0 else {
      throw Problem(description: "the job did not fail: \(result.tail)")
    }
    try await checkNothingRemains()
    return result
  }

  /// A run under `ddp-launch` with that fault, which restarts it; returns what the job said.
  func restart(
    _ fault: String, _ more: [String],
    launch: [String] = ["--nproc-per-node", "3", "--max-restarts", "1"]
  ) async throws -> String {
    let result = try await start(
      launch + ["--restart-delay", "0", "./ddp-train", "--fault", fault] + Self.run + more,
      ranks: 0)
    guard !result.timedOut, result.status == 0 else {
      throw Problem(description: "the job did not end well: \(result.tail)")
    }
    try await checkNothingRemains()
    return result.output + result.errors
  }

  /// A run of so many ranks under `ddp-launch` that is hit some seconds after the programs' start, and
  /// restarted where that ends it, with fewer ranks and then more again where it is elastic; `more` are
  /// further arguments of the run.
  ///
  /// - Returns: What came of it, with the seconds from the programs' start to the end.
  func strike(
    _ strike: Strike?, ranks: Int, after seconds: Double, isElastic: Bool = false,
    _ more: [String] = []
  ) async throws -> MPIRunResult {
    let launch =
      isElastic
      ? ["--nproc-per-node", "1:\(ranks)", "--grow-interval", "0"]
      : ["--nproc-per-node", "\(ranks)", "--max-restarts", "1"]
    async let ending = start(
      launch + ["--restart-delay", "0", "./ddp-train"] + Self.run + more, ranks: 0)
    let limit = ContinuousClock().now + .seconds(60)
    while program(ofRank: strike?.rank ?? 0) == nil, ContinuousClock().now < limit {
      try await Task.sleep(for: .milliseconds(5))
    }
    if let strike, let program = program(ofRank: strike.rank) {
      try await Task.sleep(for: .seconds(seconds))
      _ = strike.hit(program: program)
    }
    let result = try await ending
    guard !result.timedOut, result.status == 0 else {
      throw Problem(description: "the job did not end well: \(result.tail)")
    }
    try await checkNothingRemains()
    return result
  }

  /// The process of a rank's program, once it has begun.
  private func program(ofRank rank: Int) -> Int32? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/processes")) ?? []
    for name in names {
      let text = try? String(contentsOfFile: "\(folder)/processes/\(name)", encoding: .utf8)
      if text?.split(separator: " ").last == "\(rank)", let pid = Int32(name) { return pid }
    }
    return nil
  }

  /// The names of the events in the trace that a failed run has left, by rank.
  func failedTrace() throws -> [Int: [String]] {
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/run/trace.failed.json"))
    guard let trace = try JSONSerialization.jsonObject(with: data) as? [String: Any],
      let events = trace["traceEvents"] as? [[String: Any]],
      let facts = trace["otherData"] as? [String: Any], facts["ended"] is String,
      facts["world_size"] as? Int == FaultCase.ranks
    else { throw Problem(description: "the trace is none") }
    return Dictionary(grouping: events) { $0["pid"] as? Int ?? -1 }
      .mapValues { $0.compactMap { $0["name"] as? String } }
  }

  private func check(_ result: MPIRunResult, _ fault: FaultCase) throws {
    guard FileManager.default.fileExists(atPath: "\(folder)/fired") else {
      throw Problem(description: "the fault did not happen: \(result.tail)")
    }
    guard !result.timedOut else { throw Problem(description: "the job hung: \(result.tail)") }
    if let objection = fault.objection(to: result.output + result.errors) {
      throw Problem(description: "\(objection): \(result.tail)")
    }
    if fault.kind == .stop, fault.phase != .start {
      let analysis = FlightAnalysis(try FlightDump.read("\(folder)/run"))
      guard analysis.behind == [fault.rank] else {
        throw Problem(description: "the flight recorders tell otherwise: \(analysis.lines)")
      }
    }
  }

  /// Waits until no process of the job runs, and neither shared memory nor a folder of Open MPI's
  /// that belongs to it is left.
  private func checkNothingRemains() async throws {
    let files = FileManager.default
    let end = ContinuousClock().now + .seconds(30)
    var left: [String] = []
    repeat {
      left = []
      for name in try files.contentsOfDirectory(atPath: "\(folder)/processes") {
        if let pid = Int32(name), Self.runs(pid) { left.append("process \(pid)") }
        let job = try String(contentsOfFile: "\(folder)/processes/\(name)", encoding: .utf8)
        guard let number = UInt32(job.prefix { $0.isNumber }) else { continue }
        // Whole parts of names: what another job has left may end with the same digits.
        let marks: Set<Substring> = ["\(String(number, radix: 16))", "\(number)"]
        left += try files.contentsOfDirectory(atPath: "/dev/shm")
          .filter { !marks.isDisjoint(with: $0.split { ".-_".contains($0) }) }
          .map { "/dev/shm/\($0)" }
      }
      left += try files.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("ompi.") }
        .flatMap { try files.contentsOfDirectory(atPath: "\(folder)/\($0)") }
      if left.isEmpty { return }
      try await Task.sleep(for: .milliseconds(20))
    } while ContinuousClock().now < end
    throw Problem(description: "left behind: \(Set(left).sorted().joined(separator: ", "))")
  }

  /// Whether a process runs; one that has ended and that nobody has asked about does not.
  private static func runs(_ pid: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return false }
    return !text[name...].hasPrefix(") Z")
  }
}
