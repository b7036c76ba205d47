import Foundation
import MPITesting
import Testing
import Torus

/// Training in mixed precision: float32 masters, and steps left out where a scaled gradient overflows.
@Suite("Training precision", .serialized, .enabled(if: !MPIRank.isOne))
struct PrecisionTests {
  typealias Pair = (inputs: Tensor, labels: Tensor)

  final class Net: Module {
    let first = Linear(3, 16)
    let second = Linear(16, 2)
    func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).relu()) }
  }

  private func loader() -> DataLoader<Tensor, Pair> {
    let records = TensorDataset(Tensor.randn([64, 3], generator: Generator(seed: 3)))
    return DataLoader(
      records, batches: BatchSampler(RandomSampler(recordCount: 64, seed: 1), batchSize: 8)
    ) { rows in
      (Tensor.stack(rows), Tensor(rows.map { $0[0].item() > 0 ? 1 : 0 }))
    }
  }

  private func trainer(
    _ net: Net, _ precision: TrainingPrecision, factor: Double = 1,
    _ seen: @escaping (Tensor) -> Void = { _ in }
  ) throws -> Trainer<Pair> {
    var options = TrainerOptions()
    options.precision = precision
    options.clipGradNorm = 1e6
    return try Trainer(net, optimizer: SGD(net.parameters(), lr: 0.1), options: options) {
      let logits = net($0.inputs)
      seen(logits)
      var output = StepOutput.classification(logits, $0.labels)
      output.loss = output.loss * factor
      return output
    }
  }

  @Test("losses follow those of float32, and parameters stay in it")
  func losses() throws {
    let start = Net()
    var losses: [TrainingPrecision: [Double]] = [:]
    for precision in TrainingPrecision.allCases {
      let net = Net()
      try net.load(start.stateDict())
      var kinds: Set<DType> = []
      let trainer = try trainer(net, precision) { kinds.insert($0.dtype) }
      let history = try trainer.fit(loader(), epochs: 3, validation: loader())
      losses[precision] = (history.training + history.validation).map(\.loss)
      #expect(kinds == [precision.dtype])
      #expect(net.parameters().allSatisfy { $0.dtype == .float32 })
      #expect(trainer.scaler.isEnabled == (precision == .f16) && trainer.skippedSteps == 0)
    }
    let exact = try #require(losses[.f32])
    for (precision, room) in [(TrainingPrecision.bf16, 1e-2), (.f16, 1e-3)] {
      for (loss, wanted) in zip(try #require(losses[precision]), exact) {
        #expect(abs(loss - wanted) < room, "\(precision)")
      }
    }
  }

  @Test("steps whose scaled gradients overflow are left out until the scale fits")
  func overflow() throws {
    try Generator(seed: 1).asDefault {
      let net = Net()
      let before = net.first.weight.value.array(of: Float.self)
      // Gradients of this size are beyond float16 whatever they are multiplied by.
      let stuck = try trainer(net, .f16, factor: 1e30)
      try stuck.fit(loader(), epochs: 1)
      #expect(stuck.skippedSteps == 8 && stuck.step == 8 && stuck.scaler.scale == 256)
      #expect(net.first.weight.value.array(of: Float.self) == before)
      // These fit once the scale has fallen.
      let trainer = try trainer(net, .f16, factor: 100)
      try trainer.fit(loader(), epochs: 2)
      #expect((3..<14).contains(trainer.skippedSteps))
      #expect(trainer.scaler.scale == 65536 / pow(2, Double(trainer.skippedSteps)))
      #expect(net.first.weight.value.array(of: Float.self) != before)
      #expect(net.parameters().allSatisfy { $0.value.isFinite().all().item(Bool.self) })
    }
  }

  @Test("runs take the key, on several workers and resumed", arguments: ["bf16", "f16"])
  func runs(precision: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = [
      "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "null",
      "--evaluation.every_epochs", "null", "--checkpoint.every_epochs", "null", "--precision",
      precision,
    ]
    let whole = try await sandbox.train(job + ["--steps", "6", "--run-dir", "whole"], ranks: 2)
    try #require(whole.status == 0, "\(whole.tail)")
    for steps in [["--steps", "3"], ["--steps", "6", "--resume"]] {
      let part = try await sandbox.train(job + steps + ["--run-dir", "run"], ranks: 2)
      try #require(part.status == 0, "\(part.tail)")
    }
    func weights(_ run: String) throws -> Data {
      try Data(contentsOf: URL(filePath: "\(sandbox.folder)/\(run)/model.safetensors"))
    }
    #expect(try weights("run") == weights("whole"))
  }
}
