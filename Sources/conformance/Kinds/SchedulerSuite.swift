import Foundation
import NN
import Optimizers
import Tensors

/// `lr_schedulers.json`: learning rates, and momenta where they change, before the first and after
/// each step.
struct SchedulerSuite: Suite {
  private let cases: [Case]

  private struct Case: Decodable {
    let id: Int
    let scheduler: String
    let base_lr: Double
    let momentum: Double?
    let kwargs: OptionValue?
    let of: OptionValue?
    let milestones: [Int]?
    let metric: [Double]?
    let lr: [Double]
    let momentum_after: [Double]?
  }

  init(_ url: URL) throws {
    struct File: Decodable { let cases: [Case] }
    cases = try JSONDecoder().decode(
      File.self, from: Data(contentsOf: url.file("lr_schedulers.json"))
    )
    .cases
  }

  var units: [String] { Set(cases.map(\.scheduler)).sorted() }

  func checks(of unit: String) throws -> [Check] {
    cases.filter { $0.scheduler == unit }.map { item in
      Check(id: "\(item.id)") { try check(item) }
    }
  }

  private func check(_ item: Case) throws {
    let optimizer = SGD(
      [Parameter(Tensor([Float(0)]))], lr: item.base_lr, momentum: item.momentum ?? 0.9)
    let scheduler = try scheduler(item, optimizer)
    for (step, expected) in item.lr.enumerated() {
      if step > 0 {
        if let plateau = scheduler as? ReduceLROnPlateau {
          guard let metric = item.metric, step <= metric.count else {
            throw Unsupported("a plateau without metrics")
          }
          plateau.step(metric[step - 1])
        } else {
          scheduler.step()
        }
      }
      try compare(optimizer.groups[0].lr, expected, "learning rate after step \(step)")
      if let momenta = item.momentum_after {
        try compare(optimizer.groups[0].momentum, momenta[step], "momentum after step \(step)")
      }
    }
  }

  private func scheduler(_ item: Case, _ optimizer: Optimizer) throws -> LRScheduler {
    func make(_ name: String, _ options: OptionValue?) throws -> LRScheduler {
      guard
        let made = try LRScheduler.named(name, optimizer, options: options?.object ?? [:])
      else { throw Unsupported("scheduler \(name)") }
      return made
    }
    guard let parts = item.of?.list else { return try make(item.scheduler, item.kwargs) }
    let schedulers = try parts.map { part in
      guard let pair = part.list, pair.count == 2, let name = pair[0].string else {
        throw RunnerError("case \(item.id): a part should be a name with options, not \(part)")
      }
      return try make(name, pair[1])
    }
    switch item.scheduler {
    case "SequentialLR":
      return SequentialLR(optimizer, schedulers, milestones: item.milestones ?? [])
    case "ChainedScheduler": return ChainedScheduler(schedulers)
    default: throw Unsupported("scheduler \(item.scheduler)")
    }
  }

  /// Schedules are computed in `float64`, so that next to nothing may differ.
  private func compare(_ got: Double, _ expected: Double, _ what: String) throws {
    if abs(got - expected) > 1e-15 + 1e-12 * abs(expected) {
      throw Mismatch("\(what): expected \(expected), got \(got)")
    }
  }
}
