import Foundation
import MPITesting
import Settings
import Testing
import Training

/// Every key with numbers at the ends of their ranges and texts that are none: it works, or ends with
/// 2 and a message that names the key.
@Suite("Extreme values", .serialized, .enabled(if: !MPIRank.isOne))
struct ExtremeValueTests {
  static let values = [
    "0", "-1", "9223372036854775807", "-9223372036854775808", "1e15", "1e18", "1e30", "1e308",
    "5e-324", "nan", "inf", "-inf", "", String(repeating: "x", count: 100_000), "0x10", "1_000",
    " 5 ", "1e400", "[1e30]", "[]", "1e9",
  ]

  /// What a value may need beside it to be read at all.
  private static func base(_ key: KeyDescription) -> [String] {
    guard let taker = key.takers.first else { return [] }
    var section = key.path.split(separator: ".").dropLast().joined(separator: ".")
    if section.isEmpty { section = key.path }
    // A source's own sections, such as data.transforms.
    if section.hasPrefix("data.") { section = "data" }
    let path = section == "data" && taker != "digits" ? ["--data.path=x"] : []
    // What its other keys need, but for the required ones.
    let required = [
      "StepLR": ["step_size=2"], "MultiStepLR": ["milestones=[2]"], "ExponentialLR": ["gamma=0.9"],
      "CosineAnnealingWarmRestarts": ["T_0=3"], "OneCycleLR": ["max_lr=0.1"],
      "CyclicLR": ["base_lr=0.01", "max_lr=0.1"], "SWALR": ["swa_lr=0.01"],
      "cosine_with_min_lr": ["min_lr=0"], "cosine_warmup_with_min_lr": ["min_lr=0"],
    ]
    // The share that is held out of texts is none of the number of records that digits hold out.
    let share = taker == "text" ? ["--data.held_out=0.1"] : []
    if section == "callbacks" { return ["--callbacks=\(taker)"] }
    return ["--\(section).name=\(taker)"] + path + share
      + (required[taker] ?? []).map { "--\(section).\($0)" }
  }

  /// What the configuration says to a value: the error's text, or nil.
  private static func problem(_ key: KeyDescription, _ value: String) -> String? {
    do {
      _ = try RunConfiguration(
        RunArguments(["digits-cnn"] + base(key) + ["--\(key.path)=\(value)"]))
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("every key takes or refuses every value, by its name and in few words")
  func sweep() {
    let keys = RunConfiguration.keys()
    #expect(keys.count > 60)
    for key in keys {
      for value in Self.values {
        guard let problem = Self.problem(key, value) else { continue }
        let name = key.path.split(separator: ".").last.map(String.init) ?? key.path
        #expect(problem.contains(name), "\(key.path)=\(value.prefix(30)): \(problem.prefix(300))")
        #expect(problem.count < 1500, "\(key.path)=\(value.prefix(30)): \(problem.prefix(300))")
      }
    }
  }

  /// The largest value that each whole number takes, which a run is then started with.
  static let largestValues: [[String]] = RunConfiguration.keys().compactMap { key in
    guard key.expectation.contains("number"), !key.takers.contains("idx"),
      !key.path.hasPrefix("data.") || key.takers.contains("digits"),
      !key.path.hasPrefix("model.") || key.takers.contains("digits-cnn")
        || key.takers.contains("mlp"),
      let value = values.filter({ $0.utf8.first?.isDigit ?? false })
        .filter({ problem(key, $0) == nil }).max(by: { Double($0) ?? 0 < Double($1) ?? 0 })
    else { return nil }
    return base(key) + ["--\(key.path)=\(value)"]
  }

  /// A dozen of them at a time: each case of a suite that goes one by one waits for its turn again.
  static let dozens = stride(from: 0, to: largestValues.count, by: 12).map {
    Array(largestValues[$0..<min($0 + 12, largestValues.count)])
  }

  @Test("a run with the largest value of a key trains, or is refused in words", arguments: dozens)
  func largest(runs: [[String]]) async throws {
    for arguments in runs { try await run(arguments) }
  }

  private func run(_ arguments: [String]) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let key = arguments[arguments.count - 1].dropFirst(2).prefix { $0 != "=" }
    // A run that would not end is stopped when its log says that it trains.
    let ends = key != "steps" && key != "epochs"
    let result = try await sandbox.train(
      [
        "digits-cnn", "--run-dir=run", "--evaluation.every_epochs=null", "--model.hidden=8",
        "--log_every=1",
      ] + (ends ? ["--steps=2"] : ["--optimizer.lr=3e38", "--optimizer.name=sgd"])
        + arguments, ranks: key == "seed" || key.hasPrefix("distributed") ? 2 : 0,
      timeout: .seconds(60))
    #expect(!result.timedOut && result.status < 128, "\(arguments): \(result.tail)")
    guard result.status != 0 else { return }
    // A rate beyond all reason is found out by its loss, and figures of nothing by their words.
    let isKnown =
      result.status == 2 && result.errors.contains(key.split(separator: ".").last ?? key)
      || result.errors.contains("lower optimizer.lr") || result.errors.contains("held_out")
      || result.errors.contains("cannot be held out")
      || result.errors.contains("muon trains matrices only")
    #expect(isKnown, "\(arguments): \(result.tail)")
  }

  @Test(
    "what is beyond any machine is refused by its size",
    arguments: [
      ["--model.name=mlp", "--model.hidden=[100000000, 100000000]"],
      ["--model.name=digits-cnn", "--model.channels=[16, 1000000000]"],
    ])
  func tooLarge(arguments: [String]) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    for ranks in [0, 2] {
      let result = try await sandbox.train(
        ["digits-cnn", "--run-dir=run"] + arguments, ranks: ranks)
      #expect(result.status == 2, "\(result.tail)")
      #expect(
        result.errors.contains("parameters and takes at least")
          && result.errors.contains("this machine has"), "\(result.tail)")
    }
  }

  @Test("generate takes extreme options or refuses them by name")
  func generate() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("text.txt", SmallData.text)
    let trained = try await sandbox.train(
      [
        "char-gpt", "--model.layers", "1", "--model.heads", "2", "--model.width", "16",
        "--data.path", "text.txt", "--data.context", "8", "--data.held_out", "0.2", "--steps", "2",
        "--run-dir", "run",
      ], ranks: 0)
    try #require(trained.status == 0, "\(trained.tail)")
    for (option, works) in [
      ("--temperature=nan", false), ("--temperature=inf", false), ("--temperature=-1", false),
      ("--temperature=1e-40", true), ("--temperature=1e-320", true), ("--temperature=1e6", true),
      ("--count=0", false), ("--count=9223372036854775807", false), ("--top-k=0", false),
      ("--top-k=9223372036854775807", true), ("--seed=18446744073709551615", true),
    ] {
      let count = option.hasPrefix("--count") ? [] : ["--count=5"]
      let result = try await sandbox.train(
        ["generate", "run", "--prompt=the", option] + count, ranks: 0)
      #expect(
        (result.status == 0) == works && result.status < 128, "\(option): \(result.tail)")
      let name = option.prefix { $0 != "=" }
      #expect(works || result.errors.contains("\(name) must be"), "\(option): \(result.tail)")
    }
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}
