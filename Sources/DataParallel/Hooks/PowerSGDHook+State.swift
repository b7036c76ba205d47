import Base
import NN
import Tensors

/// The memory of PowerSGD in checkpoints (`PowerSGDState.__getstate__`).
///
/// Alike on all ranks: passes, numbers that travelled, the generator of first Qs (`generator`), the Qs
/// of bucket b (`q.b.0`, `q.b.1`, …). Each rank's own: what it lost of bucket b (`error.b`).
extension PowerSGDHook {
  /// A copy of what it remembers.
  public func state() -> HookState {
    var state = HookState()
    state.counts = ["iteration": iteration, "before": countBefore, "after": countAfter]
    state.shared["generator"] = Tensor(seeds.state)
    for (bucket, memory) in memories.inKeyOrder {
      for (index, q) in memory.qs.enumerated() { state.shared["q.\(bucket).\(index)"] = q.clone() }
      if let error = memory.error { state.own["error.\(bucket)"] = error.clone() }
    }
    return state
  }

  /// Goes on from saved state; without a rank's own part error feedback begins at zero.
  ///
  /// It must be used with the buckets with which it was saved. Options may differ: matrices of another
  /// rank are drawn anew.
  /// - Throws: ``Tensors/GeneratorError`` where the generator's state is damaged.
  public func load(_ state: HookState) throws {
    iteration = state.counts["iteration"] ?? 0
    countBefore = state.counts["before"] ?? 0
    countAfter = state.counts["after"] ?? 0
    if let generator = state.shared["generator"] {
      try seeds.setState(generator.array(of: UInt8.self))
    }
    memories = [:]
    for (path, q) in numbered(state.shared, "q.") where options.warmStart {
      memories[path[0], default: Memory()].qs.append(q)
    }
    for (path, error) in numbered(state.own, "error.") where options.useErrorFeedback {
      memories[path[0], default: Memory()].error = error
    }
  }

  /// The entries whose names begin with a prefix, by the numbers behind it, ascending.
  private func numbered(_ state: StateDict, _ prefix: String) -> [(path: [Int], tensor: Tensor)] {
    state.filter { $0.name.hasPrefix(prefix) }
      .map { ($0.name.split(separator: ".").compactMap { Int($0) }, $0.tensor) }
      .filter { !$0.0.isEmpty }
      .sorted { $0.0.lexicographicallyPrecedes($1.0) }
  }
}
