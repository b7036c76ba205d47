import Foundation
import MPITesting
import Testing

/// examples/custom-model: a program that adds a model, a data source and a metric to the command line.
/// What it is built of is a target of this package, too.
@Suite("A package of one's own", .serialized, .enabled(if: !MPIRank.isOne))
struct ExampleTests {
  private let example = "\(RunSandbox.project)/examples/custom-model"

  @Test("trains its own model on its own data, on several workers, and resumes")
  func training() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let program = RunSandbox.program("spiral-train")
    let job = ["\(example)/configs/spirals.yaml", "--run-dir", "run"]
    let result = try await MPIRun.run(
      program, job, ranks: 3, directory: sandbox.folder, timeout: .seconds(120))
    try #require(result.status == 0, "\(result.tail)")
    let last = try #require(try sandbox.metrics().last)
    #expect((last["test_accuracy"] as? Double ?? 0) > 0.95, "\(result.tail)")
    #expect((last["test_confidence"] as? Double ?? 0) > 0.5)
    #expect(result.output.contains("test confidence ") && result.output.contains(" %"))
    let plan = try String(contentsOfFile: "\(sandbox.folder)/run/shards.json", encoding: .utf8)
    #expect(plan.contains("\"records\" : 600"))
    let other = try await MPIRun.run(
      program, job + ["--resume", "--model.hidden", "16"], ranks: 3, directory: sandbox.folder,
      timeout: .seconds(60))
    #expect(other.status != 0 && other.errors.contains("set model.hidden: 32"), "\(other.tail)")
    let rest = try await MPIRun.run(
      program, job + ["--resume", "--epochs", "41", "--schedule", "constant"], ranks: 3,
      directory: sandbox.folder, timeout: .seconds(60))
    #expect(rest.status == 0 && rest.output.contains("resumed from"), "\(rest.tail)")
  }

  @Test("is named by help and by messages")
  func words() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let program = RunSandbox.program("spiral-train")
    let help = try await MPIRun.run(
      program, ["--help"], ranks: 0, directory: sandbox.folder, timeout: .seconds(60))
    for word in ["spiral-train [CONFIG]", "spiral-net", "spirals", "--data.arms", "confidence"] {
      #expect(help.output.contains(word), "\(word)")
    }
    let job = ["\(example)/configs/spirals.yaml", "--run-dir", "run"]
    for (change, words) in [
      (["--model", "spiralnet"], "did you mean spiral-net?"),
      (["--data", "digits"], "model spiral-net needs data of points"),
      (["--data.arms", "11"], "data.arms must be between 2 and 10"),
    ] {
      let result = try await MPIRun.run(
        program, job + change, ranks: 0, directory: sandbox.folder, timeout: .seconds(60))
      #expect(result.status != 0 && result.errors.contains(words), "\(result.tail)")
    }
  }

  @Test("has a manifest that names what it needs")
  func manifest() async throws {
    let result = try await MPIRun.run(
      "/bin/sh", ["-c", "swift package --package-path '\(example)' dump-package"], ranks: 0,
      directory: NSTemporaryDirectory(), timeout: .seconds(100))
    try #require(result.status == 0, "\(result.tail)")
    for word in ["\"spiral-train\"", "\"TrainCommands\"", "\"Torus\""] {
      #expect(result.output.contains(word), "\(word)")
    }
  }
}
