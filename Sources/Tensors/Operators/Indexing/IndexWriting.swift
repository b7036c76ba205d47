/// Writing whole slices at positions of a dimension.
extension Tensor {
  /// This tensor with the source's slices, times alpha, added at the given positions of a dimension
  /// (`torch.index_add`). Half precision is added up in `float32` and rounded once.
  public func indexAdd(dim: Int, index: Tensor, source: Tensor, alpha: Double = 1) -> Tensor {
    indexWriting("index_add", dim, index, source) {
      Tensor.record(IndexAdd(dim: $0, alpha: alpha), $1)
    }
  }

  /// This tensor with the source's slices at the given positions of a dimension
  /// (`torch.index_copy`).
  public func indexCopy(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    indexWriting("index_copy", dim, index, source) { Tensor.record(IndexCopy(dim: $0), $1) }
  }

  /// This tensor with one value, a number or a scalar tensor, at the given positions of a dimension
  /// (`torch.index_fill`); negative positions count from the end.
  public func indexFill(dim: Int, index: Tensor, value: some Operand) -> Tensor {
    let value = value.operand(beside: self).to(dtype)
    require(
      value.rank == 0, "index_fill", "the value must be a number or a scalar tensor: \(value.shape)"
    )
    let target = atLeast(rank: 1)
    let axis = normalized(dim: dim, "index_fill")
    let places = index.positionVector("index_fill").fromFront(target.shape[axis])
    return Tensor.record(IndexFill(dim: axis), [target, places, value]).reshaped(shape)
  }

  /// This tensor with the source's elements written, or added, at positions of the flattened tensor
  /// (`Tensor.put_`); negative positions count from the end.
  public func put(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
    require(
      index.count == source.count, "put",
      "\(source.count) elements \(source.shape) for \(index.count) positions \(index.shape)")
    return flattened().indexPut(
      [index.positions("put").flattened()], values: source.flattened(), accumulate: accumulate
    ).reshaped(shape)
  }

  /// Checks the operands of a write by slices and hands them on, target, index in `int64` and source,
  /// at least one dimension each.
  private func indexWriting(
    _ name: String, _ dim: Int, _ index: Tensor, _ source: Tensor,
    _ body: (_ dim: Int, _ operands: [Tensor]) -> Tensor
  ) -> Tensor {
    let dim = normalized(dim: dim, name)
    let index = index.positionVector(name)

    if rank == 0 || source.rank == 0 {
      requireScalars(name, [self, source])
      let (target, source) = (atLeast(rank: 1), source.atLeast(rank: 1))
      return target.indexWriting(name, dim, index, source, body).reshaped(shape)
    }
    var expected = shape
    expected[dim] = index.count
    require(
      source.shape == expected, name,
      "\(index.count) positions of dimension \(dim) of \(shape) take a source of \(expected), not \(source.shape)"
    )
    return body(dim, [self, index, source])
  }
}

/// The source's slices, times alpha, added to a copy: operands are the target, the positions and the
/// source.
private struct IndexAdd: TensorOperation {
  let dim: Int
  let alpha: Double
  var name: String { "index_add" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.indexWrite(name, .add, inputs[0], dim, inputs[1], inputs[2], alpha: alpha)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let picked = node.needsGradient(2) ? g.indexSelect(dim: dim, index: node.input(1)) : nil
    return [g, nil, picked.map { alpha == 1 ? $0 : $0 * alpha }]
  }
}

/// The source's slices written over a copy: operands are the target, the positions and the source.
private struct IndexCopy: TensorOperation {
  let dim: Int
  var precision: PrecisionClass { .widest }
  var name: String { "index_copy" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.indexWrite(name, .set, inputs[0], dim, inputs[1], inputs[2])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let index = node.input(1)
    return [
      node.needsGradient(0) ? g.indexFill(dim: dim, index: index, value: 0) : nil, nil,
      node.needsGradient(2) ? g.indexSelect(dim: dim, index: index) : nil,
    ]
  }
}

/// One value written over slices of a copy: operands are the target, the positions and the value.
private struct IndexFill: TensorOperation {
  let dim: Int
  var name: String { "index_fill" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    var part = inputs[0].shape
    part[dim] = inputs[1].count
    return Kernel.indexWrite(
      name, .set, inputs[0], dim, inputs[1], inputs[2].bare.expanded(part))
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let index = node.input(1)
    return [
      node.needsGradient(0) ? g.indexFill(dim: dim, index: index, value: 0) : nil, nil,
      node.needsGradient(2) ? g.indexSelect(dim: dim, index: index.unique().values) : nil,
    ]
  }
}
