import Base
import Foundation
import Settings

/// Trials of a configuration with other values, from first to last: what is to run, what came of it, and
/// the table of results. Who runs them is told which, and tells how they ended.
package final class Sweep {
  /// A trial that is to run.
  package struct Job: Sendable {
    /// The trial's number, from 1.
    package let number: Int
    /// Its values, in words.
    package let description: String
    /// The arguments of `ddp-train`.
    package let arguments: [String]
    /// Its run folder.
    package let folder: String
    fileprivate let resource: Int?
  }

  /// What was asked for.
  package let configuration: SweepConfiguration
  private let base: String
  private let kind: (any RunKind.Type)?
  private let trials: [SweepTrial]
  /// How far each trial has come.
  private var records: [SweepTrial.Record?] = []
  private var waiting: [Job] = []
  private var contenders: [Int]
  private var round = -1
  private var failures: [Int: String] = [:]

  /// How many trials there are.
  package var count: Int { trials.count }
  /// How many have failed.
  package var failedCount: Int { failures.count }
  private var directory: String { configuration.runDirectory }

  /// Prepares a sweep, or goes on with the one in its folder.
  /// - Throws: `ConfigurationError` where the first trial's configuration cannot be read, or the folder holds
  ///   another sweep.
  package init(_ configuration: SweepConfiguration) throws {
    self.configuration = configuration
    base = try RunConfiguration.find(configuration.configuration, files: ProjectFiles())
    kind = try RunKinds.kind(of: base)
    let keys = configuration.space.map(\.key)
    trials = configuration.values.enumerated().map { index, values in
      let digits = String(index + 1)
      let padding = String(repeating: "0", count: max(0, 4 - digits.count))
      return SweepTrial(
        number: index + 1, values: Array(zip(keys, values)),
        folder: "\(configuration.runDirectory)/trial-\(padding)\(digits)")
    }
    contenders = Array(trials.indices)
    // A key that is misspelt is known before anything runs.
    let arguments = arguments(trials[0], configuration.rounds[0], resumes: false)
    if let kind {
      try kind.check(Array(arguments.dropFirst()))
    } else {
      _ = try RunConfiguration(RunArguments(arguments))
    }
    try claim()
    records = trials.map(\.record)
    startRound()
  }

  /// Makes the folder, or sees that it is this sweep's.
  private func claim() throws {
    let path = "\(directory)/sweep.txt"
    let identity = configuration.identity
    if let data = FileManager.default.contents(atPath: path) {
      guard String(decoding: data, as: UTF8.self) == identity else {
        throw ConfigurationError.conflict(
          "run_dir",
          problem: "\(directory) holds a sweep with another space, seed, method or configuration",
          remedy: "name another folder, or remove that one")
      }
      return
    }
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw RunLogError.unwritableDirectory(directory, errno: errno == 0 ? EACCES : errno)
    }
    try RunFile.write(Data(identity.utf8), to: path)
  }

  /// The command line of a trial. A run that was begun goes on from its newest checkpoint.
  private func arguments(_ trial: SweepTrial, _ resource: Int?, resumes: Bool = true) -> [String] {
    var arguments = (kind.map { [$0.command] } ?? []) + [base]
    if let resource {
      arguments.append("--\(configuration.resource)=\(resource)")
      if configuration.resource == "steps" { arguments.append("--epochs=null") }
    }
    arguments += (configuration.fixed + trial.values).map { "--\($0.key)=\($0.value)" }
    return arguments + ["--run_dir=\(trial.folder)"] + (resumes ? ["--resume=latest"] : [])
  }

  /// Queues what is to run of the next round; rounds whose trials are all done are passed over.
  private func startRound() {
    let rounds = configuration.rounds
    while waiting.isEmpty, round + 1 < rounds.count {
      if round >= 0 {
        let ranked = ranking(contenders).filter { records[$0]?.value != nil }
        // Of `factor` trials one goes on, and always at least one.
        let keep = max(1, contenders.count / configuration.factor)
        contenders = Array(ranked.prefix(keep))
      }
      round += 1
      let resource = rounds[round]
      for index in contenders {
        let trial = trials[index]
        if let record = records[index], record.failure == nil, record.value != nil,
          record.resource ?? 0 >= resource ?? 0
        {
          continue
        }
        waiting.append(
          Job(
            number: trial.number,
            description: trial.values.map { "\($0.key) \($0.value)" }.joined(separator: ", "),
            arguments: arguments(trial, resource), folder: trial.folder, resource: resource))
      }
    }
  }

  private var running = 0

  /// The next trial to run; nil where none is to start now.
  package func next() -> Job? {
    guard !waiting.isEmpty else { return nil }
    running += 1
    return waiting.removeFirst()
  }

  /// Whether all is done.
  package var isOver: Bool { waiting.isEmpty && running == 0 }

  /// Notes that a trial's run has ended.
  /// - Parameters:
  ///   - job: The trial's run.
  ///   - failure: Why it failed; nil where it came to its end.
  ///   - isStopped: Whether it was asked to stop, so that it is still to be done.
  /// - Returns: What came of it, in words.
  package func ended(_ job: Job, failure: String?, isStopped: Bool = false) throws -> String {
    running -= 1
    let index = job.number - 1
    let trial = trials[index]
    var words = "stopped"
    if !isStopped {
      let value = failure == nil ? trial.value(of: configuration.metric) : nil
      var reason = failure
      if failure == nil, value == nil {
        reason = "the run wrote no \(configuration.metric) to metrics.jsonl"
      } else if let value, !value.isFinite {
        reason = "\(configuration.metric) is \(value)"
      }
      records[index] = try trial.keep(
        reason == nil ? value : nil, resource: job.resource, failure: reason)
      if let reason { failures[index] = reason }
      words = reason.map { "failed: \($0)" } ?? "\(configuration.metric) \(Self.text(value))"
    }
    if running == 0, waiting.isEmpty, !isStopped { startRound() }
    return words
  }

  /// Trials by their values, the best first, then those that failed or are to be done.
  private func ranking(_ places: [Int]) -> [Int] {
    let sign: Double = configuration.direction == .minimize ? 1 : -1
    let known = places.map { (place: $0, record: records[$0]) }
    return known.sorted { one, other in
      // Halving: who trained for longer stands above.
      let (first, second) = (one.record?.resource ?? 0, other.record?.resource ?? 0)
      guard let a = one.record?.value, let b = other.record?.value else {
        return one.record?.value != nil && other.record?.value == nil
      }
      if first != second { return first > second }
      return a == b ? one.place < other.place : a * sign < b * sign
    }.map(\.place)
  }

  static func text(_ value: Double?) -> String {
    value.map { MetricValue.single(Float($0)).json } ?? ""
  }

  /// The rows of the table: the trials with their values, the best first.
  private var rows: [MetricValues] {
    ranking(Array(trials.indices)).map { index in
      let trial = trials[index]
      let record = records[index]
      var row: MetricValues = ["trial": .integer(trial.number)]
      row["status"] = .text(
        record == nil ? "open" : record?.failure == nil ? "finished" : "failed")
      row[configuration.metric] = record?.value.map { .number($0) } ?? .null
      if configuration.method == .halving {
        row[configuration.resource] = record?.resource.map { .integer($0) } ?? .null
      }
      for (key, value) in trial.values { row[key] = .text(value) }
      row["run"] = .text(trial.folder)
      if let failure = record?.failure { row["failure"] = .text(failure) }
      return row
    }
  }

  /// Writes `results.csv` into the sweep's folder.
  /// - Returns: Its path.
  package func writeTable() throws -> String {
    var table = PredictionTable(.csv)
    for (place, row) in rows.enumerated() { table.add(row, at: place) }
    let path = "\(directory)/results.csv"
    try RunFile.write(Data(table.text.utf8), to: path)
    return path
  }

  /// The table in columns.
  package var table: String {
    let all = rows
    var names: [String] = []
    for pair in all.flatMap(\.pairs) where !names.contains(pair.name) && pair.name != "failure" {
      names.append(pair.name)
    }
    let cells =
      [names]
      + all.map { row in
        names.map { name in
          if name == configuration.metric, case .number(let value) = row[name] {
            return Self.text(value)
          }
          return row[name]?.csv ?? ""
        }
      }
    let widths = names.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let isLast = column == names.count - 1
        line +=
          text + (isLast ? "" : String(repeating: " ", count: widths[column] - text.count + 2))
      }
      return line + "\n"
    }.joined()
  }
}
