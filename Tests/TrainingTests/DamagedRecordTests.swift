import Base
import Checkpoints
import Collectives
import Foundation
import MPITesting
import Testing
import Training

/// What runs write down, damaged afterwards.
@Suite("Damaged records of runs")
struct DamagedRecordTests {
  @Test("a damaged part of a trace loses its damaged lines, and says so")
  func trace() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let title = #"{"ph":"M","pid":0,"name":"world_size","args":{"value":2}}"#
    let event = #"{"ph":"X","pid":0,"tid":0,"ts":1.000,"dur":2.000,"name":"step 1"}"#
    let parts = TraceParts(of: "\(sandbox.folder)/trace.json")
    func merge(_ part: String) throws -> TraceParts.Merged {
      try sandbox.file("trace.json.parts/rank-0.json", part)
      let merged = try #require(try parts.merge(because: "killed"))
      let made = try #require(FileManager.default.contents(atPath: parts.failedTrace))
      let trace = try JSONParser.parse([UInt8](made))
      #expect(trace["traceEvents"]?.array?.count == 2)
      return merged
    }
    for damaged in [#"{"ph":"X",,"pid":0}"#, "{", "]", #"{"ph":"X","name":"\u{1}"}"#, "17"] {
      let merged = try merge("[\n\(title),\n\(event),\n\(damaged),\n\(event)")
      #expect(merged.ranks == [0] && merged.damaged.map(\.lines) == [1], "\(damaged)")
    }
    // A last line that was being written is no damage; a title that is damaged is.
    let cut = try merge("[\n\(title),\n\(event),\n\(event),\n" + #"{"ph":"X","na"#)
    #expect(cut.damaged.isEmpty)
    #expect(try merge("[\n{{,\n\(event),\n\(event)").damaged.map(\.lines) == [1])
    try sandbox.file("trace.json.parts/rank-0.json", "rubbish,\n")
    let error = #expect(throws: RunLogError.self) { try parts.merge(because: "killed") }
    #expect(error?.description.contains("no event in them is whole") == true)
  }

  @Test("a run's state with numbers that no run has is refused by name")
  func state() throws {
    let good =
      #"{"step":3,"trainingSeconds":1.5,"trainedRecords":96,"worldSize":2,"#
      + #""position":{"seed":1,"epoch":0,"position":32},"generators":["AAAA","AAAA"],"#
      + #""hook":{"name":"powersgd","counts":{"iteration":3},"averagerStep":2}}"#
    func check(_ old: String, _ new: String) throws {
      let text = good.replacingOccurrences(of: old, with: new)
      let state = try JSONReading.decode(RunState.self, from: Data(text.utf8))
      try state.check(path: "step-3")
    }
    try check("", "")
    for (old, new, word) in [
      ("\"step\":3", "\"step\":9223372036854775807", "step is 9223372036854775807"),
      ("96", "-1", "trainedRecords is -1"), ("[\"AAAA\",\"AAAA\"]", "[]", "0 random generators"),
      ("\"worldSize\":2", "\"worldSize\":0", "worldSize is 0"),
      ("\"epoch\":0", "\"epoch\":9223372036854775807", "position.epoch"),
      ("\"iteration\":3", "\"iteration\":9223372036854775807", "hook.counts.iteration"),
      ("\"averagerStep\":2", "\"averagerStep\":9223372036854775807", "averagerStep"),
      ("1.5", "-1", "trainingSeconds"),
    ] {
      let error = #expect(throws: CheckpointError.self) { try check(old, new) }
      #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }
  }

  @Test("a flight recorder's dump that cannot be is refused in words")
  func flight() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let good =
      #"{"rank":0,"written_by":0,"world_size":2,"host":"a","reason":"x","time_ns":5,"#
      + #""clock_ns":5,"step":3,"phase":"","unlisted":0,"operations":[]}"#
    func read(_ old: String, _ new: String) throws -> [FlightDump] {
      try sandbox.file("flight/rank-0.json", good.replacingOccurrences(of: old, with: new))
      return try FlightDump.read(sandbox.folder)
    }
    #expect(try read("", "").count == 1)
    for (old, new, word) in [
      ("\"world_size\":2", "\"world_size\":9223372036854775807", "a world of"),
      ("\"rank\":0", "\"rank\":7", "rank 7 of 2"), ("\"time_ns\":5", "\"time_ns\":-1", "time"),
      ("\"unlisted\":0", "\"unlisted\":9223372036854775807", "unlisted"),
      ("\"host\":\"a\",", "", "host is missing"),
      ("\"step\":3", "\"step\":\"x\"", "step is not a whole"),
      ("[]}", "[]", "not JSON"),
    ] {
      let error = #expect(throws: FlightError.self) { try read(old, new) }
      let text = error?.description ?? ""
      #expect(text.contains(word) && text.contains("rank-0.json"), "\(text)")
      #expect(!text.contains("codingPath"), "\(text)")
    }
  }
}
