import Base
import Datasets
import FineTuning
import Foundation
import NN
import Optimizers
import Tensors
import TextTasks
import Tokenizers
import Training
import Transformers

/// Short runs of transformers' Trainer: `trainer/NAME` holds the model before, `cases.json` the
/// records and each step's loss, norm and learning rate, `cases.safetensors` the weights after.
struct TrainerSuite: Suite {
  private let folders: TokenizerFolders
  var units: [String] { folders.units }

  init(_ path: URL) throws { folders = try TokenizerFolders(path) }

  func checks(of unit: String) throws -> [Check] {
    let item = try TrainerCase(try folders.cases(unit), URL(fileURLWithPath: folders.path(unit)))
    return [
      Check(id: "groups") { try item.checkGroups() },
      Check(id: "steps") { try item.checkSteps(accumulation: item.accumulation) },
      // The same batches in other parts are the same steps.
      Check(id: "parts") { try item.checkSteps(accumulation: 1) },
    ]
  }
}

/// One run.
private struct TrainerCase {
  private let file: JSONValue
  private let folder: URL
  private let arguments: JSONValue?
  private let records: [TextFeature]
  private let task: ModelTask

  init(_ file: JSONValue, _ folder: URL) throws {
    self.file = file
    self.folder = folder
    arguments = file["arguments"]
    records = (file["data"]?.array ?? []).map { record in
      var feature = TextFeature()
      for member in record.members ?? [] {
        feature[member.name] =
          member.value.ints.map { .ints($0) } ?? member.value.int.map { .int($0) }
          ?? .double(member.value.double ?? 0)
      }
      return feature
    }
    let known = [
      "per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps",
      "learning_rate", "weight_decay", "num_train_epochs", "max_steps", "lr_scheduler_type",
      "lr_scheduler_kwargs", "warmup_steps", "max_grad_norm", "label_smoothing_factor",
      "adam_beta1",
      "adam_beta2", "adam_epsilon", "optim",
    ]
    let names = (arguments?.members ?? []).map(\.name)
    if let other = names.first(where: { !known.contains($0) }) {
      throw Unsupported("the argument \(other)")
    }
    let json = try JSONParser.parse(
      [UInt8](Data(contentsOf: folder.appendingPathComponent("config.json"))))
    let architecture = json["architectures"]?.array?.first?.string ?? ""
    let tasks: [ModelTask] = [
      .sequenceClassification, .tokenClassification, .questionAnswering, .maskedLM, .causalLM,
      .seq2SeqLM,
    ]
    guard
      let task = tasks.first(where: { architecture.hasSuffix($0.rawValue) })
        ?? (architecture.hasSuffix("LMHeadModel") ? .causalLM : nil)
    else { throw Unsupported("the class \(architecture)") }
    self.task = task
  }

  private func number(_ name: String, _ usual: Double) -> Double {
    arguments?[name]?.double ?? usual
  }

  var accumulation: Int { Int(number("gradient_accumulation_steps", 1)) }

  private func groups(_ model: PretrainedModel) -> [ParameterGroup] {
    FineTuningGroups(lr: number("learning_rate", 5e-5), weightDecay: number("weight_decay", 0))(
      model)
  }

  func checkGroups() throws {
    let model = try Pretrained.load(folder.path)
    let decaying = FineTuningGroups.decayingNames(of: model)
    let names = model.namedParameters().map(\.name)
    try Expectation.equal(
      "decayed", names.filter(decaying.contains).sorted(),
      (file["decayed"]?.strings ?? []).sorted())
    try Expectation.equal(
      "not decayed", names.filter { !decaying.contains($0) }.sorted(),
      (file["not_decayed"]?.strings ?? []).sorted())
  }

  /// Rows filled up on the right with 0, and labels with −100.
  private func collate(_ records: [TextFeature]) throws -> TextBatch {
    let longest = records.map(\.inputIds.count).max() ?? 0
    return try DefaultDataCollator()(
      records.map { record in
        var record = record
        for name in record.names {
          guard let row = record[name]?.ints else { continue }
          let fill = name == "labels" ? -100 : 0
          record[name] = .ints(
            row + [Int](repeating: fill, count: Swift.max(0, longest - row.count)))
        }
        return record
      })
  }

  private func loader(
    _ records: [TextFeature], batch: Int, parts: Int
  ) -> DataLoader<TextFeature, [BatchPart<TextBatch>]> {
    DataLoader(
      ArrayDataset(records),
      batches: BatchSampler(SequentialSampler(recordCount: records.count), batchSize: batch)
    ) { try BatchPart.cut($0, into: parts, collate: collate) }
  }

  func checkSteps(accumulation parts: Int) throws {
    let model = try Pretrained.load(folder.path)
    let objective = TextObjective(
      model, task: task, labelSmoothing: number("label_smoothing_factor", 0))
    let optim = arguments?["optim"]?.string ?? "adamw_torch"
    guard optim.hasPrefix("adamw_torch") else { throw Unsupported("the optimizer \(optim)") }
    let optimizer = AdamW(
      groups(model), lr: number("learning_rate", 5e-5),
      betas: (number("adam_beta1", 0.9), number("adam_beta2", 0.999)),
      eps: number("adam_epsilon", 1e-8), weightDecay: number("weight_decay", 0))
    var options = TrainerOptions()
    let norm = number("max_grad_norm", 1)
    options.clipGradNorm = norm > 0 ? norm : nil
    options.reportsGradNorm = true
    let trainer = try Trainer<TextBatch>(
      model, optimizer: optimizer, options: options, targets: objective.targets
    ) { objective($0) }
    let batch = Int(number("per_device_train_batch_size", 8)) * accumulation
    let loader = loader(records, batch: batch, parts: parts)
    let epochs = Int(number("num_train_epochs", 3))
    let most = arguments?["max_steps"]?.int.flatMap { $0 > 0 ? $0 : nil }
    let total = most ?? epochs * loader.batchCount
    let warmUp = number("warmup_steps", 0)
    var schedule: OptionValues = [:]
    if let kwargs = arguments?["lr_scheduler_kwargs"] {
      for member in kwargs.members ?? [] {
        schedule[member.name] =
          member.value.string.map { .string($0) } ?? .double(member.value.double ?? 0)
      }
    }
    schedule["num_warmup_steps"] = .int(
      Int(warmUp < 1 ? (warmUp * Double(total)).rounded(.up) : warmUp))
    schedule["num_training_steps"] = .int(total)
    let name = arguments?["lr_scheduler_type"]?.string ?? "linear"
    guard let scheduler = try LRScheduler.named(name, optimizer, options: schedule) else {
      throw Unsupported("the schedule \(name)")
    }
    trainer.scheduler = scheduler
    let record = StepRecord(firstRate: optimizer.groups[0].lr)
    trainer.sinks = [record]
    try trainer.run(loader, epochs: most == nil ? epochs : nil, steps: most)

    let steps = file["steps"]?.array ?? []
    try Expectation.equal("number of steps", record.steps.count, steps.count)
    for (number, (got, expected)) in zip(record.steps, steps).enumerated() {
      let step = "in step \(number + 1)"
      try close("loss \(step)", got.loss, expected["loss"], 1e-3, 6e-5)
      try close("grad_norm \(step)", got.norm, expected["grad_norm"], 2e-3, 1e-4)
      try close("learning_rate \(step)", got.rate, expected["learning_rate"], 1e-9, 1e-15)
    }
    try checkEvaluation(trainer)
    let after = try TensorFile(folder.file("cases.safetensors"))
    let parameters = model.stateDict()
    for key in after.keys where key.hasPrefix("after.") {
      guard let parameter = parameters[String(key.dropFirst(6))] else {
        throw Mismatch("there is no \(key.dropFirst(6))")
      }
      try Comparison.check(parameter, try after.tensor(key), key) { _ in
        Tolerance(relative: 1e-3, absolute: 2e-4)
      }
    }
  }

  /// transformers averages the batches' own means, each as often as it has records.
  private func checkEvaluation(_ trainer: Trainer<TextBatch>) throws {
    guard file["eval_loss"] != nil else { return }
    let held = Array(records.prefix(7))
    let size = Int(number("per_device_eval_batch_size", 8))
    var sum = 0.0
    for start in stride(from: 0, to: held.count, by: size) {
      let part = Array(held[start..<Swift.min(start + size, held.count)])
      sum +=
        try trainer.evaluate(loader(part, batch: part.count, parts: 1)).loss * Double(part.count)
    }
    try close("eval_loss", sum / Double(held.count), file["eval_loss"], 1e-3, 2e-4)
  }

  private func close(
    _ what: String, _ got: Double, _ expected: JSONValue?, _ relative: Double, _ absolute: Double
  ) throws {
    guard let expected = expected?.double else { return }
    guard abs(got - expected) <= absolute + relative * abs(expected) else {
      throw Mismatch("\(what): expected \(expected), got \(got)")
    }
  }
}

/// Notes what steps did, and the learning rate that each used.
private final class StepRecord: EventSink {
  private(set) var steps: [(loss: Double, norm: Double, rate: Double)] = []
  private var rate: Double

  init(firstRate: Double) { rate = firstRate }

  func take(_ event: TrainingEvent) {
    guard case .step(let report) = event else { return }
    steps.append((report.figures.loss, report.gradNorm ?? .nan, rate))
    rate = report.learningRate
  }
}
