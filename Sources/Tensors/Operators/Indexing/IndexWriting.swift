import CKernels

/// Writing whole slices at positions of a dimension.
extension Tensor {
  /// This tensor with the source's slices, times alpha, added at the given positions of a dimension
  /// (`torch.index_add`). Half precision is added up in `float32` and rounded once.
  public func indexAdd(dim: Int, index: Tensor, source: Tensor, alpha: Double = 1) -> Tensor {
    indexWriting("index_add", dim, index, source) { target, dim, index, source in
      Tensor.apply(
        "index_add", [target, index, source],
        attributes: ["dim": .int(dim), "alpha": .double(alpha)], saving: .input(1)
      ) { inputs in
        Kernel.indexWrite(
          "index_add", TORUS_WRITE_ADD, inputs[0], dim, inputs[1], inputs[2], alpha: alpha)
      } gradient: { g, node in
        let picked = node.needsGradient(2) ? g.indexSelect(dim: dim, index: node.input(1)) : nil
        return [g, nil, picked.map { alpha == 1 ? $0 : $0 * alpha }]
      }
    }
  }

  /// This tensor with the source's slices at the given positions of a dimension
  /// (`torch.index_copy`).
  public func indexCopy(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    indexWriting("index_copy", dim, index, source) { target, dim, index, source in
      Tensor.apply(
        "index_copy", [target, index, source], attributes: ["dim": .int(dim)], saving: .input(1)
      ) { inputs in
        Kernel.indexWrite("index_copy", TORUS_WRITE_SET, inputs[0], dim, inputs[1], inputs[2])
      } gradient: { g, node in
        let index = node.input(1)
        return [
          node.needsGradient(0) ? g.indexFill(dim: dim, index: index, value: 0) : nil, nil,
          node.needsGradient(2) ? g.indexSelect(dim: dim, index: index) : nil,
        ]
      }
    }
  }

  /// This tensor with one value, a number or a scalar tensor, at the given positions of a dimension
  /// (`torch.index_fill`); negative positions count from the end.
  public func indexFill(dim: Int, index: Tensor, value: some Operand) -> Tensor {
    let value = value.operand(beside: self).to(dtype)
    require(
      value.rank == 0, "index_fill", "the value must be a number or a scalar tensor: \(value.shape)"
    )
    let target = atLeast(dims: 1)
    let axis = normalized(dim: dim, "index_fill")
    let places = index.positionVector("index_fill").fromFront(target.shape[axis])
    return Tensor.apply(
      "index_fill", [target, places, value], attributes: ["dim": .int(axis)], saving: .input(1)
    ) { inputs in
      var part = inputs[0].shape
      part[axis] = inputs[1].count
      return Kernel.indexWrite(
        "index_fill", TORUS_WRITE_SET, inputs[0], axis, inputs[1], inputs[2].bare.expanded(part))
    } gradient: { g, node in
      let index = node.input(1)
      return [
        node.needsGradient(0) ? g.indexFill(dim: axis, index: index, value: 0) : nil, nil,
        node.needsGradient(2) ? g.indexSelect(dim: axis, index: index.unique().values) : nil,
      ]
    }.reshaped(shape)
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

  /// Checks the operands of a write by slices and hands them on with the index in `int64` and at
  /// least one dimension each.
  private func indexWriting(
    _ name: String, _ dim: Int, _ index: Tensor, _ source: Tensor,
    _ body: (_ target: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor
  ) -> Tensor {
    let dim = normalized(dim: dim, name)
    let index = index.positionVector(name)
    require(source.dtype == dtype, name, "a source of \(source.dtype) for a tensor of \(dtype)")
    if rank == 0 || source.rank == 0 {
      requireScalars(name, [self, source])
      let (target, source) = (atLeast(dims: 1), source.atLeast(dims: 1))
      return target.indexWriting(name, dim, index, source, body).reshaped(shape)
    }
    var expected = shape
    expected[dim] = index.count
    require(
      source.shape == expected, name,
      "\(index.count) positions of dimension \(dim) of \(shape) take a source of \(expected), not \(source.shape)"
    )
    return body(self, dim, index, source)
  }
}

extension Kernel {
  /// A copy of `a` into which the source's slices are written.
  fileprivate static func indexWrite(
    _ name: String, _ op: torus_write_op, _ a: Tensor, _ dim: Int, _ index: Tensor,
    _ source: Tensor, alpha: Double = 1
  ) -> Tensor {
    if a.dtype.isHalf && op == TORUS_WRITE_ADD {
      let (wide, wideSource) = (a.bare.to(.float32), source.bare.to(.float32))
      return indexWrite(name, op, wide, dim, index, wideSource, alpha: alpha).to(a.dtype)
    }
    let out = a.bare.copied()
    checkIndex(name, dim, out.shape[dim], out.dtype) { bad in
      withInts(out.shape, out.strides, source.strides) {
        torus_index_write(
          op, out.dtype.c, Int32(out.rank), $0, Int32(dim), out.pointer, $1,
          index.pointer.assumingMemoryBound(to: Int64.self), Int64(index.strides[0]),
          Int64(index.count), source.pointer, $2, alpha, bad)
      }
    }
    return out
  }
}
