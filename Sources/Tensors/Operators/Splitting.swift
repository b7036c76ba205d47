/// Cutting a tensor into views along a dimension.
extension Tensor {
  /// Pieces of the given sizes along a dimension (`torch.split`).
  public func split(_ sizes: [Int], dim: Int = 0) -> [Tensor] {
    require(rank > 0, "split", "a scalar tensor cannot be split")
    let axis = normalized(dim: dim, "split")
    require(
      sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == shape[axis], "split",
      "sizes \(sizes) do not add up to dimension \(dim) of \(shape)")
    return Tensor.record(Split(sizes: sizes, dim: axis), [self])
  }

  /// Pieces of `size` along a dimension, the last maybe smaller (`torch.split`).
  public func split(_ size: Int, dim: Int = 0) -> [Tensor] {
    require(rank > 0, "split", "a scalar tensor cannot be split")
    let total = self.size(dim)
    require(
      size > 0 || total == 0 && size == 0, "split",
      "the size of a piece must be positive, not \(size)")
    let starts = total == 0 ? [0] : Array(stride(from: 0, to: total, by: size))
    return split(starts.map { Swift.min(size, total - $0) }, dim: dim)
  }

  /// At most `count` pieces of equal size along a dimension (`torch.chunk`); of an empty one `count`
  /// empty pieces.
  public func chunk(_ count: Int, dim: Int = 0) -> [Tensor] {
    require(count > 0, "chunk", "the number of pieces must be positive, not \(count)")
    require(rank > 0, "chunk", "a scalar tensor cannot be split")
    let total = size(dim)
    if total == 0 { return split([Int](repeating: 0, count: count), dim: dim) }
    return split((total + count - 1) / count, dim: dim)
  }

  /// The slices along a dimension, which goes away (`torch.unbind`).
  public func unbind(dim: Int = 0) -> [Tensor] {
    require(rank > 0, "unbind", "a scalar tensor has no dimension to go along")
    let axis = normalized(dim: dim, "unbind")
    return Tensor.record(Unbind(dim: axis), [self])
  }

  /// `length` elements from `start` as a view of its own, also where they are all.
  fileprivate func part(_ dim: Int, _ start: Int, _ length: Int) -> Tensor {
    var shape = shape
    shape[dim] = length
    return restrided(
      shape: shape, strides: strides,
      offset: storageOffset + (length > 0 ? start : 0) * strides[dim])
  }

  /// The gradient of what was cut into pieces, from theirs; nil stands for zeros.
  fileprivate static func joinedGradients(
    _ gradients: [Tensor?], _ shape: [Int], _ sizes: [Int], dim: Int
  ) -> Tensor? {
    guard let any = gradients.lazy.compactMap({ $0 }).first else { return nil }
    if let whole = alreadyJoined(gradients, shape, sizes, dim: dim) { return whole }
    let parts = gradients.enumerated().map { index, gradient in
      if let gradient { return gradient }
      var part = shape
      part[dim] = sizes[index]
      return Tensor.zeros(part, dtype: any.dtype)
    }
    return cat(parts, dim: dim).reshaped(shape)
  }

  /// What gradients make up that lie in their places of one contiguous tensor already, as those of
  /// attention's packed projections do (see `F.scaledDotProductAttention`); nil otherwise.
  private static func alreadyJoined(
    _ gradients: [Tensor?], _ shape: [Int], _ sizes: [Int], dim: Int
  ) -> Tensor? {
    guard !isGradEnabled, shape.count > dim, let first = gradients[0], first.rank == shape.count
    else { return nil }
    let strides = contiguousStrides(shape)
    var offset = first.storageOffset
    for (index, gradient) in gradients.enumerated() {
      guard let gradient, gradient.storage === first.storage, gradient.strides == strides,
        gradient.storageOffset == offset, gradient.dtype == first.dtype,
        gradient.shape[dim] == sizes[index]
      else { return nil }
      offset += sizes[index] * strides[dim]
    }
    return first.bare.restrided(shape: shape, strides: strides, offset: first.storageOffset)
  }

  /// `count` pieces along a dimension, the first ones by one longer where they cannot be equal
  /// (`torch.tensor_split`).
  public func tensorSplit(_ count: Int, dim: Int = 0) -> [Tensor] {
    require(count > 0, "tensor_split", "the number of pieces must be positive, not \(count)")
    require(rank > 0, "tensor_split", "a scalar tensor cannot be split")
    let (least, longer) = size(dim).quotientAndRemainder(dividingBy: count)
    return split((0..<count).map { $0 < longer ? least + 1 : least }, dim: dim)
  }

  /// The pieces between given positions of a dimension, which count as in a slice
  /// (`torch.tensor_split`).
  public func tensorSplit(at positions: [Int], dim: Int = 0) -> [Tensor] {
    require(rank > 0, "tensor_split", "a scalar tensor cannot be split")
    return zip([0] + positions, positions + [.max]).map { sliced(dim: dim, from: $0, to: $1) }
  }

  /// Equal pieces side by side (`torch.hsplit`): along the second dimension, of a vector the first.
  public func hsplit(_ count: Int) -> [Tensor] { evenly("hsplit", count, dim: rank == 1 ? 0 : 1) }

  /// The pieces between given positions, side by side (`torch.hsplit`).
  public func hsplit(at positions: [Int]) -> [Tensor] {
    tensorSplit(at: positions, dim: rank == 1 ? 0 : 1)
  }

  /// Equal pieces one below the other (`torch.vsplit`): along the first of at least two dimensions.
  public func vsplit(_ count: Int) -> [Tensor] {
    stacked("vsplit", 2).evenly("vsplit", count, dim: 0)
  }

  /// The pieces between given positions, one below the other (`torch.vsplit`).
  public func vsplit(at positions: [Int]) -> [Tensor] {
    stacked("vsplit", 2).tensorSplit(at: positions, dim: 0)
  }

  /// Equal pieces one behind the other (`torch.dsplit`): along the third dimension.
  public func dsplit(_ count: Int) -> [Tensor] {
    stacked("dsplit", 3).evenly("dsplit", count, dim: 2)
  }

  /// The pieces between given positions, one behind the other (`torch.dsplit`).
  public func dsplit(at positions: [Int]) -> [Tensor] {
    stacked("dsplit", 3).tensorSplit(at: positions, dim: 2)
  }

  private func stacked(_ name: String, _ dims: Int) -> Tensor {
    require(rank >= dims, name, "needs at least \(dims) dimensions, not \(shape)")
    return self
  }

  private func evenly(_ name: String, _ count: Int, dim: Int) -> [Tensor] {
    require(
      count > 0 && size(dim) % count == 0, name,
      "dimension \(dim) of \(shape) does not divide into \(count) equal pieces")
    return tensorSplit(count, dim: dim)
  }
}

/// Views of pieces of the given sizes.
private struct Split: TensorsOperation {
  let sizes: [Int]
  let dim: Int
  var name: String { "split" }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0].bare
    var start = 0
    return sizes.map { length in
      defer { start += length }
      return x.part(dim, start, length)
    }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    [Tensor.joinedGradients(gradients, node.shape(0), sizes, dim: dim)]
  }
}

/// Views of the slices along a dimension.
private struct Unbind: TensorsOperation {
  let dim: Int
  var name: String { "unbind" }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let x = inputs[0].bare
    return (0..<x.shape[dim]).map { x.select(dim: dim, index: $0) }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let kept = gradients.map { $0?.unsqueezed(dim) }
    let sizes = [Int](repeating: 1, count: kept.count)
    return [Tensor.joinedGradients(kept, node.shape(0), sizes, dim: dim)]
  }
}
