import Collectives
import Settings
import Training

/// Fine-tuning as a kind of run, so that what works on runs (`evaluate`, `predict`, `sweep`, `verify`)
/// works on those of `ddp-train finetune`.
public enum FineTuningKind {
  /// Makes fine-tunings known to this process; once is enough.
  public static func register() { RunKinds.register(Self.self) }
}

extension FineTuningKind: RunKind {
  package static let key = "task"
  package static let command = "finetune"

  package static func check(_ arguments: [String]) throws {
    _ = try FineTuningConfiguration(RunArguments(arguments, keys: FineTuningConfiguration.keys))
  }

  package static func train(_ arguments: [String], until step: Int?) -> Int32 {
    FineTuningRun.main(arguments, until: step)
  }

  package static func judged(
    _ request: JudgementRequest, file: String
  ) throws -> any JudgedRun {
    let arguments = try RunArguments([file] + request.overrides, keys: FineTuningConfiguration.keys)
    var configuration = try FineTuningConfiguration(arguments)
    configuration.runDirectory = request.runDirectory
    configuration.threads = request.threads ?? configuration.threads
    return configuration
  }
}

extension FineTuningConfiguration: JudgedRun {
  package func evaluation(_ request: JudgementRequest, _ world: World) throws -> EvaluationFacts {
    let judgement = try FineTuningJudgement(request, self, world, predicts: false)
    return EvaluationFacts(
      request, split: judgement.split, weights: judgement.place, step: judgement.step,
      figures: try judgement.evaluate())
  }

  package func predictions(
    _ request: JudgementRequest, _ wanted: Judgement.Predictions, _ world: World
  ) throws -> PredictionTable? {
    switch task {
    case .causalLM, .seq2seq: throw JudgementError.writesTexts(run: request.runDirectory)
    case .maskedLM: throw JudgementError.noPredictions(task: task.rawValue)
    default: break
    }
    let judgement = try FineTuningJudgement(request, self, world, predicts: true)
    return try judgement.predictions(
      wanted.format, withProbabilities: wanted.withProbabilities)
  }
}
