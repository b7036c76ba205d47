import Foundation
import NN
import Optimizers
import Tensors
import Testing

@Suite("Schedulers")
struct SchedulerTests {
  private func optimizer(_ lr: Double = 0.1) -> SGD {
    SGD([ParameterGroup([parameter([1])])], lr: lr, momentum: 0.9)
  }

  /// OptionValues that every schedule can be made with.
  private let options: [String: OptionValues] = [
    "StepLR": ["step_size": 3], "MultiStepLR": ["milestones": [2, 5, 5]],
    "ExponentialLR": ["gamma": 0.9], "CosineAnnealingLR": ["T_max": 6],
    "CosineAnnealingWarmRestarts": ["T_0": 3, "T_mult": 2],
    "OneCycleLR": ["max_lr": 0.5, "total_steps": 20], "SWALR": ["swa_lr": 0.01],
    "CyclicLR": ["base_lr": 0.01, "max_lr": 0.2, "step_size_up": 4, "mode": "triangular2"],
    "ReduceLROnPlateau": ["patience": 1],
    "linear_with_warmup": ["num_warmup_steps": 2, "num_training_steps": 12],
    "cosine_with_warmup": ["num_warmup_steps": 2, "num_training_steps": 12],
    "constant_with_warmup": ["num_warmup_steps": 2],
    "linear": ["num_warmup_steps": 2, "num_training_steps": 12],
    "cosine": ["num_warmup_steps": 2, "num_training_steps": 12],
    "cosine_with_restarts": [
      "num_warmup_steps": 2, "num_training_steps": 12, "num_cycles": 2,
    ],
    "cosine_with_min_lr": [
      "num_warmup_steps": 2, "num_training_steps": 12, "min_lr": 0.01,
    ],
    "cosine_warmup_with_min_lr": [
      "num_warmup_steps": 2, "num_training_steps": 12, "min_lr_rate": 0.1, "warmup_lr_rate": 0.2,
    ],
    "polynomial": ["num_warmup_steps": 2, "num_training_steps": 12, "power": 2],
    "inverse_sqrt": ["num_warmup_steps": 2, "timescale": 5],
    "warmup_stable_decay": [
      "num_warmup_steps": 2, "num_training_steps": 12, "num_decay_steps": 4,
      "warmup_type": "1-sqrt", "min_lr_ratio": 0.1,
    ],
  ]

  private func advance(_ scheduler: LRScheduler, _ number: Int) {
    if let plateau = scheduler as? ReduceLROnPlateau {
      plateau.step([3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1][number])
    } else {
      scheduler.step()
    }
  }

  @Test("every schedule goes on from saved state bit for bit", arguments: LRScheduler.names)
  func resume(_ name: String) throws {
    func make() throws -> LRScheduler {
      try #require(
        try LRScheduler.named(name, optimizer(), options: options[name] ?? [:]))
    }
    let straight = try make()
    for number in 0..<4 { advance(straight, number) }
    let json = try JSONEncoder().encode(straight.stateDict())
    let settings = straight.optimizer.stateDict()
    let resumed = try make()
    for number in 0..<2 { advance(resumed, number) }
    try resumed.optimizer.load(settings)
    try resumed.load(JSONDecoder().decode(OptionValue.self, from: json))
    for number in 4..<12 {
      advance(straight, number)
      advance(resumed, number)
      #expect(straight.lastLRs == resumed.lastLRs, "\(name), step \(number)")
      #expect(straight.optimizer.groups[0].momentum == resumed.optimizer.groups[0].momentum)
    }
  }

  @Test(
    "Hugging Face's schedules refuse what makes none, by name",
    arguments: [
      ("linear", [:], "num_training_steps"),
      ("cosine", ["num_training_steps": -1], "number of steps"),
      ("linear", ["num_training_steps": 5, "power": 2], "option"),
      ("polynomial", ["num_training_steps": 5, "lr_end": 1], "below the learning rate"),
      ("cosine_with_min_lr", ["num_training_steps": 5], "min_lr"),
      ("warmup_stable_decay", ["num_training_steps": 5], "num_decay_steps"),
      (
        "warmup_stable_decay",
        ["num_training_steps": 5, "num_decay_steps": 1, "decay_type": "round"], "decay_type"
      ),
    ] as [(String, OptionValues, String)])
  func refusals(_ name: String, _ options: OptionValues, _ words: String) {
    let error = #expect(throws: OptimizerStateError.self) {
      try LRScheduler.named(name, optimizer(), options: options)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains(words))
  }

  @Test("schedules of schedules go on from saved state too")
  func resumeCombined() throws {
    func make() -> LRScheduler {
      let optimizer = optimizer()
      return SequentialLR(
        optimizer,
        [
          LinearLR(optimizer, startFactor: 0.1, totalIters: 3),
          ChainedScheduler([
            ExponentialLR(optimizer, gamma: 0.9), StepLR(optimizer, stepSize: 2, gamma: 0.5),
          ]),
        ], milestones: [3])
    }
    let straight = make()
    for _ in 0..<5 { straight.step() }
    let resumed = make()
    try resumed.optimizer.load(straight.optimizer.stateDict())
    try resumed.load(straight.stateDict())
    for _ in 0..<5 {
      straight.step()
      resumed.step()
      #expect(straight.lastLRs == resumed.lastLRs)
    }
    #expect(throws: OptimizerStateError.self) { try resumed.load(.object([:])) }
  }

  @Test("nanoGPT's schedule rises to its base and ends at its smallest rate")
  func nanoGPT() {
    let optimizer = optimizer(1e-3)
    let scheduler = WarmUpLR(optimizer, warmUp: .aboveZero(4), totalSteps: 20, minLR: 1e-4)
    func formula(_ step: Int) -> Double {
      if step < 4 { return 1e-3 * Double(step + 1) / 5 }
      if step > 20 { return 1e-4 }
      let ratio = Double(step - 4) / 16
      return 1e-4 + 0.5 * (1 + cos(.pi * ratio)) * (1e-3 - 1e-4)
    }
    for step in 0...25 {
      #expect(abs(optimizer.groups[0].lr - formula(step)) < 1e-17, "step \(step)")
      scheduler.step()
    }
    #expect(optimizer.groups[0].lr == 1e-4)
  }

  @Test("each group follows the schedule from its own base")
  func groups() {
    let optimizer = SGD(
      [ParameterGroup([parameter([1])], lr: 1), ParameterGroup([parameter([1])], lr: 0.5)])
    let scheduler = LambdaLR(optimizer, lrLambdas: [{ 1 / Double($0 + 1) }, { _ in 1 }])
    scheduler.step()
    #expect(scheduler.lastLRs == [0.5, 0.5])
    let multiplied = MultiplicativeLR(optimizer) { _ in 0.5 }
    multiplied.step()
    #expect(multiplied.lastLRs == [0.25, 0.25])
  }

  @Test("a fraction of an epoch lies between two steps of the warm restarts")
  func fractions() {
    let scheduler = CosineAnnealingWarmRestarts(optimizer(1), t0: 2, tMult: 2)
    scheduler.step(epoch: 0.5)
    #expect(abs(scheduler.lastLRs[0] - (1 + cos(.pi / 4)) / 2) < 1e-15)
    // The first stretch ends at 2, the second, of 4, at 6.
    scheduler.step(epoch: 3)
    #expect(abs(scheduler.lastLRs[0] - (1 + cos(.pi / 4)) / 2) < 1e-15)
    scheduler.step(epoch: 6)
    #expect(scheduler.lastLRs[0] == 1)
  }

  @Test("options that do not fit a schedule are named")
  func refusals() throws {
    func message(_ options: OptionValues) -> String {
      do {
        _ = try LRScheduler.named("StepLR", optimizer(), options: options)
        return "made"
      } catch { return error.description }
    }
    #expect(message([:]).contains("step_size"))
    #expect(message(["step_size": "often"]).contains("step_size"))
    #expect(message(["step_size": 3, "gama": 0.5]).contains("gama"))
    let unknown = try LRScheduler.named("NoLR", optimizer())
    #expect(unknown == nil)
  }
}
