import Base
import Collectives
import Foundation
import Models
import Settings
import Tensors

/// `ddp-train evaluate` and `ddp-train predict`: what comes of a trained run, over any number of workers.
public enum Judgement {
  /// Where predictions go, and how.
  public struct Predictions: Sendable {
    /// How lines are written.
    public var format: PredictionFormat
    /// The file; nil for standard output.
    public var output: String?
    /// Whether lines have the probabilities of all classes.
    public var withProbabilities: Bool

    /// Lines on standard output.
    public init(
      _ format: PredictionFormat = .jsonl, output: String? = nil, withProbabilities: Bool = false
    ) {
      (self.format, self.output) = (format, output)
      self.withProbabilities = withProbabilities
    }
  }

  /// Judges a run by records: prints each figure, and writes them as JSON where a file is named.
  ///
  /// Exit codes are those of a run.
  public static func evaluate(_ request: JudgementRequest, json: String?) -> Int32 {
    main(request, "ddp-train evaluate") { run, world in
      let report: EvaluationFacts
      switch run {
      case .training(let configuration):
        let judgement = try RunJudgement(request, configuration, world)
        report = EvaluationFacts(
          request, split: judgement.split, weights: judgement.weights.file,
          step: judgement.weights.step, figures: try judgement.evaluate())
      case .fineTuning(let configuration):
        let judgement = try FineTuningJudgement(request, configuration, world, predicts: false)
        report = EvaluationFacts(
          request, split: judgement.split, weights: judgement.place, step: judgement.step,
          figures: try judgement.evaluate())
      }
      guard world.rank == 0 else { return }
      if let json { try RunFile.write(Data((report.metrics.json + "\n").utf8), to: json) }
      try write(report.text)
    }
  }

  /// Writes what a run's model tells of each record, in the order of the data.
  ///
  /// Exit codes are those of a run.
  public static func predict(_ request: JudgementRequest, _ wanted: Predictions) -> Int32 {
    main(request, "ddp-train predict") { run, world in
      let table: PredictionTable?
      switch run {
      case .training(let configuration):
        let definition = try ModelDefinition.registry.entry(for: configuration.model)
        guard !definition.generates else {
          throw JudgementError.writesTexts(run: request.runDirectory)
        }
        var configuration = configuration
        // Records come one by one, whoever computes them.
        configuration.distributed.invariant = .none
        let judgement = try RunJudgement(request, configuration, world)
        table = try judgement.predictions(
          wanted.format, withProbabilities: wanted.withProbabilities)
      case .fineTuning(let configuration):
        switch configuration.task {
        case .causalLM, .seq2seq: throw JudgementError.writesTexts(run: request.runDirectory)
        case .maskedLM: throw JudgementError.noPredictions(task: configuration.task.rawValue)
        default: break
        }
        let judgement = try FineTuningJudgement(request, configuration, world, predicts: true)
        table = try judgement.predictions(
          wanted.format, withProbabilities: wanted.withProbabilities)
      }
      guard let table else { return }
      if let output = wanted.output {
        try RunFile.write(Data(table.text.utf8), to: output)
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

  /// Reads the run's configuration, meets the other workers, and does what is asked for.
  private static func main(
    _ request: JudgementRequest, _ name: String,
    _ body: @escaping (JudgedConfiguration, World) throws -> Void
  ) -> Int32 {
    RunProgram<JudgedConfiguration>(
      name: name,
      read: { _ in (try JudgedConfiguration(request), false) },
      run: { run, world, threads in
        Compute.setThreads(threads ?? max(1, Int(world.coreShare)))
        try run.distributed.settleKernels()
        try body(run, world)
        // Nobody leaves while others still wait for what rank 0 writes.
        if world.size > 1 { try world.group.barrier(label: "written") }
        return .finished
      }
    ).main([])
  }
}

/// The configuration of a run of either kind.
enum JudgedConfiguration: LaunchedConfiguration {
  case training(RunConfiguration)
  case fineTuning(FineTuningConfiguration)

  /// Reads what a run directory holds, with the keys that are set over it.
  init(_ request: JudgementRequest) throws {
    let run = request.runDirectory
    let file = "\(run)/config.yaml"
    guard FileManager.default.fileExists(atPath: file) else { throw JudgementError.noRun(run) }
    if try RunKind.isFineTuning(file) {
      let arguments = try RunArguments(
        [file] + request.overrides, keys: FineTuningConfiguration.keys)
      var configuration = try FineTuningConfiguration(arguments)
      configuration.runDirectory = run
      configuration.threads = request.threads ?? configuration.threads
      self = .fineTuning(configuration)
    } else {
      var configuration = try RunConfiguration(RunArguments([file] + request.overrides))
      configuration.runDirectory = run
      configuration.threads = request.threads ?? configuration.threads
      self = .training(configuration)
    }
  }

  private var launched: any LaunchedConfiguration {
    switch self {
    case .training(let configuration): configuration
    case .fineTuning(let configuration): configuration
    }
  }

  var threads: Int? { launched.threads }
  var distributed: DistributedConfiguration { launched.distributed }
  var runDirectory: String { launched.runDirectory }
  func yaml() -> String { launched.yaml() }
}

/// Of which kind a run is.
package enum RunKind {
  /// Whether a configuration is one of `ddp-train finetune`.
  package static func isFineTuning(_ path: String) throws -> Bool {
    let text = try RunConfiguration.text(path)
    return try ConfigurationNode(yaml: text, path: path).entries?.contains { $0.key == "task" }
      ?? false
  }
}
