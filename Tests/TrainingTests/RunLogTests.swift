import Foundation
import Settings
import Synchronization
import Testing
import Training

private func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("torus-runlog-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

private func lines(_ path: String) throws -> [[String: Any]] {
  try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
    try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
  }
}

@Suite struct MetricsLogTests {
  @Test func `each line is on disk at once and ends with the finished event`() throws {
    try inFolder { folder in
      let log = try MetricsLog(folder: "\(folder)/runs/a")
      try log.write("step", ["step": 1, "loss": .single(0.1), "note": "a \"b\"\n\u{1}é"])
      #expect(
        try String(contentsOfFile: log.path, encoding: .utf8)
          == #"{"event": "step", "step": 1, "loss": 0.1, "note": "a \"b\"\n\u0001é"}"# + "\n")
      try log.finish(worldSize: 4, recordsPerSecond: 5210.5, ["test_accuracy": 0.99])
      let last = try #require(try lines(log.path).last)
      #expect(last["event"] as? String == "finished")
      #expect(last["world_size"] as? Int == 4)
      #expect(last["samples_per_second"] as? Double == 5210.5)
      #expect(last["test_accuracy"] as? Double == 0.99)
    }
  }

  @Test func `numbers that are not finite keep their line JSON`() throws {
    try inFolder { folder in
      let log = try MetricsLog(folder: folder)
      try log.write(
        "step",
        [
          "a": .number(.nan), "b": .number(.infinity), "c": .single(-.infinity), "d": .null,
          "e": .number(1e300), "f": .number(-0.0), "g": true, "h": .number(2e-308),
        ])
      let line = try #require(try lines(log.path).first)
      #expect(line["a"] as? String == "nan" && line["b"] as? String == "inf")
      #expect(line["c"] as? String == "-inf" && line["d"] is NSNull)
      #expect(line["e"] as? Double == 1e300 && line["h"] as? Double == 2e-308)
    }
  }

  @Test func `a resumed run drops what will be logged again`() throws {
    try inFolder { folder in
      do {
        let log = try MetricsLog(folder: folder)
        try log.write("start", ["model": "mlp"])
        for step in 1...4 { try log.write("step", ["step": .integer(step)]) }
        try log.finish(worldSize: 1, recordsPerSecond: 1, [:])
      }
      let path = "\(folder)/metrics.jsonl"
      let half = try #require(FileHandle(forWritingAtPath: path))
      try half.seekToEnd()
      try half.write(contentsOf: Data(#"{"event": "st"#.utf8))
      try half.close()
      let log = try MetricsLog(folder: folder, resumingAt: 2)
      try log.write("step", ["step": 3])
      #expect(try lines(path).map { $0["step"] as? Int } == [nil, 1, 2, 3])
      let fresh = try MetricsLog(folder: folder)
      #expect(try lines(fresh.path).isEmpty)
      #expect(throws: Never.self) { try MetricsLog(folder: "\(folder)/new", resumingAt: 9) }
    }
  }

  @Test func `a full disk is a typed error with a remedy`() throws {
    try inFolder { folder in
      // /dev/full takes every open and fails every write with ENOSPC.
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/metrics.jsonl", withDestinationPath: "/dev/full")
      let log = try MetricsLog(folder: folder)
      let error = #expect(throws: RunLogError.self) { try log.write("step", ["step": 1]) }
      #expect(error == .cannotWrite(log.path, errno: ENOSPC))
      #expect(error?.description.contains("No space left on device; free some space") == true)
    }
  }

  @Test func `a directory that cannot be made is a typed error with a remedy`() throws {
    try inFolder { folder in
      try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
      let error = #expect(throws: RunLogError.self) {
        try MetricsLog(folder: "\(folder)/file/run")
      }
      #expect(error?.description.contains("choose another with --run-dir") == true)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/run/metrics.jsonl", withIntermediateDirectories: true)
      let taken = #expect(throws: RunLogError.self) { try MetricsLog(folder: "\(folder)/run") }
      #expect(taken == .cannotOpen("\(folder)/run/metrics.jsonl", errno: EISDIR))
    }
  }
}

@Suite struct TerminalTests {
  @Test func `under a launcher its word counts, under mpirun alone nothing is a terminal`() {
    #expect(
      Terminal.standardOutput(environment: ["TORUS_TERMINAL": "1", "TORUS_COLUMNS": "120"])
        == Terminal(isInteractive: true, columns: 120))
    #expect(
      !Terminal.standardOutput(
        environment: ["TORUS_TERMINAL": "0", "OMPI_COMM_WORLD_SIZE": "4"]
      ).isInteractive)
    #expect(!Terminal.standardOutput(environment: ["OMPI_COMM_WORLD_SIZE": "4"]).isInteractive)
  }
}

@Suite struct ProgressReportTests {
  /// Runs `body` with a report whose clock it sets, and returns what was shown.
  private func shown(_ terminal: Terminal, _ body: (ProgressReport, (Double) -> Void) -> Void)
    -> [String]
  {
    let box = Box()
    let report = ProgressReport(
      terminal: terminal, interval: 5, clock: { box.time.withLock { $0 } },
      emit: { text in box.texts.withLock { $0.append(text) } })
    body(report) { now in box.time.withLock { $0 = now } }
    return box.texts.withLock { $0 }
  }

  private final class Box: Sendable {
    let time = Mutex(0.0)
    let texts = Mutex<[String]>([])
  }

  @Test func `without a terminal a line comes every few seconds and at the end`() {
    let texts = shown(Terminal(isInteractive: false)) { report, setTime in
      for step in 0...20 {
        setTime(Double(step))
        report.update(
          RunProgress(
            step: step, of: 20, epoch: 1 + min(step, 19) / 10, of: 2, samplesPerSecond: 99.6,
            figures: [("loss", 0.51234)]))
      }
      report.print("done")
      report.finish()
    }
    #expect(
      texts == [
        "epoch 1/2  step 0/20  loss 0.5123  100 samples/s\n",
        "epoch 1/2  step 5/20  loss 0.5123  100 samples/s  0:15 left\n",
        "epoch 2/2  step 10/20  loss 0.5123  100 samples/s  0:10 left\n",
        "epoch 2/2  step 15/20  loss 0.5123  100 samples/s  0:05 left\n",
        "epoch 2/2  step 20/20  loss 0.5123  100 samples/s\n",
        "done\n",
      ])
  }

  @Test func `on a terminal a bar is redrawn in place and lines stay above it`() {
    let texts = shown(Terminal(isInteractive: true, columns: 60)) { report, setTime in
      report.update(RunProgress(step: 1, of: 4))
      setTime(0.05)
      report.update(RunProgress(step: 2, of: 4))  // too soon
      setTime(0.2)
      report.update(RunProgress(step: 3, of: 4))
      report.print("saved")
      report.update(RunProgress(step: 4, of: 4))
      report.finish()
      report.finish()
    }
    let full = String(repeating: "=", count: 30)
    #expect(
      texts == [
        "\r\u{1B}[K[" + full.prefix(7) + String(repeating: " ", count: 23) + "] step 1/4",
        "\r\u{1B}[K[" + full.prefix(22) + String(repeating: " ", count: 8)
          + "] step 3/4  0:00 left",
        "\r\u{1B}[Ksaved\n", "\r\u{1B}[K[" + full + "] step 4/4", "\n",
      ])
  }

  @Test(arguments: [10, 20, 40, 80])
  func `a bar never wraps`(columns: Int) {
    let texts = shown(Terminal(isInteractive: true, columns: columns)) { report, _ in
      report.update(
        RunProgress(step: 1, of: 2, figures: [("loss", .nan), ("accuracy", 1e-7)]))
    }
    #expect(texts.allSatisfy { $0.count - 4 < columns })
  }
}
