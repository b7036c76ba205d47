import NN
import Tensors

/// The gradients of the virtual workers whose work a rank has done in a step, added up as far as the
/// ``SumTree`` lets this rank alone.
///
/// After each worker's walk but the last ``take()`` puts its gradients away; those of the last one are still
/// in their buckets, or in their parameters, when they meet the others.
package final class GradientSums {
  let workers: VirtualWorkers
  private let owned: Range<Int>
  private let parameters: [Parameter]
  private let positions: [ObjectIdentifier: Int]
  private var stack: [(node: Range<Int>, value: [Tensor?])] = []
  /// The worker whose walk ends next.
  private var worker: Int

  /// Sums of the gradients of some parameters.
  /// - Parameter owned: The virtual workers whose work this rank does.
  package init(_ parameters: [Parameter], _ workers: VirtualWorkers, owned: Range<Int>) {
    self.parameters = parameters
    self.workers = workers
    self.owned = owned
    worker = owned.lowerBound
    positions = Dictionary(
      parameters.enumerated().map { (ObjectIdentifier($1), $0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Begins a step.
  package func begin() {
    stack = []
    worker = owned.lowerBound
  }

  /// Adds what parameters hold, which is a worker's, and leaves them without gradients.
  package func take() {
    let own = parameters.map { parameter in
      defer { parameter.grad = nil }
      return parameter.grad
    }
    let leaf = worker..<worker + 1
    workers.tree.push((leaf, own), onto: &stack) { left, right in
      zip(left, right).map(Self.sum)
    }
    // The next walk writes where this one did.
    if let top = stack.last, top.node == leaf {
      stack[stack.count - 1].value = noGrad { top.value.map { $0?.contiguous().clone() } }
    }
    worker += 1
  }

  /// Ends a step on a rank that does the work of all virtual workers: parameters hold their sums.
  package func finish() {
    take()
    guard stack.count == 1 else {
      fail("GradientSums", "\(worker) of \(workers.count) workers walked")
    }
    for (parameter, sum) in zip(parameters, stack[0].value) { parameter.grad = sum }
    stack = []
  }

  /// Whether a worker before the last one had a gradient of a parameter.
  func hasEarlier(_ parameter: Parameter) -> Bool {
    guard let position = positions[ObjectIdentifier(parameter)] else { return false }
    return stack.contains { $0.value[position] != nil }
  }

  /// Adds earlier sums to a bucket that holds the last worker's gradients.
  /// - Returns: The sums of all nodes that this rank has, from left to right, each laid out as the bucket;
  ///   the last one is the bucket's own buffer.
  func close(_ bucket: CommunicationBucket) -> [Tensor] {
    noGrad {
      var sums = stack.map { entry in
        (
          node: entry.node,
          value: bucket.parameters.map { parameter -> Tensor? in
            positions[ObjectIdentifier(parameter)].flatMap { entry.value[$0] }
          }
        )
      }
      let own = (node: worker..<worker + 1, value: bucket.gradients.map(Optional.some))
      workers.tree.push(own, onto: &sums) { left, right in
        zip(left, right).map { left, right in
          // Addition is commutative, bit by bit: the bucket keeps the sum.
          right.flatMap { right in Self.sum(right, left) }
        }
      }
      return sums.dropLast().map { laidOut($0.value, as: bucket) } + [bucket.buffer]
    }
  }

  /// A node's sums in new memory, laid out as a bucket.
  private func laidOut(_ sums: [Tensor?], as bucket: CommunicationBucket) -> Tensor {
    let memory = Tensor.zeros([bucket.buffer.count], dtype: bucket.buffer.dtype)
    for (sum, place) in zip(sums, bucket.converted(to: memory).gradients) {
      if let sum { place.copyInPlace(sum) }
    }
    return memory
  }

  /// Adds to the first of two gradients where it lies; one that is missing counts as zeros.
  private static func sum(_ first: Tensor?, _ second: Tensor?) -> Tensor? {
    noGrad {
      guard let first else { return second.map { $0 + 0 } }
      // Adding 0 makes -0 to 0, which a rank that sends zeros for a missing gradient does as well.
      if let second { first.addInPlace(second) } else { first.copyInPlace(first + 0) }
      return first
    }
  }
}
