import DataParallel
import Foundation
import Torus

/// What this machine does with 1, 2, 4, … ranks at work: its costs, and a model's steps.
struct Experiment {
  /// Costs by the number of ranks at work.
  var machines: [Int: MachineCost] = [:]
  /// The step of a rank alone; nil where no model was run.
  var timeline: StepTimeline?
  /// Median seconds of a step in which ranks reduce their gradients, by their number.
  var measured: [Int: Double] = [:]

  /// Runs it with 1, 2, 4, … of the group's ranks, the others asleep. Every rank must call it.
  /// - Parameters:
  ///   - model: Whose steps are measured; nil to measure costs only.
  ///   - seconds: Spent on steps with each number of ranks.
  init(
    _ group: ProcessGroup, model: String?, options: DataParallelOptions, seconds: Double
  ) throws {
    var loads = [1]
    while let last = loads.last, last * 2 <= group.size { loads.append(last * 2) }
    if loads.last != group.size { loads.append(group.size) }
    var aloneSeconds = 0.0
    for load in loads {
      let some = try group.newGroup(ranks: Array(0..<load), name: "\(load) ranks")
      let own = try group.split(color: group.rank, name: "rank \(group.rank)")
      if let some, let own {
        var compute = 1.0
        if let model {
          let solo = try Replica(model, own, options: options)
          let joint = try Replica(model, some, options: options)
          let times = try Self.alternate(solo, joint, some, seconds: seconds)
          if load == 1 {
            timeline = StepTimeline.median(of: times.timelines)
            aloneSeconds = times.solo
          }
          compute = times.solo / aloneSeconds
          if load == 1 { measured[1] = times.solo } else { measured[load] = times.joint }
        } else {
          compute = try Self.arithmetic(some)
          if load == 1 { aloneSeconds = compute }
          compute /= aloneSeconds
        }
        machines[load] = try Calibration(group: some).measure(compute: compute)
      }
      try group.barrier(label: "\(load) ranks measured")
    }
  }

  /// Ranks that compute side by side, and the same ranks reducing gradients, in turns.
  private static func alternate(
    _ solo: Replica, _ joint: Replica, _ group: ProcessGroup, seconds: Double
  ) throws -> (solo: Double, joint: Double, timelines: [StepTimeline]) {
    _ = solo.steps(3)
    _ = joint.steps(3)
    let one = try group.allReduce(joint.steps(3).min() ?? 0, op: .maximum)
    let block = max(1, Int(0.1 / one))
    let rounds = max(5, Int(seconds / (2 * one * Double(block))))
    var times: (solo: [Double], joint: [Double]) = ([], [])
    var timelines: [StepTimeline] = []
    for _ in 0..<rounds {
      try group.barrier()
      let begin = ProcessGroup.now
      for _ in 0..<block { timelines.append(solo.recordedStep()) }
      times.solo.append(Double(ProcessGroup.now - begin) / 1e9 / Double(block))
      try group.barrier()
      times.joint.append(joint.steps(block).reduce(0, +) / Double(block))
    }
    let slowest = try group.allReduce(times.solo + times.joint, op: .maximum)
    func median(_ part: ArraySlice<Double>) -> Double { part.sorted()[part.count / 2] }
    return (median(slowest[..<rounds]), median(slowest[rounds...]), timelines)
  }

  /// Seconds of a matrix product that all ranks compute at once: the load's effect where no model
  /// is at hand.
  private static func arithmetic(_ group: ProcessGroup) throws -> Double {
    let (a, b) = (Tensor.randn([256, 256]), Tensor.randn([256, 256]))
    let times = try (0..<31).map { _ in
      try group.barrier()
      let begin = ProcessGroup.now
      for _ in 0..<20 { _ = a.matmul(b) }
      return Double(ProcessGroup.now - begin) / 1e9
    }
    return try group.allReduce(times, op: .maximum).sorted()[times.count / 2]
  }
}
