import Foundation
import MPITesting
import Testing

/// Checkpoints that a run writes while it trains on.
@Suite(
  "A run whose checkpoints are written meanwhile",
  .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct AsynchronousCheckpointTests {
  private static let job = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--model.dropout", "0.1",
    "--epochs", "null", "--steps", "8", "--evaluation.every_epochs", "null",
    "--checkpoint.every_epochs", "null", "--checkpoint.every_steps", "2", "--checkpoint.keep", "9",
    "--schedule.warmup_steps", "0",
  ]

  @Test(
    "saves what one saves that waits, optimizers that are shared out included",
    arguments: [(0, "none"), (2, "zero1"), (3, "zero2"), (2, "zero3")])
  func same(ranks: Int, sharding: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    for isAsynchronous in [false, true] {
      let result = try await sandbox.train(
        Self.job + [
          "--distributed.shard_optimizer", sharding, "--run-dir", "\(isAsynchronous)",
          "--checkpoint.asynchronous", "\(isAsynchronous)",
        ], ranks: ranks)
      try #require(result.status == 0, "\(result.tail)")
    }
    func file(_ name: String, _ isAsynchronous: Bool) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/\(isAsynchronous)/\(name)"))
    }
    for step in [2, 4, 6, 8] {
      for part in ["model", "optimizer"] {
        let name = "checkpoints/step-0000000\(step)/\(part).safetensors"
        #expect(try file(name, true) == file(name, false), "\(name)")
      }
    }
    #expect(try file("model.safetensors", true) == file("model.safetensors", false))
  }

  @Test(
    "ends with path and reason where one cannot be written, at the next or at the end",
    arguments: [0, 2], ["2", "5"])
  func failure(ranks: Int, every: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("run/checkpoints", "taken")
    let result = try await sandbox.train(
      Self.job + ["--checkpoint.every_steps", every, "--run-dir", "run", "--log_every", "1"],
      ranks: ranks)
    #expect(result.status == 1 && !result.timedOut, "\(result.tail)")
    #expect(
      result.errors.contains("run/checkpoints") && result.errors.contains("cannot be created: "),
      "\(result.tail)")
    let steps = try sandbox.metrics().compactMap {
      $0["event"] as? String == "step" ? $0["step"] as? Int : nil
    }
    #expect(steps.last == (every == "2" ? 4 : 8))
  }

  @Test("that is asked to stop has its last checkpoint on disk when it ends")
  func stopped() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    // The signal comes after the first step.
    let result = try await MPIRun.run(
      "/bin/sh",
      [
        "-c",
        "(while ! grep -q '\"step\"' run/metrics.jsonl 2>/dev/null; do sleep 0.01; done;"
          + " kill -TERM $$) & exec \"$@\"", "sh", RunSandbox.program,
      ] + Self.job + [
        "--steps", "1000000", "--run-dir", "run", "--checkpoint.every_steps", "null",
        "--log_every", "1",
      ], ranks: 0, directory: sandbox.folder, timeout: .seconds(60))
    #expect(result.status == 143, "\(result.tail)")
    let names = try FileManager.default.contentsOfDirectory(
      atPath: "\(sandbox.folder)/run/checkpoints")
    #expect(names.count == 1 && names[0].hasPrefix("step-") && !names[0].contains("partial"))
    let last = try #require(try sandbox.metrics().last { $0["event"] as? String == "step" })
    let digits = String(last["step"] as? Int ?? -1)
    #expect(names[0].hasSuffix(digits))
  }
}
