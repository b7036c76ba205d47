import Collectives
import NN
import Tensors

/// Gradients that travel together: one block of memory in which each gradient is a view.
///
/// The block comes from the group, so that ranks of one node reduce it where it lies.
final class GradientBucket {
  /// The parameters' positions in the model.
  let positions: [Int]
  /// The gradients' places.
  let views: [Tensor]
  let byteCount: Int
  /// Gradients of the present pass that are still to come.
  var pending = 0

  private let parameters: [Parameter]
  private let buffer: SharedBuffer
  private let dtype: DType
  private let count: Int
  /// One number per parameter: whether it was used.
  private let used: Tensor
  private var work: Work?

  init(_ positions: [Int], _ parameters: [Parameter], _ group: ProcessGroup) throws {
    self.positions = positions
    self.parameters = parameters
    dtype = parameters[0].dtype
    // Each gradient begins on a cache line of its own.
    let line = 64 / dtype.size
    var offsets: [Int] = []
    var end = 0
    for parameter in parameters {
      offsets.append(end)
      end += (parameter.count + line - 1) / line * line
    }
    count = end + parameters.count
    byteCount = count * dtype.size
    let buffer = try group.allocateBuffer(byteCount)
    self.buffer = buffer
    let size = dtype.size
    views = zip(parameters, offsets).map { parameter, offset in
      Tensor(
        borrowing: buffer.pointer + offset * size, shape: parameter.shape, dtype: parameter.dtype,
        owner: buffer)
    }
    used = Tensor(
      borrowing: buffer.pointer + end * size, shape: [parameters.count], dtype: dtype,
      owner: buffer)
  }

  /// Brings every gradient into its place: zeros where this rank has none.
  func prepare() {
    var flags = [Float](repeating: 1, count: parameters.count)
    for (place, parameter) in parameters.enumerated() {
      let view = views[place]
      if let gradient = parameter.grad {
        if gradient.storage.pointer != view.storage.pointer {
          view.copyInPlace(gradient)
          parameter.grad = view
        }
      } else {
        view.copyInPlace(Tensor.full([], 0, dtype: dtype))
        flags[place] = 0
      }
    }
    used.copyInPlace(Tensor(flags))
  }

  /// Starts the reduction; the memory belongs to the group until ``finish()``.
  func launch(_ group: ProcessGroup, _ algorithm: AllReduceAlgorithm?, label: String) {
    work = group.allReduce(
      buffer: buffer.pointer, count: count, dtype: dtype.element, op: .average,
      algorithm: algorithm, label: label)
  }

  /// Waits for the averages and hands them to the parameters that any rank used.
  func finish() throws {
    try work?.wait()
    work = nil
    let flags = used.array(of: Float.self)
    for (place, parameter) in parameters.enumerated() {
      views[place].storage.version &+= 1
      parameter.grad = flags[place] > 0 ? views[place] : nil
    }
  }
}

extension DType {
  /// The same type as the collectives name it.
  var element: ElementType {
    switch self {
    case .float64: .float64
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .int64: .int64
    case .int32: .int32
    case .uint8: .uint8
    case .bool: .bool
    case .int16, .int8: fail("collectives", "not defined for \(self)")
    }
  }
}
