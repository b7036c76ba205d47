import Base
import Foundation
import Settings
import Tensors

/// What `ddp-train sweep FILE` reads: a configuration, keys with the values to try, and how.
///
/// ```yaml
/// configuration: digits-cnn
/// method: random
/// trials: 20
/// metric: validation_accuracy
/// direction: maximize
/// space:
///   optimizer.lr: {log_uniform: [1e-4, 1e-1]}
///   model.hidden: [32, 64, 128]
/// set: {epochs: 5}
/// ```
package struct SweepConfiguration: ConfigurationSection {
  /// Which values are tried.
  package enum Method: String, ConfigurationChoice {
    /// Each with each.
    case grid
    /// As they are drawn.
    case random
    /// As they are drawn, the better ones for longer (successive halving; Jamieson and Talwalkar, 2016).
    case halving
  }

  /// Which values of the metric are good.
  package enum Direction: String, ConfigurationChoice {
    /// The least.
    case minimize
    /// The largest.
    case maximize
  }

  /// What the sweep is called.
  package var name = "sweep"
  /// The configuration that trials change, of `ddp-train` or of `ddp-train finetune`.
  package var configuration = "digits-cnn"
  /// Which values are tried.
  package var method = Method.random
  /// How many trials of values that are drawn.
  package var trials = 10
  /// Seed of the draws.
  package var seed = 1
  /// The figure of a trial's `metrics.jsonl` that trials are judged by: its last value.
  package var metric = "validation_loss"
  /// Which values of it are good.
  package var direction = Direction.minimize
  /// Trials at once; nil for as many as the cores have room for.
  package var parallel: Int?
  /// Workers of each trial.
  package var workers = 1
  /// The key by which halving says how long a trial trains.
  package var resource = "epochs"
  /// How much of it the first and the last trials have.
  package var least = 1, most = 9
  /// Of how many trials the best one goes on, for so many times as long.
  package var factor = 3
  /// The folder of the trials and the table of their results.
  package var runDirectory = "sweeps/sweep"
  /// The keys with the values to try, in their order.
  private(set) var space: [Entry] = []
  /// Keys that all trials have alike.
  private(set) var fixed: [(key: String, value: String)] = []

  /// A key with its values.
  struct Entry: Equatable {
    let key: String
    let range: SweepRange
  }

  /// The defaults, without a space.
  package init() {}

  /// Equal settings and space.
  package static func == (left: Self, right: Self) -> Bool {
    left.written == right.written && left.space == right.space
      && left.fixed.map(\.key) == right.fixed.map(\.key)
      && left.fixed.map(\.value) == right.fixed.map(\.value)
  }

  /// The keys but for `space` and `set`.
  package static let fields: [Field<Self>] = [
    Field("name", \.name, standard: "the file's name", "what the sweep is called"),
    Field("configuration", \.configuration, "what trials change: a name in configs/, or a path"),
    Field("method", \.method, "which values are tried"),
    Field("trials", \.trials, in: .between(1, 100_000), "trials of random and halving"),
    Field("seed", \.seed, in: .atLeast(0), "seed of the draws"),
    Field("metric", \.metric, "the figure of metrics.jsonl that judges, by its last value"),
    Field("direction", \.direction, "which values of it are good"),
    Field(
      "parallel", \.parallel, in: .between(1, 4096), standard: "as the cores have room for",
      "trials at once"),
    Field("workers", \.workers, in: .between(1, 4096), "workers of each trial"),
    Field("resource", \.resource, "halving: the key of a trial's length, epochs or steps"),
    Field("least", \.least, in: .steps(), "halving: that of the first trials"),
    Field("most", \.most, in: .steps(), "halving: that of the last trials"),
    Field("factor", \.factor, in: .between(2, 1000), "halving: of how many trials one goes on"),
    Field(
      path: "run_dir", \.runDirectory, standard: "sweeps/NAME",
      "the folder of the trials' runs and results"),
  ]

  /// Reads a file.
  package init(file path: String) throws(ConfigurationError) {
    let text = try RunConfiguration.text(path)
    try self.init(reading: ConfigurationNode(yaml: text, path: path), named: path)
  }

  /// Reads what stands in a file of that path.
  package init(reading node: ConfigurationNode, named path: String) throws(ConfigurationError) {
    var node = node
    let entries = node.entries ?? []
    if node.entries != nil {
      node.content = .section(entries.filter { !["space", "set"].contains($0.key) })
    }
    self.init()
    try read(node, at: "", fields: Self.fields)
    let keys = entries.map(\.key)
    if !keys.contains("name") {
      name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }
    if !keys.contains("run_dir") { runDirectory = "sweeps/\(name)" }
    guard let given = entries.first(where: { $0.key == "space" })?.node,
      let keyed = given.entries, !keyed.isEmpty
    else {
      throw .missingKey(
        "space",
        remedy: "list keys with the values to try, as in space: {optimizer.lr: [1e-3, 1e-2]}")
    }
    for entry in keyed {
      space.append(Entry(key: entry.key, range: try SweepRange(entry.node, of: entry.key)))
    }
    if let set = entries.first(where: { $0.key == "set" })?.node, !set.isNull {
      guard let keyed = set.entries else {
        throw .wrongType(
          "set", set.place, expected: "a section of keys, as in {epochs: 5}", given: set.asGiven)
      }
      fixed = keyed.map { ($0.key, $0.node.yamlInline) }
    }
    if let problem = lateConflicts.first {
      throw .conflict(problem.key, problem: problem.problem, remedy: problem.remedy)
    }
  }

  private var lateConflicts: [(key: String, problem: String, remedy: String)] {
    let taken = ["run_dir", "resume"] + (method == .halving ? [resource] : [])
    for key in space.map(\.key) + fixed.map(\.key) where taken.contains(key) {
      return [("space.\(key)", "the sweep itself sets it", "leave it out")]
    }
    if let key = space.map(\.key).first(where: { key in fixed.contains { $0.key == key } }) {
      return [("set.\(key)", "it is tried with several values", "leave one of them out")]
    }
    if method == .grid, let entry = space.first(where: { $0.range.count == nil }) {
      return [
        (
          "space.\(entry.key)", "a grid cannot try all of a range",
          "list its values, or set method: random"
        )
      ]
    }
    if method == .grid, gridCount > 100_000 {
      return [("space", "the grid has more than 100000 trials", "list fewer values")]
    }
    if method == .halving, most < least {
      return [("most", "\(most) is less than the \(least) of the first trials", "set it higher")]
    }
    return []
  }

  private var gridCount: Double {
    space.reduce(1) { $0 * Double($1.range.count ?? 1) }
  }

  /// The values of each trial, in the order of the keys.
  package var values: [[String]] {
    switch method {
    case .grid:
      return (0..<Int(gridCount)).map { number in
        var rest = number
        // The last key changes first.
        let places = space.reversed().map { entry -> Int in
          let count = entry.range.count ?? 1
          defer { rest /= count }
          return rest % count
        }
        return zip(space, places.reversed()).map { $0.range[$1] }
      }
    case .random, .halving:
      return (0..<trials).map { number in
        let generator = Generator.keyed(seed: UInt64(seed), epoch: 0, index: number)
        return space.map { $0.range.draw(generator) }
      }
    }
  }

  /// How long trials train in each round; one round of nil where the configuration says it.
  package var rounds: [Int?] {
    guard method == .halving else { return [nil] }
    var rounds = [least]
    while let last = rounds.last, last < most {
      let (next, overflows) = last.multipliedReportingOverflow(by: factor)
      rounds.append(overflows ? most : min(most, next))
    }
    return rounds
  }

  /// What results depend on: with other values of it a folder's results are another sweep's.
  var identity: String {
    var written = written
    let others = ["name", "trials", "parallel", "workers", "run_dir"]
    written.content = .section((written.entries ?? []).filter { !others.contains($0.key) })
    let lines =
      space.map { "space.\($0.key): \($0.range)" } + fixed.map { "set.\($0.key): \($0.value)" }
    return written.yaml + lines.joined(separator: "\n") + "\n"
  }
}
