import Foundation
import MPITesting
import Testing

/// Runs with PyTorch's schedules and optimizers, by their names.
@Suite("Runs with named schedules", .serialized, .enabled(if: !MPIRank.isOne))
struct NamedScheduleTests {
  private let job = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "null",
    "--log_every", "1", "--evaluation.every_epochs", "null", "--evaluation.every_steps", "2",
    "--evaluation.max_batches", "1", "--checkpoint.every_epochs", "null",
  ]

  private func rates(_ sandbox: RunSandbox, _ run: String) throws -> [Double] {
    try sandbox.metrics(run).filter { $0["event"] as? String == "step" }
      .compactMap { $0["learning_rate"] as? Double }
  }

  @Test(
    "a resumed run has the rates, and the model, of one that never stopped",
    arguments: [
      ["StepLR", "step_size", "3"], ["MultiStepLR", "milestones", "[2, 6, 6]"],
      ["OneCycleLR", "max_lr", "0.01", "total_steps", "9"], ["CosineAnnealingLR", "T_max", "9"],
      ["CyclicLR", "base_lr", "1e-3", "max_lr", "1e-2", "step_size_up", "3"],
      ["ReduceLROnPlateau", "patience", "0", "threshold", "0.5"], ["inverse_sqrt"],
      ["cosine_with_min_lr", "min_lr", "1e-4", "num_training_steps", "9"],
    ])
  func resume(schedule: [String]) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    var named = job + ["--schedule", schedule[0]]
    for place in stride(from: 1, to: schedule.count, by: 2) {
      named += ["--schedule.\(schedule[place])", schedule[place + 1]]
    }
    for (run, steps, more) in [
      ("whole", "9", []), ("parts", "5", []), ("parts", "9", ["--resume"]),
    ] {
      let result = try await sandbox.train(
        named + ["--run-dir", run, "--steps", steps] + more, ranks: 0)
      try #require(result.status == 0, "\(result.tail)")
    }
    let (whole, parts) = (try rates(sandbox, "whole"), try rates(sandbox, "parts"))
    #expect(whole.count == 9 && whole == parts && Set(whole).count > 1, "\(whole), \(parts)")
    func weights(_ run: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/\(run)/model.safetensors"))
    }
    #expect(try weights("whole") == weights("parts"))
  }

  @Test("an optimizer that evaluates the loss itself trains on two workers")
  func closures() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + [
        "--optimizer", "lbfgs", "--optimizer.max_iter", "5", "--optimizer.line_search_fn",
        "strong_wolfe", "--batch_size", "720", "--steps", "4", "--run-dir", "run",
        "--schedule", "constant", "--schedule.warmup_steps", "0", "--model.dropout", "0",
      ], ranks: 2, timeout: .seconds(100))
    try #require(result.status == 0, "\(result.tail)")
    let losses = try sandbox.metrics().compactMap { $0["train_loss"] as? Double }
    #expect(losses.count == 4 && (losses.last ?? 9) < 0.95 * (losses.first ?? 0), "\(losses)")
  }

  @Test("early stopping ends a run on all workers, as a finished one")
  func early() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + [
        "--callbacks", "early-stopping", "--callbacks.patience", "2", "--optimizer.lr", "0",
        "--steps", "50", "--run-dir", "run",
      ], ranks: 2)
    try #require(result.status == 0, "\(result.tail)")
    let last = try #require(try sandbox.metrics().last)
    // The first evaluation is the best; two more are borne, and the step under way.
    #expect(last["event"] as? String == "finished" && last["step"] as? Int == 7)
  }

  @Test("TensorBoard's files are written once, on rank 0")
  func tensorBoard() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + ["--callbacks", "tensorboard", "--steps", "4", "--run-dir", "run"], ranks: 2)
    try #require(result.status == 0, "\(result.tail)")
    let folder = URL(filePath: "\(sandbox.folder)/run/tensorboard")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(files.count == 1)
    let bytes = try Data(contentsOf: folder.appending(path: try #require(files.first)))
    for tag in ["config", "loss/train", "loss/validation", "run/learning_rate"] {
      #expect(bytes.range(of: Data(tag.utf8)) != nil, "\(tag)")
    }
  }

  @Test("MLflow's folder has the keys and curves of a run, which goes on where it is resumed")
  func mlflow() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let store = "\(sandbox.folder)/mlruns"
    func runs() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "\(store)/0").filter { $0 != "meta.yaml" }
    }
    func text(_ path: String) throws -> String {
      try String(contentsOfFile: "\(store)/0/\(#require(runs().first))/\(path)", encoding: .utf8)
    }
    for steps in [["--steps", "4"], ["--steps", "6", "--resume"]] {
      let result = try await sandbox.train(
        job + steps + [
          "--callbacks", "mlflow", "--checkpoint.every_steps", "2", "--run-dir", "run",
        ], ranks: 2)
      try #require(result.status == 0, "\(result.tail)")
      #expect(try runs().count == 1)
      let losses = try text("metrics/train_loss").split(whereSeparator: \.isNewline)
        .map { $0.split(separator: " ") }
      #expect(losses.map { $0.last ?? "" } == (1...(Int(steps[1]) ?? 0)).map { "\($0)" })
      let logged = try sandbox.metrics().compactMap { $0["train_loss"] as? Double }
      #expect(losses.map { Double($0[1]) } == logged)
      #expect(try text("metrics/test_loss").hasSuffix(" \(steps[1])\n"))
      #expect(try text("params/model.channels") == "[2, 4]")
      #expect(try text("artifacts/config.yaml").contains("channels: [2, 4]"))
      #expect(try text("meta.yaml").contains("status: 3\n"))
    }
  }

  @Test("a run that ends by an error is marked so in MLflow's folder, with the error")
  func mlflowFailure() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      job + [
        "--steps", "6", "--callbacks", "mlflow", "--run-dir", "run", "--optimizer.lr", "1e30",
      ], ranks: 2)
    #expect(result.status != 0)
    let store = "\(sandbox.folder)/mlruns/0"
    let runs = try FileManager.default.contentsOfDirectory(atPath: store)
      .filter { $0 != "meta.yaml" }
    let folder = "\(store)/\(try #require(runs.first))"
    let facts = try String(contentsOfFile: "\(folder)/meta.yaml", encoding: .utf8)
    #expect(facts.contains("status: 4\n") && !facts.contains("end_time: null"))
    let error = try String(contentsOfFile: "\(folder)/tags/torus.error", encoding: .utf8)
    #expect(error.contains("finite") || error.contains("NaN"), "\(error)")
    let log = try String(contentsOfFile: "\(sandbox.folder)/run/metrics.jsonl", encoding: .utf8)
    let last = try #require(log.split(whereSeparator: \.isNewline).last)
    #expect(last.hasPrefix("{\"event\": \"failed\", \"reason\": ") && last.contains(error))
  }
}
