import Foundation
import MPITesting
import Testing

/// `ddp-train evaluate` and `ddp-train predict` of fine-tuned models.
@Suite("Fine-tuned models are judged", .serialized, .enabled(if: !MPIRank.isOne))
struct FineTuneJudgementTests {
  private static let words = [
    "the", "cat", "dog", "sat", "ran", "on", "mat", "good", "bad", "film",
  ]

  /// A folder with a small BERT's configuration, and a table of records.
  private func withModel(
    _ records: String, _ body: (RunSandbox) async throws -> Void
  ) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"] + Self.words
    try sandbox.file("bert/vocab.txt", tokens.joined(separator: "\n") + "\n")
    try sandbox.file(
      "bert/tokenizer_config.json",
      #"{"tokenizer_class": "BertTokenizer", "model_max_length": 64}"#)
    try sandbox.file(
      "bert/config.json",
      """
      {"model_type": "bert", "vocab_size": 17, "hidden_size": 16, "num_hidden_layers": 1,
       "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 64}
      """)
    try sandbox.file("train.jsonl", records)
    try await body(sandbox)
  }

  /// A run from scratch, or of adapters beside the model in a folder.
  private func job(_ task: String, adapting base: String? = nil) -> [String] {
    let model =
      base.map { ["--model", $0, "--lora.r", "2"] }
      ?? ["--model", "bert", "--from_scratch", "true"]
    return ["finetune"] + model + [
      "--task", task, "--data.train", "train.jsonl", "--data.test", "train.jsonl", "--batch_size",
      "4", "--lr", "1e-2", "--epochs", "2", "--max_length", "16", "--run-dir", "run",
    ]
  }

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(whereSeparator: \.isNewline).map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }

  /// Trains a task, judges it as its end was judged, and returns the predictions of `data` on one and on
  /// three ranks.
  private func predictions(
    _ task: String, _ figure: String, of data: String, adapting base: String? = nil,
    in sandbox: RunSandbox
  ) async throws -> [[String: Any]] {
    let trained = try await sandbox.train(job(task, adapting: base), ranks: 0)
    #expect(trained.status == 0, "\(trained.tail)")
    let finished = try #require(try sandbox.metrics().last)
    for ranks in [0, 2] {
      let judged = try await sandbox.train(["evaluate", "run", "--json", "f.json"], ranks: ranks)
      #expect(judged.status == 0, "\(judged.tail)")
      let text = try String(contentsOfFile: "\(sandbox.folder)/f.json", encoding: .utf8)
      let told = try #require(try lines(text).first?[figure] as? Double)
      let known = try #require(finished["test_\(figure)"] as? Double)
      #expect(abs(told - known) < 1e-5, "\(task) on \(ranks) ranks: \(told), \(known)")
    }
    let last = try await sandbox.train(["evaluate", "run", "--checkpoint", "last"], ranks: 0)
    #expect(last.status == 0 && last.output.contains("run/checkpoints/step-"), "\(last.tail)")
    var found: [[[String: Any]]] = []
    for ranks in [0, 3] {
      let result = try await sandbox.train(["predict", "run", "--data", data], ranks: ranks)
      #expect(result.status == 0, "\(result.tail)")
      found.append(try lines(result.output))
    }
    #expect(found[0].map { $0["index"] as? Int } == found[1].map { $0["index"] as? Int })
    if task != "regression" {
      #expect(
        found[0].map { $0["prediction"] as? NSObject }
          == found[1].map { $0["prediction"] as? NSObject })
    }
    return found[0]
  }

  @Test("a run in bfloat16 is judged as its end was, and goes on, on another number of workers")
  func halves() async throws {
    let records = (0..<10).map {
      #"{"text": "the film \#($0 % 2 == 0 ? "bad" : "good") a", "label": "\#($0 % 2)"}"#
    }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      let job = job("text-classification") + ["--precision", "bf16-true"]
      for (epochs, ranks, others) in [("1", 2, 0), ("2", 0, 2)] {
        let trained = try await sandbox.train(job + ["--epochs", epochs, "--resume"], ranks: ranks)
        try #require(trained.status == 0, "\(trained.tail)")
        let known = try #require(try sandbox.metrics().last?["test_loss"] as? Double)
        let judged = try await sandbox.train(
          ["evaluate", "run", "--json", "f.json"], ranks: others)
        #expect(judged.status == 0, "\(judged.tail)")
        let text = try String(contentsOfFile: "\(sandbox.folder)/f.json", encoding: .utf8)
        let told = try #require(try lines(text).first?["loss"] as? Double)
        // Losses are added up in float32, whatever the parameters are.
        #expect(abs(told - known) < 1e-6, "\(told), \(known)")
      }
      let config = try String(
        contentsOfFile: "\(sandbox.folder)/run/model/config.json", encoding: .utf8)
      #expect(config.contains("\"bfloat16\""), "\(config)")
    }
  }

  @Test("adapters are judged beside the model that they were trained for")
  func adapters() async throws {
    let records = (0..<10).map {
      #"{"text": "the film \#($0 % 2 == 0 ? "bad" : "good")", "label": "\#($0 % 2 == 0 ? "no" : "yes")"}"#
    }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      let base = try await sandbox.train(
        job("text-classification").dropLast() + ["base"], ranks: 0)
      try #require(base.status == 0, "\(base.tail)")
      let told = try await predictions(
        "text-classification", "accuracy", of: "train.jsonl", adapting: "base/model", in: sandbox)
      #expect(
        told.count == 10 && told.allSatisfy { ["no", "yes"].contains($0["prediction"] as? String) })
      let files = try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/run/model")
      #expect(files.contains("adapter_model.safetensors") && !files.contains("model.safetensors"))
    }
  }

  @Test("classes of texts, without labels and with them")
  func classes() async throws {
    let records = (0..<10).map {
      #"{"text": "the film \#($0 % 2 == 0 ? "bad" : "good")", "label": "\#($0 % 2 == 0 ? "no" : "yes")"}"#
    }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      try sandbox.file("new.jsonl", #"{"text": "good"}"# + "\n" + #"{"text": "bad film"}"# + "\n")
      let told = try await predictions(
        "text-classification", "accuracy", of: "new.jsonl", in: sandbox)
      #expect(told.count == 2 && told.allSatisfy { $0["label"] == nil })
      #expect(told.allSatisfy { ["no", "yes"].contains($0["prediction"] as? String) })
      let own = try await sandbox.train(["predict", "run", "--split", "train"], ranks: 0)
      #expect(
        try lines(own.output).map { $0["label"] as? String }
          == (0..<10).map { $0 % 2 == 0 ? "no" : "yes" })
      let unlabelled = try await sandbox.train(
        ["evaluate", "run", "--data", "new.jsonl"], ranks: 2)
      #expect(unlabelled.status != 0 && unlabelled.errors.contains("no field label"))
    }
  }

  @Test("numbers of texts")
  func numbers() async throws {
    let records = (0..<8).map {
      #"{"text": "the \#($0 % 2 == 0 ? "cat" : "dog")", "label": \#($0).5}"#
    }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      let told = try await predictions("regression", "mse", of: "train.jsonl", in: sandbox)
      #expect(told.map { $0["label"] as? Double } == (0..<8).map { Double($0) + 0.5 })
      #expect(told.allSatisfy { $0["prediction"] is Double })
    }
  }

  @Test("several classes of texts")
  func several() async throws {
    let records = (0..<8).map {
      #"{"text": "the \#($0 % 2 == 0 ? "cat" : "dog")", "label": ["\#($0 % 2 == 0 ? "x" : "y")", "z"]}"#
    }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      let told = try await predictions("multi-label", "f1_micro", of: "train.jsonl", in: sandbox)
      #expect(
        told.map { $0["label"] as? [String] } == (0..<8).map { [$0 % 2 == 0 ? "x" : "y", "z"] })
      #expect(told.allSatisfy { ($0["prediction"] as? [String]) != nil })
    }
  }

  @Test("classes of words, those that were cut off among them")
  func tokens() async throws {
    let records = (0..<6).map { _ in
      #"{"text": ["the", "cat", "sat", "ab"], "label": ["O", "B-A", "O", "I-A"]}"#
    }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      let many = [String](repeating: "\"dog\"", count: 20).joined(separator: ", ")
      try sandbox.file(
        "new.jsonl", #"{"text": ["the", "ab"]}"# + "\n{\"text\": [\(many)]}\n")
      let told = try await predictions("token-classification", "f1", of: "new.jsonl", in: sandbox)
      #expect((told[0]["words"] as? [String]) == ["the", "ab"] && told[0]["label"] == nil)
      #expect((told[0]["prediction"] as? [Any])?.count == 2)
      let long = try #require(told[1]["prediction"] as? [Any])
      #expect(long.count == 20 && long.count { $0 is NSNull } == 6)
    }
  }

  @Test("answers to questions")
  func answers() async throws {
    let question =
      #"{"id": "q1", "question": "cat ?", "context": "the cat sat on the mat", "answers": {"text": ["cat"], "answer_start": [4]}}"#
    try await withModel([String](repeating: question, count: 5).joined(separator: "\n")) {
      sandbox in
      let trained = try await sandbox.train(
        job("question-answering") + ["--doc_stride", "4"], ranks: 0)
      #expect(trained.status == 0, "\(trained.tail)")
      for ranks in [0, 2] {
        let result = try await sandbox.train(["predict", "run"], ranks: ranks)
        let told = try lines(result.output)
        #expect(told.count == 5 && told[0]["id"] as? String == "q1", "\(result.tail)")
        #expect((told[4]["label"] as? [String]) == ["cat"] && told[4]["prediction"] is String)
      }
    }
  }

  @Test("hidden words are judged, not predicted")
  func masked() async throws {
    let records = (0..<8).map { _ in #"{"text": "the cat sat on the mat"}"# }
    try await withModel(records.joined(separator: "\n")) { sandbox in
      let trained = try await sandbox.train(job("masked-lm"), ranks: 0)
      #expect(trained.status == 0, "\(trained.tail)")
      let judged = try await sandbox.train(["evaluate", "run"], ranks: 2)
      #expect(judged.status == 0 && judged.output.contains("perplexity"), "\(judged.tail)")
      let predicted = try await sandbox.train(["predict", "run"], ranks: 0)
      #expect(predicted.status == 1 && predicted.errors.contains("ddp-train evaluate judges it"))
    }
  }
}
