import Collectives
import NN
import Tensors

/// Gradients that travel together: neighbours in the arena, in which each gradient is a view.
final class GradientBucket {
  /// The parameters' positions in the model.
  let positions: [Int]
  /// The gradients' places.
  let views: [Tensor]
  /// All gradients in one, with zeros between them up to the next cache line.
  let flat: Tensor
  /// The gradients' bytes, padding included.
  let byteCount: Int

  private let parameters: [Parameter]
  private let dtype: DType
  /// One number per parameter behind the gradients: whether it was used.
  private let used: Tensor

  init(_ positions: [Int], _ parameters: [Parameter], in arena: inout GradientArena) {
    self.positions = positions
    self.parameters = parameters
    let type = parameters[0].dtype
    dtype = type
    let (size, owner) = (type.size, arena.owner)
    // Each gradient begins on a cache line of its own.
    let lengths = parameters.map { GradientArena.aligned($0.count * size) }
    let bytes = lengths.reduce(0, +)
    byteCount = bytes
    let start = arena.take(bytes + parameters.count * size)
    var offset = 0
    views = zip(parameters, lengths).map { parameter, length in
      defer { offset += length }
      return Tensor(
        borrowing: start + offset, shape: parameter.shape, dtype: type, owner: owner)
    }
    flat = Tensor(borrowing: start, shape: [bytes / size], dtype: type, owner: owner)
    used = Tensor(
      borrowing: start + bytes, shape: [parameters.count], dtype: type, owner: owner)
    clear()
  }

  /// The ``byteCount`` of every bucket of a plan.
  static func byteCounts(_ plan: BucketPlan, _ parameters: [Parameter]) -> [Int] {
    plan.buckets.map { positions in
      positions.reduce(0) {
        $0 + GradientArena.aligned(parameters[$1].count * parameters[$1].dtype.size)
      }
    }
  }

  /// Zeros everywhere.
  func clear() { flat.copyInPlace(Tensor.full([], 0, dtype: dtype)) }

  /// Brings every gradient into its place: zeros where this rank has none.
  /// - Returns: Whether this rank has a gradient of each parameter.
  func prepare() -> [Bool] {
    zip(parameters, views).map { parameter, view in
      guard let gradient = parameter.grad else {
        view.copyInPlace(Tensor.full([], 0, dtype: dtype))
        return false
      }
      if !gradient.begins(where: view) {
        view.copyInPlace(gradient)
        parameter.grad = view
      }
      return true
    }
  }

  /// Starts the average over the ranks, of the gradients alone or with one number per parameter
  /// behind them; the memory belongs to the group until the work is done.
  func average(
    _ group: ProcessGroup, _ algorithm: AllReduceAlgorithm?, use: [Bool]?, label: String
  ) -> Work {
    if let use { used.copyInPlace(Tensor(use.map { $0 ? Float(1) : 0 })) }
    return group.allReduce(
      buffer: flat.lentMemory, count: flat.count + (use == nil ? 0 : used.count),
      dtype: dtype, op: .average, algorithm: algorithm, label: label)
  }

  /// Which parameters any rank used, once the averages of ``average(_:_:use:label:)`` are there.
  var usedAnywhere: [Bool] { used.array(of: Float.self).map { $0 > 0 } }

  /// Hands the averages to the parameters that any rank used.
  func finish(usedAnywhere: [Bool]) {
    for (place, parameter) in parameters.enumerated() {
      views[place].storage.version &+= 1
      parameter.grad = usedAnywhere[place] ? views[place] : nil
    }
  }

  /// Multiplies every gradient by a factor.
  func scale(by factor: Double) {
    noGrad { flat.copyInPlace(flat * factor) }
  }
}
