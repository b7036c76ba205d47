import Collectives
import Foundation
import Synchronization
import Testing

/// What rank 0 does in a world of two whose rank 1 stays away until that is over; its error.
private func alone(
  timeout: Duration = .seconds(60), sharing: Bool = true,
  _ body: @escaping @Sendable (World) throws -> Void
) -> String {
  let over = Gate(1)
  let options = World.Options(timeout: timeout, sharesMemory: sharing)
  return outcomes(of: 2, options: options) { world in
    let group = try world.group.newGroup(ranks: [0, 1], timeout: .milliseconds(300))
    if world.rank == 1 { return over.wait() }
    defer { over.open() }
    try body(world)
    _ = group
  }[0]
}

@Suite("Deadlines", .serialized)
struct DeadlineTests {
  /// What must end, and what the error says.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let words: String
    let body: @Sendable (World) throws -> Void

    init(_ name: String, _ words: String, _ body: @escaping @Sendable (World) throws -> Void) {
      testDescription = name
      self.words = words
      self.body = body
    }
  }

  static let calls = [
    Case("a barrier", "barrier did not finish within 0.2 s; not there: rank 1") {
      try $0.group.barrier(timeout: .milliseconds(200))
    },
    Case("a blocking all-reduce", "all-reduce u8[4] (sum) did not finish within 0.2 s") {
      try $0.group.allReduceAndWait(
        buffer: Fixed.memory, count: 4, dtype: .uint8, timeout: .milliseconds(200))
    },
    Case("a receive", "receive i64[1] from rank 1 did not finish within 0.2 s") {
      _ = try $0.group.receive(Int.self, count: 1, from: 1, timeout: .milliseconds(200))
    },
    Case("a work", "broadcast u8[4] root 0 did not finish within 0.2 s") {
      try $0.group.broadcast(buffer: Fixed.memory, count: 4, dtype: .uint8)
        .wait(timeout: .milliseconds(200))
    },
  ]

  @Test("a call may have one of its own", arguments: calls, [true, false])
  func call(_ call: Case, sharing: Bool) {
    let error = alone(sharing: sharing) { try call.body($0) }
    #expect(error.contains(call.words), "\(error)")
  }

  @Test("a group may have one of its own, and its barrier ends by it", arguments: [true, false])
  func group(sharing: Bool) {
    let over = Gate(1)
    let options = World.Options(timeout: .seconds(60), sharesMemory: sharing)
    let errors = outcomes(of: 3, options: options) { world in
      let pair = try world.group.newGroup(
        ranks: [0, 1], name: "pair", timeout: .milliseconds(300))
      if world.rank == 1 { return over.wait() }
      defer { if world.rank == 0 { over.open() } }
      try pair?.barrier()
    }
    #expect(errors[0].contains("operation 1 of pair: barrier did not finish within 0.3 s"))
    #expect(errors[0].contains("not there: rank 1"), "\(errors)")
    #expect(errors[2].isEmpty)
  }

  @Test("the world's barrier ends by the world's", arguments: [true, false])
  func world(sharing: Bool) {
    let error = alone(timeout: .milliseconds(300), sharing: sharing) { try $0.group.barrier() }
    #expect(error.contains("barrier did not finish within 0.3 s; not there: rank 1"), "\(error)")
  }

  @Test("a work that nobody holds ends by itself, and its group with it", arguments: [4, 1 << 16])
  func dropped(count: Int) {
    let told = DispatchSemaphore(value: 0)
    let words = Mutex("")
    let error = alone(timeout: .milliseconds(300)) { world in
      world.group.allReduce(buffer: Fixed.memory, count: count, dtype: .uint8, label: "dropped")
        .onCompletion { error in
          words.withLock { $0 = error.map { "\($0)" } ?? "" }
          told.signal()
        }
      // Nobody waits for anything.
      try expect(told.wait(timeout: .now() + 20) == .success, "nobody was told")
      try world.group.barrier(timeout: .seconds(30))
    }
    let first = words.withLock { $0 }
    #expect(first.contains("all-reduce of dropped u8[\(count)] (sum) did not finish within 0.3"))
    #expect(error == first)
  }

  @Test("a message that nobody holds ends by itself, and harms no other")
  func droppedMessage() throws {
    let told = DispatchSemaphore(value: 0)
    _ = try World.threads(2, options: World.Options(timeout: .milliseconds(400))) { world in
      guard let pair = try world.group.newGroup(ranks: [0, 1], timeout: .seconds(60)) else {
        return
      }
      if world.rank == 0 {
        world.group.irecv(buffer: Fixed.memory, count: 1, dtype: .uint8, from: 1, tag: 5)
          .onCompletion { error in if error != nil { told.signal() } }
        try expect(told.wait(timeout: .now() + 20) == .success, "nobody was told")
      }
      try pair.barrier()
      let sum = try world.group.allReduce(1)
      try expectEqual(sum, 2)
    }
  }

  @Test("a work that is held has the deadline of whoever waits for it")
  func held() throws {
    _ = try World.threads(2, options: World.Options(timeout: .milliseconds(300))) { world in
      let group = try #require(try world.group.newGroup(ranks: [0, 1], timeout: .seconds(60)))
      let work = world.rank == 0 ? world.group.barrierAsync() : nil
      if world.rank == 1 { usleep(1_000_000) }
      try (work ?? world.group.barrierAsync()).wait(timeout: .seconds(30))
      try group.barrier()
    }
  }
}
