import Collectives
import Metrics
import Tensors
import Training

/// What a metric knows of the records seen so far, whatever it is made of.
protocol MetricCounting: AnyObject {
  /// Begins to count for so many virtual workers of the rank.
  func begin(workers: Int)
  /// Counts a batch of one of the rank's virtual workers; 0 where there are none.
  func add(_ outputs: Tensor, _ targets: Tensor, worker: Int)
  /// The figure over all ranks, and a fresh start; nil for what is no number. Blocks until all ranks have
  /// called it.
  func take(_ group: ProcessGroup?) throws -> Double?
  /// The confusion matrix that the last figure was made of.
  var confusion: ConfusionMatrix? { get }
}

final class MetricCounter<State: MergeableMetric>: MetricCounting {
  private let initial: State
  private let name: String
  /// Of the rank, or of each of its virtual workers, so that all are put together in one order.
  private var states: [State]
  private var last: State?
  private let adding: (inout State, Tensor, Tensor) -> Void
  private let figure: (State) -> Double?

  init(
    _ initial: State, _ name: String, _ adding: @escaping (inout State, Tensor, Tensor) -> Void,
    figure: @escaping (State) -> Double?
  ) {
    (self.initial, states, self.name) = (initial, [initial], name)
    (self.adding, self.figure) = (adding, figure)
  }

  func begin(workers: Int) { states = Array(repeating: initial, count: workers) }

  func add(_ outputs: Tensor, _ targets: Tensor, worker: Int) {
    adding(&states[worker], outputs, targets)
  }

  func take(_ group: ProcessGroup?) throws -> Double? {
    let all =
      try group.map { try $0.allGather(object: states, label: name).flatMap { $0 } } ?? states
    begin(workers: states.count)
    last = all.merged()
    return last.flatMap(figure)
  }

  var confusion: ConfusionMatrix? { (last as? ClassState)?.confusion }
}

/// The metrics of a compiled model, one counter for each output and metric.
final class FitCounters {
  private let counters: [(output: Int, name: String, counter: any MetricCounting)]

  /// - Parameter workers: How many virtual workers this rank has; 1 where there are none.
  init(_ metrics: [FitMetric], losses: [TrainingLoss], workers: Int) {
    counters = losses.enumerated().flatMap { index, loss in
      metrics.map { metric in
        // Several outputs have their figures under names of their own.
        let name = losses.count == 1 ? metric.name : "output_\(index)_\(metric.name)"
        let counter = metric.makeCounter(loss)
        counter.begin(workers: workers)
        return (index, name, counter)
      }
    }
  }

  func add(_ outputs: [Tensor], _ targets: [Tensor], worker: Int) {
    noGrad {
      for (index, _, counter) in counters {
        counter.add(outputs[index].detach(), targets[index], worker: worker)
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
