/// Picking elements along a dimension, by position or by a mask.
extension Tensor {
  /// Elements picked along a dimension by an index tensor of the result's shape
  /// (`torch.gather`): `out[i][j] = self[index[i][j]][j]` for dimension 0.
  ///
  /// The index, `int64` or `int32`, has as many dimensions as the tensor and is nowhere larger but
  /// along `dim`.
  public func gather(dim: Int, index: Tensor) -> Tensor {
    let dim = normalized(dim: dim, "gather")
    // No index at all picks nothing, whatever its shape and dtype.
    if index.count == 0 { return flattened().sliced(to: 0).reshaped(index.shape) }
    let index = index.positions("gather")
    if rank == 0 || index.rank == 0 {
      requireScalars("gather", [self, index])
      return atLeast(rank: 1).gather(dim: dim, index: index.atLeast(rank: 1)).reshaped(index.shape)
    }
    requireWithin("gather", dim, index)
    return Tensor.record(Gather(dim: dim), [self, index])
  }

  /// Elements picked along a dimension, tensor and index broadcast but for it
  /// (`torch.take_along_dim`); from the flattened tensor by the flattened index where no dimension is
  /// given. Negative positions count from the end.
  public func takeAlongDim(_ index: Tensor, dim: Int? = nil) -> Tensor {
    guard let dim else { return flattened().takeAlongDim(index.flattened(), dim: 0) }
    let axis = normalized(dim: dim, "take_along_dim")
    require(
      index.rank == rank, "take_along_dim",
      "the index \(index.shape) must have as many dimensions as the tensor \(shape)")
    let index = index.positions("take_along_dim").fromFront(rank == 0 ? 1 : shape[axis])
    if rank == 0 { return gather(dim: axis, index: index) }
    func withSize(_ shape: [Int], _ size: Int) -> [Int] {
      var result = shape
      result[axis] = size
      return result
    }
    let rest = broadcastShape([withSize(shape, 1), withSize(index.shape, 1)], "take_along_dim")
    return expanded(withSize(rest, shape[axis]))
      .gather(dim: axis, index: index.expanded(withSize(rest, index.shape[axis])))
  }

  /// Elements of the flattened tensor by position (`torch.take`); negative positions count from the
  /// end.
  public func take(_ index: Tensor) -> Tensor { flattened().gathered([index.positions("take")]) }

  /// The slices at the given positions of a dimension (`torch.index_select`).
  public func indexSelect(dim: Int, index: Tensor) -> Tensor {
    let dim = normalized(dim: dim, "index_select")
    let index = index.positionVector("index_select")
    require(
      rank > 0 || index.count == 1, "index_select",
      "a scalar has one position, not \(index.count)")
    let source = rank == 0 ? reshaped([1]) : self
    let result = Tensor.record(IndexSelect(dim: dim), [source, index])

    return rank == 0 && index.count == 1 ? result.reshaped([]) : result
  }

  /// The elements where a mask of a broadcastable shape holds, as a vector (`torch.masked_select`).
  public func maskedSelect(_ mask: Tensor) -> Tensor {
    require(mask.dtype == .bool, "masked_select", "the mask must be bool, not \(mask.dtype)")
    return Tensor.record(MaskedSelect(), Tensor.broadcast([self, mask]))
  }
}

/// Elements by an index of the result's shape: operands are the tensor and the index.
private struct Gather: TensorOperation {
  let dim: Int
  var name: String { "gather" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.gather(inputs[0], dim: dim, inputs[1]) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [
      Tensor.zeros(node.shape(0), dtype: g.dtype)
        .scatterAdd(dim: dim, index: node.input(1), src: g), nil,
    ]
  }
}

/// Slices of a dimension: operands are the tensor and a vector of positions.
private struct IndexSelect: TensorOperation {
  let dim: Int
  var name: String { "index_select" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.indexSelect(inputs[0], dim: dim, inputs[1]) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [
      Tensor.zeros(node.shape(0), dtype: g.dtype)
        .indexAdd(dim: dim, index: node.input(1), source: g), nil,
    ]
  }
}

/// The elements where a mask holds: operands are the tensor and the mask, of one shape.
private struct MaskedSelect: TensorOperation {
  var name: String { "masked_select" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.maskedSelect(inputs[0], inputs[1]) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [Tensor.zeros(node.shape(0), dtype: g.dtype).maskedScatter(node.input(1), source: g), nil]
  }
}

/// What indexing operators demand of their operands.
extension Tensor {
  /// This tensor as positions in `int64`.
  func positions(_ name: String) -> Tensor {
    require(
      dtype == .int64 || dtype == .int32, name, "an index must be int64 or int32, not \(dtype)")
    return to(.int64)
  }

  /// This tensor as a vector of positions in `int64`.
  func positionVector(_ name: String) -> Tensor {
    require(rank <= 1, name, "the index must be a vector, not \(shape)")
    return positions(name).reshaped([-1])
  }

  /// Negative positions in a dimension of `size` counted from its front instead.
  func fromFront(_ size: Int) -> Tensor { Tensor.where(lt(0), self + size, self) }

  /// Stops unless an index has this tensor's dimensions and reaches nowhere beyond it but along
  /// `dim`.
  func requireWithin(_ name: String, _ dim: Int, _ index: Tensor) {
    require(
      index.rank == rank, name,
      "the index must have as many dimensions as the tensor: \(index.shape) for \(shape)")
    require(
      shape.indices.allSatisfy { $0 == dim || index.shape[$0] <= shape[$0] }, name,
      "the index \(index.shape) reaches beyond the tensor \(shape) in a dimension other than \(dim)"
    )
  }

  /// Scalar tensors go together with vectors only.
  func requireScalars(_ name: String, _ operands: [Tensor]) {
    require(
      operands.allSatisfy { $0.rank <= 1 }, name,
      "dimensions do not fit: \(operands.map(\.shape))")
  }
}
