import Collectives
import Foundation
import MPITesting
import Testing
import Training

/// Timelines of whole runs, as chrome://tracing and Perfetto read them.
@Suite("Traces", .serialized, .enabled(if: !MPIRank.isOne))
struct TraceTests {
  private let job = ["digits-cnn", "--run-dir", "run", "--model.channels", "[4, 8]"]

  @Test("four workers draw their steps on one clock")
  func fourWorkers() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + ["--steps", "12", "--trace", "--trace-steps", "3,8"], ranks: 4)
    try #require(result.status == 0, "\(result.tail)")
    let trace = try Trace("\(sandbox.folder)/run/trace.json")
    try trace.check(ranks: 4)
    for rank in 0..<4 {
      let compute = trace.spans(rank, "compute")
      #expect(
        compute.filter { $0.name.hasPrefix("step ") }.map(\.name) == (3...8).map { "step \($0)" })
      for name in ["data", "forward", "backward", "agreement", "optimizer"] {
        #expect(compute.count { $0.name == name } == 6, "\(name) of rank \(rank)")
      }
      for name in ["evaluation", "checkpoint"] {
        #expect(compute.contains { $0.name == name }, "\(name) of rank \(rank)")
      }
      #expect(trace.moments(rank, "bucket 0 ready").count == 6)
      #expect(trace.moments(rank, "backward walk ended").count == 6)
      #expect(trace.spans(rank, "communication").count >= 12)
      #expect(!trace.spans(rank, "waiting").isEmpty)
    }
    // No rank can leave a collective before the last one came, on one clock.
    let error = try #require(trace.other["clock_error_us"] as? Double)
    let all = (0..<4).flatMap { trace.spans($0, "communication") }
    let bySequence = Dictionary(grouping: all) { $0.facts["sequence"] as? Int ?? -1 }
    for (sequence, spans) in bySequence where spans.count == 4 {
      let last = spans.map(\.begin).max() ?? 0
      let first = spans.map(\.end).min() ?? 0
      #expect(first >= last - 2 * error - 1, "collective \(sequence)")
    }
  }

  @Test("one worker draws its steps to a path of its own")
  func oneWorker() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + ["--steps", "4", "--trace", "traces/one.json", "--trace-steps", "2"], ranks: 0)
    try #require(result.status == 0, "\(result.tail)")
    let trace = try Trace("\(sandbox.folder)/traces/one.json")
    try trace.check(ranks: 1)
    #expect(trace.spans(0, "compute").count { $0.name == "backward" } == 2)
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/traces/one.json.part"))
  }

  @Test("profiled steps are told by operation and layer, and drawn", arguments: [0, 2])
  func profiled(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + ["--steps", "6", "--profile", "--profile-steps", "3,5", "--trace"], ranks: ranks)
    try #require(result.status == 0, "\(result.tail)")
    let text = try String(contentsOfFile: "\(sandbox.folder)/run/profile.txt", encoding: .utf8)
    #expect(text.hasPrefix("steps 3 to 5: "))
    for words in ["Phases: ", "GFLOP/s in float32", "Memory: "] {
      #expect(text.contains(words), "\(words) is not in \(text)")
    }
    let rows = text.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(rows.contains { $0.prefix(2) == ["conv2d", "6"] }, "\(text)")
    #expect(rows.contains { $0.prefix(2) == ["conv1", "3"] }, "\(text)")
    let trace = try Trace("\(sandbox.folder)/run/trace.json")
    let drawn = trace.spans(0, "operations")
    #expect(drawn.count { $0.name == "conv2d" } == 6)
    #expect(drawn.count { $0.name == "conv2d, gradient" } == 6)
  }

  @Test("steps that do not come are said not to have been profiled, and steps compute the same")
  func notProfiled() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let plain = try await sandbox.train(job + ["--steps", "3"], ranks: 0)
    try #require(plain.status == 0, "\(plain.tail)")
    let model = FileManager.default.contents(atPath: "\(sandbox.folder)/run/model.safetensors")
    let late = try await sandbox.train(job + ["--steps", "3", "--profile", "late/p.txt"], ranks: 0)
    #expect(
      late.output.contains("the run did not come to profile_steps (11 to 20)"), "\(late.tail)")
    let seen = try await sandbox.train(
      job + ["--steps", "3", "--profile", "--profile-steps", "2"], ranks: 0)
    #expect(
      seen.output.contains("profile of steps 1 to 2 written to run/profile.txt"), "\(seen.tail)")
    #expect(
      FileManager.default.contents(atPath: "\(sandbox.folder)/run/model.safetensors") == model)
  }

  @Test("a file that cannot be written ends the run before it trains")
  func badPath() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("file", "no folder")
    let result = try await sandbox.train(job + ["--trace", "file/trace.json"], ranks: 2)
    #expect(result.status == 1)
    #expect(result.errors.contains("file/trace.json"), "\(result.tail)")
    #expect(!result.output.contains("step"), "\(result.tail)")
  }

  /// `ddp-train` alone with a trace of a run without end, once it has written some steps down.
  private func begin(_ sandbox: RunSandbox) async throws -> Process {
    let run = Process()
    run.executableURL = URL(fileURLWithPath: RunSandbox.program)
    run.arguments = job + ["--epochs", "100000", "--steps", "10000000", "--trace"]
    run.currentDirectoryURL = URL(fileURLWithPath: sandbox.folder)
    run.environment = MPIRun.environment()
    run.standardOutput = FileHandle.nullDevice
    run.standardError = FileHandle.nullDevice
    try run.run()
    let part = "\(sandbox.folder)/run/trace.json.parts/rank-0.json"
    try await wait("the part holds steps", run) {
      (try? String(contentsOfFile: part, encoding: .utf8))?.contains("\"step 2\"") ?? false
    }
    return run
  }

  private func wait(_ what: Comment, _ run: Process, until isSo: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while !isSo() {
      if ContinuousClock.now > end {
        kill(run.processIdentifier, SIGKILL)
        try #require(Bool(false), what)
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @Test("a run that is told to end writes its trace in order and leaves no parts")
  func terminated() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let run = try await begin(sandbox)
    kill(run.processIdentifier, SIGTERM)
    try await wait("the run ends", run) { !run.isRunning }
    #expect(run.terminationStatus == 143)
    try Trace("\(sandbox.folder)/run/trace.json").check(ranks: 1)
    let left = try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/run")
    #expect(left.filter { $0.hasPrefix("trace") } == ["trace.json"])
  }

  @Test("a run that is killed leaves parts, of which a trace can be made though one is cut")
  func killed() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let run = try await begin(sandbox)
    kill(run.processIdentifier, SIGKILL)
    try await wait("the run is gone", run) { !run.isRunning }
    let part = "\(sandbox.folder)/run/trace.json.parts/rank-0.json"
    var data = try Data(contentsOf: URL(fileURLWithPath: part))
    data.removeLast(5)
    try data.write(to: URL(fileURLWithPath: part))
    let made = try await sandbox.train(["trace", "run"], ranks: 0)
    #expect(
      made.status == 0 && made.output.contains("run/trace.failed.json: rank 0"), "\(made.tail)")
    let trace = try Trace("\(sandbox.folder)/run/trace.failed.json")
    try trace.check(ranks: 1)
    #expect(trace.spans(0, "compute").contains { $0.name == "step 2" })
    #expect(trace.other["ended"] as? String == "killed")
    let nothing = try await sandbox.train(["trace", "elsewhere"], ranks: 0)
    #expect(nothing.status == 1 && nothing.errors.contains("elsewhere/trace.json.parts"))
  }

  @Test("more events than fit are counted, and pieces hold whole events")
  func capacity() throws {
    let timeline = Timeline(.steps(1...1), capacity: 5)
    timeline.stepBegins(1)
    func forward() {
      timeline.take(
        .phase(PhaseReport(step: 1, phase: .forward, name: "forward", began: 1, ended: 2)))
    }
    for _ in 0..<8 { forward() }
    timeline.stepEnded()
    timeline.stepBegins(2)
    forward()
    #expect(timeline.recorded.events.count == 5)
    #expect(timeline.recorded.dropped == 4)
    let sample = ClockSample(time: 0, offset: 0, roundTrip: 0)
    var encoder = TraceEncoder(
      timeline.recorded.events, dropped: 4, rank: 2, name: "rank \"2\"",
      clock: ClockLine(sample, sample), origin: 0)
    var events: [[String: Any]] = []
    while !encoder.isDone {
      let piece = Data("[".utf8) + Data(encoder.next(1)) + Data("]".utf8)
      let read = try JSONSerialization.jsonObject(with: piece) as? [[String: Any]]
      events += try #require(read)
    }
    #expect(events.count { $0["ph"] as? String == "X" } == 5)
    #expect(events.allSatisfy { $0["pid"] as? Int == 2 })
    let labels = events.compactMap { ($0["args"] as? [String: Any])?["labels"] as? String }
    #expect(labels == ["4 events left out"])
  }
}

/// A trace file, read.
struct Trace {
  struct Span {
    let name: String
    let begin: Double, end: Double
    let facts: [String: Any]
  }

  let events: [[String: Any]]
  let other: [String: Any]
  private let threads: [Int: [String: Int]]

  init(_ path: String) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    events = try #require(object["traceEvents"] as? [[String: Any]])
    other = try #require(object["otherData"] as? [String: Any])
    var threads: [Int: [String: Int]] = [:]
    for event in events where event["name"] as? String == "thread_name" {
      guard let process = event["pid"] as? Int, let thread = event["tid"] as? Int,
        let name = (event["args"] as? [String: Any])?["name"] as? String
      else { continue }
      threads[process, default: [:]][name] = thread
    }
    self.threads = threads
  }

  func spans(_ rank: Int, _ thread: String) -> [Span] {
    guard let number = threads[rank]?[thread] else { return [] }
    return events.filter {
      $0["ph"] as? String == "X" && $0["pid"] as? Int == rank && $0["tid"] as? Int == number
    }.compactMap { event in
      guard let name = event["name"] as? String, let begin = event["ts"] as? Double,
        let length = event["dur"] as? Double
      else { return nil }
      return Span(
        name: name, begin: begin, end: begin + length,
        facts: event["args"] as? [String: Any] ?? [:])
    }.sorted { ($0.begin, -$0.end) < ($1.begin, -$1.end) }
  }

  func moments(_ rank: Int, _ name: String) -> [[String: Any]] {
    events.filter {
      $0["ph"] as? String == "i" && $0["pid"] as? Int == rank && $0["name"] as? String == name
    }
  }

  /// What every trace must be: all ranks are there, times run forward, spans of a thread nest, and
  /// what may overlap begins and ends in pairs.
  func check(ranks: Int) throws {
    #expect(other["world_size"] as? Int == ranks)
    #expect(Set(threads.keys) == Set(0..<ranks))
    for rank in 0..<ranks {
      let known = threads[rank] ?? [:]
      #expect(known["compute"] != nil && known["buckets"] != nil && known["waiting"] != nil)
      for thread in known.keys { checkNesting(spans(rank, thread), "\(thread) of rank \(rank)") }
    }
    var open: [String: Double] = [:]
    for event in events {
      let phase = event["ph"] as? String
      if phase == "X" {
        #expect((event["dur"] as? Double ?? -1) >= 0 && (event["ts"] as? Double ?? -1) >= 0)
      }
      guard phase == "b" || phase == "e", let id = event["id"] as? String,
        let time = event["ts"] as? Double
      else { continue }
      if phase == "b" {
        #expect(open.updateValue(time, forKey: id) == nil, "\(id) began twice")
      } else {
        #expect((open.removeValue(forKey: id) ?? .infinity) <= time, "\(id) ended unbegun")
      }
    }
    #expect(open.isEmpty)
  }

  private func checkNesting(_ spans: [Span], _ place: String) {
    // Times are rounded to nanoseconds.
    let grain = 0.0015
    var stack: [Span] = []
    for span in spans {
      while let top = stack.last, top.end <= span.begin + grain { stack.removeLast() }
      if let top = stack.last {
        #expect(
          span.end <= top.end + grain, "\(span.name) and \(top.name) of \(place) overlap")
      }
      stack.append(span)
    }
  }
}
