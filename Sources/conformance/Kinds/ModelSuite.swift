import Checkpoints
import Foundation
import NN
import Optimizers
import Tensors
import Transformers

/// Tiny checkpoints with what transformers computes of them: `models/NAME/cases.safetensors` beside
/// the checkpoint. Each folder is a unit; its checks are outputs, loss, gradients, six AdamW steps,
/// greedy continuations, and that the saved model is the same when it is loaded again.
struct ModelSuite: Suite {
  private let folder: URL
  let units: [String]

  init(path: URL, options: Options) throws {
    if Self.holdsCases(path) {
      self.init(folder: path.deletingLastPathComponent(), units: [path.lastPathComponent])
    } else {
      try self.init(below: path)
    }
  }

  private init(folder: URL, units: [String]) {
    self.folder = folder
    self.units = units
  }

  /// The folders below one.
  init(below folder: URL) throws {
    let units = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { Self.holdsCases(folder.appendingPathComponent($0)) }.sorted()
    self.init(folder: folder, units: units)
    guard !units.isEmpty else {
      throw RunnerError("\(folder.path) holds no NAME/cases.safetensors")
    }
  }

  private static func holdsCases(_ url: URL) -> Bool {
    ["cases.safetensors", "cases.safetensors.gz"].contains {
      FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
    }
  }

  func checks(of unit: String) throws -> [Check] {
    let url = folder.appendingPathComponent(unit)
    let item = ModelCase(folder: url, tensors: try TensorFile(url.file("cases.safetensors")))
    var checks = [Check(id: "output") { try item.checkOutput() }]
    if item.has("loss") { checks.append(Check(id: "loss") { try item.checkGradients() }) }
    if item.has("finetune_losses") {
      checks.append(Check(id: "finetune") { try item.checkTraining() })
    }
    if item.has("greedy") { checks.append(Check(id: "greedy") { try item.checkGreedy() }) }
    checks.append(Check(id: "save") { try item.checkSaving() })
    return checks
  }
}

/// One checkpoint with its expected results.
struct ModelCase {
  let folder: URL
  let tensors: TensorFile
  /// The model's name in the hub's cache that the folder is; nil where the folder is the model's.
  let repository: String?
  private let keys: Set<String>

  init(folder: URL, tensors: TensorFile, repository: String? = nil) {
    self.folder = folder
    self.tensors = tensors
    self.repository = repository
    keys = Set(tensors.keys)
  }

  func has(_ key: String) -> Bool { keys.contains(key) }

  func optional(_ key: String) throws -> Tensor? { has(key) ? try tensors.tensor(key) : nil }

  /// The model of the folder's own class.
  func load(_ path: String? = nil) throws -> PretrainedModel {
    let model: PretrainedModel
    do {
      model = try Pretrained.load(
        path ?? repository ?? folder.path,
        .init(
          dtype: try optional("output")?.dtype, cache: repository == nil ? nil : folder.path))
    } catch let error as ModelError where error.problem == .unsupported {
      throw Unsupported("\(error)")
    }
    if let report = model.loadReport, !report.isClean { throw Mismatch("loading: \(report)") }
    return model
  }

  var inputs: ModelInputs {
    get throws {
      ModelInputs(
        inputIds: try tensors.tensor("input_ids"), attentionMask: try optional("attention_mask"),
        tokenTypeIds: try optional("token_type_ids"))
    }
  }

  /// The results by name, and the loss.
  func run(_ model: PretrainedModel) throws -> (results: [String: Tensor], loss: Tensor?) {
    let inputs = try inputs
    let labels = try optional("labels")
    switch model {
    case let model as any LabelledModel:
      let output = model(inputs, labels: labels)
      return (["output": output.logits], output.loss)
    case let model as any AnsweringModel:
      let output = model(
        inputs, startPositions: try optional("start_positions"),
        endPositions: try optional("end_positions"))
      return (
        ["start_logits": output.startLogits, "end_logits": output.endLogits], output.loss
      )
    case let model as any Seq2SeqLanguageModel:
      let output = model(Seq2SeqInputs(inputs), labels: labels)
      return (
        ["output": output.logits, "encoder_output": output.states.encoder.lastHiddenState],
        output.loss
      )
    case let model as any EncoderDecoderModel:
      let output = model(
        Seq2SeqInputs(inputs, decoderInputIds: try optional("decoder_input_ids")))
      return (["output": output.decoder.lastHiddenState], nil)
    case let model as any EncoderModel:
      let output = model(inputs)
      var results = ["output": output.lastHiddenState]
      results["pooler_output"] = output.poolerOutput
      return (results, nil)
    case let model as DecoderModel:
      return (["output": model(inputs).lastHiddenState], nil)
    default: throw Unsupported("models of the class \(type(of: model))")
    }
  }

  func checkOutput() throws { try checkOutput(of: try load()) }

  func checkOutput(of model: PretrainedModel) throws {
    let results = try noGrad { try run(model).results }
    for key in ["output", "start_logits", "end_logits", "pooler_output", "encoder_output"]
    where has(key) {
      guard let got = results[key] else { throw Mismatch("there is no \(key)") }
      try Comparison.check(got, try tensors.tensor(key), key, Tolerance.outputs)
    }
  }

  func checkGradients() throws {
    let model = try load()
    guard let loss = try run(model).loss else { throw Mismatch("there is no loss") }
    try Comparison.check(loss.detach(), try tensors.tensor("loss"), "loss", Tolerance.outputs)
    loss.backward()
    // A tied parameter has several names.
    var parameters: [String: Parameter] = [:]
    model.forEachMember { name, member in
      if case .parameter(let parameter) = member { parameters[name] = parameter }
    }
    for key in keys.sorted() where key.hasPrefix("grad.") {
      let name = String(key.dropFirst(5))
      guard let parameter = parameters[name] else { throw Mismatch("no parameter \(name)") }
      let gradient = parameter.grad ?? Tensor.zeros(like: parameter.value.detach())
      try Comparison.check(gradient, try tensors.tensor(key), key, Tolerance.gradients)
    }
    let compared = Set(
      parameters.filter { has("grad.\($0.key)") }.map { ObjectIdentifier($0.value) })
    for (name, parameter) in parameters
    where parameter.grad != nil && !compared.contains(ObjectIdentifier(parameter)) {
      throw Mismatch("\(name) has a gradient")
    }
  }

  /// Six steps of AdamW with a learning rate of 1e-3 and PyTorch's other defaults.
  func checkTraining() throws {
    let model = try load()
    let optimizer = AdamW(model.parameters(), lr: 1e-3)
    var losses: [Float] = []
    for _ in 0..<6 {
      optimizer.zeroGrad()
      guard let loss = try run(model).loss else { throw Mismatch("there is no loss") }
      losses.append(loss.item(Float.self))
      loss.backward()
      optimizer.step()
    }
    try Comparison.check(
      Tensor(losses), try tensors.tensor("finetune_losses"), "loss of step", Tolerance.steps)
  }

  /// The first row's beginning and 15 tokens more, with the checkpoint's own settings.
  func checkGreedy() throws {
    guard let model = try load() as? any GenerativeModel else {
      throw Unsupported("greedy continuations of this class")
    }
    let prompt = try tensors.tensor("input_ids")
      .sliced(dim: 0, to: 1).sliced(dim: 1, to: model.isEncoderDecoder ? 12 : 5)
    var config = GenerationConfig()
    config.maxNewTokens = 15
    let output = try model.generate(prompt, config: config)
    try Comparison.check(
      output.sequences, try tensors.tensor("greedy"), "greedy", Tolerance.outputs)
  }

  func checkSaving() throws {
    let model = try load()
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-models-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: path) }
    try model.savePretrained(path.path, maxShardSize: 60_000)
    try checkOutput(of: try load(path.path))
    try model.savePretrained(path.path)
    let (a, b) = (model.stateDict(), try load(path.path).stateDict())
    guard a.names == b.names else { throw Mismatch("saved names: \(b.names), not \(a.names)") }
    for (name, tensor) in a {
      guard let other = b[name] else { throw Mismatch("\(name) was not saved") }
      try Comparison.check(other, tensor, name) { _ in Tolerance(relative: 0, absolute: 0) }
    }
  }
}

extension Tolerance {
  /// For losses after several optimizer steps.
  static func steps(_ dtype: DType) -> Tolerance { Tolerance(relative: 1e-3, absolute: 1e-4) }
}
