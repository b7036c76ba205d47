/// A multi-dimensional array that remembers how it was computed.
///
/// A tensor is a value: `var y = x; y[0] = 5` leaves `x` alone. Underneath it is a reference to a
/// body of storage, shape, strides and offset; views (`x.transposed(0, 1)`, `x[1]`) share storage,
/// and copying a `Tensor` copies a reference. Only a `Parameter`'s optimizer writes in place.
///
/// Operations on tensors that require a gradient record themselves in a graph, made anew by every
/// forward pass; ``backward(gradient:retainGraph:createGraph:)`` walks it.
///
/// Tensors are deliberately not `Sendable`: a graph belongs to the thread that builds it.
public struct Tensor {
  var body: TensorBody

  @inline(__always)
  init(_ body: TensorBody) { self.body = body }

  /// The size of each dimension; `[]` for a scalar tensor.
  public var shape: [Int] { body.shape }

  /// The distance between neighbours along each dimension, in elements.
  public var strides: [Int] { body.strides }

  /// The position of the first element in the storage, in elements.
  public var storageOffset: Int { body.offset }

  /// The memory that this tensor and its views share.
  public var storage: Storage { body.storage }

  /// The type of the elements.
  public var dtype: DType { body.dtype }

  /// The number of dimensions (`Tensor.dim()` in PyTorch).
  public var rank: Int { body.shape.count }

  /// The number of elements (`numel`).
  public var count: Int { body.count }

  /// The size of a dimension; negative dimensions count from the end.
  public func size(_ dim: Int) -> Int { shape[normalized(dim: dim, "size")] }

  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool { body.isContiguous }
}

/// What a ``Tensor`` refers to. Immutable but for its part in autograd.
final class TensorBody {
  private(set) var storage: Storage
  let shape: [Int]
  let strides: [Int]
  let offset: Int
  let dtype: DType
  let count: Int
  let isContiguous: Bool
  /// Nil for a tensor that neither requires a gradient nor comes from one that does.
  var autograd: AutogradMeta?

  init(storage: Storage, shape: [Int], strides: [Int], offset: Int, dtype: DType) {
    self.storage = storage
    self.shape = shape
    self.strides = strides
    self.offset = offset
    self.dtype = dtype
    var expected = 1
    var contiguous = true
    for dim in stride(from: shape.count - 1, through: 0, by: -1) {
      if shape[dim] != 1 && strides[dim] != expected { contiguous = false }
      expected *= shape[dim]
    }
    count = expected
    isContiguous = contiguous || expected == 0
  }

  init(contiguous shape: [Int], strides: [Int], count: Int, storage: Storage, dtype: DType) {
    self.storage = storage
    self.shape = shape
    self.strides = strides
    offset = 0
    self.dtype = dtype
    self.count = count
    isContiguous = true
  }

  var pointer: UnsafeMutableRawPointer { storage.pointer + offset * dtype.size }

  /// Whether no other body shares the storage.
  func ownsStorage() -> Bool { isKnownUniquelyReferenced(&storage) }
}

extension Tensor {
  /// Uninitialised contiguous memory of a shape.
  package static func uninitialized(_ shape: [Int], _ dtype: DType) -> Tensor {
    let storage = Storage(byteCount: byteCount(shape, dtype))
    return Tensor(
      TensorBody(
        contiguous: shape, strides: contiguousStrides(shape),
        count: storage.byteCount / dtype.size, storage: storage, dtype: dtype))
  }

  /// The bytes of a shape's elements.
  static func byteCount(_ shape: [Int], _ dtype: DType) -> Int {
    var bytes = dtype.size
    for size in shape {
      let (product, overflows) = bytes.multipliedReportingOverflow(by: size)
      if overflows { fail("Tensor", "no memory holds a shape of \(shape)") }
      bytes = product
    }
    return bytes
  }

  /// Uninitialised memory laid out in the order of another tensor's dimensions, as PyTorch's
  /// elementwise results are: transposed in, transposed out.
  static func uninitialized(like other: Tensor, dtype: DType) -> Tensor {
    if other.isContiguous {
      let storage = Storage(byteCount: other.count * dtype.size)
      return Tensor(
        TensorBody(
          contiguous: other.shape, strides: contiguousStrides(other.shape), count: other.count,
          storage: storage, dtype: dtype))
    }
    let strides = denseStrides(like: other)
    let storage = Storage(byteCount: other.count * dtype.size)
    return Tensor(
      TensorBody(storage: storage, shape: other.shape, strides: strides, offset: 0, dtype: dtype))
  }

  /// A tensor over the same storage with another layout; records nothing.
  func restrided(shape: [Int], strides: [Int], offset: Int) -> Tensor {
    Tensor(
      TensorBody(
        storage: storage, shape: shape, strides: strides, offset: offset, dtype: dtype))
  }

  /// The first element's address.
  var pointer: UnsafeMutableRawPointer { body.pointer }

  /// The same elements without a graph: what kernels write into and gradients are stored as.
  var bare: Tensor {
    if body.autograd == nil { return self }
    return restrided(shape: shape, strides: strides, offset: storageOffset)
  }
}

/// A tensor over someone else's memory, such as a gradient bucket's.
extension Tensor {
  /// A contiguous tensor over memory that `owner` keeps alive.
  /// - Parameters:
  ///   - pointer: The first element.
  ///   - shape: The sizes; the memory holds at least their product.
  ///   - dtype: The elements' type.
  ///   - owner: Released when the last tensor over the memory is gone.
  public init(
    borrowing pointer: UnsafeMutableRawPointer, shape: [Int], dtype: DType, owner: AnyObject
  ) {
    let count = shape.reduce(1, *)
    let storage = Storage(pointer: pointer, byteCount: count * dtype.size, owner: owner)
    self.init(
      TensorBody(
        contiguous: shape, strides: contiguousStrides(shape), count: count, storage: storage,
        dtype: dtype))
  }
}
