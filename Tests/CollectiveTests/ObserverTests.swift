import Collectives
import Synchronization
import Testing

@Suite("Observers and clocks")
struct ObserverTests {
  private final class Notes: CollectiveObserver {
    let records = Mutex<[CollectiveRecord]>([])
    let waits = Mutex<[CollectiveOperation]>([])
    func operationEnded(_ record: CollectiveRecord) { records.withLock { $0.append(record) } }
    func threadWaited(for operation: CollectiveOperation, from begin: UInt64, to end: UInt64) {
      #expect(begin <= end)
      waits.withLock { $0.append(operation) }
    }
  }

  @Test("an observer is told each operation's times and segments, and nothing before or after")
  func records() throws {
    let all = try World.threads(3) { world in
      let notes = Notes()
      let count = 300_000
      var values = [Float](repeating: 1, count: count)
      try world.group.barrier()
      world.group.observe(notes)
      try values.withUnsafeMutableBytes { bytes in
        let start = try #require(bytes.baseAddress)
        let work = world.group.allReduce(
          buffer: start, count: count, dtype: .float32, algorithm: .ring, label: "long")
        try work.wait()
      }
      _ = try world.group.allReduce(Double(world.rank), label: "short")
      let next = (world.rank + 1) % 3
      let sent = world.group.isend(buffer: [1, 2], count: 2, dtype: .float32, to: next)
      _ = try world.group.receive(Float.self, count: 2, from: nil)
      try sent.wait()
      world.group.observe(nil)
      try world.group.barrier()
      return (notes.records.withLock { $0 }, notes.waits.withLock { $0.map(\.label) })
    }
    for (records, waits) in all {
      let collectives = records.filter { $0.operation.kind == .allReduce }
      #expect(collectives.map(\.operation.label) == ["long", "short"])
      #expect(records.count { $0.operation.kind == .send } == 1)
      #expect(records.count { $0.operation.kind == .receive } == 1)
      #expect(records.count == 4)
      #expect(waits.contains("short"))
      for record in records {
        #expect(record.issued <= record.started && record.started <= record.ended)
        #expect(record.error == nil)
      }
      for record in collectives {
        let agreed = try #require(record.agreed)
        #expect(record.started <= agreed && agreed <= record.ended)
      }
      let long = try #require(collectives.first)
      // A third of the buffer in segments of 512 KiB at most, each once.
      #expect(Set(long.parts.map(\.name)).count == long.parts.count)
      for part in long.parts {
        #expect(long.started <= part.begin && part.begin <= part.end && part.end <= long.ended)
      }
    }
  }

  @Test("a segmented ring shows every segment")
  func segments() throws {
    let names = try World.threads(2) { world in
      let notes = Notes()
      world.group.observe(notes)
      let buffer = try world.group.allocateBuffer(1 << 20)
      try world.group.allReduceAndWait(
        buffer: buffer.pointer, count: 1 << 18, dtype: .float32, algorithm: .ring,
        segmentBytes: 64 << 10, label: "cut")
      let record = notes.records.withLock { $0.first { $0.operation.label == "cut" } }
      return Set(record?.parts.map(\.name) ?? [])
    }
    // Two chunks of 512 KiB in segments of 64 KiB.
    for mine in names { #expect(mine == Set((0..<8).map { "segment \($0)" })) }
  }

  @Test("clocks that differ are brought onto rank 0's")
  func clocks() throws {
    let lag: UInt64 = 3_000_000_000
    let samples = try World.threads(3, nodes: [0, 1, 2]) { world in
      try world.group.clockSample { ProcessGroup.now + UInt64(world.rank) * lag }
    }
    for (rank, sample) in samples.enumerated() {
      let truth = -Double(UInt64(rank) * lag)
      #expect(abs(sample.offset - truth) <= sample.roundTrip / 2 + 1, "rank \(rank)")
    }
  }

  @Test("ranks of one node read one clock")
  func oneClock() throws {
    let samples = try World.threads(3) { try $0.group.clockSample() }
    #expect(samples.allSatisfy { $0.offset == 0 })
  }

  @Test("a clock that runs fast is corrected along the run")
  func drift() {
    // 100 ppm: a second of rank 0 is 1.0001 s here, beginning 5 s ahead.
    func fast(_ seconds: Double) -> UInt64 { UInt64((5 + seconds * 1.0001) * 1e9) }
    func sample(_ seconds: Double) -> ClockSample {
      ClockSample(
        time: fast(seconds), offset: seconds * 1e9 - Double(fast(seconds)), roundTrip: 20_000)
    }
    let line = ClockLine(sample(0), sample(100))
    for seconds in [0.0, 12.5, 50, 100] {
      #expect(abs(line.aligned(fast(seconds)) - seconds * 1e9) < 2)
    }
    // What two samples cannot tell apart from their errors is no drift: the better one counts.
    var vague = sample(0)
    vague.roundTrip = 1e9
    let flat = ClockLine(vague, sample(1))
    #expect(flat.aligned(fast(1)) - flat.aligned(fast(0)) == Double(fast(1) - fast(0)))
  }
}
