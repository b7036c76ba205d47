import Base
import Tensors

/// What steps of a training consist of on one rank.
package struct StepProfile {
  /// Bytes by what they are for.
  package struct Memory {
    package var parameters = 0, gradients = 0, optimizer = 0
    /// What the forward pass leaves for the backward pass.
    package var graph = 0
    /// The most that tensors took at once.
    package var peak = 0
  }

  /// The numbers of the steps.
  package var steps: [Int] = []
  /// Seconds by phase, in the order in which phases came.
  package var phases: [(name: String, seconds: Double)] = []
  package var memory = Memory()
  /// Operations and layers.
  package var profile = Profile()

  mutating func add(_ phase: String, _ seconds: Double) {
    if let place = phases.firstIndex(where: { $0.name == phase }) {
      phases[place].seconds += seconds
    } else {
      phases.append((phase, seconds))
    }
  }

  /// Seconds of all steps, the wait for their batches included.
  package var seconds: Double {
    profile.seconds + (phases.first { $0.name == "data" }?.seconds ?? 0)
  }
}

extension StepProfile: CustomStringConvertible {
  /// The steps, their phases, what bounds them, tables of operations and layers, and memory.
  package var description: String {
    """
    \(range): \(number(1e3 * seconds / Double(steps.count), 2)) ms each
    Phases: \(phases.map { "\($0.name) \(share($0.seconds))" }.joined(separator: ", "))
    \(bounds)

    \(profile)

    Memory: at most \(megabytes(memory.peak)) of tensors at once; parameters \
    \(megabytes(memory.parameters)), gradients \(megabytes(memory.gradients)), optimizer \
    \(megabytes(memory.optimizer)), kept for the backward pass \(megabytes(memory.graph))
    """
  }

  /// `steps 11 to 20`.
  package var range: String {
    steps.count == 1 ? "step \(steps[0])" : "steps \(steps[0]) to \(steps[steps.count - 1])"
  }

  /// What the time went into, the most first, with what it is measured by.
  private var bounds: String {
    let products = profile.operations.filter { $0.multiplyAdds > 0 }
    let others = profile.operations.filter { $0.multiplyAdds == 0 }
    func sum(_ rows: [Profile.Row], _ value: (Profile.Row) -> Double) -> Double {
      rows.reduce(0) { $0 + value($1) }
    }
    let seconds = (products: sum(products, \.seconds), others: sum(others, \.seconds))
    var parts = [
      (seconds.products, "products \(share(seconds.products))"),
      (seconds.others, "other operations \(share(seconds.others))"),
      (profile.elsewhere, "between operations \(share(profile.elsewhere))"),
      (self.seconds - profile.seconds, "waiting for data \(share(self.seconds - profile.seconds))"),
    ]
    if let limits = profile.limits {
      if seconds.products > 0 {
        let reached = 2e-9 * sum(products) { Double($0.multiplyAdds) } / seconds.products
        parts[0].1 +=
          " at \(number(reached, 0)) of \(number(limits.gflops, 0)) GFLOP/s in \(limits.dtype)"
      }
      let forward = sum(others, \.forward)
      if forward > 0 {
        let reached = 1e-9 * sum(others) { Double($0.forwardBytes) } / forward
        parts[1].1 +=
          " at \(number(reached, 1)) of \(number(limits.bandwidth, 1)) GB/s in their forward pass"
      }
    }
    return "Time: "
      + parts.sorted { $0.0 > $1.0 }.map { $0.1 }.joined(separator: ", ")
  }

  private func share(_ seconds: Double) -> String {
    "\(number(100 * max(0, seconds) / max(self.seconds, .leastNormalMagnitude), 1)) %"
  }

  private func megabytes(_ bytes: Int) -> String { "\(number(Double(bytes) / 1e6, 1)) MB" }

  private func number(_ value: Double, _ digits: Int) -> String {
    Profile.fixed(value, digits: digits)
  }
}
