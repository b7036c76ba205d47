import Foundation
import MPITesting
import Settings
import Testing
import Training

/// What sweeps draw, and what they refuse.
@Suite("Sweeps are configured")
struct SweepConfigurationTests {
  private func sweep(_ yaml: String) throws -> SweepConfiguration {
    try SweepConfiguration(
      reading: ConfigurationNode(yaml: yaml, path: "tries.yaml"), named: "tries.yaml")
  }

  @Test("a grid tries each value with each, the last key's first")
  func grid() throws {
    let sweep = try sweep(
      "method: grid\nspace: {a: [x, \"y z\"], b: {int: [1, 6], step: 2}, c: [[1, 2]]}")
    #expect(sweep.name == "tries" && sweep.runDirectory == "sweeps/tries")
    #expect(
      sweep.values == [
        ["x", "1", "[1, 2]"], ["x", "3", "[1, 2]"], ["x", "5", "[1, 2]"],
        ["\"y z\"", "1", "[1, 2]"], ["\"y z\"", "3", "[1, 2]"], ["\"y z\"", "5", "[1, 2]"],
      ])
    #expect(sweep.rounds == [nil])
  }

  @Test("draws are those of the seed, within their bounds, and stay where there are more trials")
  func random() throws {
    let space = """
      space:
        lr: {log_uniform: [1e-4, 1e-1]}
        p: {uniform: [0.2, 0.3]}
        n: {int: [16, 64], step: 16}
        c: [a, b]
      """
    let few = try sweep("trials: 50\n\(space)").values
    let many = try sweep("trials: 400\n\(space)").values
    #expect(Array(many.prefix(50)) == few)
    #expect(try sweep("trials: 50\nseed: 2\n\(space)").values != few)
    let rates = many.compactMap { Double($0[0]) }
    #expect(rates.allSatisfy { (1e-4...1e-1).contains($0) })
    // Half of them lie below the middle of the logarithms.
    #expect((150...250).contains(rates.count { $0 < 3.1623e-3 }))
    #expect(many.compactMap { Double($0[1]) }.allSatisfy { (0.2...0.3).contains($0) })
    #expect(Set(many.map { $0[2] }) == ["16", "32", "48", "64"])
    #expect((150...250).contains(many.count { $0[3] == "a" }))
  }

  @Test("halving gives each round a factor more, up to the most")
  func halving() throws {
    let text = "method: halving\nspace: {lr: [1, 2]}\nleast: 2\nmost: 20\nfactor: 3"
    #expect(try sweep(text).rounds == [2, 6, 18, 20])
  }

  @Test(
    "what cannot be tried is refused by its key",
    arguments: [
      ("method: grid", "space is not set"), ("space: {}", "space is not set"),
      ("space: {lr: 3}", "a list of values, or one of"),
      ("space: {lr: {uniform: [2, 1]}}", "the least and the largest number"),
      ("space: {lr: {log_uniform: [0, 1]}}", "above 0"),
      ("space: {lr: {int: [1, 2], step: 0}}", "a step of at least 1"),
      ("space: {lr: {normal: [0, 1]}}", "{log_uniform: […]}"),
      ("method: grid\nspace: {lr: {uniform: [1, 2]}}", "a grid cannot try all"),
      ("space: {run_dir: [a, b]}", "the sweep itself sets it"),
      ("space: {lr: [1]}\nset: {lr: 2}", "tried with several values"),
      ("space: {lr: [1]}\nmethods: grid", "did you mean method?"),
      ("method: halving\nmost: 1\nleast: 2\nspace: {lr: [1]}", "less than the 2"),
      ("space: {lr: []}", "a list of values"), ("space: {lr: [1]}\nset: 3", "a section of keys"),
    ])
  func refused(yaml: String, words: String) {
    #expect { try sweep(yaml) } throws: { "\($0)".contains(words) }
  }
}

/// `ddp-train sweep`, as it is typed.
@Suite("Sweeps", .serialized, .enabled(if: !MPIRank.isOne))
struct SweepTests {
  private func withSandbox(_ body: (RunSandbox) async throws -> Void) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file(
      "base.yaml",
      """
      model: {name: mlp, hidden: [4]}
      data: digits
      optimizer: {name: sgd, lr: 0.1}
      batch_size: 128
      epochs: 1
      """)
    try await body(sandbox)
  }

  /// The rows of a table of results, by name.
  private func results(_ sandbox: RunSandbox, _ name: String) throws -> [[String: String]] {
    let text = try String(
      contentsOfFile: "\(sandbox.folder)/sweeps/\(name)/results.csv", encoding: .utf8)
    let rows = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return rows.dropFirst().map { Dictionary(zip(rows[0], $0)) { first, _ in first } }
  }

  @Test("a failing trial ends nothing, and finished ones are not repeated")
  func failing() async throws {
    try await withSandbox { sandbox in
      try sandbox.file(
        "tries.yaml",
        """
        configuration: base.yaml
        method: grid
        metric: validation_accuracy
        direction: maximize
        parallel: 2
        space: {optimizer.lr: [0.0001, 0.5, 1e30]}
        set: {optimizer.momentum: 0.5, seed: 3}
        """)
      let first = try await sandbox.train(["sweep", "tries.yaml"], ranks: 0)
      #expect(first.status == 0, "\(first.tail)")
      let rows = try results(sandbox, "tries")
      #expect(rows.map { $0["status"] } == ["finished", "finished", "failed"], "\(first.tail)")
      #expect(rows[0]["optimizer.lr"] == "0.5" && rows[2]["failure"]?.contains("lower") == true)
      let (best, second) = (rows[0]["validation_accuracy"], rows[1]["validation_accuracy"])
      #expect((best.flatMap(Double.init) ?? 0) > (second.flatMap(Double.init) ?? 1))
      let run = "\(sandbox.folder)/sweeps/tries/trial-0002"
      let configured = try String(contentsOfFile: "\(run)/config.yaml", encoding: .utf8)
      #expect(configured.contains("momentum: 0.5") && configured.contains("seed: 3"))
      let judged = try await sandbox.train(["evaluate", "sweeps/tries/trial-0002"], ranks: 0)
      #expect(judged.status == 0 && judged.output.contains("accuracy"))

      let again = try await sandbox.train(["sweep", "tries.yaml"], ranks: 0)
      #expect(again.output.contains("trial 3 of 3") && !again.output.contains("trial 2 of 3"))
      #expect(try results(sandbox, "tries").map { $0["trial"] } == rows.map { $0["trial"] })

      let changed = try String(contentsOfFile: "\(sandbox.folder)/tries.yaml", encoding: .utf8)
      try sandbox.file("tries.yaml", changed.replacingOccurrences(of: "0.5, 1e30", with: "0.2"))
      let other = try await sandbox.train(["sweep", "tries.yaml"], ranks: 0)
      #expect(other.status == 2 && other.errors.contains("another space"), "\(other.tail)")
    }
  }

  @Test("halving goes on with the better trials, from their checkpoints")
  func halving() async throws {
    try await withSandbox { sandbox in
      try sandbox.file(
        "half.yaml",
        """
        configuration: base.yaml
        method: halving
        trials: 4
        least: 1
        most: 4
        factor: 2
        space: {optimizer.lr: {log_uniform: [1e-4, 0.5]}}
        """)
      let result = try await sandbox.train(["sweep", "half.yaml"], ranks: 0)
      #expect(result.status == 0, "\(result.tail)")
      let rows = try results(sandbox, "half")
      #expect(rows.map { $0["epochs"] } == ["4", "2", "1", "1"], "\(result.tail)")
      let run = "sweeps/half/trial-000\(rows[0]["trial"] ?? "")"
      let log = try String(contentsOfFile: "\(sandbox.folder)/\(run)/log.txt", encoding: .utf8)
      #expect(log.contains("resumed from"))
      #expect(try sandbox.metrics(run).filter { $0["event"] as? String == "finished" }.count == 1)
    }
  }

  @Test("trials of several workers are started by ddp-launch")
  func workers() async throws {
    try await withSandbox { sandbox in
      try sandbox.file(
        "two.yaml",
        """
        configuration: base.yaml
        workers: 2
        trials: 1
        space: {optimizer.lr: [0.1]}
        """)
      let result = try await sandbox.train(["sweep", "two.yaml"], ranks: 0)
      #expect(result.status == 0, "\(result.tail)")
      #expect(
        try sandbox.metrics("sweeps/two/trial-0001").last?["world_size"] as? Int == 2,
        "\(result.tail)")
      let within = try await sandbox.train(["sweep", "two.yaml"], ranks: 2)
      #expect(within.status != 0 && within.errors.contains("run it without mpirun"))
    }
  }

  @Test(
    "a sweep that is ended leaves no process, and goes on where it was",
    arguments: [
      // What ends it, its exit code, and what becomes of the first trial.
      ("kill -TERM $sweep", 143, "trial 1: stopped"), ("kill -INT $sweep", 130, "trial 1: stopped"),
      ("kill -KILL $sweep", 137, ""),
      ("kill -KILL $first; sleep 1; kill -TERM $sweep", 143, "trial 1: failed"),
    ])
  func ended(by command: String, code: Int, words: String) async throws {
    try await withSandbox { sandbox in
      let base = "\(sandbox.folder)/base.yaml"
      func write(_ epochs: Int) throws {
        try sandbox.file(
          "long.yaml",
          """
          configuration: \(base)
          trials: 3
          parallel: 2
          space: {optimizer.lr: [0.1, 0.2, 0.3]}
          set: {log_every: 1, checkpoint.every_steps: 1}
          """)
        let text = try String(contentsOfFile: base, encoding: .utf8)
        let lines = text.split(separator: "epochs:")[0]
        try sandbox.file("base.yaml", "\(lines)epochs: \(epochs)\n")
      }
      try write(100_000)
      let script = """
        "$1" sweep long.yaml & sweep=$!
        until test -s sweeps/long/trial-0001/metrics.jsonl -a -s sweeps/long/trial-0002/metrics.jsonl
        do sleep 0.1; done
        until ls sweeps/long/trial-0001/checkpoints 2>/dev/null | grep -q '^step-[0-9]*$'
        do sleep 0.1; done
        first=$(grep -la "$2" $(grep -la "trial-000[1]" /proc/[0-9]*/cmdline) | cut -d/ -f3)
        \(command)
        wait $sweep; echo "code $?"
        for try in $(seq 100); do
          left=$(grep -la "$2" /proc/[0-9]*/cmdline 2>/dev/null | wc -l)
          test $left = 0 && break
          sleep 0.2
        done
        echo "left: $left"
        """
      // A pattern that is no match of itself, which stands on command lines, too.
      let pattern = "\(sandbox.folder.dropLast())[\(sandbox.folder.suffix(1))]/base.yaml"
      let result = try await MPIRun.run(
        "/bin/sh", ["-c", script, "sh", RunSandbox.program, pattern], ranks: 0,
        directory: sandbox.folder, timeout: .seconds(90))
      #expect(result.output.contains("code \(code)"), "\(result.tail)")
      #expect(words.isEmpty || result.output.contains(words), "\(result.tail)")
      #expect(result.output.contains("left: 0"), "\(result.tail)")
      let reached = try sandbox.metrics("sweeps/long/trial-0001").compactMap { $0["step"] as? Int }
      try write(1)
      let again = try await sandbox.train(["sweep", "long.yaml"], ranks: 0)
      #expect(again.status == 0 && again.output.contains("trial 3 of 3"), "\(again.tail)")
      let log = try String(
        contentsOfFile: "\(sandbox.folder)/sweeps/long/trial-0001/log.txt", encoding: .utf8)
      #expect(log.contains("resumed from") && (reached.max() ?? 0) > 0)
    }
  }

  @Test("keys that are not there are refused before anything runs")
  func refused() async throws {
    try await withSandbox { sandbox in
      try sandbox.file("bad.yaml", "configuration: base.yaml\nspace: {optimizer.rate: [1, 2]}\n")
      let bad = try await sandbox.train(["sweep", "bad.yaml"], ranks: 0)
      #expect(bad.status == 2 && bad.errors.contains("unknown key optimizer.rate"), "\(bad.tail)")
      #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/sweeps"))
      let missing = try await sandbox.train(["sweep", "none.yaml"], ranks: 0)
      #expect(missing.status == 2 && missing.errors.contains("none.yaml"))
      try sandbox.file(
        "fail.yaml", "configuration: base.yaml\ntrials: 2\nspace: {data.path: [x.csv]}\n")
      let all = try await sandbox.train(["sweep", "fail.yaml"], ranks: 0)
      #expect(all.status == 1 && all.errors.contains("all 2 trials failed"), "\(all.tail)")
      #expect(all.output.contains("x.csv: there is no such file"), "\(all.tail)")
    }
  }
}
