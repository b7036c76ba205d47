import Foundation
import Reports
import Testing

/// MLflow's file store, written and read.
@Suite struct MLflowTests {
  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func `a run is a folder of small files`() throws {
    try inReportFolder { folder in
      let store = "\(folder)/ml runs"
      let run = try MLflowRun(
        in: store, experiment: "digits: \"é\"", name: "wide\tnet", tags: ["note": "two\nlines"])
      try run.logParam("optimizer.lr", 0.1)
      try run.logParam("model/name", "cnn")
      try run.logMetric("train_loss", 0.5, step: 1, timestamp: 10)
      try run.logMetric("train_loss", .nan, step: 2, timestamp: 20)
      try run.logMetric("loss/validation", -.infinity, step: 2, timestamp: 30)
      try run.logText("a: 1\n", artifact: "config.yaml")
      #expect(try text("\(run.folder)/meta.yaml").contains("end_time: null\n"))
      #expect(try text("\(run.folder)/meta.yaml").contains("status: 1\n"))
      try run.end()
      #expect(run.id.wholeMatch(of: #/[0-9a-f]{32}/#) != nil)
      #expect(try text("\(run.folder)/params/optimizer.lr") == "0.1")
      #expect(try text("\(run.folder)/params/model/name") == "cnn")
      #expect(try text("\(run.folder)/metrics/train_loss") == "10 0.5 1\n20 nan 2\n")
      #expect(try text("\(run.folder)/metrics/loss/validation") == "30 -inf 2\n")
      #expect(try text("\(run.folder)/tags/note") == "two\nlines")
      #expect(try text("\(run.folder)/tags/mlflow.runName") == "wide\tnet")
      #expect(try text("\(run.folder)/artifacts/config.yaml") == "a: 1\n")
      let facts = try text("\(run.folder)/meta.yaml")
      for line in [
        "run_id: \"\(run.id)\"", #"run_name: "wide\u0009net""#, "status: 3",
        "lifecycle_stage: active",
      ] {
        #expect(facts.contains("\(line)\n"), "\(line)")
      }
      #expect(facts.contains("/ml%20runs/"))
      #expect(facts.firstMatch(of: #/\nend_time: \d{13}\n/#) != nil)
      let experiment = (run.folder as NSString).deletingLastPathComponent
      #expect(try text("\(experiment)/meta.yaml").contains(#"name: "digits: \"é\"""#))
    }
  }

  @Test func `runs of one experiment lie together, MLflow's own among them`() throws {
    try inReportFolder { folder in
      let one = try MLflowRun(in: folder, experiment: "a", name: "one")
      let two = try MLflowRun(in: folder, experiment: "a", name: "two")
      let other = try MLflowRun(in: folder, experiment: "b", name: "other")
      func parent(_ run: MLflowRun) -> String { (run.folder as NSString).deletingLastPathComponent }
      #expect(parent(one) == parent(two) && parent(one) != parent(other))
      #expect(try MLflowRun(in: folder, name: "x").folder.hasPrefix("\(folder)/0/"))
      // As MLflow itself has written it, under a number of its own.
      try FileManager.default.createDirectory(
        atPath: "\(folder)/17", withIntermediateDirectories: false)
      try Data("experiment_id: '17'\nlifecycle_stage: active\nname: theirs\n".utf8)
        .write(to: URL(fileURLWithPath: "\(folder)/17/meta.yaml"))
      #expect(try parent(MLflowRun(in: folder, experiment: "theirs", name: "x")) == "\(folder)/17")
      try Data("experiment_id: '17'\nlifecycle_stage: deleted\nname: theirs\n".utf8)
        .write(to: URL(fileURLWithPath: "\(folder)/17/meta.yaml"))
      #expect(throws: MLflowError.deletedExperiment("theirs", "\(folder)/17")) {
        try MLflowRun(in: folder, experiment: "theirs", name: "x")
      }
    }
  }

  @Test func `a resumed run goes on where it was, without what comes again`() throws {
    try inReportFolder { folder in
      let first = try MLflowRun(in: folder, name: "r", tags: ["where": "/runs/r"])
      for step in 1...4 {
        try first.logMetric("loss", 1 / Double(step), step: step, timestamp: step)
      }
      try first.logMetric("eval/loss", 2, step: 4, timestamp: 4)
      try Data("1 1.0 1\n2 0.5 2\n3 0.3".utf8)
        .write(to: URL(fileURLWithPath: "\(first.folder)/metrics/torn"))
      try first.end(.killed)
      #expect(try MLflowRun(resuming: ("where", "/runs/s"), in: folder, at: 2) == nil)
      let again = try #require(try MLflowRun(resuming: ("where", "/runs/r"), in: folder, at: 2))
      #expect(again.id == first.id)
      try again.logMetric("loss", 0.25, step: 3, timestamp: 9)
      #expect(try text("\(again.folder)/metrics/loss") == "1 1.0 1\n2 0.5 2\n9 0.25 3\n")
      #expect(try text("\(again.folder)/metrics/torn") == "1 1.0 1\n2 0.5 2\n")
      #expect(try text("\(again.folder)/metrics/eval/loss") == "")
      let facts = try text("\(again.folder)/meta.yaml")
      #expect(facts.contains("status: 1\n") && facts.contains("run_name: \"r\"\n"))
    }
  }

  @Test(arguments: ["", "../x", "a/../../x", "/a", "a//b", "a/", ".", "a\nb", "f1@5", "a|b"])
  func `a name that MLflow does not take is refused`(name: String) throws {
    try inReportFolder { folder in
      let run = try MLflowRun(in: folder, name: "r")
      #expect(throws: MLflowError.badName(name)) { try run.logMetric(name, 1, step: 1) }
      #expect(throws: MLflowError.badName(name)) { try run.logParam(name, 1) }
      #expect(throws: MLflowError.badName(name)) { try run.setTag(name, "") }
      #expect(throws: MLflowError.badName(name)) { try run.logText("", artifact: name) }
    }
    #expect(MLflowRun.sanitized("f1@5 é/x:y") == "f1_5 é/x:y")
  }

  @Test func `a folder that cannot be made is an error that names it`() throws {
    try inReportFolder { folder in
      let file = "\(folder)/file"
      try Data().write(to: URL(fileURLWithPath: file))
      let error = #expect(throws: MLflowError.self) { try MLflowRun(in: "\(file)/x", name: "r") }
      #expect(error?.description.contains("\(file)/x") == true)
    }
  }

  /// With TORUS_TEST_MLFLOW=PYTHON, a Python that has MLflow's package, mlflow or mlflow-skinny.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["TORUS_TEST_MLFLOW"] != nil,
      "TORUS_TEST_MLFLOW names no Python with MLflow's package"))
  func `MLflow's own package reads everything back`() throws {
    let python = ProcessInfo.processInfo.environment["TORUS_TEST_MLFLOW"] ?? ""
    let script = try #require(
      Bundle.module.url(forResource: "read_mlflow.py", withExtension: nil, subdirectory: "Golden"))
    try inReportFolder { folder in
      let store = "\(folder)/ml runs"
      let run = try MLflowRun(
        in: store, experiment: "digits: \"é\"", name: "wide\tnet", tags: ["note": "two\nlines"])
      try run.logParam("optimizer.lr", 0.1)
      for step in 1...3 { try run.logMetric("train_loss", 1 / Double(step), step: step) }
      try run.logMetric("loss/validation", .nan, step: 3)
      try run.logText("a: 1\n", artifact: "config.yaml")
      try run.end()
      let process = Process()
      process.executableURL = URL(fileURLWithPath: python)
      process.arguments = [script.path, store, run.id]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }
}
