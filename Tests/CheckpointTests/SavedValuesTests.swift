import Checkpoints
import Foundation
import NN
import Optimizers
import Tensors
import Testing

private func inSavingFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("torus-saved-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// A model with an optimizer and a schedule that have made a few steps.
private func trained(steps: Int) -> (model: Sequential, optimizer: AdamW, schedule: StepLR) {
  Generator(seed: 3).asDefault {
    let model = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
    let optimizer = AdamW(model.parameters(), lr: 0.1)
    let schedule = StepLR(optimizer, stepSize: 2)
    for _ in 0..<steps { step(model, optimizer, schedule) }
    return (model, optimizer, schedule)
  }
}

private func step(_ model: Sequential, _ optimizer: AdamW, _ schedule: StepLR) {
  optimizer.zeroGrad()
  model(Tensor.ones([2, 3])).square().sum().backward()
  optimizer.step()
  schedule.step()
}

private func values(_ model: Sequential) -> [[Float]] {
  model.stateDict().map { $0.tensor.array(of: Float.self) }
}

@Suite struct SavedValuesTests {
  @Test func `a training goes on from one file as if it had never stopped`() throws {
    try inSavingFolder { folder in
      let path = "\(folder)/c.pth"
      let first = trained(steps: 3)
      try save(
        [
          "model": first.model.stateDict(), "optimizer": first.optimizer.stateDict(),
          "schedule": first.schedule.stateDict(), "epoch": 3, "loss": 0.25, "name": "a",
          "done": false, "mean": Tensor([1.5], dtype: .float64), "history": [1, 2],
        ], to: path)
      let saved = try load(from: path)
      let second = trained(steps: 0)
      try second.model.load(saved.stateDict("model"))
      try second.optimizer.load(saved.optimizerState("optimizer"))
      try second.schedule.load(saved.optionValue("schedule"))
      #expect(try saved.int("epoch") == 3 && saved.double("loss") == 0.25)
      #expect(try saved.string("name") == "a" && saved.bool("done") == false)
      #expect(try saved.tensor("mean").array(of: Float.self) == [1.5])
      #expect(saved["history"] == [1, 2])
      for _ in 0..<3 {
        step(first.model, first.optimizer, first.schedule)
        step(second.model, second.optimizer, second.schedule)
      }
      #expect(values(first.model) == values(second.model))
    }
  }

  @Test func `what is not there, or something else, is named`() throws {
    try inSavingFolder { folder in
      let path = "\(folder)/c.pth"
      try save(["epoch": 3, "model": StateDict()], to: path)
      let saved = try load(from: path)
      let missing = #expect(throws: CheckpointError.self) { try saved.int("step") }
      #expect("\(try #require(missing))".contains("there is no “step”"))
      let other = #expect(throws: CheckpointError.self) { try saved.stateDict("epoch") }
      #expect("\(try #require(other))".contains("“epoch” holds an int where a state dict"))
      #expect(throws: CheckpointError.self) { try saved.optimizerState("model") }
      #expect(throws: CheckpointError.self) { try load(from: "\(folder)/none.pth") }
    }
  }

  /// With TORUS_TEST_TORCH=PYTHON, a Python that has PyTorch.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["TORUS_TEST_TORCH"] != nil,
      "TORUS_TEST_TORCH names no Python with PyTorch"))
  func `PyTorch goes on from what is saved here`() throws {
    let script = try #require(
      Bundle.module.url(forResource: "read_saved", withExtension: "py", subdirectory: "Golden"))
    try inSavingFolder { folder in
      let path = "\(folder)/c.pth"
      let (model, optimizer, schedule) = trained(steps: 3)
      let before = (model.stateDict(), optimizer.stateDict(), schedule.stateDict())
      for _ in 0..<2 { step(model, optimizer, schedule) }
      try save(
        [
          "model": before.0, "optimizer": before.1, "schedule": before.2, "epoch": 3, "name": "a",
          "done": false, "after": model.stateDict(),
        ], to: path)
      let process = Process()
      process.executableURL = URL(
        fileURLWithPath: ProcessInfo.processInfo.environment["TORUS_TEST_TORCH"] ?? "")
      process.arguments = [script.path, path]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }

  @Test func `PyTorch's optimizer goes on here`() throws {
    let path = try #require(
      Bundle.module.url(forResource: "optimizer", withExtension: "pth", subdirectory: "Golden")
    ).path
    let state = try load(from: path).optimizerState()
    let shapes = state.tensors.filter { $0.name.hasSuffix("exp_avg") }.map { $0.tensor.shape }
    let parameters = shapes.map { Parameter(Tensor.zeros($0)) }
    let optimizer = Adam(parameters, lr: 1)
    try optimizer.load(state)
    #expect(optimizer.groups[0].lr == 0.1)
    let again = optimizer.stateDict()
    for entry in state.tensors where entry.name.hasSuffix("exp_avg") {
      #expect(
        again.tensors[entry.name]?.array(of: Float.self) == entry.tensor.array(of: Float.self))
    }
    #expect(again.values.object?["state"]?.object?["0"]?.object?["step"]?.int == 1)
  }

  @Test func `values are written as literals`() {
    let value: PthValue = ["a": [1, 2.5, nil, true], 3: "b"]
    #expect(
      value
        == .dictionary([
          .init(.string("a"), .list([.int(1), .double(2.5), .none, .bool(true)])),
          .init(.int(3), .string("b")),
        ]))
  }

  @Test func `states are renamed, filtered and prefixed`() {
    let state = StateDict([
      ("module.fc.weight", Tensor.ones([2])), ("module.fc.bias", Tensor.ones([1])),
      ("extra", Tensor.ones([1])),
    ])
    #expect(state.dropping(prefix: "module.").names == ["fc.weight", "fc.bias"])
    #expect(state.prefixed("x.").names == ["x.module.fc.weight", "x.module.fc.bias", "x.extra"])
    #expect(state.filtered { name, _ in name.hasSuffix("bias") }.names == ["module.fc.bias"])
    let renamed = state.renamed { $0 == "extra" ? nil : $0.replacing("fc", with: "head") }
    #expect(renamed.names == ["module.head.weight", "module.head.bias"])
  }
}
