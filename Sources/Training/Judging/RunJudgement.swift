import Collectives
import Datasets
import Foundation
import Models
import NN
import Settings
import Tensors

/// A trained run's model with records that it is judged by, or that it tells something of, on this rank.
struct RunJudgement {
  let request: JudgementRequest
  let split: JudgementRequest.Split
  let weights: TrainedWeights
  let model: PreparedModel
  let classes: [String]
  let records: JudgedRecords
  private let stages: RunStages
  private var context: RunContext { stages.context }

  /// Loads the model and opens the records; every rank takes part.
  init(_ request: JudgementRequest, _ configuration: RunConfiguration, _ world: World) throws {
    var configuration = configuration
    // How training shares its records out is of no account here.
    configuration.batchSize = max(configuration.batchSize, world.size)
    configuration.distributed.sharding = DistributedConfiguration().sharding
    let context = RunContext(
      configuration: configuration, group: world.group, files: ProjectFiles())
    let stages = RunStages(context: context)
    let run = configuration.runDirectory
    let weights = try TrainedWeights(
      request.weights ?? .last, of: run, finished: "\(run)/model.safetensors",
      by: Self.metrics(configuration), world.group)
    let definition = try DataDefinition.registry.entry(for: configuration.data)
    let saved = try Self.records(of: run, configuration, weights)
    if let path = request.data {
      classes = try Self.classes(of: run)
      let other = OtherData(
        path: path, records: saved, classes: classes, runDirectory: run)
      split = request.split ?? .test
      records = try definition.judged(configuration.data, other, in: context)
    } else {
      let data = try stages.data()
      let state = try weights.state()
      if let difference = state?.contents?.difference(from: data.contents) {
        throw OtherContents(run: run, difference: difference)
      }
      guard Self.isEqual(data.records, saved) else {
        throw JudgementError.otherRecords("\(run)/records.json")
      }
      classes = data.classes
      split =
        request.split ?? (data.heldOutName == "test" ? .test : .validation)
      records = try data.judged(split, source: definition.name)
    }
    let model = try ModelDefinition.registry.entry(for: configuration.model)
      .make(configuration.model, for: saved)
    configuration.precision.prepare(model.module)
    try model.module.load(StateDict(safetensors: weights.file))
    model.module.eval()
    (self.request, self.weights, self.model, self.stages) = (request, weights, model, stages)
  }

  /// What tells the best: the end of a run without validation records is judged by the same as before.
  private static func metrics(_ configuration: RunConfiguration) -> [String] {
    let hasOwn = (configuration.settings["data.validation"] ?? "null") != "null"
    return ["validation_loss"] + (hasOwn ? [] : ["test_loss"])
  }

  private static func isEqual<Format: RecordFormat>(
    _ one: Format, _ other: any RecordFormat
  ) -> Bool {
    one == other as? Format
  }

  /// What the run's records are, without its data.
  private static func records(
    of run: String, _ configuration: RunConfiguration, _ weights: TrainedWeights
  ) throws -> any RecordFormat {
    let path = "\(run)/records.json"
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw JudgementError.noRun(run)
    }
    do {
      return try ModelDefinition.registry.entry(for: configuration.model).records(json: contents)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      throw JudgementError.otherRecords(path)
    }
  }

  /// The names of the classes, where the run has written some down.
  private static func classes(of run: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: "\(run)/\(RunData.classesFile)") else { return [] }
    return try RunFile.read(RunData.classesFile, of: run)
  }

  /// The figures of all records; every rank takes part.
  func evaluate() throws -> Figures {
    try stages.judge(of: model).evaluate(records.loader)
  }

  /// What is told of each record, on rank 0 in the order of the data; every rank takes part.
  func predictions(
    _ format: PredictionFormat, withProbabilities: Bool
  ) throws -> PredictionTable? {
    var table = PredictionTable(format)
    let precision = stages.context.configuration.precision
    try noGrad {
      while let batch = try records.loader.next() {
        var place = 0
        for part in batch.content {
          // A share without a record has a stand-in, which is told nothing of.
          let count = batch.count == 0 ? 0 : part.count
          guard count > 0 else { continue }
          let outputs = try precision.computing { try model.predict(part.content) }
          let rows = try lines(
            outputs, part.content[part.content.count - 1], count, withProbabilities)
          for row in 0..<count {
            let index = batch.indices[place + row]
            var line: MetricValues = ["index": .integer(index)]
            if records.names.indices.contains(index) { line["name"] = .text(records.names[index]) }
            for pair in rows[row].pairs { line[pair.name] = pair.value }
            table.add(line, at: index)
          }
          place += count
        }
      }
    }
    return try table.gathered(context.group)
  }

  /// What a batch's outputs tell of its records.
  private func lines(
    _ outputs: Tensor, _ targets: Tensor, _ count: Int, _ withProbabilities: Bool
  ) throws -> [MetricValues] {
    guard model.isClassifier, outputs.rank == 2 else {
      return plainLines(outputs, targets, count)
    }
    let labels = targets.array(of: Int.self)
    return ClassPrediction.all(of: outputs).enumerated().map { row, prediction in
      prediction.line(
        classes: classes, label: records.areLabelled ? labels[row] : nil,
        withProbabilities: withProbabilities)
    }
  }

  /// Outputs as they are, with the targets of the same number.
  private func plainLines(_ outputs: Tensor, _ targets: Tensor, _ count: Int) -> [MetricValues] {
    func values(_ tensor: Tensor) -> [MetricValue] {
      let width = tensor.count / max(1, tensor.size(0))
      let numbers = tensor.to(.float32).flattened().array(of: Float.self)
      return (0..<count).map { row in
        let own = numbers[row * width..<(row + 1) * width].map { MetricValue.single($0) }
        return own.count == 1 ? own[0] : .list(own)
      }
    }
    let (told, wanted) = (values(outputs), values(targets))
    return (0..<count).map { row in
      var line: MetricValues = ["prediction": told[row]]
      if records.areLabelled { line["label"] = wanted[row] }
      return line
    }
  }
}

/// Data that are not those of the checkpoint.
struct OtherContents: Error, CustomStringConvertible {
  let run: String
  let difference: String

  var description: String {
    "the data are not those that \(run) was trained with: \(difference); give them as they were, or name other records to judge by with --data"
  }
}
