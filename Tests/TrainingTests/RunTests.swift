import Foundation
import MPITesting
import Settings
import Testing
import Training

/// Whole runs of `ddp-train`, on small data.
@Suite("Runs", .serialized, .enabled(if: !MPIRank.isOne))
struct RunTests {
  private let small = ["--data.path", "text.txt", "--run-dir", "run"]

  @Test("the digits are learnt by four workers")
  func digits() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      ["digits-cnn", "--run-dir", "run"], ranks: 4, timeout: .seconds(240))
    try #require(result.status == 0, "\(result.tail)")
    let last = try #require(try sandbox.metrics().last)
    #expect(last["event"] as? String == "finished")
    #expect(last["world_size"] as? Int == 4)
    #expect((last["test_accuracy"] as? Double ?? 0) >= 0.98)
    #expect((last["samples_per_second"] as? Double ?? 0) > 0)
    for name in ["config.yaml", "shards.json", "model.safetensors"] {
      #expect(FileManager.default.fileExists(atPath: "\(sandbox.folder)/run/\(name)"), "\(name)")
    }
  }

  @Test("a character model learns a text and continues a prompt")
  func characters() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("text.txt", SmallData.text)
    let result = try await sandbox.train(
      ["char-gpt"] + small + [
        "--model.layers", "1", "--model.heads", "2", "--model.width", "32", "--data.context", "16",
        "--steps", "150", "--schedule.warmup_steps", "10", "--optimizer.lr", "1e-2",
        "--data.held_out", "0.2",
      ], ranks: 2, timeout: .seconds(120))
    try #require(result.status == 0, "\(result.tail)")
    let last = try #require(try sandbox.metrics().last)
    let loss = try #require(last["validation_loss"] as? Double)
    #expect(loss < 1)
    let bits = try #require(last["bits_per_character"] as? Double)
    #expect(abs(bits - loss / 0.6931471805599453) < 1e-9)
    let sample = try await sandbox.train(
      ["generate", "run", "--prompt", "the cat", "--count", "40"], ranks: 0)
    #expect(sample.status == 0, "\(sample.tail)")
    #expect(sample.output.hasPrefix("the cat"))
    #expect(sample.output.count >= 47)
  }

  @Test("sentences of different lengths are classified")
  func sentences() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    var lines: [String] = []
    for index in 0..<240 {
      let filler = (0..<(index % 7)).map { "w\(($0 * 5 + index) % 11)" }.joined(separator: " ")
      lines.append(index % 2 == 0 ? "1 \(filler) good" : "0 bad \(filler)")
    }
    for name in ["train", "dev", "test"] {
      try sandbox.file("reviews/\(name).txt", lines.joined(separator: "\n") + "\n")
    }
    let result = try await sandbox.train(
      [
        "text-lstm", "--data.path", "reviews", "--run-dir", "run", "--epochs", "6",
        "--model.embedding", "16", "--model.hidden", "16", "--batch_size", "16",
        "--optimizer.lr", "1e-2",
      ], ranks: 3, timeout: .seconds(120))
    try #require(result.status == 0, "\(result.tail)")
    let last = try #require(try sandbox.metrics().last)
    #expect((last["test_accuracy"] as? Double ?? 0) > 0.95)
  }

  @Test("MNIST files are read from a folder")
  func mnist() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try SmallData.mnist(in: sandbox)
    let result = try await sandbox.train(
      [
        "mnist-cnn", "--data.path", "mnist", "--run-dir", "run", "--batch_size", "16",
        "--epochs", "25", "--schedule.warmup_steps", "0", "--model.channels", "[4, 8]",
        "--optimizer.lr", "5e-3",
      ], ranks: 2, timeout: .seconds(120))
    try #require(result.status == 0, "\(result.tail)")
    let last = try #require(try sandbox.metrics().last)
    #expect((last["test_accuracy"] as? Double ?? 0) > 0.95)
  }

  @Test("a resumed run equals one that never stopped, bit for bit", arguments: [1, 2])
  func resume(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = [
      "digits-cnn", "--model.dropout", "0.2", "--checkpoint.every_steps", "7",
      "--checkpoint.every_epochs", "null", "--checkpoint.keep", "9", "--epochs", "null",
      "--model.channels", "[4, 8]", "--schedule.decay_steps", "60",
    ]
    let whole = try await sandbox.train(
      job + ["--steps", "60", "--run-dir", "whole"], ranks: ranks)
    try #require(whole.status == 0, "\(whole.tail)")
    // Mid-epoch, at a step that is no multiple of anything.
    let part = try await sandbox.train(job + ["--steps", "52", "--run-dir", "parts"], ranks: ranks)
    try #require(part.status == 0, "\(part.tail)")
    let rest = try await sandbox.train(
      job + ["--steps", "60", "--run-dir", "parts", "--resume"], ranks: ranks)
    try #require(rest.status == 0, "\(rest.tail)")
    #expect(rest.output.contains("resumed"))
    let expected = try Data(
      contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/whole/model.safetensors"))
    let resumed = try Data(
      contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/parts/model.safetensors"))
    #expect(expected == resumed)
  }

  @Test("a claim on a run directory waits for the one before it")
  func waitingClaim() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = "\(sandbox.folder)/run"
    var first = try RunDirectoryClaim.take(folder, patience: .zero)
    try #require(first != nil)
    #expect(throws: RunLogError.inUse(folder)) {
      try RunDirectoryClaim.take(folder, patience: .zero)
    }
    let second = Task { try RunDirectoryClaim.take(folder, patience: .seconds(60)) != nil }
    first = nil
    #expect(try await second.value)
  }

  @Test("a run directory that another job writes to is refused until that one has ended")
  func claimed() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = "\(sandbox.folder)/run"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    let job = ["digits-cnn", "--model.channels", "[4, 8]", "--epochs", "1", "--run-dir", "run"]
    let refused = try await sandbox.train(job, ranks: 2)
    #expect(refused.status != 0)
    #expect(refused.tail.contains("another run is writing to run;"), "\(refused.tail)")
    for name in ["metrics.jsonl", "config.yaml", "checkpoints"] {
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(name)"))
    }
    close(descriptor)
    let result = try await sandbox.train(job, ranks: 2)
    #expect(result.status == 0, "\(result.tail)")
  }

  @Test("a checkpoint of another optimizer or of other records is refused, and nothing is lost")
  func otherRun() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = ["digits-cnn", "--model.channels", "[4, 8]", "--epochs", "1", "--run-dir", "run"]
    let first = try await sandbox.train(job, ranks: 2)
    try #require(first.status == 0, "\(first.tail)")
    let metrics = try sandbox.metrics().count
    for (change, words) in [
      (["--optimizer.name", "sgd"], "saved with optimizer adamw, and the configuration has sgd"),
      (["--data.held_out", "300"], "saved with 1437 training records, and the configuration has"),
    ] {
      let result = try await sandbox.train(job + ["--resume"] + change, ranks: 2)
      #expect(result.status != 0)
      #expect(result.tail.contains(words), "\(result.tail)")
    }
    #expect(try sandbox.metrics().count == metrics)
    let again = try await sandbox.train(job + ["--resume"], ranks: 2)
    #expect(again.status == 0, "\(again.tail)")
  }

  @Test(
    "a run whose optimizer is shared out resumes bit for bit, and on other workers too",
    arguments: ["zero1", "zero2", "zero3"])
  func shardedResume(stage: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = [
      "digits-cnn", "--checkpoint.every_epochs", "null", "--epochs", "null",
      "--model.channels", "[4, 8]", "--model.dropout", "0", "--schedule.warmup_steps", "5",
      "--schedule.decay_steps", "40", "--clip_grad_norm", "1",
      "--distributed.first_bucket_mb", "0.01", "--distributed.bucket_mb", "0.02",
    ]
    let sharded = ["--distributed.shard_optimizer", stage]
    func run(_ arguments: [String], ranks: Int) async throws -> Double {
      let result = try await sandbox.train(job + arguments, ranks: ranks)
      try #require(result.status == 0, "\(result.tail)")
      return try #require(try sandbox.metrics(arguments[3]).last?["test_loss"] as? Double)
    }
    let whole = try await run(["--steps", "40", "--run-dir", "whole"] + sharded, ranks: 3)
    let plain = try await run(["--steps", "40", "--run-dir", "plain"], ranks: 3)
    #expect(abs(whole - plain) < 1e-3 * plain)
    _ = try await run(["--steps", "31", "--run-dir", "parts"] + sharded, ranks: 3)
    try FileManager.default.copyItem(
      atPath: "\(sandbox.folder)/parts", toPath: "\(sandbox.folder)/other")
    let rest = ["--steps", "40", "--run-dir", "parts", "--resume"]
    #expect(try await run(rest + sharded, ranks: 3) == whole)
    // The saved state is that of an optimizer that is not shared out.
    let alone = try await run(["--steps", "40", "--run-dir", "other", "--resume"], ranks: 1)
    #expect(abs(alone - whole) < 1e-2 * whole)
  }

  @Test("shares of gradients travel in half precision and in a static graph, as whole ones do")
  func shardedReduction() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    func run(_ stage: String) async throws -> Double {
      let result = try await sandbox.train(
        [
          "digits-cnn", "--steps", "30", "--run-dir", stage, "--epochs", "null",
          "--model.channels", "[4, 8]", "--model.dropout", "0",
          "--distributed.first_bucket_mb", "0.01", "--distributed.bucket_mb", "0.02",
          "--distributed.reduce_dtype", "bfloat16", "--distributed.static_graph", "true",
          "--distributed.shard_optimizer", stage,
        ], ranks: 3)
      try #require(result.status == 0, "\(result.tail)")
      return try #require(try sandbox.metrics(stage).last?["test_loss"] as? Double)
    }
    let (whole, shared) = (try await run("none"), try await run("zero2"))
    #expect(whole == shared)
  }

  @Test(
    "a run with a communication hook resumes bit for bit, and on other workers too",
    arguments: [
      ["powersgd", "start_powersgd_iter", "5", "matrix_approximation_rank", "2"],
      ["batched_powersgd", "start_powersgd_iter", "5", "matrix_approximation_rank", "2"],
      ["post_local_sgd", "start_localsgd_iter", "5", "subgroup", "2"],
      ["post_local_sgd", "start_localsgd_iter", "5", "subgroup", "none"],
    ])
  func hookResume(hook: [String]) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = [
      "digits-cnn", "--checkpoint.every_epochs", "null", "--epochs", "null",
      "--model.channels", "[4, 8]", "--model.dropout", "0.2", "--schedule.warmup_steps", "5",
      "--schedule.decay_steps", "60", "--clip_grad_norm", "1",
      "--distributed.first_bucket_mb", "0.01", "--distributed.bucket_mb", "0.02",
      "--distributed.hook", hook[0], "--distributed.hook.\(hook[1])", hook[2],
      "--distributed.hook.\(hook[3])", hook[4],
    ]
    func run(_ arguments: [String], ranks: Int) async throws -> Double {
      let result = try await sandbox.train(job + arguments, ranks: ranks)
      try #require(result.status == 0, "\(result.tail)")
      return try #require(try sandbox.metrics(arguments[3]).last?["test_loss"] as? Double)
    }
    func weights(_ run: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/\(run)/model.safetensors"))
    }
    // The last one is neither a step of an average of models nor the end of an epoch.
    let whole = try await run(["--steps", "39", "--run-dir", "whole"], ranks: 4)
    _ = try await run(["--steps", "31", "--run-dir", "parts"], ranks: 4)
    try FileManager.default.copyItem(
      atPath: "\(sandbox.folder)/parts", toPath: "\(sandbox.folder)/other")
    _ = try await run(["--steps", "39", "--run-dir", "parts", "--resume"], ranks: 4)
    #expect(try weights("whole") == weights("parts"))
    for ranks in [2, 1] {
      let folder = "other\(ranks)"
      try FileManager.default.copyItem(
        atPath: "\(sandbox.folder)/other", toPath: "\(sandbox.folder)/\(folder)")
      let other = try await run(
        ["--steps", "39", "--run-dir", folder, "--resume"], ranks: ranks)
      #expect(abs(other - whole) < 2e-2 * whole)
    }
  }

  @Test("a damaged checkpoint is refused by name and the one before it offered")
  func damagedCheckpoint() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = [
      "digits-cnn", "--checkpoint.every_steps", "5", "--run-dir", "run", "--epochs", "null",
      "--model.channels", "[4, 8]",
    ]
    let first = try await sandbox.train(job + ["--steps", "10"], ranks: 1)
    try #require(first.status == 0, "\(first.tail)")
    let newest = "\(sandbox.folder)/run/checkpoints/step-00000010/model.safetensors"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: newest))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: newest))
    let refused = try await sandbox.train(job + ["--steps", "15", "--resume"], ranks: 2)
    #expect(refused.status != 0)
    #expect(refused.errors.contains("step-00000010"), "\(refused.tail)")
    #expect(refused.errors.contains("--resume run/checkpoints/step-00000005"), "\(refused.tail)")
    let offered = try await sandbox.train(
      job + ["--steps", "15", "--resume", "run/checkpoints/step-00000005"], ranks: 2)
    #expect(offered.status == 0, "\(offered.tail)")
    // A job that its launcher started again must not wait for a person.
    try bytes.write(
      to: URL(fileURLWithPath: "\(sandbox.folder)/run/checkpoints/step-00000015/model.safetensors"))
    let restarted = try await sandbox.train(
      job + ["--steps", "20", "--resume"], ranks: 2, environment: ["TORUS_RESTART_COUNT": "1"])
    #expect(restarted.status == 0, "\(restarted.tail)")
  }

  @Test("a request to stop saves a checkpoint from which the run goes on")
  func stopRequest() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let script = try sandbox.file(
      "stopper.sh",
      """
      #!/bin/sh
      "$@" &
      worker=$!
      if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then
        while ! grep -q '"step"' run/metrics.jsonl 2>/dev/null; do sleep 0.1; done
        kill -USR1 $worker
      fi
      wait $worker
      """)
    let result = try await MPIRun.run(
      "/bin/sh",
      [
        script, RunSandbox.program, "digits-cnn", "--epochs", "1000", "--run-dir", "run", "--trace",
      ],
      ranks: 2, directory: sandbox.folder, timeout: .seconds(60))
    #expect(result.status == 143, "\(result.tail)")
    try Trace("\(sandbox.folder)/run/trace.json").check(ranks: 2)
    let last = try #require(try sandbox.metrics().last)
    #expect(last["event"] as? String == "stopped")
    let step = try #require(last["step"] as? Int)
    let resumed = try await sandbox.train(
      ["digits-cnn", "--steps", "\(step + 3)", "--run-dir", "run", "--resume"], ranks: 2)
    #expect(resumed.status == 0, "\(resumed.tail)")
    #expect(resumed.output.contains("step \(step)"))
  }
}
