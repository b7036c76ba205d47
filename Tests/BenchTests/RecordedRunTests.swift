import Foundation
import Testing
import ddp_bench

/// Traces that runs have written, and what damage may make of them.
@Suite("Recorded runs")
struct RecordedRunTests {
  private func read(_ text: String) throws -> RecordedRun {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-trace-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    return try RecordedRun(trace: file.path)
  }

  private func trace(ranks: String = "2", step: String = "7", bytes: String = "40") -> String {
    func event(_ name: String, _ more: String) -> String {
      #"{"pid":0,"tid":0,"name":"\#(name)",\#(more)}"#
    }
    let events = [
      event("step \(step)", #""ph":"X","ts":1000,"dur":5000"#),
      event("backward", #""ph":"X","ts":2000,"dur":2000"#),
      event("bucket 0 ready", #""ph":"i","ts":3000,"args":{"bytes":\#(bytes)}"#),
      event("backward walk ended", #""ph":"i","ts":3500"#),
    ]
    return #"{"traceEvents":[\#(events.joined(separator: ","))],"#
      + #""otherData":{"world_size":\#(ranks)}}"#
  }

  @Test("a trace gives the step's timeline")
  func timeline() throws {
    let run = try read(trace())
    #expect(run.ranks == 2 && abs(run.step - 0.005) < 1e-9)
    #expect(run.timeline.buckets.map(\.bytes) == [40])
    #expect(abs(run.timeline.buckets[0].ready - 0.002) < 1e-9)
  }

  @Test("numbers beyond any run are refused, left out or bounded")
  func extremes() throws {
    for ranks in ["0", "-3", "9223372036854775807", "1e300"] {
      #expect(throws: RecordedRun.Unusable.self) { try read(trace(ranks: ranks)) }
    }
    for step in ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "x"] {
      #expect(throws: RecordedRun.Unusable.self) { try read(trace(step: step)) }
    }
    for bytes in ["9223372036854775807", "-9223372036854775808", "1e300"] {
      let run = try read(trace(bytes: bytes))
      #expect((0...1 << 50).contains(run.timeline.buckets[0].bytes))
    }
  }

  @Test("a damaged trace is an error or harmless, wherever it is damaged")
  func damage() throws {
    let whole = Array(trace().utf8)
    for index in whole.indices {
      for byte in [UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "{"), 0, 0xff] {
        var bytes = whole
        bytes[index] = byte
        _ = try? read(String(decoding: bytes, as: UTF8.self))
      }
      _ = try? read(String(decoding: whole[..<index], as: UTF8.self))
    }
    #expect(throws: RecordedRun.Unusable.self) {
      try read(String(repeating: "[", count: 100_000))
    }
    #expect(throws: RecordedRun.Unusable.self) { try RecordedRun(trace: "/nowhere/trace.json") }
  }
}
