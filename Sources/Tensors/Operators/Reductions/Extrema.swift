/// The table of the largest and smallest values.
private enum Rows {
  static let amax = ReductionOperation("amax", .max, [.inputs, .output], share)
  static let amin = ReductionOperation("amin", .min, [.inputs, .output], share)

  /// Equal extrema share the gradient evenly.
  @Sendable static func share(_ context: ReductionOperation.Context) -> Tensor {
    context.x.shared(context.g, among: context.y, context.dims)
  }
}

extension Tensor {
  /// The gradient of a result that is one of the elements, given in equal parts to all that equal it.
  func shared(_ g: Tensor, among value: Tensor, _ dims: [Int]) -> Tensor {
    let holders = eq(value).logicalOr(isNaN().logicalAnd(value.isNaN()))
    return Tensor.where(holders, g / holders.sum(dims: dims, keepDim: true), 0.0)
  }
}

/// The largest and smallest elements. NaN wins over every number.
extension Tensor {
  /// The largest elements over dimensions, all where none are named (`torch.amax`). Equal ones share
  /// the gradient evenly.
  public func amax(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    Rows.amax(notEmpty("amax", dims), dims, keepDim: keepDim)
  }

  /// The smallest elements over dimensions, all where none are named (`torch.amin`). Equal ones share
  /// the gradient evenly.
  public func amin(dims: [Int] = [], keepDim: Bool = false) -> Tensor {
    Rows.amin(notEmpty("amin", dims), dims, keepDim: keepDim)
  }

  /// The smallest and the largest elements along a dimension, or of all (`torch.aminmax`).
  public func aminmax(dim: Int? = nil, keepDim: Bool = false) -> (min: Tensor, max: Tensor) {
    let dims = dim.map { [$0] } ?? []
    return (amin(dims: dims, keepDim: keepDim), amax(dims: dims, keepDim: keepDim))
  }

  /// The largest of all elements (`torch.max`). Equal ones share the gradient evenly.
  public func max() -> Tensor { amax() }

  /// The smallest of all elements (`torch.min`). Equal ones share the gradient evenly.
  public func min() -> Tensor { amin() }

  /// The largest elements along a dimension and where the first of them are (`torch.max`).
  public func max(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    extremum("max", smallest: false, dim, keepDim)
  }

  /// The smallest elements along a dimension and where the first of them are (`torch.min`).
  public func min(dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
    extremum("min", smallest: true, dim, keepDim)
  }

  /// The index of the largest element along a dimension, the first of equals; over the flattened
  /// tensor where no dimension is given (`torch.argmax`).
  public func argmax(dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    position("argmax", smallest: false, dim, keepDim)
  }

  /// The index of the smallest element along a dimension, the first of equals; over the flattened
  /// tensor where no dimension is given (`torch.argmin`).
  public func argmin(dim: Int? = nil, keepDim: Bool = false) -> Tensor {
    position("argmin", smallest: true, dim, keepDim)
  }

  private func position(
    _ name: String, smallest: Bool, _ dim: Int?, _ keepDim: Bool
  ) -> Tensor {
    if let dim { return extremum(name, smallest: smallest, dim, keepDim).indices }
    let index = flattened().extremum(name, smallest: smallest, 0, false).indices
    return keepDim ? index.reshaped([Int](repeating: 1, count: rank)) : index
  }

  private func extremum(
    _ name: String, smallest: Bool, _ dim: Int, _ keepDim: Bool
  ) -> (values: Tensor, indices: Tensor) {
    picked(name, dim: dim) {
      ExtremumAndPlace(name: name, isSmallest: smallest, dim: $0, keepDim: keepDim)
    }
  }

  /// Values and indices of an operation that picks one element along a dimension.
  func picked<Operation: PickingOperation>(
    _ name: String, dim: Int, _ operation: (_ dim: Int) -> Operation
  ) -> (values: Tensor, indices: Tensor) {
    let dim = normalized(dim: dim, name)
    require(rank == 0 || shape[dim] > 0, name, "dimension \(dim) is empty: \(shape)")
    let results = Tensor.record(operation(dim), [self])
    return (results[0], results[1])
  }

  private func notEmpty(_ operation: String, _ dims: [Int]) -> Tensor {
    for dim in reducedDims(dims, operation) {
      require(shape[dim] > 0, operation, "dimension \(dim) is empty: \(shape)")
    }
    return self
  }
}

/// An operation that picks one element along a dimension, which gets the whole gradient: results are
/// values and indices. A scalar tensor counts as a vector.
protocol PickingOperation: TensorsOperation {
  var dim: Int { get }
  var keepDim: Bool { get }
  /// Values and indices with the dimension kept at size 1.
  func pick(_ a: Tensor) -> (values: Tensor, indices: Tensor)
}

extension PickingOperation {
  var saving: Saving { .output(1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let isScalar = inputs[0].rank == 0
    let (values, indices) = pick(isScalar ? inputs[0].bare.reshaped([1]) : inputs[0].bare)
    if keepDim && !isScalar { return [values, indices] }
    return [Kernel.dropped(values, [dim]), Kernel.dropped(indices, [dim])]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    if node.shape(0).isEmpty { return [g] }
    let indices = node.output(1).restored([dim], keepDim: keepDim)
    return [
      Tensor.zeros(node.shape(0), dtype: g.dtype)
        .scatter(dim: dim, index: indices, src: g.restored([dim], keepDim: keepDim))
    ]
  }
}

/// The largest or smallest element along a dimension, the first of equals.
private struct ExtremumAndPlace: PickingOperation {
  let name: String
  let isSmallest: Bool
  let dim: Int
  let keepDim: Bool
  var attributes: [String: Attribute] { ["dim": .int(dim), "keepDim": .bool(keepDim)] }

  func pick(_ a: Tensor) -> (values: Tensor, indices: Tensor) {
    Kernel.extremum(name, a, dim: dim, isSmallest: isSmallest)
  }
}
