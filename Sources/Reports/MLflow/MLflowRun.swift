import Foundation

/// A run in the folder in which MLflow keeps them without a server (its `FileStore`): parameters, metrics by
/// step, and tags, a small file each.
///
/// ```swift
/// let run = try MLflowRun(in: "mlruns", experiment: "digits", name: "wide")
/// try run.logParam("lr", 0.1)
/// try run.logMetric("train_loss", 0.25, step: 3)
/// try run.end()
/// ```
///
/// `MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri mlruns` shows it, and `mlflow migrate-filestore`
/// takes it into a database. One process writes a run; of several workers rank 0 does.
public final class MLflowRun {
  /// How a run stands, by MLflow's numbers.
  public enum Status: Int, Sendable {
    /// It goes on.
    case running = 1
    /// It has done what it was to do.
    case finished = 3
    /// It has failed.
    case failed = 4
    /// Somebody has stopped it.
    case killed = 5
  }

  /// The run's identifier: 32 hexadecimal digits.
  public let id: String
  /// The run's folder, in that of its experiment.
  public let folder: String
  private let experiment: String
  private let name: String
  private let began: Int

  /// Begins a run.
  /// - Parameters:
  ///   - store: The folder of all experiments; it is made where it does not exist.
  ///   - experiment: The experiment that the run belongs to; it is made where there is none of that name.
  ///   - name: What the run is called.
  ///   - tags: What else is said of it.
  /// - Throws: ``MLflowError`` that names the file or the name.
  public convenience init(
    in store: String, experiment: String = "Default", name: String, tags: [String: String] = [:]
  ) throws(MLflowError) {
    let experiment = try MLflowExperiment(named: experiment, in: store)
    let id = UUID().uuidString.replacing("-", with: "").lowercased()
    self.init(id, experiment, name, began: Self.now)
    for part in ["metrics", "params", "tags", "artifacts"] {
      try MLflowFile.makeFolder("\(folder)/\(part)")
    }
    try write(.running)
    let user = NSUserName()
    let own = ["mlflow.runName": name, "mlflow.user": user, "mlflow.source.type": "LOCAL"]
    for (tag, value) in own.merging(tags, uniquingKeysWith: { $1 }) { try setTag(tag, value) }
  }

  /// Goes on with the newest run of an experiment that has a tag of a value; nil where there is none. It
  /// counts as running again.
  /// - Parameters:
  ///   - tag: The tag's name and value.
  ///   - experiment: The run's experiment.
  ///   - store: The folder of all experiments.
  ///   - step: What was logged for later steps is dropped, since it will be logged again.
  /// - Throws: ``MLflowError`` that names the file.
  public convenience init?(
    resuming tag: (name: String, value: String), of experiment: String = "Default",
    in store: String, at step: Int
  ) throws(MLflowError) {
    let experiment = try MLflowExperiment(named: experiment, in: store)
    try MLflowFile.check(tag.name)
    guard let found = experiment.newestRun(tag.name, tag.value) else { return nil }
    self.init(found.id, experiment, found.name, began: found.began)
    try dropMetrics(after: step)
    try write(.running)
  }

  private init(_ id: String, _ experiment: MLflowExperiment, _ name: String, began: Int) {
    self.id = id
    self.experiment = experiment.id
    self.name = name
    self.began = began
    folder = "\(experiment.folder)/\(id)"
  }

  /// Notes what the run was told, once (`mlflow.log_param`). Every value of a name is the same one.
  /// - Throws: ``MLflowError`` where the name is none, or the file cannot be written.
  public func logParam(_ name: String, _ value: some CustomStringConvertible) throws(MLflowError) {
    try MLflowFile.check(name)
    try MLflowFile.write(value.description, to: "\(folder)/params/\(name)")
  }

  /// Adds a number to a metric's curve (`mlflow.log_metric`).
  /// - Parameters:
  ///   - name: What it is called; slashes make groups.
  ///   - value: The number; NaN and infinities are kept.
  ///   - step: The step that it belongs to.
  ///   - timestamp: Milliseconds since 1970; by default now.
  /// - Throws: ``MLflowError`` where the name is none, or the file cannot be written.
  public func logMetric(
    _ name: String, _ value: Double, step: Int, timestamp: Int? = nil
  ) throws(MLflowError) {
    try MLflowFile.check(name)
    try MLflowFile.append(
      "\(timestamp ?? Self.now) \(value) \(step)\n", to: "\(folder)/metrics/\(name)")
  }

  /// Says something of the run, in place of what the tag said before (`mlflow.set_tag`).
  /// - Throws: ``MLflowError`` where the name is none, or the file cannot be written.
  public func setTag(_ name: String, _ value: String) throws(MLflowError) {
    try MLflowFile.check(name)
    try MLflowFile.write(value, to: "\(folder)/tags/\(name)")
  }

  /// Keeps a text as a file of the run (`mlflow.log_text`).
  /// - Throws: ``MLflowError`` where the name is none, or the file cannot be written.
  public func logText(_ text: String, artifact name: String) throws(MLflowError) {
    try MLflowFile.check(name)
    try MLflowFile.write(text, to: "\(folder)/artifacts/\(name)")
  }

  /// Ends the run (`mlflow.end_run`).
  /// - Throws: ``MLflowError`` where the file cannot be written.
  public func end(_ status: Status = .finished) throws(MLflowError) { try write(status) }

  /// A name with what MLflow does not take in one replaced by underscores.
  public static func sanitized(_ name: String) -> String { MLflowFile.sanitized(name) }

  static var now: Int { Int(Date().timeIntervalSince1970 * 1000) }

  private func write(_ status: Status) throws(MLflowError) {
    let end = status == .running ? "null" : "\(Self.now)"
    try MLflowFile.write(
      """
      artifact_uri: \(MLflowFile.quoted(MLflowFile.address("\(folder)/artifacts")))
      end_time: \(end)
      entry_point_name: ''
      experiment_id: '\(experiment)'
      lifecycle_stage: active
      run_id: \(MLflowFile.quoted(id))
      run_name: \(MLflowFile.quoted(name))
      run_uuid: \(MLflowFile.quoted(id))
      source_name: ''
      source_type: 4
      source_version: ''
      start_time: \(began)
      status: \(status.rawValue)
      tags: []
      user_id: \(MLflowFile.quoted(NSUserName()))

      """, to: "\(folder)/meta.yaml")
  }

  /// Shortens every curve to what was logged up to a step; a half-written last line goes, too.
  private func dropMetrics(after step: Int) throws(MLflowError) {
    let root = "\(folder)/metrics"
    for name in FileManager.default.enumerator(atPath: root).map(Array.init) ?? [] {
      guard let name = name as? String else { continue }
      let path = "\(root)/\(name)"
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      let newline = UInt8(ascii: "\n")
      let kept = data.split(separator: newline, omittingEmptySubsequences: false).dropLast()
        .filter { line in
          let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
          return fields.count == 3 && (Int(fields[2]) ?? .max) <= step
        }
      try MLflowFile.write(Data(kept.flatMap { $0 + [newline] }), to: path)
    }
  }
}
