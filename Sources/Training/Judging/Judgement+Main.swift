import Base
import Collectives
import Foundation
import Models
import Settings
import Tensors

/// `ddp-train evaluate` and `ddp-train predict`: what comes of a trained run, over any number of workers.
package enum Judgement {
  /// Where predictions go, and how.
  package struct Predictions: Sendable {
    /// How lines are written.
    package var format: PredictionFormat
    /// The file; nil for standard output.
    package var output: String?
    /// Whether lines have the probabilities of all classes.
    package var withProbabilities: Bool

    /// Lines on standard output.
    package init(
      _ format: PredictionFormat = .jsonl, output: String? = nil, withProbabilities: Bool = false
    ) {
      (self.format, self.output) = (format, output)
      self.withProbabilities = withProbabilities
    }
  }

  /// Judges a run by records: prints each figure, and writes them as JSON where a file is named.
  ///
  /// Exit codes are those of a run.
  package static func evaluate(_ request: JudgementRequest, json: String?) -> Int32 {
    main(request, "ddp-train evaluate", writing: json) { run, world in
      let report = try run.evaluation(request, world)
      guard world.rank == 0 else { return }
      if let json { try write(report.metrics.json + "\n", to: json) }
      try write(report.text)
    }
  }

  /// Writes what a run's model tells of each record, in the order of the data.
  ///
  /// Exit codes are those of a run.
  package static func predict(_ request: JudgementRequest, _ wanted: Predictions) -> Int32 {
    main(request, "ddp-train predict", writing: wanted.output) { run, world in
      guard let table = try run.predictions(request, wanted, world) else { return }
      if let output = wanted.output {
        try write(table.text, to: output)
        try write("\(table.count) predictions written to \(output)\n")
      } else {
        try write(table.text)
      }
    }
  }

  private static func write(_ text: String) throws {
    guard StandardStream.output.write(text) else {
      throw RunLogError.cannotWrite("standard output", errno: EPIPE)
    }
  }

  private static func write(_ text: String, to path: String) throws {
    if isSpecial(path) {
      // A device or a pipe is written to, and not replaced.
      guard let stream = fopen(path, "w") else {
        throw JudgementError.unwritable(path, errno: errno)
      }
      let isWhole = fwrite(Array(text.utf8), 1, text.utf8.count, stream) == text.utf8.count
      guard fclose(stream) == 0, isWhole else {
        throw JudgementError.unwritable(path, errno: errno)
      }
      return
    }
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw JudgementError.unwritable(path, errno: error.errorNumber)
    }
  }

  /// Sees that a file can be written before anything is computed.
  private static func checkWritable(_ path: String) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw JudgementError.unwritable(path, errno: EISDIR)
    }
    if isSpecial(path) {
      guard access(path, W_OK) == 0 else { throw JudgementError.unwritable(path, errno: errno) }
      return
    }
    // What may be written, root may for one, is known by doing it.
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let trial = "\(folder)/.\(UUID().uuidString)"
    let file = open(trial, O_CREAT | O_EXCL | O_WRONLY, 0o600)
    guard file >= 0 else { throw JudgementError.unwritable(path, errno: errno) }
    close(file)
    unlink(trial)
  }

  /// Whether a path is a device, a pipe or the like.
  private static func isSpecial(_ path: String) -> Bool {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(facts.st_mode & S_IFMT)
  }

  /// Reads the run's configuration, meets the other workers, and does what is asked for.
  /// - Parameter output: The file that rank 0 is to write; nil for none.
  private static func main(
    _ request: JudgementRequest, _ name: String, writing output: String?,
    _ body: @escaping (any JudgedRun, World) throws -> Void
  ) -> Int32 {
    RunProgram<JudgedConfiguration>(
      name: name,
      read: { _ in (try JudgedConfiguration(request), false) },
      run: { run, world, threads in
        Compute.setThreads(threads ?? max(1, Int(world.coreShare)))
        try run.distributed.settleKernels()
        if let output {
          _ = try world.group.madeOnce("output") { () -> Bool in
            try checkWritable(output)
            return true
          }
        }
        try body(run.run, world)
        // Nobody leaves while others still wait for what rank 0 writes.
        if world.size > 1 { try world.group.barrier(label: "written") }
        return .finished
      }
    ).main([])
  }
}

/// The configuration of a run of any kind, as the run's folder has it.
private struct JudgedConfiguration: LaunchedConfiguration {
  let run: any JudgedRun

  /// Reads what a run directory holds, with the keys that are set over it.
  init(_ request: JudgementRequest) throws {
    let file = "\(request.runDirectory)/config.yaml"
    guard FileManager.default.fileExists(atPath: file) else {
      throw JudgementError.noRun(request.runDirectory)
    }
    if let kind = try RunKinds.kind(of: file) {
      run = try kind.judged(request, file: file)
    } else {
      var configuration = try RunConfiguration(RunArguments([file] + request.overrides))
      configuration.runDirectory = request.runDirectory
      configuration.threads = request.threads ?? configuration.threads
      run = configuration
    }
  }

  var threads: Int? { run.threads }
  var distributed: DistributedConfiguration { run.distributed }
  var runDirectory: String { run.runDirectory }
  func yaml() -> String { run.yaml() }
}

extension RunConfiguration: JudgedRun {
  package func evaluation(
    _ request: JudgementRequest, _ world: World
  ) throws -> EvaluationFacts {
    let judgement = try RunJudgement(request, self, world)
    return EvaluationFacts(
      request, split: judgement.split, weights: judgement.weights.file,
      step: judgement.weights.step, figures: try judgement.evaluate())
  }

  package func predictions(
    _ request: JudgementRequest, _ wanted: Judgement.Predictions, _ world: World
  ) throws -> PredictionTable? {
    let definition = try ModelDefinition.registry.entry(for: model)
    guard !definition.generates else { throw JudgementError.writesTexts(run: request.runDirectory) }
    var configuration = self
    // Records come one by one, whoever computes them.
    configuration.distributed.invariant = .none
    let judgement = try RunJudgement(request, configuration, world)
    return try judgement.predictions(
      wanted.format, withProbabilities: wanted.withProbabilities)
  }
}
