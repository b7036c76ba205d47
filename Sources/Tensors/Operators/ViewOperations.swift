/// An operation whose result shares its operand's storage, told by what it does to dimensions rather
/// than by strides: it can be applied to an operand that lies otherwise in memory.
protocol ViewOperation: TensorOperation {
  /// The operand with another shape, other strides and another offset; records nothing.
  func view(of x: Tensor) -> Tensor
}

extension ViewOperation {
  func forward(_ inputs: [Tensor]) -> Tensor { view(of: inputs[0]) }
}

extension [any ViewOperation] {
  /// The views one after the other, each recorded.
  func recorded(of x: Tensor) -> Tensor { reduce(x) { Tensor.record($1, [$0]) } }

  /// The views one after the other, outside the graph.
  func bare(of x: Tensor) -> Tensor { reduce(x) { $1.view(of: $0) } }
}

/// The same elements in another shape; a copy where no strides give it.
struct Reshape: ViewOperation {
  let shape: [Int]
  var name: String { "reshape" }

  func view(of x: Tensor) -> Tensor {
    if let strides = x.viewStrides(shape) {
      return x.restrided(shape: shape, strides: strides, offset: x.storageOffset)
    }
    return x.copied().restrided(shape: shape, strides: contiguousStrides(shape), offset: 0)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g.reshaped(node.shape(0))] }
}

/// The dimensions in another order.
struct Permute: ViewOperation {
  let dims: [Int]
  var name: String { "permute" }

  func view(of x: Tensor) -> Tensor {
    x.restrided(
      shape: dims.map { x.shape[$0] }, strides: dims.map { x.strides[$0] }, offset: x.storageOffset)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    var inverse = [Int](repeating: 0, count: dims.count)
    for (new, old) in dims.enumerated() { inverse[old] = new }
    return [g.permuted(inverse)]
  }
}

/// Dimensions of size 1, and new ones in front, repeated without a copy.
struct Expand: ViewOperation {
  let shape: [Int]
  var name: String { "expand" }

  func view(of x: Tensor) -> Tensor {
    x.restrided(shape: shape, strides: x.broadcastStrides(to: shape), offset: x.storageOffset)
  }

  // Summing back over the repeated dimensions is the engine's own matter.
  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g] }
}

/// A new dimension of size 1.
struct Unsqueeze: ViewOperation {
  let dim: Int
  var name: String { "unsqueeze" }

  func view(of x: Tensor) -> Tensor {
    var (shape, strides) = (x.shape, x.strides)
    strides.insert(dim < shape.count ? shape[dim] * strides[dim] : 1, at: dim)
    shape.insert(1, at: dim)
    return x.restrided(shape: shape, strides: strides, offset: x.storageOffset)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g.reshaped(node.shape(0))] }
}

/// Dimensions of size 1 taken out.
struct Squeeze: ViewOperation {
  let dims: [Int]
  var name: String { "squeeze" }

  func view(of x: Tensor) -> Tensor {
    let kept = x.shape.indices.filter { !dims.contains($0) }
    return x.restrided(
      shape: kept.map { x.shape[$0] }, strides: kept.map { x.strides[$0] }, offset: x.storageOffset)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g.reshaped(node.shape(0))] }
}

/// Every `step`-th element from `start` below `end` along a dimension.
struct Slice: ViewOperation {
  let dim: Int
  let start: Int
  let end: Int
  let step: Int
  var name: String { "slice" }

  func view(of x: Tensor) -> Tensor {
    var (shape, strides) = (x.shape, x.strides)
    shape[dim] = (end - start + step - 1) / step
    let offset = x.storageOffset + start * strides[dim]
    strides[dim] *= step
    return x.restrided(shape: shape, strides: strides, offset: offset)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g.scattered(into: node.shape(0), at: [self])]
  }
}

/// Overlapping windows along a dimension; their elements come last.
struct Unfold: ViewOperation {
  let dim: Int
  let size: Int
  let step: Int
  var name: String { "unfold" }

  private func windows(_ length: Int) -> Int { (length - size) / step + 1 }

  func view(of x: Tensor) -> Tensor {
    var (shape, strides) = (x.shape + [size], x.strides + [x.strides[dim]])
    shape[dim] = windows(x.shape[dim])
    strides[dim] *= step
    return x.restrided(shape: shape, strides: strides, offset: x.storageOffset)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let count = windows(node.shape(0)[dim])
    let places = (Tensor.arange(count) * step).unsqueezed(1) + Tensor.arange(size)
    let windows = g.movedim([-1], [dim + 1]).flattened(from: dim, to: dim + 1)
    return [
      Tensor.zeros(node.shape(0), dtype: g.dtype)
        .indexAdd(dim: dim, index: places.flattened(), source: windows)
    ]
  }
}

/// The slice at one index of a dimension, which goes away.
struct Select: ViewOperation {
  let dim: Int
  let index: Int
  var name: String { "select" }

  func view(of x: Tensor) -> Tensor {
    var (shape, strides) = (x.shape, x.strides)
    let offset = x.storageOffset + index * strides[dim]
    shape.remove(at: dim)
    strides.remove(at: dim)
    return x.restrided(shape: shape, strides: strides, offset: offset)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g.scattered(into: node.shape(0), at: [self])]
  }
}

/// A diagonal of two dimensions, as the last dimension.
struct Diagonal: ViewOperation {
  let offset: Int
  let dim1: Int
  let dim2: Int
  var name: String { "diagonal" }

  func view(of x: Tensor) -> Tensor {
    let (row, column) = (offset < 0 ? -offset : 0, offset > 0 ? offset : 0)
    let length = Swift.max(0, Swift.min(x.shape[dim1] - row, x.shape[dim2] - column))
    let kept = x.shape.indices.filter { $0 != dim1 && $0 != dim2 }
    let start = length > 0 ? row * x.strides[dim1] + column * x.strides[dim2] : 0
    return x.restrided(
      shape: kept.map { x.shape[$0] } + [length],
      strides: kept.map { x.strides[$0] } + [x.strides[dim1] + x.strides[dim2]],
      offset: x.storageOffset + start)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g.scattered(into: node.shape(0), at: [self])]
  }
}

/// Zeros of a shape in which the operand fills the part that views pick: a view's gradient.
struct ScatterView: TensorOperation {
  let shape: [Int]
  let part: [any ViewOperation]
  var name: String { "scatter_view" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let out = Tensor.zeros(shape, dtype: inputs[0].dtype)
    Kernel.copy(inputs[0], into: part.bare(of: out))
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [part.recorded(of: g)] }
}

extension Tensor {
  /// Runs a body on this tensor outside the graph, and tells which views lead from the tensor to the
  /// part that the body comes to.
  func views<Result>(_ body: (Tensor) -> Result) -> (result: Result, views: [any ViewOperation]) {
    let start = restrided(shape: shape, strides: strides, offset: storageOffset)
    var last = start
    var views: [any ViewOperation] = []
    let result = Tracer { computed in
      guard computed.inputs.count == 1, computed.inputs[0].body === last.body,
        let view = computed.operation as? any ViewOperation
      else { return }
      views.append(view)
      last = computed.outputs[0]
    }.watching { noGrad { body(start) } }
    return (result, views)
  }
}
