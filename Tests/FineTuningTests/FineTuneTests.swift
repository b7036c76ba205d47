import Foundation
import MPITesting
import Testing

/// `ddp-train finetune` with models of a few numbers, made by their configurations.
@Suite("Fine-tuning runs", .serialized, .enabled(if: !MPIRank.isOne))
struct FineTuneTests {
  private static let words = [
    "the", "cat", "dog", "sat", "ran", "on", "mat", "good", "bad", "film", "a", "what", "who",
    "did",
    "where", "?", ".", "and",
  ]

  /// A folder with a tokenizer and the configuration of a model with new weights.
  private func model(_ sandbox: RunSandbox, _ name: String, _ config: String) throws {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + Self.words
    try sandbox.file("\(name)/vocab.txt", tokens.joined(separator: "\n") + "\n")
    try sandbox.file(
      "\(name)/tokenizer_config.json",
      #"{"tokenizer_class": "BertTokenizer", "model_max_length": 64, "eos_token": "[SEP]"}"#)
    try sandbox.file("\(name)/config.json", config)
  }

  private func bert(_ sandbox: RunSandbox) throws {
    try model(
      sandbox, "bert",
      """
      {"model_type": "bert", "vocab_size": 23, "hidden_size": 16, "num_hidden_layers": 2,
       "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 64}
      """)
  }

  private func sentences(_ sandbox: RunSandbox) throws {
    var lines: [String] = []
    for index in 0..<48 {
      let words = (0..<(3 + index % 5)).map { Self.words[(index * 7 + $0 * 3) % 7] }
      lines.append(
        "\(index % 2) \(words.joined(separator: " ")) \(index % 2 == 0 ? "bad" : "good")")
    }
    try sandbox.file("train.txt", lines.prefix(36).joined(separator: "\n"))
    try sandbox.file("dev.txt", lines.suffix(12).joined(separator: "\n"))
  }

  private let job = [
    "finetune", "--model", "bert", "--from_scratch", "true", "--data.train", "train.txt",
    "--data.lines", "label_first", "--batch_size", "6", "--lr", "1e-2", "--log_every", "1",
    "--run-dir", "run", "--max_length", "16",
  ]

  @Test(
    "bad settings are refused before anything is trained",
    arguments: [
      (["--metric", "recall", "--data.validation", "dev.txt"], "loss, accuracy, f1_macro"),
      (["--metric", "accuracy"], "set data.validation"),
      (["--patience", "2"], "set data.validation"),
      (["--schedule", "linaer"], "there is no schedule linaer"),
      (["--task", "regression", "--label_smoothing", "0.1"], "has no classes"),
      (["--task", "question-answering", "--doc_stride", "64"], "doc_stride"),
      (["--predict_with_generate", "true"], "only seq2seq"),
      (["--task", "seq2seq", "--data.target", "t", "--metric", "bleu"], "predict_with_generate"),
      (["--freeze", "[layer.9]"], "no parameter's name has the part layer.9"),
      (["--epochs", "null"], "never end"), (["--profile_steps", "9,3"], "profile_steps: 50"),
      (["--warmup", "3"], "warmup"),
    ])
  func refused(change: [String], message: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    try sentences(sandbox)
    let result = try await sandbox.train(job + change, ranks: 0)
    #expect(result.status == 2 && result.errors.contains(message), "\(result.tail)")
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/run/metrics.jsonl"))
  }

  @Test("a head of other labels begins anew, and nothing else that does not fit")
  func otherHead() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    try sentences(sandbox)
    let first = try await sandbox.train(job + ["--steps", "1"], ranks: 0)
    try #require(first.status == 0, "\(first.tail)")
    // The labels of these records are numbers as well.
    let again = [
      "finetune", "--model", "run/model", "--task", "regression", "--data.train", "train.txt",
      "--data.lines", "label_first", "--steps", "1", "--run-dir", "rated",
    ]
    let rated = try await sandbox.train(again, ranks: 0)
    #expect(rated.status == 0, "\(rated.tail)")
    #expect(
      rated.output.contains("newly initialised, since the file's [2, 16] is not [1, 16]"),
      "\(rated.tail)")
    let path = "\(sandbox.folder)/run/model/config.json"
    let config = try String(contentsOfFile: path, encoding: .utf8)
    try sandbox.file(
      "run/model/config.json",
      config.replacingOccurrences(of: "\"vocab_size\": 23", with: "\"vocab_size\": 24"))
    let refused = try await sandbox.train(again, ranks: 0)
    #expect(
      refused.status == 1 && refused.errors.contains("is [23, 16] in the weights and [24, 16]"),
      "\(refused.tail)")
  }

  @Test("a decoder's head learns where texts end, and padding that is missing is asked for")
  func decoderHead() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try model(
      sandbox, "gpt2",
      #"{"model_type": "gpt2", "vocab_size": 23, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64}"#
    )
    try sentences(sandbox)
    let job = job + ["--model", "gpt2", "--steps", "1"]
    let result = try await sandbox.train(job, ranks: 0)
    #expect(result.status == 0, "\(result.tail)")
    let config = try String(
      contentsOfFile: "\(sandbox.folder)/run/model/config.json", encoding: .utf8)
    #expect(config.contains("\"pad_token_id\": 0"), "\(config)")
    try sandbox.file(
      "gpt2/tokenizer_config.json", #"{"tokenizer_class": "BertTokenizer", "pad_token": null}"#)
    let refused = try await sandbox.train(job, ranks: 0)
    #expect(refused.status == 1 && refused.errors.contains("pad_token"), "\(refused.tail)")
  }

  /// The lines of a log by event and step, without times.
  private func events(_ sandbox: RunSandbox, _ run: String) throws -> [String: NSDictionary] {
    var events: [String: NSDictionary] = [:]
    for line in try sandbox.metrics(run) {
      guard let event = line["event"] as? String, ["step", "evaluation"].contains(event) else {
        continue
      }
      let facts = line.filter { !$0.key.contains("second") }
      events["\(event) \(line["step"] ?? "") \(line.keys.contains("test_loss"))"] =
        facts as NSDictionary
    }
    return events
  }

  @Test("a run that is stopped goes on with the bits of one that was not", arguments: [0, 2])
  func resumed(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    try sentences(sandbox)
    let job =
      job + [
        "--epochs", "2", "--data.validation", "dev.txt", "--data.test", "dev.txt", "--metric",
        "accuracy", "--evaluation.every_steps", "4", "--evaluation.every_epochs", "null",
        "--checkpoint.every_steps", "3", "--checkpoint.every_epochs", "null",
      ]
    let whole = try await sandbox.train(job + ["--run-dir", "whole"], ranks: ranks)
    try #require(whole.status == 0, "\(whole.tail)")
    let part = try await sandbox.train(
      job + ["--run-dir", "part"], ranks: ranks)
    try #require(part.status == 0, "\(part.tail)")
    // The checkpoint of step 9 stands before the run's end at step 12.
    let path = "\(sandbox.folder)/part/checkpoints"
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    let middle = try #require(names.first { $0.contains("9") }, "\(names)")
    let resumed = try await sandbox.train(
      job + ["--run-dir", "part", "--resume", "part/checkpoints/\(middle)"], ranks: ranks)
    try #require(resumed.status == 0, "\(resumed.tail)")
    #expect(try events(sandbox, "part") == events(sandbox, "whole"))
    func weights(_ run: String) throws -> Data {
      try Data(
        contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/\(run)/model/model.safetensors"))
    }
    #expect(try weights("part") == weights("whole"))
    let other = try await sandbox.train(
      job + ["--run-dir", "part", "--resume", "--max_length", "12"], ranks: ranks)
    #expect(other.status != 0 && other.errors.contains("set max_length: 16"), "\(other.tail)")
  }

  @Test("steps are told by operation and layer, and drawn beside other workers'")
  func recorded() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    try sentences(sandbox)
    let result = try await sandbox.train(
      job + ["--steps", "4", "--profile", "--profile_steps", "2,3", "--trace", "drawn.json"],
      ranks: 2)
    try #require(result.status == 0, "\(result.tail)")
    for words in [
      "profile of steps 2 to 3 on rank 0 of 2 written to run/profile.txt",
      "timeline written to drawn.json",
    ] {
      #expect(result.output.contains(words), "\(result.tail)")
    }
    let text = try String(contentsOfFile: "\(sandbox.folder)/run/profile.txt", encoding: .utf8)
    let rows = text.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(rows.contains { $0.prefix(2) == ["layer_norm", "10"] }, "\(text)")
    let layer = "bert.encoder.layer.1.attention.self.query"
    #expect(rows.contains { $0.prefix(2) == [layer[...], "2"] }, "\(text)")
    let trace = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/drawn.json")))
    let events = (trace as? [String: Any])?["traceEvents"] as? [[String: Any]] ?? []
    for rank in 0...1 {
      let own = events.filter { $0["pid"] as? Int == rank }.compactMap { $0["name"] as? String }
      #expect(own.count { $0 == "backward" } == 4 && own.contains("bucket 0 ready"), "\(own)")
      #expect(own.contains("layer_norm, gradient") == (rank == 0))
    }
  }

  @Test(
    "answers are found in windows of long texts, with the same figures on any number of workers")
  func answers() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    var lines: [String] = []
    for index in 0..<24 {
      let words = (0..<(9 + index % 7)).map { Self.words[(index * 5 + $0 * 3) % 10] }
      let first = index % 6 + 1
      let start = words.prefix(first).joined(separator: " ").count + 1
      lines.append(
        """
        {"id": "q\(index)", "question": " what sat ?", "context": "\(words.joined(separator: " "))", \
        "answers": {"text": ["\(words[first]) \(words[first + 1])"], "answer_start": [\(start)]}}
        """)
    }
    try sandbox.file("qa.jsonl", lines.joined(separator: "\n"))
    let job = [
      "finetune", "--task", "question-answering", "--model", "bert", "--from_scratch", "true",
      "--data.train", "qa.jsonl", "--data.validation", "qa.jsonl", "--max_length", "14",
      "--doc_stride", "2", "--batch_size", "8", "--lr", "1e-2", "--freeze", "[]", "--metric", "f1",
    ]
    let first = try await sandbox.train(job + ["--steps", "20", "--run-dir", "one"], ranks: 0)
    try #require(first.status == 0, "\(first.tail)")
    // The saved model is judged without being trained: the rate is 0.
    var figures: [[String: Double]] = []
    for ranks in [0, 3] {
      let result = try await sandbox.train(
        job.map { $0 == "bert" ? "one/model" : $0 == "true" ? "false" : $0 } + [
          "--steps", "1", "--lr", "0", "--run-dir", "judged\(ranks)",
        ], ranks: ranks)
      try #require(result.status == 0, "\(result.tail)")
      let line = try #require(
        try sandbox.metrics("judged\(ranks)").first { $0["event"] as? String == "evaluation" })
      figures.append(line.compactMapValues { $0 as? Double })
    }
    #expect(figures[0]["validation_f1"] == figures[1]["validation_f1"])
    #expect(figures[0]["validation_exact_match"] == figures[1]["validation_exact_match"])
    #expect((figures[0]["validation_f1"] ?? 0) > 0)
  }

  @Test("texts that are written are compared with their targets, and the best model is kept")
  func written() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try model(
      sandbox, "t5",
      """
      {"model_type": "t5", "vocab_size": 23, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1,
       "num_heads": 2, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 3,
       "dropout_rate": 0.0}
      """)
    let lines = (0..<16).map { index in
      let words = (0..<4).map { Self.words[(index + $0) % 8] }.joined(separator: " ")
      return #"{"text": "\#(words)", "target": "good film"}"#
    }
    try sandbox.file("pairs.jsonl", lines.joined(separator: "\n"))
    let result = try await sandbox.train(
      [
        "finetune", "--task", "seq2seq", "--model", "t5", "--from_scratch", "true", "--data.train",
        "pairs.jsonl", "--data.validation", "pairs.jsonl", "--data.target", "target",
        "--predict_with_generate", "true", "--generation_max_length", "6", "--metric", "rougeL",
        "--epochs", "20", "--patience", "3", "--lr", "2e-2", "--batch_size", "8", "--max_length",
        "12", "--run-dir", "run",
      ], ranks: 2)
    try #require(result.status == 0, "\(result.tail)")
    let evaluations = try sandbox.metrics().filter { $0["event"] as? String == "evaluation" }
    let best = evaluations.compactMap { $0["validation_rougeL"] as? Double }.max()
    // "good film" is all there is to learn, and the run ends three evaluations after it is learnt.
    #expect(best == 1)
    #expect(evaluations.count < 20)
    #expect(evaluations.last?["validation_gen_len"] != nil)
  }

  @Test("layers that are computed twice learn the same bits", arguments: [0, 2])
  func checkpointed(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    try sentences(sandbox)
    var weights: [Data] = []
    for keeps in ["false", "true"] {
      let result = try await sandbox.train(
        job + ["--steps", "5", "--gradient_checkpointing", keeps], ranks: ranks)
      try #require(result.status == 0, "\(result.tail)")
      weights.append(
        try Data(contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/run/model/model.safetensors")))
    }
    #expect(weights[0] == weights[1])
  }

  @Test(
    "bytes that are no UTF-8 are read as Latin-1 where that is said, and else the remedy is told")
  func latin1() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try bert(sandbox)
    var bytes = Data()
    for index in 0..<12 {
      bytes += Data("\(index % 2) the caf".utf8) + [0xe9] + Data(" sat\n".utf8)
    }
    try sandbox.file("train.txt", bytes)
    let refused = try await sandbox.train(job + ["--steps", "1"], ranks: 0)
    #expect(refused.status == 1 && refused.errors.contains("data.encoding: latin-1"))
    #expect(refused.errors.contains("line 1"))
    let read = try await sandbox.train(
      job + ["--steps", "1", "--data.encoding", "latin-1"], ranks: 0)
    #expect(read.status == 0, "\(read.tail)")
  }
}
