/// Arithmetic of shapes, strides and dimensions, shared by every operator.

/// Row-major strides of a shape; dimensions of size 0 count as 1, as in PyTorch.
func contiguousStrides(_ shape: [Int]) -> [Int] {
  if shape.count <= 1 { return shape.isEmpty ? [] : [1] }
  return [Int](unsafeUninitializedCapacity: shape.count) { buffer, initialized in
    var stride = 1
    for dim in Swift.stride(from: shape.count - 1, through: 0, by: -1) {
      buffer[dim] = stride
      // A huge dimension beside one of size 0 has no element to reach.
      stride &*= max(shape[dim], 1)
    }
    initialized = shape.count
  }
}

/// Strides without gaps whose order of dimensions is another tensor's.
func denseStrides(like tensor: Tensor) -> [Int] {
  let shape = tensor.shape
  let order = shape.indices.sorted {
    let (a, b) = (tensor.strides[$0], tensor.strides[$1])
    return a == b ? $0 < $1 : a > b
  }
  // An expanded dimension (stride 0) says nothing about order: fall back to row-major.
  if zip(shape, tensor.strides).contains(where: { $0 > 1 && $1 == 0 }) {
    return contiguousStrides(shape)
  }
  var strides = [Int](repeating: 0, count: shape.count)
  var stride = 1
  for dim in order.reversed() {
    strides[dim] = stride
    stride *= max(shape[dim], 1)
  }
  return strides
}

/// The shape that two shapes broadcast to, or nil where they do not.
func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
  if a == b { return a }
  let rank = max(a.count, b.count)
  var result = [Int](repeating: 1, count: rank)
  for dim in 0..<rank {
    let i = dim - (rank - a.count)
    let j = dim - (rank - b.count)
    let x = i < 0 ? 1 : a[i]
    let y = j < 0 ? 1 : b[j]
    guard x == y || x == 1 || y == 1 else { return nil }
    result[dim] = x == 1 ? y : x
  }
  return result
}

/// The shape that several shapes broadcast to; stops with a message where they do not.
func broadcastShape(_ shapes: [[Int]], _ operation: String) -> [Int] {
  var result: [Int] = []
  for shape in shapes {
    guard let next = broadcastShape(result, shape) else {
      fail(
        operation,
        "shapes do not broadcast: \(shapes.map(String.init(describing:)).joined(separator: ", "))")
    }
    result = next
  }
  return result
}

extension Tensor {
  /// A dimension counted from the front; -1 is the last. A scalar tensor has dimensions -1 and 0.
  func normalized(dim: Int, _ operation: String) -> Int {
    normalizedDim(dim, rank: rank, operation)
  }

  /// Strides with which this tensor reads as a broadcast shape: 0 along repeated dimensions.
  func broadcastStrides(to target: [Int]) -> [Int] {
    if shape == target { return strides }
    let lead = target.count - rank
    var result = [Int](repeating: 0, count: target.count)
    for dim in 0..<rank where shape[dim] != 1 { result[lead + dim] = strides[dim] }
    return result
  }
}

/// A dimension counted from the front, or a message that names the valid range.
func normalizedDim(_ dim: Int, rank: Int, _ operation: String) -> Int {
  let limit = max(rank, 1)
  require(
    dim >= -limit && dim < limit, operation,
    "dimension \(dim) is out of range; a tensor of \(rank) dimensions takes \(-limit) to \(limit - 1)"
  )
  return dim < 0 ? dim + limit : dim
}

/// Several dimensions counted from the front, none twice; an empty list means all of them.
func normalizedDims(_ dims: [Int], rank: Int, _ operation: String) -> [Int] {
  if dims.isEmpty { return Array(0..<rank) }
  let result = dims.map { normalizedDim($0, rank: rank, operation) }
  require(Set(result).count == result.count, operation, "a dimension appears twice in \(dims)")
  return result
}
