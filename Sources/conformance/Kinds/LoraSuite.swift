import Foundation
import NN
import Optimizers
import Tensors
import Transformers

/// Checkpoints with adapters as PEFT writes them: `lora/NAME/` with a base model, `adapter/` and
/// `cases.safetensors`. Each folder is a unit; its checks are the base model's output, those beside and
/// merged, loss and gradients of what trains, six AdamW steps, and that saved adapters are the same.
struct LoraSuite: Suite {
  private let folder: URL
  let units: [String]

  init(path: URL) throws {
    (folder, units) = try CaseFolder.folders(path, with: "adapter/adapter_config.json")
  }

  func checks(of unit: String) throws -> [Check] {
    let url = folder.appendingPathComponent(unit)
    let item = LoraCase(
      url, ModelCase(folder: url, tensors: try TensorFile(url.file("cases.safetensors"))))
    var checks = [
      Check(id: "output") { try item.checkOutputs() },
      Check(id: "merged") { try item.checkMerging() },
      Check(id: "save") { try item.checkSaving() },
    ]
    if item.model.has("loss") { checks.append(Check(id: "loss") { try item.checkGradients() }) }
    if item.model.has("finetune_losses") {
      checks.append(Check(id: "finetune") { try item.checkTraining() })
    }
    return checks
  }
}

/// One checkpoint with its adapters and expected results.
private struct LoraCase {
  let adapter: String
  let model: ModelCase

  init(_ folder: URL, _ model: ModelCase) {
    adapter = folder.appendingPathComponent("adapter").path
    self.model = model
  }

  private func load(
    _ adapter: String, isTrainable: Bool = false
  ) throws -> (PretrainedModel, PeftModel) {
    let base = try model.load()
    do {
      return (base, try PeftModel.fromPretrained(base, adapter, isTrainable: isTrainable))
    } catch let error as ModelError where error.problem == .unsupported {
      throw Unsupported("\(error)")
    }
  }

  private func check(_ base: PretrainedModel, _ key: String) throws {
    guard let output = try noGrad({ try model.run(base).results["output"] }) else {
      throw Mismatch("there is no output")
    }
    try Comparison.check(output, try model.tensors.tensor(key), key, Tolerance.outputs)
  }

  func checkOutputs() throws {
    try check(try model.load(), "base_output")
    let (base, peft) = try load(adapter)
    try check(base, "output")
    try peft.withoutAdapters { try check(base, "base_output") }
    try check(base, "output")
  }

  func checkMerging() throws {
    let (base, peft) = try load(adapter)
    let before = base.stateDict()
    try peft.merge()
    let state = base.stateDict()
    for key in model.tensors.keys where key.hasPrefix("merged.") {
      guard let value = state[String(key.dropFirst(7))] else {
        throw Mismatch("there is no \(key)")
      }
      try Comparison.check(value, try model.tensors.tensor(key), key, Tolerance.outputs)
    }
    try check(base, "merged_output")
    try peft.withoutAdapters { try check(base, "base_output") }
    peft.unmerge()
    for (name, tensor) in base.stateDict() {
      guard let other = before[name] else { throw Mismatch("\(name) is new") }
      try Comparison.check(tensor, other, name) { _ in Tolerance(relative: 0, absolute: 0) }
    }
    try peft.mergeAndUnload()
    try check(base, "merged_output")
    guard base.parameters().allSatisfy(\.requiresGrad) else { throw Mismatch("it stays frozen") }
  }

  func checkSaving() throws {
    let copy = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-lora-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: copy) }
    let (_, peft) = try load(adapter)
    try peft.savePretrained(copy.path)
    let (again, _) = try load(copy.path)
    try check(again, "output")
    let name = "adapter_model.safetensors"
    let (a, b) = (
      try TensorFile(URL(fileURLWithPath: adapter).file(name)), try TensorFile(copy.file(name))
    )
    // With bias "all", PEFT also writes a module that trains in full as it holds it.
    let inner = [".original_module.", ".modules_to_save."]
    let keys = a.keys.filter { key in !inner.contains { key.contains($0) } }.sorted()
    guard keys == b.keys.sorted() else {
      let different = Set(b.keys).symmetricDifference(keys).sorted()
      throw Mismatch("saved names differ: \(different.joined(separator: ", "))")
    }
    for key in keys {
      try Comparison.check(try b.tensor(key), try a.tensor(key), key) { _ in
        Tolerance(relative: 0, absolute: 0)
      }
    }
  }

  func checkGradients() throws {
    let (base, peft) = try load(adapter, isTrainable: true)
    guard let loss = try model.run(base).loss else { throw Mismatch("there is no loss") }
    try Comparison.check(loss.detach(), try model.tensors.tensor("loss"), "loss", Tolerance.outputs)
    loss.backward()
    var compared: Set<ObjectIdentifier> = []
    for (name, parameter) in peft.namedAdapterParameters where model.has("grad.\(name)") {
      let gradient = parameter.grad ?? Tensor.zeros(like: parameter.value.detach())
      try Comparison.check(
        gradient, try model.tensors.tensor("grad.\(name)"), "grad.\(name)", Tolerance.gradients)
      compared.insert(ObjectIdentifier(parameter))
    }
    let expected = model.tensors.keys.filter { $0.hasPrefix("grad.") }.count
    guard compared.count == expected else {
      throw Mismatch("\(compared.count) of \(expected) gradients have a parameter")
    }
    for (name, parameter) in base.namedParameters()
    where parameter.grad != nil && !compared.contains(ObjectIdentifier(parameter)) {
      throw Mismatch("\(name) has a gradient")
    }
  }

  /// Six steps of AdamW with a learning rate of 1e-2 and PyTorch's other defaults.
  func checkTraining() throws {
    let (base, peft) = try load(adapter, isTrainable: true)
    let optimizer = AdamW(peft.trainableParameters, lr: 1e-2)
    var losses: [Float] = []
    for _ in 0..<6 {
      optimizer.zeroGrad()
      guard let loss = try model.run(base).loss else { throw Mismatch("there is no loss") }
      losses.append(loss.item(Float.self))
      loss.backward()
      optimizer.step()
    }
    try Comparison.check(
      Tensor(losses), try model.tensors.tensor("finetune_losses"), "loss of step", Tolerance.steps)
  }
}
