import Foundation
import MPITesting
import TensorFiles
import Testing

/// Runs whose parameters are bfloat16 themselves.
@Suite("Runs in 16 bits", .serialized, .enabled(if: !MPIRank.isOne))
struct SixteenBitRunTests {
  /// Steps that are too small for parameters of 16 bits.
  private static func job(_ text: String) -> [String] {
    [
      "char-gpt", "--data.path", text, "--data.context", "16", "--model.layers", "1",
      "--model.heads", "2", "--model.width", "16", "--model.dropout", "0", "--steps", "60",
      "--evaluation.every_steps", "60", "--optimizer.lr", "1e-4", "--schedule.name", "constant",
      "--checkpoint.every_steps", "30",
    ]
  }

  @Test(
    "take steps that round to nothing, go on as if they had not stopped, and are judged as they were"
  )
  func roundings() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = Self.job(try sandbox.file("cat.txt", SmallData.text))
    var losses: [String: Double] = [:]
    for (name, options) in [
      ("mixed", ["--precision", "bf16"]),
      ("kahan", ["--precision", "bf16-true"]),
      ("stochastic", ["--precision", "bf16-true", "--rounding", "stochastic"]),
      ("nearest", ["--precision", "bf16-true", "--rounding", "nearest"]),
    ] {
      let result = try await sandbox.train(job + options + ["--run-dir", name], ranks: 2)
      try #require(result.status == 0, "\(result.tail)")
      let log = try String(
        contentsOfFile: "\(sandbox.folder)/\(name)/metrics.jsonl", encoding: .utf8)
      let last = try #require(log.split(separator: "\n").last)
      let row = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
      losses[name] = try #require(row?["validation_loss"] as? Double)
      let file = try SafetensorsFile(path: "\(sandbox.folder)/\(name)/model.safetensors")
      let kind = name == "mixed" ? StoredDType.float32 : .bfloat16
      #expect(file.tensors.allSatisfy { $0.dtype == kind }, "\(name)")
    }
    let mixed = try #require(losses["mixed"])
    let lost = try #require(losses["nearest"]) - mixed
    for name in ["kahan", "stochastic"] {
      let distance = abs(try #require(losses[name]) - mixed)
      #expect(distance < lost / 4, "\(losses)")
    }

    for rounding in ["kahan", "stochastic"] {
      let options = ["--precision", "bf16-true", "--rounding", rounding, "--run-dir", "half"]
      let half = try await sandbox.train(job + options + ["--steps", "30"], ranks: 2)
      try #require(half.status == 0, "\(half.tail)")
      let rest = try await sandbox.train(job + options + ["--resume"], ranks: 2)
      try #require(rest.status == 0, "\(rest.tail)")
      let files = try ["half", rounding].map {
        try Data(contentsOf: URL(filePath: "\(sandbox.folder)/\($0)/model.safetensors"))
      }
      #expect(files[0] == files[1], "\(rounding)")
      try FileManager.default.removeItem(atPath: "\(sandbox.folder)/half")
    }
    let judged = try await sandbox.train(["evaluate", "kahan"], ranks: 1)
    try #require(judged.status == 0, "\(judged.tail)")
    let loss = String(format: "loss %.4f", try #require(losses["kahan"]))
    #expect(judged.output.contains(loss), "\(judged.output)")
  }

  @Test("say what does not go together")
  func conflicts() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = Self.job(try sandbox.file("cat.txt", SmallData.text)) + ["--precision", "bf16-true"]
    let sharded = try await sandbox.train(
      job + ["--distributed.shard_optimizer", "zero1", "--run-dir", "a"], ranks: 2)
    #expect(sharded.status == 2, "\(sharded.tail)")
    #expect(sharded.tail.contains("rounding: kahan goes by whole parameters"), "\(sharded.tail)")
    let whole = try await sandbox.train(
      job + ["--optimizer.name", "lbfgs", "--run-dir", "b"], ranks: 1)
    #expect(whole.status == 2, "\(whole.tail)")
    #expect(whole.tail.contains("rounding: LBFGS moves all parameters together"), "\(whole.tail)")
  }
}
