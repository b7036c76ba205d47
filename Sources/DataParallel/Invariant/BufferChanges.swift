import NN
import Tensors

/// What the virtual workers of a step do to a model's buffers, such as batch norm's running statistics: every
/// worker begins with the same values, and the mean of what they are left with is what the next step begins
/// with. A worker's values weigh as its records do; of whole numbers, such as counts of batches, the
/// largest counts.
package final class BufferChanges {
  private let buffers: [Buffer]
  private var before: [(value: Tensor, version: UInt32)] = []
  /// By worker and buffer, what was added to each number, weighted; nil where nothing changed.
  private var changes: [[[Double]?]] = []

  /// Changes of a model's buffers.
  package init(_ model: Module) { buffers = model.namedBuffers().map(\.buffer) }

  /// Begins a step.
  package func begin() {
    before = buffers.map { ($0.value, $0.value.storage.version) }
    changes = []
  }

  /// Begins a worker's part of the step, from the values of the step's beginning.
  package func beginWorker() {
    for (buffer, start) in zip(buffers, before) { buffer.value = start.value }
  }

  /// Takes note of what a worker did.
  /// - Parameter weight: Its share of the global batch's records.
  package func take(weight: Double) {
    changes.append(
      zip(buffers, before).map { buffer, start in
        let value = buffer.value
        guard !value.begins(where: start.value) || value.storage.version != start.version else {
          return nil
        }
        let (now, old) = (value.array(of: Double.self), start.value.array(of: Double.self))
        if !value.dtype.isFloatingPoint { return zip(now, old).map { $0 - $1 } }
        return weight == 0
          ? now.map { _ in 0 } : zip(now, old).map { ($0 - $1) * weight }
      })
  }

  /// Whether any worker of this rank changed each buffer, 1 or 0.
  package var flags: [Double] {
    buffers.indices.map { index in changes.contains { $0[index] != nil } ? 1 : 0 }
  }

  /// Ends a step.
  /// - Parameters:
  ///   - changed: Whether any rank's workers changed each buffer.
  ///   - gather: Makes the vectors of all workers from those of this rank's; called where there are any.
  package func finish(
    _ changed: [Bool], gather: ([[Double]]) throws -> [[Double]]
  ) rethrows {
    let places = buffers.indices.filter { changed[$0] }
    defer { changes = [] }
    beginWorker()
    guard !places.isEmpty else { return }
    let all = try gather(
      changes.map { worker in
        places.flatMap { worker[$0] ?? [Double](repeating: 0, count: buffers[$0].value.count) }
      })
    var start = 0
    for place in places {
      let old = before[place].value
      let range = start..<start + old.count
      start = range.upperBound
      let parts = all.map { $0[range] }
      var values = old.array(of: Double.self)
      for (offset, index) in range.enumerated() {
        let numbers = parts.map { $0[index] }
        values[offset] +=
          old.dtype.isFloatingPoint ? numbers.reduce(0, +) : numbers.max() ?? 0
      }
      buffers[place].value = Tensor(values, shape: old.shape, dtype: old.dtype)
    }
  }
}
