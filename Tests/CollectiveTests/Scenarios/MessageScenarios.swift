import Collectives
import Foundation

extension Scenario {
  static let messages = [
    Scenario("send_recv between every pair") { world in
      for source in 0..<world.size {
        for target in 0..<world.size where target != source {
          if world.rank == source { try world.group.send([source, target], to: target) }
          if world.rank == target {
            let got: (values: [Int], source: Int) = try world.group.receive(count: 2, from: source)
            try expectEqual(got.values, [source, target])
            try expectEqual(got.source, source)
          }
        }
      }
    },
    Scenario("send_recv_any_source") { world in
      if world.rank == 0 {
        var seen: [Int] = []
        for _ in 1..<max(world.size, 1) {
          let got: (values: [Int], source: Int) = try world.group.receive(count: 1, from: nil)
          try expectEqual(got.values, [got.source])
          seen.append(got.source)
        }
        try expectEqual(seen.sorted(), Array(1..<max(world.size, 1)))
      } else {
        try world.group.send([world.rank], to: 0)
      }
    },
    Scenario("send_recv_with_tag arrives by tag, not by order") { world in
      guard world.size > 1 else { return }
      if world.rank == 1 {
        let first = [Int32(1)], second = [Int32(2)]
        try first.withUnsafeBytes { a in
          try second.withUnsafeBytes { b in
            guard let one = a.baseAddress, let two = b.baseAddress else { return }
            let works = [
              world.group.isend(buffer: one, count: 1, dtype: .int32, to: 0, tag: 1),
              world.group.isend(buffer: two, count: 1, dtype: .int32, to: 0, tag: 2),
            ]
            for work in works { try work.wait() }
          }
        }
      } else if world.rank == 0 {
        let second: (values: [Int32], source: Int) = try world.group.receive(
          count: 1, from: 1, tag: 2)
        let first: (values: [Int32], source: Int) = try world.group.receive(
          count: 1, from: 1, tag: 1)
        try expectEqual(first.values + second.values, [1, 2])
      }
    },
    Scenario("isend, irecv to oneself") { world in
      let buffer = try TestBuffer(bytes: 16, sharedIn: nil)
      buffer.pointer.storeBytes(of: 42, as: Int.self)
      let received = world.group.irecv(
        buffer: buffer.pointer + 8, count: 1, dtype: .int64, from: world.rank)
      let sent = world.group.isend(
        buffer: buffer.pointer, count: 1, dtype: .int64, to: world.rank)
      try received.wait()
      try sent.wait()
      try expectEqual(buffer.pointer.load(fromByteOffset: 8, as: Int.self), 42)
      try expectEqual(received.source, world.rank)
      try buffer.free()
    },
    Scenario("batch_isend_irecv ring exchange, long and short") { world in
      let right = (world.rank + 1) % world.size, left = (world.rank + world.size - 1) % world.size
      for count in [1, 300_000] {
        let out = try TestBuffer(bytes: count * 4, sharedIn: nil)
        let into = try TestBuffer(bytes: count * 4, sharedIn: nil)
        out.pointer.initializeMemory(as: Int32.self, repeating: Int32(world.rank), count: count)
        let works = world.group.batch([
          .send(out.pointer, count: count, dtype: .int32, to: right),
          .receive(into.pointer, count: count, dtype: .int32, from: left),
        ])
        try expectEqual(works.count, 2)
        for work in works { try work.wait() }
        try expectEqual(
          into.pointer.load(fromByteOffset: 4 * (count - 1), as: Int32.self), Int32(left))
        try out.free()
        try into.free()
      }
      try expectEqual(world.group.batch([]).count, 0)
    },
    Scenario("batch_isend_irecv in a subgroup") { world in
      guard let group = try world.group.split(color: world.rank % 2) else { return }
      let buffer = try TestBuffer(bytes: 8 * (group.size + 1), sharedIn: nil)
      buffer.pointer.storeBytes(of: world.rank, as: Int.self)
      var batch: [BatchedMessage] = []
      for peer in 0..<group.size {
        batch.append(.send(buffer.pointer, count: 1, dtype: .int64, to: peer))
        batch.append(
          .receive(buffer.pointer + 8 * (peer + 1), count: 1, dtype: .int64, from: peer))
      }
      for work in group.batch(batch) { try work.wait() }
      for peer in 0..<group.size {
        try expectEqual(
          buffer.pointer.load(fromByteOffset: 8 * (peer + 1), as: Int.self), group.ranks[peer])
      }
      try buffer.free()
    },
    Scenario("irecv and batch_isend_irecv from any source") { world in
      let size = world.size
      let buffer = try TestBuffer(bytes: 8 * (2 * size + 1), sharedIn: nil)
      let values = buffer.pointer.assumingMemoryBound(to: Int.self)
      values[2 * size] = world.rank
      // Everybody sends to everybody twice, to itself as well.
      let works = (0..<size).map {
        world.group.irecv(
          buffer: buffer.pointer + 8 * $0, count: 1, dtype: .int64, from: nil, tag: 7)
      }
      var batch: [BatchedMessage] = []
      for peer in 0..<size {
        let mine = UnsafeRawPointer(buffer.pointer + 16 * size)
        batch.append(.send(mine, count: 1, dtype: .int64, to: peer, tag: 7))
        batch.append(.send(mine, count: 1, dtype: .int64, to: peer, tag: 8))
        batch.append(
          .receive(
            buffer.pointer + 8 * (size + peer), count: 1, dtype: .int64, from: nil, tag: 8))
      }
      let batched = world.group.batch(batch)
      for work in works + batched { try work.wait() }
      for (i, work) in works.enumerated() { try expectEqual(work.source, values[i]) }
      try expectEqual((0..<size).map { values[$0] }.sorted(), Array(0..<size))
      for peer in 0..<size {
        try expectEqual(batched[3 * peer + 2].source, values[size + peer])
      }
      try expectEqual((0..<size).map { values[size + $0] }.sorted(), Array(0..<size))
      try buffer.free()
    },
    Scenario("batch_isend_irecv: a bad message is an error, and the others go") { world in
      let buffer = try TestBuffer(bytes: 16, sharedIn: nil)
      buffer.pointer.storeBytes(of: 42 + world.rank, as: Int.self)
      let into = buffer.pointer + 8
      let works = world.group.batch([
        .send(buffer.pointer, count: 1, dtype: .int64, to: world.size),
        .receive(into, count: 1, dtype: .int64, from: world.rank, tag: 40_000),
        .send(buffer.pointer, count: -3, dtype: .int64, to: world.rank),
        .receive(into, count: 1, dtype: .int64, from: world.rank, tag: 9),
        .send(buffer.pointer, count: 1, dtype: .int64, to: world.rank, tag: 9),
      ])
      try expectError("send i64[1] to rank \(world.size): there is no rank") { try works[0].wait() }
      try expectError("tag 40000") { try works[1].wait() }
      try expectError("count -3") { try works[2].wait() }
      for work in works[3...] { try work.wait() }
      try expectEqual(into.load(as: Int.self), 42 + world.rank)
      try buffer.free()
    },
    Scenario("a bad peer or tag is an error") { world in
      try expectError("no rank \(world.size)") { try world.group.send([1], to: world.size) }
      try expectError("no rank -1") { _ = try world.group.receive(Int.self, count: 1, from: -1) }
      try expectError("tag -1") { try world.group.send([1], to: 0, tag: -1) }
      try expectError("no rank -2") {
        _ = try world.group.receive(Int.self, count: 1, from: -2)
      }
    },
    Scenario("a message of another length is an error") { world in
      guard world.size > 1 else { return }
      if world.rank == 1 {
        try world.group.send([1, 2, 3], to: 0, tag: 3)
      } else if world.rank == 0 {
        try expectError("another length") {
          _ = try world.group.receive(Int.self, count: 5, from: 1, tag: 3)
        }
      }
    },
  ]

  static let works = [
    Scenario("work is done by the thread while nobody waits") { world in
      let count = 3 << 20
      let buffer = try TestBuffer(bytes: count * 4, sharedIn: nil)
      buffer.pointer.initializeMemory(as: Float.self, repeating: 1, count: count)
      let finished = DispatchSemaphore(value: 0)
      world.group.allReduce(buffer: buffer.pointer, count: count, dtype: .float32)
        .onCompletion { _ in finished.signal() }
      // The handle is dropped, and this thread sleeps.
      try expect(finished.wait(timeout: .now() + 20) == .success, "nobody drove the work")
      try expectEqual(
        buffer.pointer.load(fromByteOffset: 4 * (count - 1), as: Float.self), Float(world.size))
      try buffer.free()
    },
    Scenario("isCompleted becomes true without wait") { world in
      let buffer = try TestBuffer(bytes: 4096, sharedIn: nil)
      buffer.pointer.initializeMemory(as: UInt8.self, repeating: 1, count: 4096)
      let work = world.group.allReduce(buffer: buffer.pointer, count: 4096, dtype: .uint8)
      let end = Date().addingTimeInterval(20)
      while !work.isCompleted && Date() < end { usleep(100) }
      try expect(work.isCompleted)
      try work.wait()
      try work.wait()
      try buffer.free()
    },
    Scenario("several threads of a rank wait at once") { world in
      let buffer = try TestBuffer(bytes: 8 * 64, sharedIn: nil)
      buffer.pointer.initializeMemory(as: Int.self, repeating: 1, count: 64)
      let works = (0..<64).map {
        world.group.allReduce(buffer: buffer.pointer + 8 * $0, count: 1, dtype: .int64)
      }
      let failures = Order()
      DispatchQueue.concurrentPerform(iterations: 4) { part in
        for k in stride(from: 63 - part, through: 0, by: -4) {
          do { try works[k].wait() } catch { failures.append(k) }
        }
      }
      try expectEqual(failures.items, [])
      try expectEqual(buffer.pointer.load(fromByteOffset: 8 * 63, as: Int.self), world.size)
      try buffer.free()
    },
    Scenario("shared buffers are reused after free") { world in
      for round in 0..<5 {
        let buffer = try world.group.allocateBuffer(1 << 16)
        try expectEqual(
          buffer.isShared, world.group.topology.sharesMemory && world.localSize > 1)
        try expectEqual(buffer.pointer.load(as: Int.self), 0)
        try expectEqual(Int(bitPattern: buffer.pointer) % 64, 0)
        buffer.pointer.initializeMemory(as: Int.self, repeating: round, count: 1 << 13)
        try world.group.allReduce(buffer: buffer.pointer, count: 1 << 13, dtype: .int64).wait()
        try expectEqual(buffer.pointer.load(as: Int.self), round * world.size)
        try buffer.free()
      }
    },
  ]
}

/// A list that several threads write.
final class Order: @unchecked Sendable {
  private let lock = NSLock()
  private var list: [Int] = []

  func append(_ item: Int) { lock.withLock { list.append(item) } }
  var items: [Int] { lock.withLock { list } }
}
