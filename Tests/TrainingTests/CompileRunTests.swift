import Foundation
import MPITesting
import Testing

/// Runs whose forward passes are captured and replayed.
@Suite("Compiled runs", .serialized, .enabled(if: !MPIRank.isOne))
struct CompileRunTests {
  private static let digits = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "2",
  ]

  private static func characters(_ path: String) -> [String] {
    [
      "char-gpt", "--data.path", path, "--data.context", "16", "--model.layers", "2",
      "--model.heads",
      "2", "--model.width", "16", "--model.dropout", "0.1", "--steps", "8",
      "--evaluation.every_steps",
      "4", "--precision", "bf16", "--accumulate", "2",
    ]
  }

  @Test("have the weights of plain runs, on one worker and on two", arguments: [1, 2])
  func weights(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let text = try sandbox.file("cat.txt", SmallData.text)
    for (name, job) in [("digits", Self.digits), ("characters", Self.characters(text))] {
      var states: [Data] = []
      for (kind, flags) in [("plain", []), ("compiled", ["--compile"])] {
        let run = "\(name)-\(kind)"
        let result = try await sandbox.train(job + flags + ["--run-dir", run], ranks: ranks)
        try #require(result.status == 0, "\(result.tail)")
        // Nothing was computed eagerly.
        #expect(!result.tail.contains("compile:"), "\(result.tail)")
        states.append(
          try Data(contentsOf: URL(filePath: "\(sandbox.folder)/\(run)/model.safetensors")))
      }
      #expect(states[0] == states[1], "\(name)")
    }
  }
}
