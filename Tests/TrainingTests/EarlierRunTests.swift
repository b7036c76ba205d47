import Foundation
import MPITesting
import Testing

/// Runs in a directory where another one has been.
@Suite("Earlier runs", .serialized, .enabled(if: !MPIRank.isOne))
struct EarlierRunTests {
  private let job = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "null",
    "--evaluation.every_epochs", "null", "--checkpoint.every_epochs", "null", "--run-dir", "run",
  ]

  private func checkpoints(_ sandbox: RunSandbox, _ run: String = "run") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/\(run)/checkpoints")
      .sorted()
  }

  @Test(
    "a run that begins sets an earlier one aside, whole, and is not taken for it",
    arguments: [0, 2])
  func begins(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let first = try await sandbox.train(job + ["--steps", "8"], ranks: ranks)
    try #require(first.status == 0 && !first.output.contains("earlier"), "\(first.tail)")
    try sandbox.file("run/notes.txt", "mine")
    let second = try await sandbox.train(
      job + ["--steps", "4", "--model.hidden", "4", "--checkpoint.every_steps", "2"], ranks: ranks)
    try #require(second.status == 0, "\(second.tail)")
    #expect(second.output.contains("run held an earlier run, which is in run/earlier now"))
    #expect(try checkpoints(sandbox) == ["step-00000002", "step-00000004"])
    #expect(FileManager.default.fileExists(atPath: "\(sandbox.folder)/run/notes.txt"))
    let judged = try await sandbox.train(["evaluate", "run"], ranks: ranks)
    #expect(judged.status == 0 && judged.output.contains("(step 4)"), "\(judged.tail)")
    let before = try await sandbox.train(["evaluate", "run/earlier"], ranks: ranks)
    #expect(before.status == 0 && before.output.contains("(step 8)"), "\(before.tail)")
    // It is a run of its own, which goes on where it is.
    let resumed = try await sandbox.train(
      ["run/earlier", "--resume", "--steps", "10"], ranks: ranks)
    #expect(resumed.status == 0, "\(resumed.tail)")
    #expect(try checkpoints(sandbox, "run/earlier").last == "step-00000010")
    #expect(try checkpoints(sandbox).last == "step-00000004")
    // A third run takes the second one's place there.
    let third = try await sandbox.train(job + ["--steps", "3"], ranks: ranks)
    try #require(third.status == 0, "\(third.tail)")
    #expect(try checkpoints(sandbox, "run/earlier").last == "step-00000004")
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/run/earlier/earlier"))
  }

  @Test("a run that was to go on and begins says so")
  func nothingToResume() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(job + ["--steps", "2", "--resume"], ranks: 0)
    #expect(result.status == 0, "\(result.tail)")
    #expect(result.output.contains("there is no checkpoint in run to go on from: the run begins"))
  }

  @Test(
    "a run that goes back has no later checkpoints, and one that went on is judged by its newest")
  func goesBack() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let every = ["--checkpoint.every_steps", "2", "--checkpoint.keep", "9"]
    let first = try await sandbox.train(job + every + ["--steps", "8"], ranks: 0)
    try #require(first.status == 0, "\(first.tail)")
    let back = try await sandbox.train(
      job + every + ["--steps", "5", "--resume", "run/checkpoints/step-00000004"], ranks: 0)
    try #require(back.status == 0, "\(back.tail)")
    #expect(try checkpoints(sandbox) == ["step-00000002", "step-00000004", "step-00000005"])
    // As if it had been ended on its way to step 9.
    let on = try await sandbox.train(job + ["--steps", "9", "--resume"], ranks: 0)
    try #require(on.status == 0, "\(on.tail)")
    let metrics = "\(sandbox.folder)/run/metrics.jsonl"
    let lines = try String(contentsOfFile: metrics, encoding: .utf8).split(separator: "\n")
    try sandbox.file(
      "run/metrics.jsonl", lines.dropLast().map { $0 + "\n" }.joined())
    let judged = try await sandbox.train(["evaluate", "run"], ranks: 0)
    #expect(judged.output.contains("run/checkpoints/step-00000009/model.safetensors (step 9)"))
  }

  @Test("a file that cannot be written is refused before anything is computed")
  func outputs() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let first = try await sandbox.train(job + ["--steps", "2"], ranks: 0)
    try #require(first.status == 0, "\(first.tail)")
    for (arguments, reason) in [
      (["predict", "run", "--output", "no/such.csv"], "No such file or directory"),
      (["predict", "run", "--output", "run"], "Is a directory"),
      (["evaluate", "run", "--json", "no/such.json"], "No such file or directory"),
    ] {
      for ranks in [0, 2] {
        let result = try await sandbox.train(arguments, ranks: ranks)
        #expect(result.status != 0 && !result.output.contains("records"), "\(result.tail)")
        #expect(
          result.errors.contains("\(arguments[3]) cannot be written: \(reason)"), "\(result.tail)")
      }
    }
    let report = try await sandbox.train(["report", "run", "-o", "no/such.html"], ranks: 0)
    #expect(report.errors.contains("no/such.html cannot be written: No such file or directory"))
  }

  @Test("a misspelt command is told from a configuration")
  func commands() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    for (word, meant) in [("evaluat", "evaluate"), ("reprot", "report"), ("finetun", "finetune")] {
      let result = try await sandbox.train([word, "run"], ranks: 0)
      #expect(result.status == 2)
      #expect(result.errors.contains("no command or configuration '\(word)'"), "\(result.tail)")
      #expect(result.errors.contains("did you mean ddp-train \(meant)?"), "\(result.tail)")
    }
    let configuration = try await sandbox.train(["digits-cn"], ranks: 0)
    #expect(configuration.errors.contains("did you mean 'digits-cnn'?"), "\(configuration.tail)")
  }
}
