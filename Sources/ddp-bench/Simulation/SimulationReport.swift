import Collectives
import Foundation

/// Predicted steps beside measured ones, as text and as JSON.
struct SimulationReport {
  let timeline: StepTimeline
  /// Seconds of a step by ranks of this machine.
  let measured: [Int: Double]
  /// nil for what the built-in table chooses.
  let algorithm: AllReduceAlgorithm?

  private struct Row {
    let ranks: Int
    let nodes: Int
    let algorithm: AllReduceAlgorithm?
    let prediction: StepTimeline.Prediction
    let efficiency: Double
  }

  private func row(_ cluster: ClusterCost, _ ranks: Int) -> Row {
    let local = min(ranks, cluster.ranksPerNode)
    let nodes = (ranks + local - 1) / local
    let topology = Topology(ranks: ranks, nodes: nodes, sharesMemory: local > 1)
    func chosen(_ bytes: Int) -> AllReduceAlgorithm {
      algorithm ?? AlgorithmTable().choose(bytes: bytes, on: topology).0
    }
    let prediction = timeline.replayed(slowdown: cluster.machine(local).compute) { bytes in
      cluster.allReduce(chosen(bytes), bytes: bytes, ranks: ranks)
    }
    let alone = timeline.replayed(slowdown: 1) { _ in 0 }
    return Row(
      ranks: ranks, nodes: nodes,
      algorithm: ranks > 1 ? timeline.buckets.map(\.bytes).max().map(chosen) : nil,
      prediction: prediction, efficiency: alone.step / prediction.step)
  }

  /// Seconds of a step on so many ranks.
  func step(_ cluster: ClusterCost, _ ranks: Int) -> Double { row(cluster, ranks).prediction.step }

  /// What was measured of the machine, and what is replayed.
  func calibration(_ cluster: ClusterCost) -> String {
    var text = "ranks at work   message µs     GB/s   add GB/s   window µs     GB/s   compute ×\n"
    for (load, machine) in cluster.machines.sorted(by: { $0.key < $1.key }) {
      func rate(_ perByte: Double) -> String {
        perByte > 0 ? String(format: "%8.2f", 1e-9 / perByte) : "       –"
      }
      text +=
        String(format: "%13d %12.2f ", load, machine.messages.latency * 1e6)
        + rate(machine.messages.perByte) + "   " + rate(machine.adding)
        + String(format: " %11.2f ", machine.shared.latency * 1e6) + rate(machine.shared.perByte)
        + String(format: " %11.3f\n", machine.compute)
    }
    let buckets = timeline.buckets.map {
      String(format: "%.0f KiB at %.2f ms", Double($0.bytes) / 1024, $0.ready * 1e3)
    }
    return text + "buckets: " + buckets.joined(separator: ", ")
      + String(
        format: "; walk ends at %.2f ms, the rest takes %.2f ms\n", timeline.walkEnd * 1e3,
        timeline.rest * 1e3)
  }

  func table(_ cluster: ClusterCost, _ counts: [Int]) -> String {
    counts.reduce(
      " ranks machines algorithm           compute ms  reduce ms    step ms  efficiency"
        + (cluster.ranksPerNode == .max ? "   measured   error\n" : "\n")
    ) { text, ranks in
      let row = row(cluster, ranks)
      let p = row.prediction
      let name = row.algorithm?.rawValue ?? "–"
      var line =
        String(format: "%6d %8d ", row.ranks, row.nodes)
        + name.padding(toLength: 18, withPad: " ", startingAt: 0)
        + String(
          format: "%12.3f %10.3f %10.3f %9.1f %%", p.compute * 1e3, p.communication * 1e3,
          p.step * 1e3, row.efficiency * 100)
      if cluster.ranksPerNode == .max, let time = measured[ranks] {
        line += String(format: " %10.3f %6.1f %%", time * 1e3, error(p.step, time))
      }
      return text + line + "\n"
    }
  }

  func json(_ cluster: ClusterCost, _ counts: [Int], place: String) -> String {
    counts.reduce("") { text, ranks in
      let row = row(cluster, ranks)
      let p = row.prediction
      var line = String(
        format:
          #"{"place": "%@", "ranks": %d, "machines": %d, "algorithm": "%@", "compute_ms": %.4f, "#
          + #""reduce_ms": %.4f, "step_ms": %.4f, "efficiency": %.4f"#,
        place, row.ranks, row.nodes, row.algorithm?.rawValue ?? "none", p.compute * 1e3,
        p.communication * 1e3, p.step * 1e3, row.efficiency)
      if cluster.ranksPerNode == .max, let time = measured[ranks] {
        line += String(
          format: #", "measured_ms": %.4f, "error_percent": %.2f"#, time * 1e3, error(p.step, time))
      }
      return text + line + "}\n"
    }
  }

  private func error(_ predicted: Double, _ time: Double) -> Double {
    100 * (predicted - time) / time
  }
}
