import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench losses`: the first losses of training beside PyTorch's.
struct LossesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "losses",
    abstract: "Trains the models of step, and the same in PyTorch, and compares their losses.",
    discussion: """
      Both start with the same weights and see the same batch, without dropout, whose draws differ. \
      In float32 a loss may differ from PyTorch's by 1e-4 of it, or by twice as much as PyTorch's \
      own does without oneDNN, since some models enlarge whatever is rounded otherwise; in mixed \
      precision by twice as much as PyTorch's own does from its float32. A model that differs by more, or whose peer cannot be \
      run, makes the command end with a code other than 0. Python needs torch, and for bert \
      transformers too.
      """)

  @Argument(help: "Models to train; all where none is named.")
  var models: [String] = []

  @Option(
    help: "A Python with torch.", completion: .file(), transform: { try UserPath.expanded($0) })
  var python: String

  @Option(parsing: .upToNextOption, help: "f32, bf16 or f16, of both; several take turns.")
  var precision = [TrainingPrecision.f32]

  @Option(help: "Steps of each model.")
  var steps = 20

  @Option(help: "Compute threads.")
  var threads = 1

  mutating func validate() throws {
    for name in models { try StepBenchmark.check(name) }
    guard threads > 0, steps > 0, !precision.isEmpty else {
      throw ValidationError("--threads and --steps must be positive")
    }
    try PeerScript.check(python)
  }

  func run() throws {
    Compute.setThreads(threads)
    let script = try PeerScript("torch_step", PackageResources.torch_step_py)
    defer { script.remove() }
    StandardStream.output.print(LossComparison.heading)
    var isGood = true
    for precision in precision {
      for name in models.isEmpty ? StepModels.all.map(\.name) : models {
        do {
          guard let row = try compare(name, precision, script.path) else { continue }
          StandardStream.output.print(row.row)
          isGood = isGood && row.isWithin
        } catch let failure as StepProcess.Failure {
          isGood = false
          StandardStream.error.print("\(name): \(failure)")
        }
      }
    }
    if !isGood { throw ExitCode(1) }
  }

  private func compare(
    _ name: String, _ precision: TrainingPrecision, _ script: String
  ) throws -> LossComparison? {
    guard let benchmark = StepBenchmark.make(name, precision: precision) else { return nil }
    let file = NSTemporaryDirectory() + "torus-losses-\(getpid()).safetensors"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try benchmark.begin(savingTo: file)
    func theirs(_ kind: String) throws -> [Double] {
      let peer = try StepProcess(
        "PyTorch", URL(fileURLWithPath: python), [script, name, "\(threads)", kind],
        threads: threads)
      let answer = try peer.ask("losses \(steps) \(file)", for: "losses", within: 600)
      return answer["losses"]?.array?.compactMap(\.double) ?? []
    }
    var comparison = LossComparison(
      name: name, precision: precision, ours: benchmark.losses(steps: steps),
      theirs: try theirs(precision.rawValue),
      exact: precision == .f32 ? nil : try theirs(TrainingPrecision.f32.rawValue))
    if precision == .f32, !comparison.isWithin { comparison.plain = try theirs("plain") }
    return comparison
  }
}

extension StepBenchmark {
  /// Turns dropout off, and writes parameters and batch to a safetensors file.
  fileprivate func begin(savingTo path: String) throws {
    module.train(module.modules().contains { $0 is BatchNorm2d })
    var state = StateDict()
    for (place, parameter) in module.parameters().enumerated() {
      state["parameters." + String(format: "%04d", place)] = parameter.value.detach()
    }
    (state["batch.x"], state["batch.y"]) = batch
    try state.save(safetensors: path)
  }
}

/// One model's losses beside PyTorch's.
package struct LossComparison {
  let name: String
  let precision: TrainingPrecision
  let ours: [Double]
  let theirs: [Double]
  /// PyTorch's in float32, where those are of mixed precision.
  let exact: [Double]?
  /// PyTorch's in float32 by other kernels of its own; nil where they were not asked for.
  package var plain: [Double]?

  package init(
    name: String, precision: TrainingPrecision, ours: [Double], theirs: [Double], exact: [Double]?
  ) {
    self.name = name
    self.precision = precision
    self.ours = ours
    self.theirs = theirs
    self.exact = exact
  }

  /// The largest distance as a part of a loss; infinite where there are not as many.
  private static func distance(_ losses: [Double], _ expected: [Double]) -> Double {
    guard losses.count == expected.count, !losses.isEmpty else { return .infinity }
    return zip(losses, expected).map { abs($0 - $1) / max(abs($1), 1e-12) }
      .reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
  }

  /// How far ours are from PyTorch's in float32, or its own of mixed precision from those.
  package var distance: Double { Self.distance(ours, exact ?? theirs) }

  package var allowed: Double {
    let own = exact.map { Self.distance(theirs, $0) } ?? plain.map { Self.distance($0, theirs) }
    return own.map { $0.isFinite ? max(2 * $0, 1e-4) : 1e-4 } ?? 1e-4
  }

  package var isWithin: Bool { distance <= allowed }

  static let heading = """
    | model | precision | steps | Torus, first and last | PyTorch | largest distance | allowed | |
    |---|---|---|---|---|---|---|---|
    """

  var row: String {
    func ends(_ losses: [Double]) -> String {
      String(format: "%.5f, %.5f", losses.first ?? .nan, losses.last ?? .nan)
    }
    let figures = String(format: "%.1e | %.1e", distance, allowed)
    return "| \(name) | \(precision.rawValue) | \(ours.count) | \(ends(ours)) | \(ends(theirs)) | "
      + "\(figures) | \(isWithin ? "within" : "beyond") |"
  }
}
