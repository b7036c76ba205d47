import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// Settings at the ends of their ranges, and groups that come later. `schedule_edges.json` holds what
/// PyTorch 2.13 did: an SGD of one group at 0.1, up to 8 steps, and where `add` stands, another group
/// at 0.05 before that step. `refused` says that PyTorch raised an error after the last of the rates.
/// `schedule_edges.py` wrote it.
@Suite("Edges of schedules")
struct ScheduleEdgeTests {
  private static func optimizer() -> SGD {
    SGD([ParameterGroup([parameter([1])])], lr: 0.1, momentum: 0.9)
  }

  private static func advance(_ scheduler: LRScheduler) {
    if let plateau = scheduler as? ReduceLROnPlateau { plateau.step(1) } else { scheduler.step() }
  }

  private static func follow(_ entry: OptionValues, by steps: Int) throws -> [[Double]] {
    let optimizer = optimizer()
    let (name, options) = (try #require(entry["schedule"]?.string), entry["options"]?.object)
    let scheduler = try #require(
      try LRScheduler.named(name, optimizer, options: options ?? [:]))
    var rates = [scheduler.lastLRs]
    for step in 0..<steps {
      if entry["add"]?.int == step {
        optimizer.addParameterGroup(ParameterGroup([parameter([1])], lr: 0.05))
      }
      advance(scheduler)
      rates.append(scheduler.lastLRs)
    }
    return rates
  }

  @Test("rates are PyTorch's at the ends of every setting's range, and for groups that come later")
  func values() throws {
    var compared = 0
    for entry in try Golden.cases("schedule_edges.json") {
      let expected = try #require(entry["rates"]?.list).map { $0.doubles ?? [] }
      // What raises at the first step is refused when it is made.
      guard expected.count > 1 else { continue }
      let rates = try Self.follow(entry, by: expected.count - 1)
      for (step, (got, wanted)) in zip(rates, expected).enumerated() {
        let isClose =
          got.count == wanted.count
          && zip(got, wanted).allSatisfy { abs($0 - $1) <= 1e-15 + 1e-12 * abs($1) }
        #expect(isClose, "\(entry), step \(step): \(got), not \(wanted)")
      }
      compared += 1
    }
    #expect(compared > 200)
  }

  @Test("OneCycleLR refuses a phase of no width")
  func noWidth() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = OneCycleLR(
        ScheduleEdgeTests.optimizer(), maxLR: 0.5, totalSteps: 10, pctStart: 0.1)
    }
    #expect(message(result).contains("OneCycleLR: step 0 falls into a phase of no width"))
  }

  @Test("ConstantLR refuses to come back from the factor 0")
  func factorZero() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let scheduler = ConstantLR(ScheduleEdgeTests.optimizer(), factor: 0, totalIters: 2)
      for _ in 0..<2 { scheduler.step() }
    }
    #expect(message(result).contains("ConstantLR: step 2 would divide by the factor 0"))
  }

  @Test("PolynomialLR refuses 0 to a negative power")
  func negativePower() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let scheduler = PolynomialLR(ScheduleEdgeTests.optimizer(), totalIters: 2, power: -1)
      for _ in 0..<2 { scheduler.step() }
    }
    #expect(message(result).contains("PolynomialLR: step 2 would raise 0 to the power -1.0"))
  }

  @Test("schedules that need each group's base refuse groups that come later")
  func laterGroups() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let optimizer = ScheduleEdgeTests.optimizer()
      let scheduler = LambdaLR(optimizer) { _ in 1 }
      optimizer.addParameterGroup(ParameterGroup([parameter([1])], lr: 0.05))
      scheduler.step()
    }
    #expect(message(result).contains("LambdaLR: the optimizer has 2 parameter groups"))
    let cycle = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let optimizer = ScheduleEdgeTests.optimizer()
      let scheduler = OneCycleLR(optimizer, maxLR: 0.5, totalSteps: 10)
      optimizer.addParameterGroup(ParameterGroup([parameter([1])], lr: 0.05))
      scheduler.step()
    }
    #expect(message(cycle).contains("parameter group 1 was added after the schedule was made"))
    let warmUp = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let optimizer = ScheduleEdgeTests.optimizer()
      let scheduler = WarmUpLR(optimizer, warmUp: .fromZero(2), totalSteps: 5)
      optimizer.addParameterGroup(ParameterGroup([parameter([1])], lr: 0.05))
      scheduler.step()
    }
    #expect(message(warmUp).contains("WarmUpLR: the optimizer has 2 parameter groups"))
  }

  private func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test("a state loaded in the middle goes on with a group that was added before")
  func loadThenAdd() throws {
    func make() -> (SGD, ExponentialLR) {
      let optimizer = Self.optimizer()
      let scheduler = ExponentialLR(optimizer, gamma: 0.5)
      return (optimizer, scheduler)
    }
    let (straight, scheduler) = make()
    scheduler.step()
    straight.addParameterGroup(ParameterGroup([parameter([1])], lr: 0.05))
    scheduler.step()
    // The resumed run has both groups from the start.
    let resumed = SGD(
      [ParameterGroup([parameter([1])]), ParameterGroup([parameter([1])], lr: 0.05)], lr: 0.1,
      momentum: 0.9)
    let other = ExponentialLR(resumed, gamma: 0.5)
    try resumed.load(straight.stateDict())
    try other.load(scheduler.stateDict())
    scheduler.step()
    other.step()
    #expect(scheduler.lastLRs == [0.0125, 0.0125] && other.lastLRs == scheduler.lastLRs)
  }

  @Test("a saved state whose settings make no schedule is refused and changes nothing")
  func damagedStates() throws {
    let damages: [(String, OptionValues, String, OptionValue)] = [
      ("StepLR", ["step_size": 2], "step_size", 0),
      ("StepLR", ["step_size": 2], "last_epoch", .int(.max)),
      ("StepLR", ["step_size": 2], "_step_count", .int(.max)),
      ("MultiStepLR", ["milestones": [1]], "milestones", ["often"]),
      ("CosineAnnealingLR", ["T_max": 4], "T_max", 0),
      ("CosineAnnealingLR", ["T_max": 4], "T_max", nil),
      ("CosineAnnealingWarmRestarts", ["T_0": 3], "T_i", 0),
      ("CosineAnnealingWarmRestarts", ["T_0": 3], "T_cur", .double(1e300)),
      ("OneCycleLR", ["max_lr": 0.5, "total_steps": 20], "total_steps", .double(2.5)),
      ("CyclicLR", ["base_lr": 0.01, "max_lr": 0.2], "total_size", 0),
      ("ReduceLROnPlateau", [:], "num_bad_epochs", .int(.max)),
      ("SWALR", ["swa_lr": 0.1], "anneal_epochs", -1),
      ("linear_with_warmup", ["num_warmup_steps": 1, "num_training_steps": 4], "total_steps", 0),
    ]
    for (name, options, key, value) in damages {
      let scheduler = try #require(
        try LRScheduler.named(name, Self.optimizer(), options: options))
      let before = scheduler.stateDict()
      var state = try #require(before.object)
      state[key] = value
      #expect(throws: OptimizerStateError.self, "\(name) \(key)") {
        try scheduler.load(.object(state))
      }
      #expect(scheduler.stateDict() == before, "\(name) \(key)")
    }
  }
}
