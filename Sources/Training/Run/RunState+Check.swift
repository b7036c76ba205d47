import Checkpoints

extension RunState {
  /// Refuses numbers that no run can have, so that going on from them neither overflows nor looks
  /// beyond a list.
  /// - Throws: `CheckpointError` that names the entry.
  package func check(path: String) throws(CheckpointError) {
    guard let fault else { return }
    throw CheckpointError(
      .damaged, path: path, "the run's state is impossible: \(fault)",
      remedy: "Use an earlier checkpoint")
  }

  private var fault: String? {
    let counts = [
      ("step", step), ("trainedRecords", trainedRecords), ("worldSize", worldSize),
      ("position.epoch", position.epoch), ("position.position", position.position),
      ("records", records ?? 0), ("hook.averagerStep", hook?.averagerStep ?? 0),
    ]
    for (name, count) in counts where count < 0 || count > Checkpoint.largestCount {
      return "\(name) is \(count)"
    }
    if worldSize == 0 { return "worldSize is 0" }
    for (name, count) in hook?.counts ?? [:]
    where count < -Checkpoint.largestCount || count > Checkpoint.largestCount {
      return "hook.counts.\(name) is \(count)"
    }
    if !trainingSeconds.isFinite || trainingSeconds < 0 {
      return "trainingSeconds is \(trainingSeconds)"
    }
    if generators.count != worldSize {
      return "\(generators.count) random generators for \(worldSize) workers"
    }
    if let optimizers = hook?.optimizers, optimizers.count != worldSize {
      return "\(optimizers.count) optimizers for \(worldSize) workers"
    }
    return nil
  }
}
