import Optimizers

extension LRScheduler {
  /// Goes on after `step` steps with the settings that it was made with, as if it had made them.
  /// - Parameter saved: What a checkpoint says of the schedule.
  package func resume(at step: Int, _ saved: @autoclosure () -> OptionValue?) throws {
    switch self {
    case let plateau as ReduceLROnPlateau:
      // It depends on evaluations that are over.
      if let saved = saved() { plateau.resume(saved) }
    case is WarmUpLR:
      guard var state = stateDict().object else { return }
      state["last_epoch"] = .int(step)
      state["_step_count"] = .int(step + 1)
      try load(.object(state))
      for (index, rate) in learningRates(isInitial: false).enumerated() {
        optimizer.groups[index].lr = rate
      }
    default:
      // Most schedules go on from the present rate, and some move the momentum, too.
      for _ in 0..<step { self.step() }
    }
  }
}
