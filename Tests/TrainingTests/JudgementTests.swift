import Foundation
import MPITesting
import Testing

/// `ddp-train evaluate` and `ddp-train predict` of trained runs.
@Suite("Trained runs are judged", .serialized, .enabled(if: !MPIRank.isOne))
struct JudgementTests {
  private func withSandbox(_ body: (RunSandbox) async throws -> Void) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try await body(sandbox)
  }

  private func object(_ path: String) throws -> [String: Any] {
    try object(line: String(contentsOfFile: path, encoding: .utf8))
  }

  private func object(line: some StringProtocol) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
  }

  /// The objects of lines of JSON.
  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(whereSeparator: \.isNewline).map { try object(line: $0) }
  }

  /// Whether two lists of predictions say the same, but for the last digits of probabilities.
  private func areAlike(_ one: [[String: Any]], _ other: [[String: Any]]) -> Bool {
    one.count == other.count
      && zip(one, other).allSatisfy { a, b in
        let (p, q) = (a["probability"] as? Double ?? 0, b["probability"] as? Double ?? 0)
        return a.keys.sorted() == b.keys.sorted() && abs(p - q) < 1e-5
          && (a["prediction"] as? NSObject) == (b["prediction"] as? NSObject)
          && (a["label"] as? NSObject) == (b["label"] as? NSObject)
      }
  }

  private let digits = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "2",
    "--run-dir", "run", "--optimizer.lr", "1e-2", "--schedule.warmup_steps", "0",
  ]

  @Test("a run of images: splits, checkpoints, and predictions in the data's order on any ranks")
  func images() async throws {
    try await withSandbox { sandbox in
      let trained = try await sandbox.train(digits, ranks: 0)
      #expect(trained.status == 0, "\(trained.tail)")
      let finished = try #require(try sandbox.metrics().last)
      for ranks in [0, 3] {
        let result = try await sandbox.train(
          ["evaluate", "run", "--json", "figures.json"], ranks: ranks)
        #expect(
          result.status == 0 && result.output.contains("360 of test records"), "\(result.tail)")
        let figures = try object("\(sandbox.folder)/figures.json")
        #expect(figures["records"] as? Int == 360 && figures["step"] as? Int == 90)
        for name in ["loss", "accuracy"] {
          let (told, known) = (figures[name] as? Double, finished["test_\(name)"] as? Double)
          #expect(abs((told ?? 0) - (known ?? 1)) < 1e-6, "\(ranks) ranks: \(name)")
        }
      }
      let train = try await sandbox.train(
        ["evaluate", "run", "--split", "train", "--checkpoint", "45"], ranks: 0)
      #expect(train.output.contains("1437 of train records") && train.output.contains("(step 45)"))
      let best = try await sandbox.train(["evaluate", "run", "--checkpoint", "best"], ranks: 0)
      #expect(best.status == 0 && best.output.contains("checkpoints/step-000000"), "\(best.tail)")

      var predictions: [[[String: Any]]] = []
      for ranks in [0, 2, 7] {
        let result = try await sandbox.train(
          ["predict", "run", "--output", "p\(ranks).jsonl"], ranks: ranks)
        #expect(result.status == 0, "\(result.tail)")
        predictions.append(
          try lines(String(contentsOfFile: "\(sandbox.folder)/p\(ranks).jsonl", encoding: .utf8)))
      }
      #expect(predictions[0].map { $0["index"] as? Int } == Array(0..<360))
      #expect(predictions.dropFirst().allSatisfy { areAlike(predictions[0], $0) })
      let correct = predictions[0].count { $0["prediction"] as? Int == $0["label"] as? Int }
      let accuracy = try #require(finished["test_accuracy"] as? Double)
      #expect(abs(Double(correct) / 360 - accuracy) < 1e-9)

      let table = try await sandbox.train(
        ["predict", "run", "--split", "train", "--format", "csv", "--probabilities"], ranks: 2)
      let rows = table.output.split(whereSeparator: \.isNewline)
      #expect(rows.count == 1438 && rows[0] == "index,prediction,probability,label,probabilities")
    }
  }

  @Test(
    "what cannot be judged is refused on all ranks",
    arguments: [
      (["evaluate", "nowhere"], 2, "is no run"),
      (["evaluate", "run", "--checkpoint", "7"], 1, "no such checkpoint"),
      (["predict", "run", "--data", "none.csv"], 1, "none.csv"),
      (["evaluate", "run", "--set", "optimizer.rate=1"], 2, "unknown key optimizer.rate"),
      (["evaluate", "run", "--set", "model.hidden=9"], 1, "fc1"),
      (["evaluate", "run", "--json", "/proc/figures.json"], 1, "/proc/figures.json cannot be"),
    ])
  func refused(arguments: [String], status: Int32, words: String) async throws {
    try await withSandbox { sandbox in
      _ = try await sandbox.train(digits + ["--epochs", "null", "--steps", "2"], ranks: 0)
      for ranks in [0, 2] {
        let result = try await sandbox.train(arguments, ranks: ranks)
        let isRefused =
          ranks == 0 ? result.status == status : result.status != 0
        #expect(isRefused && result.errors.contains(words), "\(ranks) ranks: \(result.tail)")
      }
    }
  }

  @Test("a run of sentences: its vocabulary reads other files")
  func sentences() async throws {
    try await withSandbox { sandbox in
      let text = (0..<40).map { "\($0 % 2) the film is \($0 % 2 == 0 ? "bad" : "good") \($0)" }
      try sandbox.file("text/train.txt", text.joined(separator: "\n"))
      try sandbox.file("text/test.txt", text.prefix(9).joined(separator: "\n"))
      try sandbox.file("other.txt", "1 good film\n0 so bad a film that it is\n1 unknown words\n")
      let job = [
        "text-lstm", "--data.path", "text", "--data.validation", "null", "--steps", "8",
        "--epochs", "null", "--model.hidden", "8", "--model.embedding", "8", "--batch_size", "8",
        "--run-dir", "run",
      ]
      let trained = try await sandbox.train(job, ranks: 0)
      #expect(trained.status == 0, "\(trained.tail)")
      for ranks in [0, 2] {
        let own = try await sandbox.train(["predict", "run"], ranks: ranks)
        let told = try lines(own.output)
        #expect(told.map { $0["index"] as? Int } == Array(0..<9), "\(own.tail)")
        #expect(told.map { $0["label"] as? Int } == [0, 1, 0, 1, 0, 1, 0, 1, 0])
        let other = try await sandbox.train(
          ["evaluate", "run", "--data", "other.txt"], ranks: ranks)
        #expect(other.status == 0 && other.output.contains("3 of other.txt"), "\(other.tail)")
      }
      try sandbox.file("text/train.txt", "0 other words\n1 than before\n")
      let changed = try await sandbox.train(["evaluate", "run", "--checkpoint", "8"], ranks: 0)
      #expect(changed.status == 1 && changed.errors.contains("train.txt has"), "\(changed.tail)")
    }
  }

  @Test("a run that writes texts is judged, and points to generate")
  func texts() async throws {
    try await withSandbox { sandbox in
      try sandbox.file("cats.txt", SmallData.text)
      try sandbox.file("dogs.txt", "the dog sat on the cat and the mat ran to the dog.")
      let job = [
        "char-gpt", "--data.path", "cats.txt", "--data.context", "16", "--model.layers", "1",
        "--model.width", "16", "--steps", "4", "--run-dir", "run",
      ]
      let trained = try await sandbox.train(job, ranks: 0)
      #expect(trained.status == 0, "\(trained.tail)")
      let other = try await sandbox.train(["evaluate", "run", "--data", "dogs.txt"], ranks: 2)
      #expect(other.status == 0 && other.output.contains("3 of dogs.txt"), "\(other.tail)")
      let test = try await sandbox.train(["evaluate", "run", "--split", "test"], ranks: 0)
      #expect(test.status == 1 && test.errors.contains("take validation or train"), "\(test.tail)")
      let predicted = try await sandbox.train(["predict", "run"], ranks: 0)
      #expect(predicted.status == 1 && predicted.errors.contains("ddp-train generate run"))
    }
  }
}
