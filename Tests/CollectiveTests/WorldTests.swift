import Collectives
import Dispatch
import Testing

@Suite("World of threads")
struct ThreadWorldTests {
  @Test("sums, gathers and broadcasts", arguments: [1, 2, 3, 4])
  func basics(ranks: Int) throws {
    let results = try World.threads(ranks) { world in
      let sum = try world.group.allReduce([Double(world.rank), 1])
      let all = try world.group.allGather(object: "rank \(world.rank)")
      let text = try world.group.broadcast(object: world.rank == 0 ? ["a": 1.5] : nil)
      let buffer = try world.group.allocateBuffer(4 << 20)
      let floats = buffer.pointer.assumingMemoryBound(to: Float.self)
      for i in 0..<(1 << 20) { floats[i] = Float(world.rank + i % 3) }
      let works = (0..<16).map { k in
        world.group.allReduce(
          buffer: buffer.pointer + k << 16, count: 1 << 14, dtype: .float32, op: .average,
          label: "bucket \(k)")
      }
      for work in works { try work.wait() }
      let mean = floats[(1 << 18) - 1]
      try buffer.free()
      return (sum, all, text["a"] ?? 0, mean)
    }
    for (sum, all, value, mean) in results {
      #expect(sum == [Double(ranks * (ranks - 1) / 2), Double(ranks)])
      #expect(all == (0..<ranks).map { "rank \($0)" })
      #expect(value == 1.5)
      #expect(mean == Float(ranks - 1) / 2 + Float(((1 << 18) - 1) % 3))
    }
  }

  @Test("a rank that has no time is not waited for: the others reduce its slice")
  func stolenSlices() throws {
    let count = 1 << 20
    let told = DispatchSemaphore(value: 0)
    var options = World.Options(timeout: .seconds(20))
    options.usesThread = false
    let results = try World.threads(2, options: options) { world in
      let buffer = try world.group.allocateBuffer(count * 4)
      let floats = buffer.pointer.assumingMemoryBound(to: Float.self)
      for i in 0..<count { floats[i] = Float(i % 7 + world.rank) }
      let work = world.group.allReduce(
        buffer: buffer.pointer, count: count, dtype: .float32, algorithm: .sharedMemory)
      if world.rank == 0 {
        defer { told.signal() }
        try work.wait()
      } else {
        // It says that its buffer is ready, reduces one piece of many at most, and goes away.
        _ = work.isCompleted
        _ = told.wait(timeout: .now() + 60)
        try work.wait()
      }
      return (0..<count).allSatisfy { floats[$0] == Float(2 * ($0 % 7) + 1) }
    }
    #expect(results == [true, true])
  }
}
