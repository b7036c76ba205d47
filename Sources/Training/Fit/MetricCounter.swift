import Collectives
import Metrics
import Tensors

/// What a metric knows of the records seen so far, whatever it is made of.
protocol MetricCounting: AnyObject {
  func add(_ outputs: Tensor, _ targets: Tensor)
  /// The figure over all ranks, and a fresh start; nil for what is no number. Blocks until all ranks have
  /// called it.
  func take(_ group: ProcessGroup?) throws -> Double?
  /// The confusion matrix that the last figure was made of.
  var confusion: ConfusionMatrix? { get }
}

final class MetricCounter<State: MergeableMetric>: MetricCounting {
  private let initial: State
  private let name: String
  private var state: State
  private var last: State?
  private let adding: (inout State, Tensor, Tensor) -> Void
  private let figure: (State) -> Double?

  init(
    _ initial: State, _ name: String, _ adding: @escaping (inout State, Tensor, Tensor) -> Void,
    figure: @escaping (State) -> Double?
  ) {
    (self.initial, state, self.name) = (initial, initial, name)
    (self.adding, self.figure) = (adding, figure)
  }

  func add(_ outputs: Tensor, _ targets: Tensor) { adding(&state, outputs, targets) }

  func take(_ group: ProcessGroup?) throws -> Double? {
    let all = try group.map { try $0.allGather(object: state, label: name) } ?? [state]
    state = initial
    last = all.merged()
    return last.flatMap(figure)
  }

  var confusion: ConfusionMatrix? { (last as? ClassState)?.confusion }
}

/// The metrics of a compiled model, one counter for each output and metric.
final class FitCounters {
  private let counters: [(output: Int, name: String, counter: any MetricCounting)]

  init(_ metrics: [FitMetric], losses: [TrainingLoss]) {
    counters = losses.enumerated().flatMap { index, loss in
      metrics.map { metric in
        // Several outputs have their figures under names of their own.
        let name = losses.count == 1 ? metric.name : "output_\(index)_\(metric.name)"
        return (index, name, metric.makeCounter(loss))
      }
    }
  }

  func add(_ outputs: [Tensor], _ targets: [Tensor]) {
    noGrad {
      for (index, _, counter) in counters {
        counter.add(outputs[index].detach(), targets[index])
      }
    }
  }

  func take(_ group: ProcessGroup?) throws -> [(name: String, value: Double)] {
    var values: [(String, Double)] = []
    for (_, name, counter) in counters {
      if let value = try counter.take(group) { values.append((name, value)) }
    }
    return values
  }

  var confusion: ConfusionMatrix? { counters.lazy.compactMap(\.counter.confusion).first }
}
