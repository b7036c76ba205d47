import Foundation

/// A step's timeline out of a trace that `ddp-train --trace` wrote.
package struct RecordedRun {
  /// Workers of the run.
  package let ranks: Int
  /// The median over its steps and workers.
  package let timeline: StepTimeline
  /// Median seconds of a step.
  package let step: Double

  /// What is wrong with a trace.
  package struct Unusable: Error, CustomStringConvertible {
    package let description: String
  }

  private typealias Event = [String: Any]

  /// The most workers, steps and bytes of a bucket that are taken to be true.
  private static let (mostRanks, mostSteps, mostBytes) = (1 << 20, 1 << 53, 1 << 50)

  package init(trace path: String) throws {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw Unusable(description: "\(path) cannot be read: \(error.localizedDescription)")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let events = object["traceEvents"] as? [Event],
      let ranks = (object["otherData"] as? [String: Any])?["world_size"] as? Int
    else {
      throw Unusable(
        description: "\(path) is no trace; write one with ddp-train --trace \(path)")
    }
    guard (1...Self.mostRanks).contains(ranks) else {
      throw Unusable(
        description: "\(path): world_size is \(ranks), where a number of workers is expected")
    }
    self.ranks = ranks
    let byRank = Dictionary(grouping: events.filter { $0["ts"] is Double }) {
      $0["pid"] as? Int ?? 0
    }
    let all = byRank.values.flatMap { Self.steps($0) }
    // The first steps of a run still lay buckets and memory out.
    let settled = all.filter { $0.number > (all.map(\.number).min() ?? 0) + 2 }
    let steps = settled.isEmpty ? all : settled
    guard let timeline = StepTimeline.median(of: steps.map(\.timeline)),
      !timeline.buckets.isEmpty
    else {
      throw Unusable(
        description: "\(path) holds no step with buckets; record one of at least 2 workers")
    }
    self.timeline = timeline
    step = steps.map(\.seconds).sorted()[steps.count / 2]
  }

  /// The recorded steps of one rank.
  private static func steps(
    _ events: [Event]
  ) -> [(number: Int, seconds: Double, timeline: StepTimeline)] {
    func named(_ name: String) -> [Event] { events.filter { $0["name"] as? String == name } }
    let ready = events.filter { ($0["name"] as? String)?.hasSuffix(" ready") ?? false }
    let (walks, backwards) = (named("backward walk ended"), named("backward"))
    let agreements = named("agreement")
    return events.compactMap { event in
      guard let name = event["name"] as? String, name.hasPrefix("step "),
        let number = Int(name.dropFirst(5)), (0...mostSteps).contains(number),
        let begin = event["ts"] as? Double, let length = event["dur"] as? Double, length >= 0
      else { return nil }
      func within(_ event: Event) -> Bool {
        let time = event["ts"] as? Double ?? -1
        return time >= begin && time <= begin + length
      }
      func at(_ event: Event) -> Double { ((event["ts"] as? Double ?? begin) - begin) / 1e6 }
      func duration(_ event: Event) -> Double { (event["dur"] as? Double ?? 0) / 1e6 }
      guard let walk = walks.last(where: within), let backward = backwards.last(where: within)
      else { return nil }
      let agreed = agreements.filter(within)
      let seconds = length / 1e6
      let rest =
        seconds - at(backward) - duration(backward) - agreed.reduce(0) { $0 + duration($1) }
      return (
        number, seconds,
        StepTimeline(
          buckets: ready.filter(within).map {
            .init(
              ready: at($0),
              bytes: min(max(($0["args"] as? Event)?["bytes"] as? Int ?? 0, 0), mostBytes))
          }, walkEnd: at(walk), rest: max(0, rest),
          agreements: agreed.map { _ in 32 })
      )
    }
  }
}
