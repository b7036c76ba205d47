import Collectives
import Foundation
import Models
import Optimizers
import Settings
import Tensors

/// The memory that the workers of this machine have together, against which a run is measured before
/// any of it is asked for.
///
/// What is computed is a lower bound of what a run takes, so nothing that could run is refused.
package struct MemoryRoom {
  /// Bytes on this machine.
  package let bytes: Double
  /// Workers that share them.
  package let workers: Int
  /// Copies of the parameters: the weights, their gradients, and what the optimizer remembers.
  package let copies: Double
  /// Bytes of a number of a parameter, and of an activation, at least.
  private let width: (parameter: Double, activation: Double)
  /// Records that a worker computes at once.
  package let records: Double

  package init(_ context: RunContext, records total: Int) {
    let configuration = context.configuration
    let group = context.group
    bytes = Self.installed
    workers = (0..<group.size).count { group.node(of: $0) == group.node(of: group.rank) }
    let precision = configuration.precision
    width = (precision == .bf16True ? 2 : 4, Double(precision.dtype.size))
    let isSharded = configuration.distributed.shardOptimizer != .none && group.size > 1
    let optimizer = OptimizerDefinition.registry[configuration.optimizer.name]
    let states = Double(isSharded ? 0 : optimizer?.states ?? 0)
    // Of what is spread over workers, nobody has more than a part and the units that come and go.
    copies =
      isSharded && configuration.distributed.shardOptimizer == .zero3
      ? 2 / Double(group.size) : 2 + states * configuration.optimizerState.share
    let batch = Double(min(configuration.batchSize, total))
    records = (batch / Double(group.size) / Double(configuration.accumulate)).rounded(.up)
  }

  /// Refuses a model, or a batch, that is beyond this machine.
  /// - Throws: ``ConfigurationError/tooLarge(keys:needs:available:)``
  package func check(_ size: ModelSize) throws(ConfigurationError) {
    let model = size.parameters * width.parameter * copies + size.modules * 4096
    try check(
      size.keys, bytes: model,
      "the model has \(Self.short(size.parameters)) parameters and takes at least")
    let activations = records * size.perRecord * width.activation
    try check(
      ["batch_size"] + size.keys, bytes: model + activations,
      "a forward pass of \(Self.short(records)) records a worker takes, with the model, at least")
  }

  private func check(
    _ keys: [String], bytes needed: Double, _ what: String
  ) throws(ConfigurationError) {
    guard needed * Double(workers) > bytes else { return }
    throw .tooLarge(
      keys: keys, needs: "\(what) \(Self.size(needed))",
      available: workers == 1
        ? "this machine has \(Self.size(bytes))"
        : "this machine has \(Self.size(bytes)) for its \(workers) workers")
  }

  /// The machine's memory, or less where a control group allows less.
  package static var installed: Double {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
      .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
      .compactMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    return ([Double(ProcessInfo.processInfo.physicalMemory)] + limits).min() ?? .infinity
  }

  /// `3.2 GB`, `1.5e+12 GB`
  package static func size(_ bytes: Double) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
    var (value, unit) = (bytes, 0)
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return "\(short(value)) \(units[unit])"
  }

  /// Three significant digits.
  package static func short(_ number: Double) -> String { String(format: "%.3g", number) }
}
