import Base
import Foundation
import NN
import Optimizers
import Tensors

/// The learning rates of Hugging Face's `get_scheduler` by step: `schedules/cases.json`.
struct ScheduleSuite: Suite {
  private struct Case: Decodable {
    let name: String
    let lr: Double
    let num_warmup_steps: Int?
    let num_training_steps: Int?
    let kwargs: OptionValue?
    let rates: [Double]
  }

  private let cases: [Case]

  init(_ path: URL) throws {
    let data = try path.file("cases.json").unpacked()
    cases = try JSONDecoder().decode([Case].self, from: data)
  }

  var units: [String] { Set(cases.map(\.name)).sorted() }

  func checks(of unit: String) throws -> [Check] {
    cases.enumerated().filter { $1.name == unit }.map { number, item in
      Check(id: "\(number)") { try check(item) }
    }
  }

  private func check(_ item: Case) throws {
    let optimizer = SGD([Parameter(Tensor([Float(0)]))], lr: item.lr)
    var options = item.kwargs?.object ?? [:]
    options["num_warmup_steps"] = item.num_warmup_steps.map { .int($0) }
    options["num_training_steps"] = item.num_training_steps.map { .int($0) }
    guard let scheduler = try LRScheduler.named(item.name, optimizer, options: options) else {
      throw Unsupported("the schedule \(item.name)")
    }
    for (step, expected) in item.rates.enumerated() {
      if step > 0 { scheduler.step() }
      let got = optimizer.groups[0].lr
      guard abs(got - expected) <= 1e-15 + 1e-12 * abs(expected) else {
        throw Mismatch("learning rate of step \(step): expected \(expected), got \(got)")
      }
    }
  }
}
