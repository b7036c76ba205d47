import Collectives
import Foundation
import MPITesting
import Settings
import Testing
import Training

/// What a resumed run takes from its configuration and what from its checkpoint.
@Suite("Resumed runs", .serialized, .enabled(if: !MPIRank.isOne))
struct ResumeTests {
  private let job = [
    "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "null",
    "--log_every", "1", "--evaluation.every_epochs", "null", "--checkpoint.every_epochs", "null",
    "--schedule.warmup_steps", "0", "--run-dir", "run",
  ]

  private func rates(_ sandbox: RunSandbox) throws -> [Int: Double] {
    var rates: [Int: Double] = [:]
    for line in try sandbox.metrics() where line["event"] as? String == "step" {
      if let step = line["step"] as? Int { rates[step] = line["learning_rate"] as? Double }
    }
    return rates
  }

  /// Runs 4 steps, then goes on to step 8 with other settings.
  private func resumed(
    _ first: [String], _ changes: [String], ranks: Int = 0
  ) async throws -> (sandbox: RunSandbox, result: MPIRunResult) {
    let sandbox = try RunSandbox()
    let start = try await sandbox.train(job + ["--steps", "4"] + first, ranks: ranks)
    try #require(start.status == 0, "\(start.tail)")
    return (
      sandbox,
      try await sandbox.train(
        job + ["--steps", "8", "--resume"] + first + changes, ranks: ranks)
    )
  }

  @Test("a changed rate is used from the next step on", arguments: [0, 2])
  func rate(ranks: Int) async throws {
    let (sandbox, result) = try await resumed(
      ["--schedule", "constant", "--optimizer.lr", "1e-3"], ["--optimizer.lr", "1e-5"], ranks: ranks
    )
    defer { sandbox.remove() }
    try #require(result.status == 0, "\(result.tail)")
    let rates = try rates(sandbox)
    #expect((1...4).allSatisfy { rates[$0] == 1e-3 } && (5...8).allSatisfy { rates[$0] == 1e-5 })
    let written = try String(contentsOfFile: "\(sandbox.folder)/run/config.yaml", encoding: .utf8)
    #expect(written.contains("lr: 1e-05"))
  }

  @Test("a longer run's schedule goes on over the new total, and changed options count")
  func schedule() async throws {
    let (sandbox, result) = try await resumed(
      ["--schedule", "linear", "--optimizer.lr", "1e-3"], ["--schedule.min_lr", "2e-4"])
    defer { sandbox.remove() }
    try #require(result.status == 0, "\(result.tail)")
    let rates = try rates(sandbox)
    // What is logged is the next step's rate: the line from 1e-3 to 2e-4 over 8 steps.
    for step in 5...8 {
      let expected = 2e-4 + 8e-4 * (1 - Double(step) / 8)
      #expect(abs((rates[step] ?? 0) - expected) < 1e-12, "\(step)")
    }
  }

  @Test("another schedule, and others that decay, are used")
  func otherSchedule() async throws {
    let (sandbox, result) = try await resumed(
      ["--schedule", "constant", "--optimizer.lr", "1e-3"],
      ["--schedule", "cosine", "--optimizer.decayed", "matrices", "--batch_size", "32"])
    defer { sandbox.remove() }
    try #require(result.status == 0, "\(result.tail)")
    #expect(abs((try rates(sandbox)[6] ?? 0) - 1e-3 * 0.5 * (1 + cos(.pi * 6 / 8))) < 1e-12)
  }

  @Test(
    "a changed option of the optimizer changes what is learnt",
    arguments: [
      ["--optimizer.name", "sgd", "--optimizer.momentum", "0.5", "0.9"],
      ["--optimizer.name", "sgd", "--optimizer.momentum", "0", "0.9"],
      ["--optimizer.name", "sgd", "--optimizer.weight_decay", "0", "0.5"],
      ["--optimizer.name", "adam", "--optimizer.weight_decay", "0", "0.5"],
      ["--optimizer.name", "adamw", "--optimizer.betas", "[0.9, 0.999]", "[0.5, 0.9]"],
      ["--optimizer.name", "adamw", "--optimizer.eps", "1e-8", "1e-2"],
      ["--optimizer.name", "adamw", "--clip_grad_norm", "null", "1e-3"],
    ])
  func option(change: [String]) async throws {
    let first = Array(change[0...3])
    let (sandbox, changed) = try await resumed(first, [change[2], change[4]])
    defer { sandbox.remove() }
    let (other, same) = try await resumed(first, [])
    defer { other.remove() }
    try #require(changed.status == 0 && same.status == 0, "\(changed.tail)\(same.tail)")
    func weights(_ sandbox: RunSandbox) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(sandbox.folder)/run/model.safetensors"))
    }
    #expect(try weights(sandbox) != weights(other))
  }

  @Test(
    "what would make another run is refused by its key",
    arguments: [
      ["--seed", "2"], ["--data.held_out_seed", "3"], ["--data.held_out", "300"],
      ["--model.hidden", "16"], ["--model.channels", "[2, 2]"],
    ])
  func refused(change: [String]) async throws {
    let (sandbox, result) = try await resumed([], change)
    defer { sandbox.remove() }
    #expect(result.status != 0)
    let key = String(change[0].dropFirst(2))
    #expect(
      result.errors.contains("set \(key): ") && result.errors.contains("or begin a new run"),
      "\(result.tail)")
  }

  @Test("a text of the same size with other letters is refused, and one that moved is not")
  func contents() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("text.txt", SmallData.text)
    let job = [
      "char-gpt", "--model.layers", "1", "--model.heads", "2", "--model.width", "16",
      "--data.context", "8", "--data.held_out", "0.2", "--evaluation.every_steps", "null",
      "--run-dir", "run",
    ]
    let start = try await sandbox.train(
      job + ["--steps", "2", "--data.path", "text.txt"], ranks: 2)
    try #require(start.status == 0, "\(start.tail)")
    // The same letters in another order: the vocabulary is the same, too.
    try sandbox.file("other.txt", String(SmallData.text.reversed()))
    let rest = job + ["--steps", "3", "--resume", "--data.path"]
    let other = try await sandbox.train(rest + ["other.txt"], ranks: 2)
    #expect(other.status != 0)
    #expect(
      other.errors.contains("data.path: other.txt")
        && other.errors.contains("other contents of the same size"), "\(other.tail)")
    let heads = try await sandbox.train(rest + ["text.txt", "--model.heads", "4"], ranks: 2)
    #expect(heads.status != 0 && heads.errors.contains("set model.heads: 2"), "\(heads.tail)")
    try sandbox.file("elsewhere/moved.txt", SmallData.text)
    let moved = try await sandbox.train(rest + ["elsewhere/moved.txt"], ranks: 2)
    #expect(moved.status == 0, "\(moved.tail)")
  }

  @Test("hosts with other files by the same names are told apart, by their first ranks")
  func hosts() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-hosts-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in [("0", "abc"), ("1", "abd")] {
      let host = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: host, withIntermediateDirectories: true)
      try text.write(
        to: host.appendingPathComponent("data.txt"), atomically: true, encoding: .utf8)
    }
    let path = folder.path
    func said(_ nodes: [Int], _ names: [Int: String]) throws -> [String] {
      try World.threads(nodes.count, nodes: nodes) { world in
        let file = "\(path)/\(names[world.rank] ?? "missing")/data.txt"
        do {
          _ = try DataContents(onHostsOf: world.group) { try DataContents(files: [file]) }
          return "alike"
        } catch let error as OtherHostData {
          return "\(error)"
        }
      }
    }
    // Ranks 1 and 3 are not asked: they have no file at all.
    #expect(try said([0, 0, 1, 1], [0: "0", 2: "0"]) == ["alike", "alike", "alike", "alike"])
    let different = try said([0, 0, 1, 1], [0: "0", 2: "1"])
    #expect(Set(different).count == 1)
    for words in [
      "host of rank 2", "data.txt has other contents of the same size", "copy rank 0's",
    ] {
      #expect(different[0].contains(words), "\(different[0])")
    }
  }

  @Test("a run that has reached its end says that nothing is left")
  func nothingLeft() async throws {
    let (sandbox, result) = try await resumed([], ["--steps", "3"])
    defer { sandbox.remove() }
    #expect(result.status == 0 && result.output.contains("nothing is left to train"))
  }

  @Test("a run's folder in place of a checkpoint is answered with how to go on")
  func folder() async throws {
    let (sandbox, _) = try await resumed([], [])
    defer { sandbox.remove() }
    let wrong = try await sandbox.train(job + ["--steps", "9", "--resume", "run"], ranks: 2)
    #expect(wrong.status != 0 && wrong.errors.contains("this is a run and no checkpoint"))
    #expect(wrong.errors.contains("run --resume"), "\(wrong.tail)")
    let right = try await sandbox.train(["run", "--resume", "--steps", "9"], ranks: 2)
    #expect(right.status == 0, "\(right.tail)")
  }

  @Test("every key is used or refused as the guide says")
  func guide() throws {
    let guide = try String(
      contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/configuration.md"), encoding: .utf8)
    let rows = guide.split(separator: "\n").filter { $0.hasPrefix("| ") }
    func row(_ rule: String) -> String {
      rows.first { $0.contains("| \(rule)") }.map(String.init) ?? ""
    }
    for key in RunConfiguration.keys().map(\.path) {
      let name = key.split(separator: ".").last.map(String.init) ?? key
      let section = key.split(separator: ".").first.map(String.init) ?? key
      switch ResumeRule.rule(for: key) {
      case .refused:
        #expect(
          row("refused").contains("`\(key)`")
            || row("refused").contains("all other keys of `\(section)`"),
          "\(key)")
      case .contents: #expect(row("as long as").contains("`\(key)`"), "\(key)")
      case .used:
        #expect(
          !row("refused").contains("`\(name)`") && !row("refused").contains("`\(key)`"), "\(key)")
      }
    }
  }

  @Test("the hint of a stopped run works as it stands, from any folder")
  func hint() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = "it's a run"
    try FileManager.default.createDirectory(
      atPath: "\(sandbox.folder)/\(folder)", withIntermediateDirectories: true)
    let script = try sandbox.file(
      "stopper.sh",
      """
      #!/bin/sh
      "$@" &
      worker=$!
      while ! grep -q '"step"' "my run/metrics.jsonl" 2>/dev/null; do sleep 0.1; done
      kill -USR1 $worker
      wait $worker
      """)
    let first = try await MPIRun.run(
      "/bin/sh",
      [script, RunSandbox.program] + job.dropLast() + ["my run", "--steps", "100000"],
      ranks: 0, directory: "\(sandbox.folder)/\(folder)", timeout: .seconds(60))
    #expect(first.status == 143, "\(first.tail)")
    let line = try #require(
      first.output.split(separator: "\n").first { $0.contains("go on with: ") })
    let command = line.split(separator: "go on with: ", maxSplits: 1)[1]
    let again = try await MPIRun.run(
      "/bin/sh", ["-c", "\(command) --steps 1"], ranks: 0, directory: "/",
      timeout: .seconds(60))
    #expect(again.status == 0 && again.output.contains("resumed from my run/"), "\(again.tail)")
  }
}
