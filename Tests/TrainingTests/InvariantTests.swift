import Foundation
import MPITesting
import Testing

/// Invariant runs: whatever the number of ranks and threads, the weights and figures are the same bits.
@Suite("Invariant runs", .serialized, .enabled(if: !MPIRank.isOne))
struct InvariantTests {
  /// A job that is small and has what could depend on ranks.
  enum Job: String, CaseIterable {
    /// Batch norm and dropout.
    case digits
    /// Dropout, tied weights and clipping.
    case text
    /// Batches by length, repeated tokens, dropout and clipping.
    case sentences
    /// A BERT-like classifier.
    case bert

    var arguments: [String] {
      switch self {
      case .digits:
        [
          "digits-cnn", "--model.channels", "[4, 8]", "--model.hidden", "16", "--model.batch_norm",
          "--model.dropout", "0.3", "--data.held_out", "1400", "--epochs", "null",
        ]
      case .text:
        [
          "char-gpt", "--data.path", "corpus", "--data.extensions", "[txt]", "--data.context", "16",
          "--model.layers", "1", "--model.heads", "2", "--model.width", "16", "--model.dropout",
          "0.2", "--batch_size", "12", "--clip_grad_norm", "0.5",
        ]
      case .sentences:
        [
          "text-lstm", "--data.path", "sentences", "--model.embedding", "8", "--model.hidden", "8",
          "--batch_size", "9", "--clip_grad_norm", "0.5", "--epochs", "null", "--data.min_count",
          "1",
        ]
      case .bert:
        [
          "finetune", "--model", "bert", "--from_scratch", "true", "--data.train",
          "sentences/train.txt", "--data.validation", "sentences/dev.txt", "--data.lines",
          "label_first", "--batch_size", "9", "--lr", "1e-2", "--max_length", "16",
        ]
      }
    }

    func prepare(_ sandbox: RunSandbox) throws {
      switch self {
      case .digits: break
      case .text: try sandbox.file("corpus/a.txt", SmallData.text)
      case .sentences, .bert:
        let words = ["the", "cat", "dog", "sat", "ran", "on", "mat"]
        let lines = (0..<60).map { index in
          let text = (0..<(2 + index % 6)).map { words[(index * 7 + $0 * 3) % 7] }
          return "\(index % 2) \(text.joined(separator: " ")) \(index % 2 == 0 ? "bad" : "good")"
        }
        for (name, part) in [
          ("train", lines[..<40]), ("dev", lines[40..<50]), ("test", lines[50...]),
        ] {
          try sandbox.file("sentences/\(name).txt", part.joined(separator: "\n"))
        }
        guard self == .bert else { return }
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"] + words
        try sandbox.file("bert/vocab.txt", tokens.joined(separator: "\n") + "\n")
        try sandbox.file(
          "bert/tokenizer_config.json", #"{"tokenizer_class": "BertTokenizer"}"#)
        try sandbox.file(
          "bert/config.json",
          """
          {"model_type": "bert", "vocab_size": 14, "hidden_size": 8, "num_hidden_layers": 1,
           "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 32}
          """)
      }
    }
  }

  private let common = [
    "--distributed.invariant", "--log_every", "1", "--distributed.hash_every", "1",
  ]

  /// Everything that a run leaves that must not depend on ranks: weights, figures and checksums.
  private func traces(_ sandbox: RunSandbox, _ run: String) throws -> [String] {
    let weights = ["model.safetensors", "model/model.safetensors"].compactMap {
      FileManager.default.contents(atPath: "\(sandbox.folder)/\(run)/\($0)")?.base64EncodedString()
    }
    try #require(weights.count == 1)
    let lines = try sandbox.metrics(run).compactMap { line -> String? in
      guard let event = line["event"] as? String, ["step", "evaluation", "hashes"].contains(event)
      else { return nil }
      return line.filter { !$0.key.contains("second") }.sorted { $0.key < $1.key }.map {
        "\($0.key): \($0.value)"
      }.joined(separator: ", ")
    }
    return lines + weights
  }

  private func train(
    _ sandbox: RunSandbox, _ job: Job, _ run: String, ranks: Int, steps: Int = 4,
    _ more: [String] = []
  ) async throws -> [String] {
    let result = try await sandbox.train(
      job.arguments + common + ["--steps", "\(steps)", "--run-dir", run] + more, ranks: ranks)
    try #require(result.status == 0, "\(result.tail)")
    return try traces(sandbox, run)
  }

  @Test("have the same bits on 1, 2, 3, 4, 6 and 8 ranks", arguments: Job.allCases)
  func ranks(job: Job) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try job.prepare(sandbox)
    let alone = try await train(sandbox, job, "alone", ranks: 0)
    #expect(alone.count { $0.contains("event: hashes") } == 4)
    for ranks in [2, 3, 4, 6, 8] {
      // Threads and where the optimizer's state lies are of no account either.
      let more =
        ranks % 2 == 0
        ? ["--threads", "2", "--distributed.shard_optimizer", ranks == 4 ? "zero2" : "zero1"] : []
      let other = try await train(sandbox, job, "of\(ranks)", ranks: ranks, more)
      #expect(other == alone, "\(ranks) ranks")
    }
    let verified = try await sandbox.train(["verify", "alone", "of3"], ranks: 0)
    #expect(verified.status == 0 && verified.output.contains("agree bit by bit after 4 steps"))
  }

  @Test("have the same bits in mixed precision, in parts and with other bucket sizes")
  func settings() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    for precision in ["bf16", "f16"] {
      let more = ["--precision", precision]
      let alone = try await train(sandbox, .digits, "alone-\(precision)", ranks: 0, more)
      let other = try await train(
        sandbox, .digits, "of3-\(precision)", ranks: 3,
        more + ["--accumulate", "3", "--distributed.first_bucket_mb", "0.001"])
      #expect(alone == other)
    }
  }

  @Test("use AVX2's kernels where they are to be portable")
  func portable() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    for (run, ranks) in [("alone", 0), ("of3", 3)] {
      let result = try await sandbox.train(
        Job.digits.arguments + [
          "--distributed.invariant", "portable", "--distributed.hash_every", "1", "--precision",
          "bf16", "--steps", "4", "--run-dir", run,
        ], ranks: ranks)
      if result.errors.contains("this processor has no AVX2") { return }
      try #require(result.status == 0, "\(result.tail)")
      #expect(try sandbox.metrics(run)[0]["cpu_level"] as? String == "x86-64-v3")
    }
    #expect(try traces(sandbox, "alone") == traces(sandbox, "of3"))
  }

  @Test("go on with the same bits on other numbers of ranks, in the middle of an epoch")
  func elastic() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try Job.sentences.prepare(sandbox)
    let constant = ["--schedule", "constant"]
    let whole = try await train(sandbox, .sentences, "whole", ranks: 2, steps: 9, constant)
    for (ranks, steps) in [(4, 2), (3, 3), (0, 6), (8, 9)] {
      _ = try await train(
        sandbox, .sentences, "parts", ranks: ranks, steps: steps,
        constant + (steps > 2 ? ["--resume"] : []))
    }
    // Each part ended with an evaluation of its own; weights and checksums are what counts.
    let parts = try traces(sandbox, "parts")
    #expect(parts.last == whole.last)
    #expect(
      parts.filter { $0.contains("event: hashes") } == whole.filter { $0.contains("event: hashes") }
    )
  }

  @Test("are verified against another run, and against themselves")
  func verification() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let checkpoints = [
      "--checkpoint.every_steps", "2", "--checkpoint.keep", "9", "--checkpoint.memory_every", "1",
    ]
    _ = try await train(sandbox, .digits, "one", ranks: 0, steps: 6, checkpoints)
    _ = try await train(sandbox, .digits, "other", ranks: 0, steps: 6, ["--seed", "2"])
    let differing = try await sandbox.train(["verify", "one", "other"], ranks: 0)
    #expect(differing.status == 1)
    #expect(differing.errors.contains("differ after step 1: first in conv1.weight"))

    let again = try await sandbox.train(["verify", "one", "--replay", "5"], ranks: 3)
    #expect(again.status == 0, "\(again.tail)")
    #expect(again.output.contains("from step 4, step 5 of one is the same bit by bit"))
    // What is computed again keeps no checkpoints, so that none are missed.
    #expect(!"\(again.output)\(again.errors)".contains("kept in memory"))
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/one/replays"))
    // A weight that memory changed behind the run's back.
    let path = "\(sandbox.folder)/one/metrics.jsonl"
    let log = try String(contentsOfFile: path, encoding: .utf8)
    let changed = log.replacing(/fc2.bias [0-9a-f]{16}/, with: "fc2.bias 0123456789abcdef")
    try changed.write(toFile: path, atomically: true, encoding: .utf8)
    let odd = try await sandbox.train(["verify", "one", "--replay", "5"], ranks: 0)
    #expect(odd.status == 1 && odd.errors.contains("differs: first in fc2.bias"), "\(odd.tail)")
    let missing = try await sandbox.train(["verify", "one", "--replay", "9"], ranks: 0)
    #expect(missing.status == 1 && missing.errors.contains("no checksums of step 9"))
  }

  @Test(
    "refuse what would depend on ranks, and more ranks than virtual workers",
    arguments: [
      (["--distributed.sync_batch_norm"], "sync_batch_norm"),
      (["--distributed.reduce_dtype", "bfloat16"], "reduce_dtype"),
      (["--distributed.hook", "fp16"], "hook"),
      (["--batch_size", "4"], "4 records cannot give each of 8 virtual workers one"),
      (
        ["--distributed.virtual_workers", "2"], "3 ranks cannot share the work of 2 virtual workers"
      ),
    ])
  func refused(change: [String], message: String) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let result = try await sandbox.train(
      Job.digits.arguments + common + ["--steps", "2", "--run-dir", "run"] + change, ranks: 3)
    #expect(result.status != 0 && result.errors.contains(message), "\(result.tail)")
  }
}
