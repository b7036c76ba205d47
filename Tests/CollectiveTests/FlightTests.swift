import Collectives
import Foundation
import Synchronization
import Testing

@Suite("The flight recorder", .serialized)
struct FlightTests {
  @Test("keeps the last operations with step, state and times, and others on the node can read it")
  func records() throws {
    var options = World.Options(timeout: .seconds(60))
    options.records = 8
    _ = try World.threads(2, options: options) { world in
      for step in 1...20 {
        world.group.mark(step: step, .backward)
        _ = try world.group.allReduce([1.0, 2], label: "layer\(step).weight")
      }
      try world.group.barrier(label: "over")
      for rank in 0..<2 {
        let flight = try #require(world.flight(of: rank))
        #expect(flight.step == 20 && flight.phase == .backward && flight.capacity == 8)
        let operations = flight.operations()
        #expect(operations.count == 8)
        // The other rank may have gone on already.
        let last = try #require(operations.first { $0.operation.label == "over" })
        #expect(last.operation.kind == .barrier)
        let before = try #require(operations.first { $0.operation.label == "layer20.weight" })
        #expect(before.operation.step == 20)
        #expect(before.operation.count == 2 && before.operation.type == .float64)
        #expect(before.group == "world" && before.state == "done")
        #expect(before.begun > 0 && before.ended >= before.begun)
        #expect(before.operation.sequence == 20 && before.operation.rank == rank)
        if rank != world.rank { continue }
        #expect(flight.operations(last: 2).count == 2)
        #expect(flight.operations(after: flight.count - 1).map(\.number) == [flight.count])
      }
      try world.group.barrier()
    }
  }

  @Test("knows subgroups and messages, and operations that are under way")
  func groupsAndMessages() throws {
    _ = try World.threads(2, options: World.Options(timeout: .seconds(60))) { world in
      let half = try world.group.newGroup(ranks: [0, 1], name: "pair \"é\"")
      _ = try half?.allReduce(1, label: "inner")
      if world.rank == 0 {
        try world.group.send([1, 2, 3], to: 1)
      } else {
        _ = try world.group.receive(Int.self, count: 3, from: 0)
      }
      let all = try #require(world.flight()).operations()
      #expect(all.contains { $0.group == "pair \"é\"" && $0.operation.label == "inner" })
      let message = try #require(all.last)
      #expect(message.operation.kind == (world.rank == 0 ? .send : .receive))
      #expect(message.operation.root == 1 - world.rank && message.state == "done")
      try world.group.barrier()
    }
  }

  /// What two ranks wrote down after `body`.
  private func dumps(_ ranks: Int, _ body: @escaping @Sendable (World) throws -> Void) throws
    -> [FlightDump]
  {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-flight-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let gate = Gate(ranks)
    _ = try? World.threads(ranks, options: World.Options(timeout: .seconds(1))) { world in
      world.group.mark(step: 7, .forward)
      try? body(world)
      let flight = try #require(world.flight())
      try flight.write(
        to: "\(folder)/rank-\(world.rank).json", rank: world.rank, worldSize: ranks,
        reason: "a \"test\"\n")
      // Nobody ends, and so calls anything else, before all have written.
      gate.open()
      gate.wait()
    }
    return try FlightDump.read(folder)
  }

  @Test("lists what is issued and has not begun, and takes it off the list as it begins")
  func scheduled() throws {
    var options = World.Options(timeout: .seconds(60))
    options.records = 4
    let issued = Gate(2)
    _ = try World.threads(2, options: options) { world in
      let buffers = (0..<7).map { _ in UnsafeMutablePointer<Float>.allocate(capacity: 4096) }
      defer { buffers.forEach { $0.deallocate() } }
      for buffer in buffers { buffer.initialize(repeating: 1, count: 4096) }
      var works: [Work] = []
      let flight = try #require(world.flight())
      if world.rank == 0 {
        // Nothing of it can end, since the other rank has not come; the first one may begin.
        works = buffers.enumerated().map { index, buffer in
          world.group.allReduce(
            buffer: buffer, count: 4096, dtype: .float32, op: .maximum, label: "bucket \(index)")
        }
        _ = works[0].isCompleted
        let listed = flight.scheduled()
        #expect(listed.map(\.operation.label) == (1...4).map { "bucket \($0)" })
        #expect(flight.scheduledCount == 6)
        let first = try #require(listed.first)
        #expect(first.isScheduled && first.operation.kind == .allReduce)
        #expect(first.operation.type == .float32 && first.operation.count == 4096)
        #expect(first.operation.reduction == .maximum && first.operation.sequence == 0)
        #expect(first.issued > 0 && first.begun == 0 && first.ended == 0)
        #expect("\(first)".contains("all-reduce of bucket 1 f32[4096] (max), scheduled for "))
        #expect(flight.scheduled(first: 2).count == 2)
        #expect(flight.operations().last?.operation.label == "bucket 0")
        issued.open()
        issued.wait()
      } else {
        issued.open()
        issued.wait()
        // The list lies in memory that the ranks share.
        let other = try #require(world.flight(of: 0))
        #expect(other.scheduled().map(\.operation.label) == (1...4).map { "bucket \($0)" })
        works = buffers.enumerated().map { index, buffer in
          world.group.allReduce(
            buffer: buffer, count: 4096, dtype: .float32, op: .maximum, label: "bucket \(index)")
        }
      }
      for work in works { try work.wait() }
      #expect(flight.scheduled().isEmpty && flight.scheduledCount == 0)
      let last = try #require(flight.operations().last { $0.operation.kind == .allReduce })
      #expect(last.operation.label == "bucket 6" && last.state == "done")
      #expect(last.issued > 0 && last.begun >= last.issued && last.ended >= last.begun)
      try world.group.barrier()
    }
  }

  @Test("after a hang tells what each rank had queued, in the dump and in words")
  func queuedBehindHang() throws {
    let all = try dumps(2) { world in
      guard world.rank == 0 else { return }
      let buffer = UnsafeMutablePointer<Float>.allocate(capacity: 4096)
      buffer.initialize(repeating: 1, count: 4096)
      let works = (0..<6).map {
        world.group.allReduce(buffer: buffer, count: 4096, dtype: .float32, label: "bucket \($0)")
      }
      // A second; the memory is left to operations that were given up.
      for work in works { try? work.wait() }
    }
    let queue = all[0].scheduled
    #expect(queue.map(\.label) == (1...5).map { "bucket \($0)" }, "\(queue)")
    for operation in queue {
      #expect(operation.kind == "all-reduce" && operation.dtype == "f32")
      #expect(operation.count == 4096 && operation.step == 7 && operation.issuedNs > 0)
      #expect(operation.begunNs == 0)
    }
    let begun = try #require(all[0].begun.last)
    #expect(begun.label == "bucket 0" && begun.begunNs >= begun.issuedNs)
    #expect(all[1].scheduled.isEmpty)
    let lines = FlightAnalysis(all).lines
    #expect(
      lines.contains(
        "  queued behind it: all-reduce of bucket 1 f32[4096] (sum); all-reduce of bucket 2 "
          + "f32[4096] (sum); all-reduce of bucket 3 f32[4096] (sum); and 2 more"), "\(lines)")
  }

  @Test("is written as JSON that reads back")
  func json() throws {
    let all = try dumps(2) { world in
      _ = try world.group.broadcast(
        [Float(1)], label: "tab\tquote\" \(String(repeating: "ü", count: 60))")
    }
    #expect(all.map(\.rank) == [0, 1])
    #expect(all[0].reason == "a \"test\"\n" && all[0].worldSize == 2 && all[0].step == 7)
    let last = try #require(all[1].operations.last)
    #expect(last.kind == "broadcast" && last.dtype == "f32" && last.count == 1)
    #expect(last.label.hasPrefix("tab\tquote\" üüü") && !last.label.contains("\u{FFFD}"))
    #expect(last.state == "done" && last.endedNs >= last.begunNs)
    let analysis = FlightAnalysis(all)
    #expect(analysis.behind.isEmpty)
    #expect(analysis.lines.contains { $0.contains("all ranks are at operation 1") })
  }

  @Test("tells who is behind, and at which operation")
  func behind() throws {
    let all = try dumps(3) { world in
      _ = try world.group.allReduce(1, label: "first")
      if world.rank != 1 { _ = try world.group.allReduce(1, label: "second") }
    }
    let analysis = FlightAnalysis(all)
    #expect(analysis.behind == [1])
    #expect(
      analysis.lines.contains(
        "world: rank 1 is behind, at operation 1: all-reduce of first i64[1] (sum), done"),
      "\(analysis.lines)")
    #expect(
      analysis.lines.contains(
        "world: ranks 0, 2 wait in operation 2: all-reduce of second i64[1] (sum)"),
      "\(analysis.lines)")
    let partial = FlightAnalysis(all.filter { $0.rank != 2 })
    #expect(partial.behind == [1, 2])
  }

  @Test("tells what differs")
  func differing() throws {
    let all = try dumps(2) { world in
      if world.rank == 0 {
        _ = try world.group.allReduce(1, label: "one")
      } else {
        try world.group.barrier(label: "other")
      }
    }
    let lines = FlightAnalysis(all).lines
    #expect(lines.contains("world: operation 1 differs:"), "\(lines)")
    #expect(lines.contains("  rank 1: barrier of other"))
  }

  @Test("a folder without dumps is an error that says when they are written")
  func nothing() {
    #expect(throws: FlightError.self) { try FlightDump.read("/nonexistent") }
  }
}
