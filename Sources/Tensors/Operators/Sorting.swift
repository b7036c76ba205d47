/// Sorting along a dimension; NaN counts as the largest. Values are differentiable; gradients go back
/// by index.
extension Tensor {
  /// The elements of a dimension in order and where they were (`torch.sort`).
  /// - Parameters:
  ///   - dim: The dimension.
  ///   - descending: Whether the largest comes first.
  ///   - stable: Equal elements keep their order. Else they take the one that PyTorch's sort gives
  ///     them, and the work takes longer.
  public func sorted(
    dim: Int = -1, descending: Bool = false, stable: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    // PyTorch has a stable sort of its own for long vectors of integers.
    let isRadix = rank == 1 && !descending && dtype.isInteger && count >= 32768
    return reordered("sort", dim: dim) {
      Sort(dim: $0, isDescending: descending, isStable: stable || isRadix)
    }
  }

  /// Where the elements of a dimension are in order (`torch.argsort`).
  public func argsort(dim: Int = -1, descending: Bool = false, stable: Bool = false) -> Tensor {
    sorted(dim: dim, descending: descending, stable: stable).indices
  }

  /// The k largest, or smallest, elements of a dimension and where they were (`torch.topk`).
  /// - Parameters:
  ///   - k: How many.
  ///   - dim: The dimension.
  ///   - largest: Whether the largest are taken, not the smallest.
  ///   - sorted: Whether they come in order.
  public func topK(
    _ k: Int, dim: Int = -1, largest: Bool = true, sorted: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    let axis = normalized(dim: dim, "topk")
    let size = rank == 0 ? 1 : shape[axis]
    require(k >= 0 && k <= size, "topk", "\(k) elements of a dimension of \(size)")
    return reordered("topk", dim: dim) {
      TopK(k: k, dim: $0, isLargest: largest, isSorted: sorted)
    }
  }

  /// The k-th smallest element of a dimension, counted from 1, and where it was (`torch.kthvalue`).
  public func kthValue(
    _ k: Int, dim: Int = -1, keepDim: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    let size = rank == 0 ? 1 : shape[normalized(dim: dim, "kthvalue")]
    require(k >= 1 && k <= size, "kthvalue", "number \(k) of a dimension of \(size)")
    return picked("kthvalue", dim: dim) { KthValue(k: k, dim: $0, keepDim: keepDim) }
  }

  /// An operation along a dimension; a scalar tensor counts as a vector.
  private func reordered<Operation: ReorderingOperation>(
    _ name: String, dim: Int, _ operation: (_ dim: Int) -> Operation
  ) -> (values: Tensor, indices: Tensor) {
    let operation = operation(normalized(dim: dim, name))
    let results = Tensor.record(operation, [rank == 0 ? reshaped([1]) : self])
    if rank > 0 { return (results[0], results[1]) }
    let shape = results[0].count == 0 ? [0] : [Int]()
    return (results[0].reshaped(shape), results[1].reshaped(shape))
  }
}

/// Elements of a dimension in another order, or some of them: results are values and indices.
private protocol ReorderingOperation: TensorsOperation {
  var dim: Int { get }
  func reorder(_ a: Tensor) -> (values: Tensor, indices: Tensor)
}

extension ReorderingOperation {
  var saving: Saving { .output(1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (values, indices) = reorder(inputs[0])
    return [values, indices]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    return [
      Tensor.zeros(node.shape(0), dtype: g.dtype)
        .scatter(dim: dim, index: node.output(1), src: g)
    ]
  }
}

/// A dimension in order.
private struct Sort: ReorderingOperation {
  let dim: Int
  let isDescending: Bool
  let isStable: Bool
  var name: String { "sort" }

  func reorder(_ a: Tensor) -> (values: Tensor, indices: Tensor) {
    Kernel.sort(a, dim: dim, isDescending: isDescending, isStable: isStable)
  }
}

/// The k largest or smallest elements of a dimension.
private struct TopK: ReorderingOperation {
  let k: Int
  let dim: Int
  let isLargest: Bool
  let isSorted: Bool
  var name: String { "topk" }

  func reorder(_ a: Tensor) -> (values: Tensor, indices: Tensor) {
    Kernel.topK(a, k, dim: dim, isLargest: isLargest, isSorted: isSorted)
  }
}

/// The k-th smallest element of a dimension.
private struct KthValue: PickingOperation {
  let k: Int
  let dim: Int
  let keepDim: Bool
  var name: String { "kthvalue" }

  func pick(_ a: Tensor) -> (values: Tensor, indices: Tensor) { Kernel.kthValue(a, k, dim: dim) }
}
