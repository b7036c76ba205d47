import Collectives
import Foundation
import NN
import Optimizers
import Settings
import Tensors
import TextTasks
import Training
import Transformers

/// A fine-tuned model with records that it is judged by, or that it tells something of, on this rank.
struct FineTuningJudgement {
  let task: FineTuningTask
  let records: FineTuningTask.Split
  let split: JudgementRequest.Split
  /// What stands for the weights in messages: a folder or a file.
  let place: String
  /// The step after which they were saved, where it is known.
  let step: Int?
  let world: World
  /// The file of the records.
  let path: String

  /// Loads the model and reads the records; every rank takes part.
  /// - Parameter predicts: Whether records need no labels.
  init(
    _ request: JudgementRequest, _ configuration: FineTuningConfiguration, _ world: World,
    predicts: Bool
  ) throws {
    self.world = world
    let run = configuration.runDirectory
    let data = configuration.data
    split =
      request.split ?? (data.test != nil ? .test : configuration.judges ? .validation : .train)
    path = try request.data ?? Self.path(of: split, configuration)
    let holdsOut = request.data == nil && data.heldOut > 0 && split != .test
    let isSaved = FileManager.default.fileExists(atPath: "\(run)/model/config.json")
    let wanted = request.weights ?? .best
    if wanted == .best, isSaved {
      task = try FineTuningTask(
        Self.finished(configuration, path, keepsHeldOut: holdsOut), world.group,
        mayLackLabels: predicts)
      (place, step) = ("\(run)/model", nil)
      records = try Self.records(task, holdsOut ? split : .train)
    } else {
      var configuration = configuration
      configuration.data.validation = holdsOut ? nil : configuration.data.validation
      configuration.data.test = path
      task = try FineTuningTask(configuration, world.group, mayLackLabels: predicts)
      let weights = try TrainedWeights(
        wanted == .best ? .last : wanted, of: run, finished: nil, by: ["validation_loss"],
        world.group)
      step = try Self.restore(weights, wanted == .best, task, configuration)
      place = weights.checkpoint ?? weights.file
      records = try Self.records(task, request.data == nil && split != .test ? split : .test)
    }
    task.model.eval()
  }

  /// The file of a split.
  private static func path(
    of split: JudgementRequest.Split, _ configuration: FineTuningConfiguration
  ) throws -> String {
    let data = configuration.data
    let path: String? =
      switch split {
      case .test: data.test
      case .validation: data.heldOut > 0 ? data.train : data.validation
      case .train: data.train
      }
    guard let path else {
      let known = [
        data.test.map { _ in "test" }, configuration.judges ? "validation" : nil, "train",
      ]
      throw JudgementError.noSplit(
        split, known: known.compactMap { $0 }, source: "the run's configuration")
    }
    return path
  }

  /// A configuration of the model that the run saved, over the records of one file.
  private static func finished(
    _ configuration: FineTuningConfiguration, _ path: String, keepsHeldOut: Bool
  ) throws -> FineTuningConfiguration {
    var finished = configuration
    finished.model = "\(configuration.runDirectory)/model"
    finished.fromScratch = false
    finished.architecture = ArchitectureOptions()
    finished.vocabulary = VocabularyOptions()
    finished.data.train = path
    (finished.data.validation, finished.data.test) = (nil, nil)
    if !keepsHeldOut { finished.data.heldOut = 0 }
    switch configuration.task {
    case .textClassification, .multiLabel, .tokenClassification:
      // The classes are the model's, whatever occurs in these records.
      finished.data.labels =
        try ModelConfiguration(path: "\(finished.model)/config.json").labels
    default: break
    }
    return finished
  }

  private static func records(
    _ task: FineTuningTask, _ split: JudgementRequest.Split
  ) throws -> FineTuningTask.Split {
    let found: FineTuningTask.Split? =
      switch split {
      case .test: task.test
      case .validation: task.validation
      case .train: task.training
      }
    guard let found else {
      throw JudgementError.noSplit(split, known: ["train"], source: "the run's configuration")
    }
    return found
  }

  /// Gives the model a run's weights.
  /// - Returns: The step after which they were saved, where it is known.
  private static func restore(
    _ weights: TrainedWeights, _ isBest: Bool, _ task: FineTuningTask,
    _ configuration: FineTuningConfiguration
  ) throws -> Int? {
    guard let checkpoint = weights.checkpoint else {
      try task.model.load(StateDict(safetensors: weights.file), strict: task.adapters == nil)
      return nil
    }
    let found = try RunCheckpoints.Found(path: checkpoint)
    try found.restore(task.model, isPart: task.adapters != nil)
    guard isBest else { return weights.step }
    let best = BestModel(configuration.metric)
    try best.restore(found, task.model)
    best.takeBack(task.model)
    return best.step ?? weights.step
  }

  /// The figures of all records; every rank takes part.
  func evaluate() throws -> Figures { try judge()(records) }

  private func judge() throws -> FineTuningJudge {
    let objective = task.objective
    var options = TrainerOptions()
    options.precision = task.configuration.precision
    options.virtualWorkers = task.configuration.virtualWorkers
    let trainer = try Trainer<TextBatch>(
      task.model, optimizer: SGD(task.model.parameters().filter(\.requiresGrad), lr: 0),
      group: world.size > 1 ? world.group : nil, options: options, targets: objective.targets
    ) { objective($0) }
    return FineTuningJudge(task, trainer, world.group)
  }

  /// What is told of each record, on rank 0 in the order of the data; every rank takes part.
  func predictions(
    _ format: PredictionFormat, withProbabilities: Bool
  ) throws -> PredictionTable? {
    let writer = FineTuningPredictions(task, records, path: path, withProbabilities)
    return try writer.table(format, try judge(), world.group)
  }
}
