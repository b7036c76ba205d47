import Foundation
import Reports
import Testing

/// A run folder with the given files.
func writeRun(_ folder: String, metrics: String, configuration: String? = "seed: 1\n") throws {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  try Data(metrics.utf8).write(to: URL(fileURLWithPath: "\(folder)/metrics.jsonl"))
  guard let configuration else { return }
  try Data(configuration.utf8).write(to: URL(fileURLWithPath: "\(folder)/config.yaml"))
}

/// Metrics of a finished run of three lines of training and one evaluation.
let someMetrics = """
  {"event": "started", "world_size": 2, "parameters": 10}
  {"event": "step", "step": 10, "train_loss": 2.5, "learning_rate": 0.1}
  {"event": "step", "step": 20, "train_loss": "nan", "learning_rate": 0.1}
  {"event": "step", "step": 30, "train_loss": 1.5, "learning_rate": 0.05}
  {"event": "evaluation", "step": 30, "records": 9, "validation_loss": 1.75}
  {"event": "finished", "world_size": 2, "step": 30, "test_loss": 1.7}

  """

@Suite struct RunRecordTests {
  @Test func `a run's numbers become series, and what is not finite stays so`() throws {
    try inReportFolder { folder in
      try writeRun(folder + "/a", metrics: someMetrics)
      let run = try RunRecord(folder: folder + "/a/")
      #expect(run.name == "a")
      #expect(run.status == .finished)
      #expect(run.lastStep == 30)
      let names = run.series.map(\.name)
      #expect(names == ["train_loss", "learning_rate", "records", "validation_loss"])
      #expect(run.series[0].steps == [10, 20, 30])
      #expect(run.series[0].values[1].isNaN)
      #expect(run.warnings == ["train_loss is not a number at step 20"])
      #expect(run.configuration?.map { "\($0.key)=\($0.value)" } == ["seed=1"])
    }
  }

  @Test func `damaged lines are left out and named`() throws {
    try inReportFolder { folder in
      let metrics = """
        {"event": "step", "step": 1, "train_loss": 1}
        {"event": "step", "step":
        [1, 2]
        {"step": 3}
        {"event": "step", "step": 4, "train_loss": 1e999}
        {"event": "step", "step": 5, "train_loss": 0.5}
        {"event": "ste
        """
      try writeRun(folder, metrics: metrics, configuration: "a: [1\n")
      let run = try RunRecord(folder: folder)
      #expect(run.series.first?.steps == [1, 5])
      #expect(run.status == .open)
      let all = run.warnings.joined(separator: "\n")
      #expect(
        all.contains("4 lines of metrics.jsonl are damaged and left out; the first is line 2"))
      #expect(all.contains("the last line of metrics.jsonl is not complete yet"))
      #expect(all.contains("config.yaml is left out: it is not YAML"))
    }
  }

  @Test func `a run that failed says why, until it is resumed`() throws {
    try inReportFolder { folder in
      let failed = """
        {"event": "started", "world_size": 1}
        {"event": "step", "step": 1, "train_loss": 0.5}
        {"event": "failed", "reason": "the loss became NaN in step 2"}

        """
      try writeRun(folder, metrics: failed)
      let run = try RunRecord(folder: folder)
      #expect(run.status == .failed && run.series.map(\.name) == ["train_loss"])
      #expect(run.warnings.first == "failed: the loss became NaN in step 2")
      try writeRun(folder, metrics: failed + "{\"event\": \"started\", \"world_size\": 1}\n")
      let resumed = try RunRecord(folder: folder)
      #expect(resumed.status == .open && resumed.warnings.allSatisfy { !$0.contains("failed") })
    }
  }

  @Test func `folders that are no runs are errors that name them`() throws {
    try inReportFolder { folder in
      #expect(throws: ReportError.noFolder("\(folder)/x")) { try RunRecord(folder: "\(folder)/x") }
      #expect(throws: ReportError.noMetrics("\(folder)/metrics.jsonl")) {
        try RunRecord(folder: folder)
      }
      let file = "\(folder)/file"
      try Data().write(to: URL(fileURLWithPath: file))
      #expect(throws: ReportError.notAFolder(file)) { try RunRecord(folder: file) }
    }
  }

  @Test func `an empty run is shown as one`() throws {
    try inReportFolder { folder in
      try writeRun(folder, metrics: "", configuration: nil)
      let run = try RunRecord(folder: folder)
      #expect(run.series.isEmpty)
      #expect(run.warnings == ["there is no config.yaml", "metrics.jsonl holds no line yet"])
      #expect(ReportPage([run]).html.contains("</html>"))
      #expect(CSVExport.table([run]) == "run,step\r\n")
    }
  }

  @Test func `runs of one name are told apart by the folders above`() throws {
    try inReportFolder { folder in
      for name in ["x/run", "y/run"] { try writeRun("\(folder)/\(name)", metrics: someMetrics) }
      let names = try RunRecord.read(["\(folder)/x/run", "\(folder)/y/run"]).map(\.name)
      #expect(names == ["x/run", "y/run"])
      let same = try RunRecord.read(["\(folder)/x/run", "\(folder)/x/run"]).map(\.name)
      #expect(Set(same).count == 2)
    }
  }

  @Test func `a later attempt replaces what an earlier one logged`() throws {
    let lines = RunRecord.read(
      Array(
        """
        {"event": "step", "step": 1, "train_loss": 1}
        {"event": "step", "step": 2, "train_loss": 2}
        {"event": "step", "step": 3, "train_loss": 3}
        {"event": "step", "step": 2, "train_loss": 4}

        """.utf8)
    ).lines
    try inReportFolder { folder in
      try writeRun(folder, metrics: someMetrics)
      var run = try RunRecord(folder: folder)
      run.lines = lines
      #expect(run.series == [MetricSeries("train_loss", steps: [1, 2], values: [1, 4])])
    }
  }

  @Test func `a configuration becomes a list of keys, and aliases cannot make it endless`() throws {
    func entries(_ yaml: String) throws -> [ConfigurationFacts.Entry] {
      try ConfigurationFacts.read(Data(yaml.utf8))
    }
    #expect(
      try entries("model: {name: mlp, hidden: [1, 2]}\ntrace: null\n").map {
        "\($0.key)=\($0.value)"
      }
        == ["model.name=mlp", "model.hidden=[1, 2]", "trace=null"])
    var bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for level in 1...9 {
      let aliases = [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(throws: ConfigurationFacts.Fault.self) { try entries(bomb) }
  }

  @Test func `thinning keeps the ends, the spikes and what is not finite`() {
    var values = [Double](repeating: 1, count: 10_000)
    values[1234] = 50
    values[5000] = -7
    values[7777] = .nan
    let thin = MetricSeries("x", steps: Array(0..<10_000), values: values).thinned(to: 100)
    #expect(thin.steps.count <= 104)
    #expect(thin.steps.first == 0 && thin.steps.last == 9999)
    #expect(thin.values.contains(50) && thin.values.contains(-7))
    #expect(thin.values.contains { $0.isNaN })
    #expect(thin.steps == thin.steps.sorted() && Set(thin.steps).count == thin.steps.count)
  }
}
