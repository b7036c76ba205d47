/// The rows of packed time steps and the order in which a walk visits them.
struct PackedSteps {
  let batchSizes: [Int]
  /// The first row of each step.
  let offsets: [Int]
  /// The number of rows.
  let total: Int
  /// Steps in the order of the walk.
  let order: [Int]
  let reverse: Bool

  /// The number of sequences.
  var batch: Int { batchSizes[0] }

  init(_ name: String, _ batchSizes: [Int], reverse: Bool) {
    require(
      !batchSizes.isEmpty && batchSizes.allSatisfy { $0 > 0 }
        && zip(batchSizes, batchSizes.dropFirst()).allSatisfy { $0 >= $1 }, name,
      "batch sizes must be positive and never rise: \(batchSizes)")
    self.batchSizes = batchSizes
    self.reverse = reverse
    var row = 0
    offsets = batchSizes.map { size in
      defer { row += size }
      return row
    }
    total = row
    order = reverse ? Array(batchSizes.indices.reversed()) : Array(batchSizes.indices)
  }

  /// The address of a step's rows in a contiguous `[total, width]` tensor.
  func rows(_ tensor: Tensor, _ step: Int) -> UnsafeMutableRawPointer {
    row(tensor, offsets[step])
  }

  /// The address of a row.
  func row(_ tensor: Tensor, _ index: Int) -> UnsafeMutableRawPointer {
    tensor.pointer + index * tensor.shape[1] * tensor.dtype.size
  }

  private func copy(_ source: Tensor, _ from: Int, _ target: Tensor, _ to: Int, _ count: Int) {
    guard count > 0 else { return }
    row(target, to).copyMemory(
      from: row(source, from), byteCount: count * source.shape[1] * source.dtype.size)
  }

  /// The rows that the state had before the walk's `position`-th step: those of the step before
  /// and, for sequences that join, the initial ones. Assembled in `scratch` only where both occur.
  func previous(
    _ position: Int, of states: Tensor, initial: Tensor, scratch: Tensor
  ) -> UnsafeMutableRawPointer {
    if position == 0 { return initial.pointer }
    let (step, before) = (order[position], order[position - 1])
    if batchSizes[before] >= batchSizes[step] { return rows(states, before) }
    assemble(position, states, initial, scratch, at: 0)
    return scratch.pointer
  }

  /// ``previous(_:of:initial:scratch:)`` of all steps, one below the other: `[total, width]`.
  func allPrevious(of states: Tensor, initial: Tensor) -> Tensor {
    let out = Tensor.uninitialized(states.shape, states.dtype)
    for position in order.indices {
      assemble(position, states, initial, out, at: offsets[order[position]])
    }
    return out
  }

  private func assemble(
    _ position: Int, _ states: Tensor, _ initial: Tensor, _ target: Tensor, at row: Int
  ) {
    let size = batchSizes[order[position]]
    guard position > 0 else { return copy(initial, 0, target, row, size) }
    let before = order[position - 1]
    let known = min(batchSizes[before], size)
    copy(states, offsets[before], target, row, known)
    copy(initial, known, target, row + known, size - known)
  }

  /// Where each sequence's last state stands: ranges of rows that are neighbours in the batch too.
  var endings: [(step: Int, first: Int, count: Int)] {
    if reverse { return [(0, 0, batch)] }
    return batchSizes.indices.compactMap { step in
      let next = step + 1 < batchSizes.count ? batchSizes[step + 1] : 0
      return batchSizes[step] > next ? (step, next, batchSizes[step] - next) : nil
    }
  }

  /// Each sequence's last state, `[batch, width]`.
  func last(of states: Tensor) -> Tensor {
    let out = Tensor.uninitialized([batch, states.shape[1]], states.dtype)
    for ending in endings {
      copy(states, offsets[ending.step] + ending.first, out, ending.first, ending.count)
    }
    return out
  }

  /// Adds the last states' gradients to those of the steps where they stand.
  func addLast(_ gradient: Tensor, to states: Tensor) {
    for ending in endings {
      let target = states.narrowed(
        dim: 0, start: offsets[ending.step] + ending.first, length: ending.count)
      target.addInPlace(
        gradient.narrowed(dim: 0, start: ending.first, length: ending.count))
    }
  }
}
