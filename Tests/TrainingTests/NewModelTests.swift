import Foundation
import MPITesting
import Testing

/// Models with a vocabulary and weights of their own, from texts alone.
@Suite("Language models from scratch", .serialized, .enabled(if: !MPIRank.isOne))
struct NewModelTests {
  private func texts(_ sandbox: RunSandbox) throws {
    let words = ["the cat", "sat on", "the mat", "and the dog", "ran to", "a café"]
    for part in 0..<3 {
      let lines = (0..<60).map { "\(words[($0 + part) % 6]) \(words[($0 * 5 + 2) % 6])." }
      try sandbox.file("texts/\(part).txt", lines.joined(separator: "\n") + "\n")
    }
  }

  @Test(
    "the configurations train a vocabulary and a model on any number of workers, which write texts",
    arguments: ["bpe-gpt", "small-llama"])
  func configuration(name: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try texts(sandbox)
    let sizes =
      name == "bpe-gpt"
      ? [
        "--architecture.n_layer", "1", "--architecture.n_embd", "16", "--architecture.n_head", "2",
      ]
      : [
        "--architecture.num_hidden_layers", "1", "--architecture.hidden_size", "16",
        "--architecture.num_attention_heads", "2", "--architecture.num_key_value_heads", "1",
        "--architecture.intermediate_size", "32",
      ]
    var vocabularies: [Data] = []
    for ranks in [0, 3] {
      let result = try await sandbox.train(
        [
          "finetune", "\(RunSandbox.project)/configs/finetune/\(name).yaml", "--data.train",
          "texts", "--steps", "4", "--batch_size", "6", "--max_length", "16", "--vocabulary.size",
          "280", "--evaluation.every_steps", "2", "--run-dir", "run\(ranks)", "--data.cache",
          "cache\(ranks)",
        ] + sizes, ranks: ranks)
      try #require(result.status == 0, "\(result.tail)")
      vocabularies.append(
        try Data(
          contentsOf: URL(
            fileURLWithPath: "\(sandbox.folder)/run\(ranks)/model/tokenizer.json")))
      let evaluations = try sandbox.metrics("run\(ranks)").filter {
        $0["event"] as? String == "evaluation"
      }
      #expect((evaluations.last?["validation_perplexity"] as? Double ?? .infinity) < 400)
    }
    #expect(vocabularies[0] == vocabularies[1])
    for path in ["run3", "run3/model"] {
      let written = try await sandbox.train(
        ["generate", path, "--prompt", "the cat", "--max-new-tokens", "5"], ranks: 0)
      #expect(written.status == 0 && !written.output.isEmpty, "\(written.tail)")
    }
  }

  @Test(
    "what lacks a model, tokens or records to judge by is refused",
    arguments: [
      ([], "nothing says which model"),
      (["--architecture.model_type", "gpt2"], "what makes tokens"),
      (["--architecture.n_layer", "1", "--vocabulary.size", "300"], "architecture.model_type"),
      (["--model", "gpt2", "--vocabulary.size", "300"], "from_scratch: true"),
      (
        [
          "--architecture.model_type", "gpt2", "--vocabulary.size", "300", "--data.lines",
          "document",
        ], "packing: true"
      ),
      (
        [
          "--architecture.model_type", "gpt2", "--vocabulary.size", "300", "--data.held_out", "0.1",
          "--data.validation", "texts",
        ], "leave one of them out"
      ),
      (
        [
          "--architecture.model_type", "gpt2", "--vocabulary.size", "300", "--architecture.n_hed",
          "3", "--packing", "true",
        ], "n_hed"
      ),
      (["--architecture", "gpt2"], "architecture"),
    ])
  func refused(change: [String], message: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try texts(sandbox)
    let result = try await sandbox.train(
      ["finetune", "--task", "causal-lm", "--data.train", "texts", "--run-dir", "run"] + change,
      ranks: 0)
    #expect(result.status != 0 && result.errors.contains(message), "\(result.tail)")
  }
}
