import Optimizers

/// What a schedule is made for.
struct ScheduleInput {
  let optimizer: Optimizer
  /// The steps of the whole run.
  let steps: Int
}

/// The learning rate schedules: a line each.
let scheduleRegistry: [Maker<ScheduleInput, LRScheduler>] = [
  Maker("constant", "one learning rate", ConstantScheduleOptions.self) { options, input in
    WarmUpLR(
      input.optimizer, warmUp: .aboveZero(options.warmupSteps),
      totalSteps: max(input.steps, options.warmupSteps + 1), decay: .constant)
  },
  Maker("cosine", "half a cosine down to min_lr", DecayScheduleOptions.self) { options, input in
    decay(.cosine, options, input)
  },
  Maker("linear", "a line down to min_lr", DecayScheduleOptions.self) { options, input in
    decay(.linear, options, input)
  },
]

/// A warm-up whose first step already moves, as nanoGPT's, then a decay. A run that is shorter than
/// its warm-up ends within it.
private func decay(
  _ shape: WarmUpLR.Decay, _ options: DecayScheduleOptions, _ input: ScheduleInput
) -> LRScheduler {
  WarmUpLR(
    input.optimizer, warmUp: .aboveZero(options.warmupSteps),
    totalSteps: max(options.decaySteps ?? input.steps, options.warmupSteps + 1), decay: shape,
    minLR: options.minLR)
}
