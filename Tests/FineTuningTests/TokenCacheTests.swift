import Foundation
import MPITesting
import Testing

/// `ddp-train finetune` with features that are kept for the next run.
@Suite("Token caches of runs", .serialized, .enabled(if: !MPIRank.isOne))
struct TokenCacheTests {
  private let job = [
    "finetune", "--model", "bert", "--from_scratch", "true", "--data.train", "train.txt",
    "--data.validation", "dev.txt", "--data.lines", "label_first", "--batch_size", "6", "--lr",
    "1e-2", "--log_every", "1", "--run-dir", "run", "--max_length", "16", "--steps", "4",
  ]

  private func sandbox() throws -> RunSandbox {
    let sandbox = try RunSandbox()
    let words = ["the", "cat", "sat", "on", "mat", "good", "bad"]
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words
    try sandbox.file("bert/vocab.txt", tokens.joined(separator: "\n") + "\n")
    try sandbox.file(
      "bert/tokenizer_config.json",
      #"{"tokenizer_class": "BertTokenizer", "model_max_length": 64}"#)
    try sandbox.file(
      "bert/config.json",
      """
      {"model_type": "bert", "vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 1,
       "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 64}
      """)
    func lines(_ range: Range<Int>) -> String {
      range.map { index in
        let text = (0..<(2 + index % 5)).map { words[(index * 3 + $0 * 2) % 7] }
        return "\(index % 2) \(text.joined(separator: " "))"
      }.joined(separator: "\n")
    }
    try sandbox.file("train.txt", lines(0..<30))
    try sandbox.file("dev.txt", lines(30..<41))
    return sandbox
  }

  private func run(
    _ sandbox: RunSandbox, _ more: [String] = [], ranks: Int = 2
  ) async throws -> (weights: Data, words: String) {
    let result = try await sandbox.train(job + more, ranks: ranks)
    try #require(result.status == 0, "\(result.tail)")
    let path = "\(sandbox.folder)/run/model/model.safetensors"
    return (try Data(contentsOf: URL(fileURLWithPath: path)), result.output + result.errors)
  }

  private func files(_ sandbox: RunSandbox, _ folder: String = "runs/tokens") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/\(folder)").sorted()
  }

  @Test("each rank makes a part of the features, which later runs find, with equal results")
  func reused() async throws {
    let sandbox = try sandbox()
    defer { sandbox.remove() }
    let without = try await run(sandbox, ["--data.cache", "null"])
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/runs/tokens"))
    let made = try await run(sandbox)
    let names = try files(sandbox)
    #expect(names.count { $0.hasPrefix("train-txt") && $0.hasSuffix("-of-2.tokens") } == 2)
    #expect(made.words.contains("tokens kept in runs/tokens"), "\(made.words)")
    let found = try await run(sandbox)
    #expect(found.words.contains("train.txt: tokens from runs/tokens"), "\(found.words)")
    #expect(try files(sandbox) == names)
    // Another number of ranks reads what two have made.
    let alone = try await run(sandbox, ranks: 0)
    #expect(alone.words.contains("train.txt: tokens from runs/tokens"), "\(alone.words)")
    #expect(try files(sandbox) == names)
    #expect(without.weights == made.weights && made.weights == found.weights)
  }

  @Test("other settings, records and tokens have features of their own")
  func keyed() async throws {
    let sandbox = try sandbox()
    defer { sandbox.remove() }
    var manifests = 0
    func grows(_ more: [String] = []) async throws -> Bool {
      _ = try await run(sandbox, ["--data.cache", "mine"] + more, ranks: 0)
      let count = try files(sandbox, "mine").count { $0.hasPrefix("train-txt") }
      defer { manifests = count }
      return count > manifests
    }
    #expect(try await grows())
    #expect(try await !grows(["--lr", "2e-2"]))
    #expect(try await grows(["--max_length", "4"]))
    try sandbox.file("train.txt", "0 cat\n1 mat\n0 cat sat\n1 on\n0 the\n1 bad\n")
    #expect(try await grows())
    try sandbox.file(
      "bert/tokenizer_config.json",
      #"{"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": false}"#)
    #expect(try await grows())
  }

  @Test(
    "what is damaged or foreign is made anew, which is said",
    arguments: ["bits", "short", "gone", "manifest", "foreign"])
  func damaged(way: String) async throws {
    let sandbox = try sandbox()
    defer { sandbox.remove() }
    let good = try await run(sandbox)
    let names = try files(sandbox)
    func url(_ prefix: String, _ suffix: String) throws -> URL {
      let name = try #require(
        names.first {
          $0.hasPrefix(prefix) && $0.hasSuffix(suffix) && !$0.contains("labels")
        })
      return URL(fileURLWithPath: "\(sandbox.folder)/runs/tokens/\(name)")
    }
    let shard = try url("train-txt", "2-of-2.tokens")
    let manifest = try url("train-txt", ".json")
    switch way {
    case "bits":
      var bytes = try Data(contentsOf: shard)
      bytes[bytes.count - 3] ^= 4
      try bytes.write(to: shard)
    case "short": try Data(contentsOf: shard).dropLast(9).write(to: shard)
    case "gone": try FileManager.default.removeItem(at: shard)
    case "manifest": try Data(contentsOf: manifest).dropLast(30).write(to: manifest)
    default: try Data(contentsOf: try url("dev-txt", ".json")).write(to: manifest)
    }
    let again = try await run(sandbox)
    #expect(again.words.contains("it is made anew"), "\(again.words)")
    #expect(again.weights == good.weights)
    let third = try await run(sandbox)
    #expect(third.words.contains("train.txt: tokens from"), "\(third.words)")
    #expect(!third.words.contains("anew"))
  }

  @Test("where the folder cannot be written, features stay in memory")
  func unwritable() async throws {
    let sandbox = try sandbox()
    defer { sandbox.remove() }
    try sandbox.file("taken", "a file")
    let good = try await run(sandbox, ["--data.cache", "null"])
    let kept = try await run(sandbox, ["--data.cache", "taken"])
    #expect(kept.words.contains("tokens stay in memory"), "\(kept.words)")
    #expect(kept.weights == good.weights)
  }
}
