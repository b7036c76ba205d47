import Foundation
import MPITesting
import Testing

/// `ddp-train finetune` with adapters beside a frozen model.
@Suite("Fine-tuning runs of adapters", .serialized, .enabled(if: !MPIRank.isOne))
struct LoraRunTests {
  private func sandbox() async throws -> RunSandbox {
    let sandbox = try RunSandbox()
    let words = ["the cat", "sat on", "the mat", "and the dog", "ran to"]
    let lines = (0..<60).map { "\(words[$0 % 5]) \(words[($0 * 3 + 2) % 5])." }
    try sandbox.file("texts.txt", lines.joined(separator: "\n") + "\n")
    // A small model to begin with.
    let base = try await sandbox.train(
      [
        "finetune", "\(RunSandbox.project)/configs/finetune/small-llama.yaml", "--data.train",
        "texts.txt", "--steps", "2", "--batch_size", "4", "--max_length", "16", "--vocabulary.size",
        "270", "--architecture.num_hidden_layers", "1", "--architecture.hidden_size", "32",
        "--architecture.num_attention_heads", "2", "--architecture.num_key_value_heads", "1",
        "--architecture.intermediate_size", "64", "--run-dir", "base",
      ], ranks: 0)
    try #require(base.status == 0, "\(base.tail)")
    return sandbox
  }

  private let job = [
    "finetune", "--task", "causal-lm", "--model", "base/model", "--data.train", "texts.txt",
    "--data.held_out", "0.2", "--lora.r", "4", "--max_length", "16", "--batch_size", "8", "--lr",
    "1e-2", "--steps", "6", "--evaluation.every_steps", "3", "--evaluation.every_epochs", "null",
  ]

  private func adapters(_ sandbox: RunSandbox, _ run: String) throws -> Data {
    try Data(
      contentsOf: URL(
        fileURLWithPath: "\(sandbox.folder)/\(run)/model/adapter_model.safetensors"))
  }

  @Test(
    "adapters alone are trained, saved, resumed and read as a model",
    arguments: ["as_saved", "q8_0", "q4_0"])
  func runs(base: String) async throws {
    let sandbox = try await sandbox()
    defer { sandbox.remove() }
    let file = URL(fileURLWithPath: "\(sandbox.folder)/base/model/model.safetensors")
    let before = try Data(contentsOf: file)
    let job =
      job + [
        "--lora.base", base, "--checkpoint.every_steps", "4", "--checkpoint.every_epochs", "null",
      ]
    let whole = try await sandbox.train(job + ["--run-dir", "whole"], ranks: 2)
    try #require(whole.status == 0, "\(whole.tail)")
    #expect(try Data(contentsOf: file) == before)
    let losses = try sandbox.metrics("whole").compactMap { $0["validation_loss"] as? Double }
    #expect(losses.count >= 2 && losses[losses.count - 1] < losses[0])
    let part = try await sandbox.train(job + ["--run-dir", "part"], ranks: 2)
    try #require(part.status == 0, "\(part.tail)")
    let names = try FileManager.default.contentsOfDirectory(
      atPath: "\(sandbox.folder)/part/checkpoints")
    let middle = try #require(names.first { $0.contains("4") }, "\(names)")
    let resumed = try await sandbox.train(
      job + ["--run-dir", "part", "--resume", "part/checkpoints/\(middle)"], ranks: 2)
    try #require(resumed.status == 0, "\(resumed.tail)")
    #expect(try adapters(sandbox, "part") == adapters(sandbox, "whole"))
    let written = try await sandbox.train(
      ["generate", "whole", "--prompt", "the cat", "--max-new-tokens", "3"], ranks: 0)
    #expect(written.status == 0, "\(written.tail)")
  }

  @Test("a model that is spread over workers is trained, judged, saved and resumed as a whole one")
  func fullySharded() async throws {
    let sandbox = try await sandbox()
    defer { sandbox.remove() }
    let job =
      job + ["--checkpoint.every_steps", "4", "--checkpoint.every_epochs", "null", "--lora.r"]
    func run(_ rank: String, _ folder: String, _ more: [String]) async throws -> [Double] {
      let result = try await sandbox.train(job + [rank, "--run-dir", folder] + more, ranks: 2)
      try #require(result.status == 0, "\(result.tail)")
      return try sandbox.metrics(folder).compactMap { $0["validation_loss"] as? Double }
    }
    let spread = ["--distributed.shard_optimizer", "zero3"]
    let whole = try await run("4", "whole", ["--distributed.shard_optimizer", "zero2"])
    let losses = try await run("4", "spread", spread)
    #expect(losses.count == whole.count && losses.count >= 2)
    for (loss, expected) in zip(losses, whole) { #expect(abs(loss - expected) < 1e-4 * expected) }
    let before = try adapters(sandbox, "spread")
    let middle = try #require(
      try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/spread/checkpoints")
        .first { $0.contains("4") })
    _ = try await run("4", "spread", spread + ["--resume", "spread/checkpoints/\(middle)"])
    #expect(try adapters(sandbox, "spread") == before)
  }

  @Test(
    "settings of adapters that do not go together are refused",
    arguments: [
      (["--from_scratch", "true"], "lora.r"),
      (["--lora.r", "null", "--lora.base", "q8_0"], "lora.r: 8"),
      (["--lora.base", "q4_0", "--lora.dora", "true"], "lora.dora"),
      (["--lora.targets", "[nothing]"], "target_modules"),
    ])
  func refused(change: [String], message: String) async throws {
    let sandbox = try await sandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(job + change, ranks: 0)
    #expect(result.status != 0 && result.errors.contains(message), "\(result.tail)")
  }
}
