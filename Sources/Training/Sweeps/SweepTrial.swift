import Base
import Foundation
import Reports
import Settings

/// One trial: values of keys, and the run folder in which they are trained.
struct SweepTrial {
  /// Its number, from 1.
  let number: Int
  /// The keys with this trial's values.
  let values: [(key: String, value: String)]
  /// Its run folder.
  let folder: String

  /// How far it has come; kept in its folder.
  struct Record: Codable {
    /// The keys with their values, by which it is told from a trial of another sweep.
    var values: [String]
    /// How long it was to train, of halving.
    var resource: Int?
    /// What judges it; nil where it failed.
    var value: Double?
    /// Why it failed.
    var failure: String?
  }

  private var recordPath: String { "\(folder)/trial.json" }

  /// What is known of it; nil before its first end.
  var record: Record? {
    guard let data = FileManager.default.contents(atPath: recordPath),
      let record = try? JSONReading.decode(Record.self, from: data),
      record.values == values.map({ "\($0.key)=\($0.value)" })
    else { return nil }
    return record
  }

  /// Writes down how far it has come.
  func keep(_ value: Double?, resource: Int?, failure: String?) throws -> Record {
    let record = Record(
      values: values.map { "\($0.key)=\($0.value)" }, resource: resource, value: value,
      failure: failure)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try RunFile.write(JSONEncoder().encode(record), to: recordPath)
    return record
  }

  /// The last value of a figure that its run has written; nil where there is none.
  ///
  /// A run without validation records judges its end by what it judges by before, under the name of test.
  func value(of metric: String) -> Double? {
    guard let run = try? RunRecord(folder: folder) else { return nil }
    var names = [metric]
    let validation = run.configuration?.first { $0.key == "data.validation" }?.value
    if metric.hasPrefix("validation_"), validation ?? "null" == "null" {
      names.append("test_" + metric.dropFirst("validation_".count))
    }
    let points = names.flatMap { name in
      run.series.filter { $0.name == name }.flatMap { zip($0.steps, $0.values) }
    }
    return points.max { $0.0 < $1.0 }?.1
  }
}
