import Base

/// A number over a run's steps.
package struct MetricSeries: Sendable, Equatable {
  /// What it is called in `metrics.jsonl`.
  package let name: String
  /// The steps, in ascending order.
  package private(set) var steps: [Int] = []
  /// The value at each; NaN and infinities as they are.
  package private(set) var values: [Double] = []

  init(_ name: String) { self.name = name }

  /// A series of given points.
  package init(_ name: String, steps: [Int], values: [Double]) {
    (self.name, self.steps, self.values) = (name, steps, values)
  }

  /// Adds the value of a later step, or another one of the last.
  mutating func add(_ step: Int, _ value: Double) {
    if steps.last == step {
      values[values.count - 1] = value
    } else {
      steps.append(step)
      values.append(value)
    }
  }

  /// At most about `count` points: of as many stretches as that takes, the lowest and the highest point,
  /// and the ends, so that no spike is lost.
  package func thinned(to count: Int) -> MetricSeries {
    guard steps.count > count, count >= 4 else { return self }
    let stretches = max(1, count / 2)
    var kept: [Int] = [0]
    for stretch in 0..<stretches {
      let start = stretch * steps.count / stretches
      let end = (stretch + 1) * steps.count / stretches
      guard start < end else { continue }
      // What is not finite counts as the highest: it is what one wants to see.
      func rank(_ index: Int) -> Double { values[index].isFinite ? values[index] : .infinity }
      let low = (start..<end).min { rank($0) < rank($1) } ?? start
      let high = (start..<end).max { rank($0) < rank($1) } ?? start
      for index in [min(low, high), max(low, high)] where index != kept.last { kept.append(index) }
    }
    if kept.last != steps.count - 1 { kept.append(steps.count - 1) }
    return MetricSeries(name, steps: kept.map { steps[$0] }, values: kept.map { values[$0] })
  }
}

extension RunRecord {
  /// Lines whose numbers are no points of a curve.
  private static let otherEvents: Set = [
    "started", "checkpoint", "data_parallel", "stopped", "failed", "finished", "confusion",
    "samples", "ranks",
  ]

  /// Every number that lines with a step name, in the order in which they first appear.
  ///
  /// Where a step comes again, as in a run that went on from an earlier checkpoint, all that an earlier
  /// attempt logged from there on is dropped.
  package var series: [MetricSeries] {
    var order: [String] = []
    var places: [String: Int] = [:]
    var points: [(steps: [Int], values: [Double])] = []
    for line in lines where !Self.otherEvents.contains(line.event) {
      guard let step = line.step else { continue }
      for member in line.values where member.name != "step" {
        guard let value = member.value.metric else { continue }
        let place =
          places[member.name]
          ?? {
            places[member.name] = order.count
            order.append(member.name)
            points.append(([], []))
            return order.count - 1
          }()
        if let last = points[place].steps.last, last >= step {
          let kept = points[place].steps.prefix { $0 < step }.count
          points[place].steps.removeLast(points[place].steps.count - kept)
          points[place].values.removeLast(points[place].values.count - kept)
        }
        points[place].steps.append(step)
        points[place].values.append(value)
      }
    }
    return zip(order, points).map {
      MetricSeries($0, steps: $1.steps, values: $1.values)
    }
  }
}

extension JSONValue {
  /// The number, those that are not finite from their texts; nil where this is none.
  package var metric: Double? {
    switch self {
    case .number: double
    case .string("nan"): .nan
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    default: nil
    }
  }
}
