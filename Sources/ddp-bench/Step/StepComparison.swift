import Base
import Foundation
import Torus

/// One model's steps beside PyTorch's, over some rounds.
package struct StepComparison {
  let name: String
  let threads: Int
  let precision: TrainingPrecision
  private var ours: [Double] = []
  private var theirs: [Double] = []
  private var memory = (ours: 0, theirs: 0)
  private var gflops = 0.0

  package init(name: String, threads: Int, precision: TrainingPrecision) {
    self.name = name
    self.threads = threads
    self.precision = precision
  }

  /// Adds a round.
  package mutating func add(_ our: JSONValue, _ their: JSONValue) {
    guard let mine = our["median_s"]?.double, let other = their["median_s"]?.double else { return }
    ours.append(mine)
    theirs.append(other)
    gflops = max(gflops, our["gflops"]?.double ?? 0)
    memory.ours = max(memory.ours, our["peak_mb"]?.int ?? 0)
    memory.theirs = max(memory.theirs, their["peak_mb"]?.int ?? 0)
  }

  /// How many times as fast ours is: the median over the rounds.
  package var ratio: Double { StepComparison.median(zip(ours, theirs).map { $1 / $0 }) }

  static let heading = """
    | model | precision | threads | Torus ms | PyTorch ms | times as fast | Torus GFLOP/s | peak MB, Torus / PyTorch |
    |---|---|---|---|---|---|---|---|
    """

  package var row: String {
    let times = String(
      format: "%.2f | %.2f | %.2f | %.0f", StepComparison.median(ours) * 1e3,
      StepComparison.median(theirs) * 1e3, ratio, gflops)
    return
      "| \(name) | \(precision.rawValue) | \(threads) | \(times) | \(memory.ours) / \(memory.theirs) |"
  }

  package var json: String {
    let labels =
      #""model": "\#(name)", "precision": "\#(precision.rawValue)", "threads": \#(threads)"#
    let times = String(
      format: #""ours_s": %.9f, "pytorch_s": %.9f, "ratio": %.4f, "gflops": %.2f"#,
      StepComparison.median(ours), StepComparison.median(theirs), ratio, gflops)
    return
      "{\(labels), \(times), \"ours_peak_mb\": \(memory.ours), \"pytorch_peak_mb\": \(memory.theirs), \"rounds\": \(ours.count)}"
  }

  /// The geometric means, and the machine.
  package static func summary(of rows: [StepComparison]) -> String {
    var lines: [String] = [""]
    for threads in Set(rows.map(\.threads)).sorted() {
      for precision in [TrainingPrecision.f32, .bf16, .f16] {
        let ratios = rows.filter { $0.threads == threads && $0.precision == precision }.map(\.ratio)
        if ratios.isEmpty { continue }
        let mean = exp(ratios.map { log($0) }.reduce(0, +) / Double(ratios.count))
        lines.append(
          String(
            format: "Geometric mean, %@, %d thread%@: %.2f times as fast (%.2f to %.2f).",
            precision.rawValue, threads, threads == 1 ? "" : "s", mean, ratios.min() ?? 0,
            ratios.max() ?? 0))
      }
    }
    lines.append("Processor: \(processor); products of bfloat16 by \(Compute.bfloat16Products).")
    return lines.joined(separator: "\n")
  }

  /// The processor's name as the system tells it.
  private static var processor: String {
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.lines ?? []
    func field(_ name: String) -> String? {
      lines.first { $0.hasPrefix(name) }?.split(separator: ":", maxSplits: 1).last
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    guard let name = field("model name") else { return "unknown" }
    return "\(name), family \(field("cpu family") ?? "?"), model \(field("model\t") ?? "?")"
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
  }
}
