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

  @Test("classifies digits as in Keras, alone and on two workers", arguments: [0, 2])
  func digits(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await MPIRun.run(
      RunSandbox.program("KerasDigits"), [], ranks: ranks, directory: sandbox.folder,
      timeout: .seconds(200))
    try #require(result.status == 0, "\(result.tail)")
    #expect(number(result.output, after: "accuracy:") > 0.95, "\(result.tail)")
    #expect(FileManager.default.fileExists(atPath: "\(sandbox.folder)/digits.safetensors"))
  }

  @Test("classifies sentences in a loop of its own on three workers")
  func sentences() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let words = ["the", "cat", "sat", "on", "a", "mat", "today"]
    for (name, count) in [("train.txt", 200), ("test.txt", 41)] {
      let lines = (0..<count).map { index in
        let text = (0..<(2 + index % 6)).map { words[(index * 5 + $0 * 3) % 7] }
        return "\(index % 2) \(text.joined(separator: " ")) \(index % 2 == 0 ? "bad" : "good")"
      }
      try sandbox.file(name, lines.joined(separator: "\n"))
    }
    let result = try await MPIRun.run(
      RunSandbox.program("TextClassifier"), ["train.txt", "test.txt"], ranks: 3,
      directory: sandbox.folder, timeout: .seconds(200))
    try #require(result.status == 0, "\(result.tail)")
    #expect(number(result.output, after: "accuracy") > 0.9, "\(result.tail)")
    #expect(FileManager.default.fileExists(atPath: "\(sandbox.folder)/sentences.pth"))
  }

  @Test("writes characters on two workers")
  func characters() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("text.txt", SmallData.text)
    let result = try await MPIRun.run(
      RunSandbox.program("CharacterGPT"), ["text.txt", "30"], ranks: 2,
      directory: sandbox.folder, timeout: .seconds(200))
    try #require(result.status == 0, "\(result.tail)")
    #expect(number(result.output, after: "30 ") < 2.2, "\(result.tail)")
    #expect(result.output.contains("the "), "\(result.tail)")
  }

  /// The number behind the last occurrence of some words.
  private func number(_ output: String, after words: String) -> Double {
    guard let place = output.range(of: words, options: .backwards) else { return .nan }
    let rest = output[place.upperBound...].drop { $0 == " " }
    return Double(rest.prefix { $0.isNumber || $0 == "." || $0 == "e" || $0 == "-" }) ?? .nan
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
