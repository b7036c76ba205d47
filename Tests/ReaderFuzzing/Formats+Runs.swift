import Archives
import Base
import Checkpoints
import Collectives
import Foundation
import NN
import Optimizers
import Tensors
import Training

/// What runs write and read again.
extension Formats {
  private static func checksum(_ bytes: [UInt8]) -> String {
    let digits = String(bytes.withUnsafeBytes { crc32(of: $0) }, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// A checkpoint's folder around a training state, whose checksum is right.
  private static func checkpoint(_ state: [UInt8], _ folder: String) throws -> Checkpoint {
    let model = Array("\u{2}\0\0\0\0\0\0\0{}".utf8)
    let entries = [("model.safetensors", model), ("training-state.json", state)].map {
      #"{"name":"\#($0)","bytes":\#($1.count),"crc32":"\#(checksum($1))"}"#
    }
    try put(model, "\(folder)/model.safetensors")
    try put(state, "\(folder)/training-state.json")
    try put(
      Array(#"{"version":1,"step":3,"files":[\#(entries.joined(separator: ","))]}"#.utf8),
      "\(folder)/manifest.json")
    return try Checkpoint(path: folder)
  }

  static var manifest: Format {
    let model = Array("\u{2}\0\0\0\0\0\0\0{}".utf8)
    let text =
      #"{"version":1,"step":3,"files":[{"name":"model.safetensors","bytes":10,"crc32":""#
      + checksum(model) + #""},{"name":"training-state.json","bytes":2,"crc32":""#
      + checksum(Array("{}".utf8)) + #""}]}"#
    return Format("manifest", [Array(text.utf8)]) { bytes, folder in
      try put(model, "\(folder)/model.safetensors")
      try put(Array("{}".utf8), "\(folder)/training-state.json")
      try put(bytes, "\(folder)/manifest.json")
      _ = try Checkpoint(path: folder).model()
    }
  }

  static var state: Format {
    let text =
      #"{"run":{"step":3,"trainingSeconds":1.5,"trainedRecords":96,"worldSize":2,"#
      + #""position":{"seed":1,"epoch":0,"position":32},"generators":["AAAA","AAAA"],"#
      + #""optimizer":"adam","records":100,"buckets":[[1,0],[2]],"#
      + #""hook":{"name":"powersgd","counts":{"iteration":3},"averagerStep":2}}}"#
    return Format("run-state", [Array(text.utf8)]) { bytes, folder in
      let state: RunState = try checkpoint(bytes, folder).state("run")
      try state.check(path: folder)
    }
  }

  static var optimizer: Format {
    let model = Linear(2, 2)
    let adam = Adam(model.parameters(), lr: 0.1)
    let schedule = StepLR(adam, stepSize: 2)
    adam.step()
    schedule.step()
    let values = adam.stateDict()
    var contents = CheckpointContents(model: StateDict())
    try? contents.setState("optimizer", values.values)
    try? contents.setState("scheduler", schedule.stateDict())
    return Format("optimizer-state", [[UInt8](contents.stateFile)]) { bytes, folder in
      let checkpoint = try checkpoint(bytes, folder)
      let state = OptimizerState(
        tensors: values.tensors, values: try checkpoint.state("optimizer"))
      try? adam.load(state)
      adam.step()
      try schedule.load(checkpoint.state("scheduler"))
      schedule.step()
    }
  }

  static var trace: Format {
    let part =
      "[\n" + #"{"ph":"M","pid":0,"name":"world_size","args":{"value":2}}"# + ",\n"
      + #"{"ph":"X","pid":0,"tid":0,"ts":1.250,"dur":3.000,"name":"step 1"}"# + ",\n"
      + #"{"ph":"i","s":"t","pid":0,"tid":1,"ts":2.000,"name":"ready","args":{"bytes":40}}"#
    return Format("trace-part", [Array(part.utf8)]) { bytes, folder in
      let parts = TraceParts(of: "\(folder)/trace.json")
      try FileManager.default.createDirectory(
        atPath: parts.folder, withIntermediateDirectories: true)
      try put(bytes, "\(parts.folder)/rank-0.json")
      try put(Array(part.utf8), "\(parts.folder)/rank-1.json")
      try parts.merge(because: "killed")
      let made = FileManager.default.contents(atPath: parts.failedTrace) ?? Data()
      do {
        _ = try JSONParser.parse([UInt8](made))
      } catch {
        throw Silent(message: "the trace that was put together is not JSON: \(error)")
      }
    }
  }

  static var flight: Format {
    let text =
      #"{"rank":0,"written_by":0,"world_size":2,"host":"a","reason":"x","time_ns":1700000000,"#
      + #""clock_ns":5000,"step":3,"phase":"backward","unlisted":1,"operations":[{"number":1,"#
      + #""group":"world","rank":0,"sequence":1,"kind":"all-reduce","label":"w","dtype":"f32","#
      + #""count":4,"reduction":"sum","algorithm":"ring","root":0,"step":3,"state":"pending","#
      + #""issued_ns":1,"begun_ns":2,"ended_ns":0},{"number":2,"group":"world","rank":0,"#
      + #""sequence":2,"kind":"barrier","label":"","dtype":"u8","count":0,"root":0,"step":3,"#
      + #""state":"scheduled","issued_ns":1,"begun_ns":0,"ended_ns":0}]}"#
    return Format("flight", [Array(text.utf8)]) { bytes, folder in
      try put(bytes, "\(folder)/rank-0.json")
      try put(
        Array(text.replacingOccurrences(of: "\"rank\":0", with: "\"rank\":1").utf8),
        "\(folder)/rank-1.json")
      _ = FlightAnalysis(try FlightDump.read(folder)).lines
    }
  }

  static var metrics: Format {
    let lines =
      #"{"event": "started", "world_size": 2, "steps": 8}"# + "\n"
      + #"{"event": "step", "step": 2, "epoch": 0, "train_loss": 1.5, "x": [1, "nan"]}"# + "\n"
      + #"{"event": "evaluation", "step": 4, "records": 10, "test_accuracy": 0.5}"# + "\n"
      + #"{"event": "finished", "world_size": 2}"# + "\n" + #"{"event": "st"#
    return Format("metrics", [Array(lines.utf8)]) { bytes, folder in
      try put(bytes, "\(folder)/metrics.jsonl")
      try MetricsLog(folder: folder, resumingAt: 3).write("step", ["step": .integer(4)])
    }
  }
}
