import Collectives
import Foundation
import Synchronization
import Testing

/// A call that differs on one rank, and what the message must say.
struct Desync: CustomTestStringConvertible, Sendable {
  let name: String
  let words: String
  let call: @Sendable (World, _ odd: Bool) throws -> Void

  var testDescription: String { name }

  static func reduce(
    _ world: World, _ count: Int, _ type: DType = .float32, _ op: ReduceOp = .sum,
    _ label: String = "layer3.weight"
  ) throws {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, count * 8), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * 8)
    // Not freed: a failed operation may leave the other ranks reading it.
    try world.group.allReduce(buffer: memory, count: count, dtype: type, op: op, label: label)
      .wait()
  }

  static let all = [
    Desync(name: "count", words: "f32[511]") { try reduce($0, $1 ? 511 : 512) },
    Desync(name: "long count", words: "f32[300001]") { try reduce($0, $1 ? 300_001 : 300_000) },
    Desync(name: "type", words: "i32[512]") { try reduce($0, 512, $1 ? .int32 : .float32) },
    Desync(name: "reduction", words: "(max)") {
      try reduce($0, 512, .float32, $1 ? .maximum : .sum)
    },
    Desync(name: "label", words: "layer4.bias f32[512]") {
      try reduce($0, 512, .float32, .sum, $1 ? "layer4.bias" : "layer3.weight")
    },
    Desync(name: "kind", words: "barrier") { world, odd in
      if odd { try world.group.barrier() } else { try reduce(world, 512) }
    },
    Desync(name: "long kind", words: "broadcast") { world, odd in
      if odd {
        try world.group.broadcast(buffer: Fixed.memory, count: 1 << 16, dtype: .float32).wait()
      } else {
        try reduce(world, 1 << 16)
      }
    },
    Desync(name: "root", words: "root 1") { world, odd in
      _ = try world.group.broadcast([1.0], root: odd ? 1 : 0)
    },
    Desync(name: "algorithm", words: "by ring") { world, odd in
      try world.group.allReduce(
        buffer: Fixed.memory, count: 64, dtype: .float32,
        algorithm: odd ? .ring : .recursiveDoubling
      ).wait()
    },
    Desync(name: "uneven counts of one sum", words: "f32[8 in all]") { world, odd in
      try world.group.allGather(
        input: Fixed.memory, output: Fixed.memory + 4096,
        counts: odd ? [1, 3, 2, 2] : [3, 1, 2, 2],
        dtype: .float32
      ).wait()
    },
    Desync(name: "uneven counts", words: "4003") { world, odd in
      try world.group.reduceScatter(
        input: Fixed.memory, output: Fixed.memory + (1 << 19),
        counts: odd ? [1000, 1000, 1003, 1000] : [1000, 1000, 1004, 1000], dtype: .float32
      ).wait()
    },
    Desync(name: "lengths of coalesced buffers", words: "their counts differ") { world, odd in
      let slices = (odd ? [3, 5] : [5, 3]).map {
        BufferSlice(Fixed.memory, count: $0, dtype: .uint8)
      }
      try world.group.broadcastCoalesced(slices, label: "parts").wait()
    },
    Desync(name: "type of coalesced buffers", words: "i32[8]") { world, odd in
      let slices = [3, 5].map {
        BufferSlice(Fixed.memory, count: $0, dtype: odd ? .int32 : .float32)
      }
      try world.group.allReduceCoalesced(slices).wait()
    },
    Desync(name: "type in a scatter", words: "scatter f64[4] root 0") { world, odd in
      try world.group.scatter(
        input: Fixed.memory, output: Fixed.memory + 4096, count: 4,
        dtype: odd ? .float64 : .float32
      ).wait()
    },
    Desync(name: "equal and unequal splits", words: "their counts differ") { world, odd in
      try world.group.allToAll(
        input: Fixed.memory, output: Fixed.memory + 4096, count: odd ? 0 : 2,
        sent: odd ? [2, 2, 2, 2] : nil, received: odd ? [2, 2, 2, 2] : nil, dtype: .float32
      ).wait()
    },
    Desync(name: "order", words: "on rank") { world, odd in
      for name in odd ? ["b", "a"] : ["a", "b"] { try reduce(world, 100, .float32, .sum, name) }
    },
  ]
}

/// What each rank's error said, or "" where it had none. How the broken world ends does not matter.
func outcomes(
  of ranks: Int, options: World.Options, _ body: @escaping @Sendable (World) throws -> Void
) -> [String] {
  let errors = Mutex([String](repeating: "", count: ranks))
  _ = try? World.threads(ranks, options: options) { world in
    do {
      try body(world)
    } catch {
      errors.withLock { $0[world.rank] = "\(error)" }
    }
  }
  return errors.withLock { $0 }
}

/// Opens when as many ranks as were asked for have said so.
final class Gate: Sendable {
  private let left: Mutex<Int>
  private let semaphore = DispatchSemaphore(value: 0)

  init(_ count: Int) { left = Mutex(count) }

  func open() {
    let isLast = left.withLock { left in
      left -= 1
      return left == 0
    }
    if isLast { semaphore.signal() }
  }

  /// At most a minute.
  func wait() {
    _ = semaphore.wait(timeout: .now() + 60)
    semaphore.signal()
  }
}

@Suite("Desync is named at once", .serialized)
struct DesyncTests {
  @Test("with shared memory every rank is told", arguments: Desync.all)
  func shared(desync: Desync) {
    // Told, not waited for: an expired wait would say so instead.
    let errors = outcomes(of: 4, options: World.Options(timeout: .seconds(60))) { world in
      try desync.call(world, world.rank == 2)
    }
    for (rank, error) in errors.enumerated() {
      #expect(error.contains("rank \(rank), operation"), "\(error)")
      #expect(error.contains("every rank must call the same collectives"), "\(error)")
      #expect(error.contains(desync.words), "\(error)")
    }
  }

  @Test("by messages every rank is told as well", arguments: Desync.all)
  func messages(desync: Desync) {
    let options = World.Options(timeout: .seconds(60), sharesMemory: false)
    let errors = outcomes(of: 4, options: options) { world in
      try desync.call(world, world.rank == 2)
      // Who got through its part, as the root of a broadcast may, meets it in what comes next.
      try world.group.barrier(label: "next")
    }
    for error in errors {
      #expect(error.contains("every rank must call the same collectives"), "\(error)")
    }
    #expect(errors.contains { $0.contains(desync.words) }, "\(errors)")
  }

  @Test("a message gives operation, label, type and both ranks")
  func message() {
    let errors = outcomes(of: 3, options: World.Options(timeout: .seconds(20))) { world in
      let odd = world.rank == 2
      try Desync.reduce(
        world, odd ? 512 : 262_144, .float32, .sum, odd ? "layer4.bias" : "layer3.weight")
    }
    // Whichever of the others is met first, or tells first.
    let expected = [0, 1].map {
      "rank 2, operation 1 of world: all-reduce of layer4.bias f32[512] (sum) met "
        + "layer3.weight f32[262144] on rank \($0); every rank must call the same collectives in "
        + "the same order"
    }
    #expect(expected.contains(errors[2]), "\(errors[2])")
  }

  @Test("counts of each rank's own are told with their sum, and without an algorithm")
  func uneven() {
    let errors = outcomes(of: 2, options: World.Options(timeout: .seconds(20))) { world in
      try world.group.reduceScatter(
        input: Fixed.memory, output: Fixed.memory + 4096,
        counts: world.rank == 0 ? [3, 5] : [5, 3], dtype: .float32, label: "grads"
      ).wait()
    }
    #expect(
      errors[0]
        == "rank 0, operation 1 of world: reduce-scatter of grads f32[3 of 8] (sum) met "
        + "grads f32[8 in all] on rank 1; their counts differ; every rank must call the same "
        + "collectives in the same order")
  }

  @Test("a message of another type is one of another length")
  func messageType() {
    let errors = outcomes(of: 2, options: World.Options(timeout: .seconds(20))) { world in
      if world.rank == 1 { return try world.group.send([1.0, 2.0], to: 0) }
      _ = try world.group.receive(Float.self, count: 2, from: 1)
    }
    #expect(errors[0].contains("receive f32[2] from rank 1 met a message of another length"))
  }

  @Test("and the training step, where there is one")
  func trainingStep() {
    let errors = outcomes(of: 3, options: World.Options(timeout: .seconds(60))) { world in
      world.group.mark(step: 41, .backward)
      let odd = world.rank == 2
      try Desync.reduce(
        world, odd ? 512 : 262_144, .float32, .sum,
        odd ? "layer4.bias f32[512]" : "layer3.weight f32[512, 512]")
    }
    // Whose call is heard of first is the machine's affair.
    #expect(
      [0, 1].contains { other in
        errors[2].hasPrefix(
          "rank 2, step 41: all-reduce of layer4.bias f32[512], f32[512] (sum) met "
            + "layer3.weight f32[512, 512], f32[262144] on rank \(other) (operation 1 of world);")
      }, "\(errors[2])")
  }

  @Test("a rank that stays away is named after the deadline", arguments: [true, false])
  func deadline(sharing: Bool) {
    let options = World.Options(timeout: .seconds(2), sharesMemory: sharing)
    let others = Gate(3)
    let errors = outcomes(of: 4, options: options) { world in
      // Ranks 0 and 2 wait; 3 comes later, and is told before its own time is over; 1 stays away.
      switch world.rank {
      case 1: return others.wait()
      case 3: Thread.sleep(forTimeInterval: 0.5)
      default: break
      }
      defer { others.open() }
      try Desync.reduce(world, 1000, .float32, .sum, "fc1.weight")
    }
    #expect(errors[1].isEmpty)
    for rank in [0, 2, 3] {
      #expect(errors[rank].contains("rank \(rank), operation 1 of world"), "\(errors[rank])")
      #expect(errors[rank].contains("all-reduce of fc1.weight f32[1000]"))
      #expect(errors[rank].contains("within 2 s; not there: rank 1;"), "\(errors[rank])")
    }
  }

  @Test("after a failure the group's later operations fail with the first error")
  func poisoned() {
    let options = World.Options(timeout: .milliseconds(300))
    let over = Gate(1)
    let errors = outcomes(of: 2, options: options) { world in
      if world.rank == 1 { return over.wait() }
      defer { over.open() }
      let works = ["first", "second"].map { label in
        world.group.allReduce(buffer: Fixed.memory, count: 4, dtype: .float32, label: label)
      }
      let texts = works.map { work in
        do {
          try work.wait()
          return ""
        } catch { return "\(error)" }
      }
      throw Broken(description: texts.joined(separator: "\n"))
    }
    let texts = errors[0].split(separator: "\n")
    #expect(texts[0].contains("first"))
    #expect(texts[1] == texts[0])
  }
}
