/// Views: other shapes and strides over the same storage. Nothing is copied but where said.
extension Tensor {
  /// The same elements in another shape (`reshape`): a view where strides allow, else a copy.
  ///
  /// One size may be -1: it follows from the others.
  public func reshaped(_ shape: [Int]) -> Tensor {
    let target = resolved(shape)
    if target == self.shape { return self }
    if viewStrides(target) == nil { return contiguous().reshaped(target) }
    return Tensor.record(Reshape(shape: target), [self])
  }

  /// The same elements in another shape (`reshape`).
  public func reshaped(_ shape: Int...) -> Tensor { reshaped(shape) }

  /// A view of another shape (`Tensor.view`); stops where that would need a copy.
  public func view(_ shape: [Int]) -> Tensor {
    let target = resolved(shape)
    require(
      viewStrides(target) != nil, "view",
      "a tensor of \(self.shape) with strides \(strides) cannot be seen as \(target) without a copy; use reshaped"
    )
    return reshaped(target)
  }

  /// Dimensions `start` to `end`, both included, made one (`torch.flatten`).
  public func flattened(from start: Int = 0, to end: Int = -1) -> Tensor {
    if rank == 0 { return reshaped([1]) }
    let (first, last) = (normalized(dim: start, "flatten"), normalized(dim: end, "flatten"))
    require(first <= last, "flatten", "dimension \(start) comes after dimension \(end)")
    let merged = shape[first...last].reduce(1, *)
    return reshaped(Array(shape[..<first]) + [merged] + Array(shape[(last + 1)...]))
  }

  /// Two dimensions swapped (`torch.transpose`).
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    var order = Array(0..<rank)
    if rank > 0 {
      order.swapAt(normalized(dim: a, "transpose"), normalized(dim: b, "transpose"))
    }
    return permuted(order)
  }

  /// The dimensions in another order (`torch.permute`).
  public func permuted(_ order: [Int]) -> Tensor {
    require(
      order.count == rank, "permute", "\(order.count) dimensions for a tensor of \(rank)")
    let order = rank == 0 ? [] : normalizedDims(order, rank: rank, "permute")
    if order == Array(0..<rank) { return self }
    return Tensor.record(Permute(dims: order), [self])
  }

  /// The dimensions in another order (`torch.permute`).
  public func permuted(_ order: Int...) -> Tensor { permuted(order) }

  /// The matrix transposed; vectors and scalars as they are (`torch.t`).
  public var t: Tensor {
    require(rank <= 2, "t", "a tensor of at most 2 dimensions is expected, not \(shape)")
    return rank == 2 ? transposed(0, 1) : self
  }

  /// Repeated along dimensions of size 1, and along new ones in front, without a copy
  /// (`Tensor.expand`). A size of -1 keeps the dimension's own.
  public func expanded(_ target: [Int]) -> Tensor {
    let lead = target.count - rank
    require(lead >= 0, "expand", "\(shape) has more dimensions than \(target)")
    var sizes = target
    for dim in target.indices {
      let own = dim < lead ? nil : shape[dim - lead]
      if target[dim] == -1, let own { sizes[dim] = own }
      require(
        sizes[dim] >= 0 && (own == nil || own == 1 || own == sizes[dim]), "expand",
        "\(shape) does not expand to \(target)")
    }
    if sizes == shape { return self }
    var count = 1
    for size in sizes {
      let (product, overflows) = count.multipliedReportingOverflow(by: Swift.max(size, 1))
      require(!overflows, "expand", "\(target) has more elements than can be counted")
      count = product
    }
    return Tensor.record(Expand(shape: sizes), [self])
  }

  /// A new dimension of size 1 before dimension `dim` (`torch.unsqueeze`).
  public func unsqueezed(_ dim: Int) -> Tensor {
    Tensor.record(Unsqueeze(dim: normalizedDim(dim, rank: rank + 1, "unsqueeze")), [self])
  }

  /// Without any dimension of size 1 (`torch.squeeze`).
  public func squeezed() -> Tensor { squeezed(Array(0..<rank)) }

  /// Without the named dimensions where their size is 1 (`torch.squeeze`).
  public func squeezed(_ dims: [Int]) -> Tensor {
    if dims.isEmpty { return self }
    let dropped = normalizedDims(dims, rank: rank, "squeeze")
      .filter { rank > 0 && shape[$0] == 1 }
    return dropped.isEmpty ? self : Tensor.record(Squeeze(dims: dropped), [self])
  }

  /// Without dimension `dim` where its size is 1 (`torch.squeeze`).
  public func squeezed(_ dim: Int) -> Tensor { squeezed([dim]) }

  /// Every `step`-th element from `start` below `end` along a dimension; bounds beyond the size are
  /// brought to it and negative ones count from the end, as in a Python slice.
  public func sliced(dim: Int = 0, from start: Int = 0, to end: Int = .max, step: Int = 1) -> Tensor
  {
    require(rank > 0, "slice", "a scalar tensor has nothing to slice")
    require(step > 0, "slice", "the step must be positive, not \(step)")
    let dim = normalized(dim: dim, "slice")
    let size = shape[dim]
    let first = Swift.min(Swift.max(start < 0 ? start + size : start, 0), size)
    let limit = Swift.min(Swift.max(end < 0 ? end + size : end, first), size)
    if first == 0 && limit == size && step == 1 { return self }
    return Tensor.record(Slice(dim: dim, start: first, end: limit, step: step), [self])
  }

  /// `length` elements from `start` along a dimension (`torch.narrow`).
  public func narrowed(dim: Int, start: Int, length: Int) -> Tensor {
    let size = size(dim)
    let first = start < 0 ? start + size : start
    require(
      first >= 0 && length >= 0 && first + length <= size, "narrow",
      "\(length) elements from \(start) do not lie within a dimension of \(size)")
    return sliced(dim: dim, from: first, to: first + length)
  }

  /// Windows of `size` elements along a dimension, one every `step`, as a view: the windows take the
  /// dimension's place, their elements come last (`Tensor.unfold`). Windows may overlap.
  public func unfolded(dim: Int, size: Int, step: Int) -> Tensor {
    let dim = normalized(dim: dim, "unfold")
    if rank == 0 { return reshaped([1]).narrowed(dim: 0, start: 0, length: size) }
    require(
      size >= 0 && size <= shape[dim], "unfold",
      "windows of \(size) elements in a dimension of \(shape[dim])")
    require(step > 0, "unfold", "the step must be positive, not \(step)")
    return Tensor.record(Unfold(dim: dim, size: size, step: step), [self])
  }

  /// The slice at one index of a dimension, which goes away (`torch.select`).
  public func select(dim: Int, index: Int) -> Tensor {
    require(rank > 0, "select", "a scalar tensor has no dimension to select from")
    let dim = normalized(dim: dim, "select")
    let size = shape[dim]
    require(
      index >= -size && index < size, "select",
      "index \(index) is out of range for dimension \(dim) of size \(size)")
    return Tensor.record(Select(dim: dim, index: index < 0 ? index + size : index), [self])
  }
}

extension Tensor {
  /// Zeros of a shape in which this tensor fills the part that a view picks: a view's gradient.
  func scattered(into shape: [Int], at part: [any ViewOperation]) -> Tensor {
    Tensor.record(ScatterView(shape: shape, part: part), [self])
  }

  /// A shape with its -1 replaced by what the number of elements demands.
  private func resolved(_ shape: [Int]) -> [Int] {
    guard let unknown = shape.firstIndex(of: -1) else {
      require(
        shape.reduce(1, *) == count && shape.allSatisfy { $0 >= 0 }, "reshape",
        "a tensor of \(self.shape) (\(count) elements) does not fill \(shape)")
      return shape
    }
    var result = shape
    result[unknown] = 1
    let known = result.reduce(1, *)
    require(
      known > 0 && count % known == 0 && !result.contains(where: { $0 < 0 }), "reshape",
      "a tensor of \(self.shape) (\(count) elements) does not fill \(shape)")
    result[unknown] = count / known
    return result
  }

  /// The strides with which the same storage reads as another shape, or nil where none do.
  func viewStrides(_ target: [Int]) -> [Int]? {
    if isContiguous { return contiguousStrides(target) }
    var result = [Int](repeating: 0, count: target.count)
    // Runs of dimensions that lie as one block must be cut or joined within themselves.
    var view = target.count - 1
    var blockStride = strides.last ?? 1
    var blockCount = 1
    var viewCount = 1
    for dim in Swift.stride(from: rank - 1, through: 0, by: -1) {
      blockCount *= shape[dim]
      let ends = dim == 0 || (shape[dim - 1] != 1 && strides[dim - 1] != blockCount * blockStride)
      guard ends else { continue }
      while view >= 0 && (viewCount < blockCount || target[view] == 1) {
        result[view] = viewCount * blockStride
        viewCount *= target[view]
        view -= 1
      }
      if viewCount != blockCount { return nil }
      if dim > 0 {
        blockStride = strides[dim - 1]
        blockCount = 1
        viewCount = 1
      }
    }
    return view < 0 ? result : nil
  }
}
