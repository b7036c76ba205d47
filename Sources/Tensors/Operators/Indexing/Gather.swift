import CKernels

/// Indexing along one dimension.
extension Tensor {
  /// Elements picked along a dimension by an index tensor of the result's shape
  /// (`torch.gather`): `out[i][j] = self[index[i][j]][j]` for dimension 0.
  public func gather(dim: Int, index: Tensor) -> Tensor {
    let dim = normalized(dim: dim, "gather")
    let index = index.dtype.isInteger ? index.to(.int64) : index
    // No index at all picks nothing, whatever its shape.
    if index.count == 0 { return flattened().sliced(to: 0).reshaped(index.shape) }
    checkIndex("gather", index)
    return Tensor.apply("gather", [self, index], attributes: ["dim": .int(dim)], saving: .input(1))
    {
      inputs in
      let (a, index) = (inputs[0], inputs[1])
      let out = Tensor.uninitialized(index.shape, a.dtype)
      Kernel.checkIndex("gather", dim, a.rank == 0 ? 1 : a.shape[dim], a.dtype) { bad in
        withInts(index.shape, out.strides, a.strides, index.strides) {
          torus_gather(
            a.dtype.c, Int32(index.rank), $0, Int32(dim), out.pointer, $1, a.pointer, $2,
            Int64(a.rank == 0 ? 1 : a.shape[dim]),
            index.pointer.assumingMemoryBound(to: Int64.self),
            $3, bad)
        }
      }
      return out
    } gradient: { g, node in
      [
        Tensor.zeros(node.shape(0), dtype: g.dtype)
          .scatterAdd(dim: dim, index: node.input(1), source: g), nil,
      ]
    }
  }

  /// This tensor with the source's elements written along a dimension (`torch.scatter`):
  /// `out[index[i][j]][j] = source[i][j]` for dimension 0.
  public func scatter(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    let dim = normalized(dim: dim, "scatter")
    checkIndex("scatter", index)
    return Tensor.apply(
      "scatter", [self, index, source], attributes: ["dim": .int(dim)], saving: .input(1)
    ) { inputs in
      Kernel.scatter("scatter", TORUS_WRITE_SET, inputs[0], dim, inputs[1], inputs[2])
    } gradient: { g, node in
      let index = node.input(1)
      let zero = Tensor.zeros(index.shape, dtype: g.dtype)
      return [
        node.needsGradient(0) ? g.scatter(dim: dim, index: index, source: zero) : nil, nil,
        node.needsGradient(2)
          ? g.gather(dim: dim, index: index).padded(toShape: node.shape(2)) : nil,
      ]
    }
  }

  /// This tensor with the source's elements added along a dimension (`torch.scatter_add`).
  public func scatterAdd(dim: Int, index: Tensor, source: Tensor) -> Tensor {
    let dim = normalized(dim: dim, "scatter_add")
    checkIndex("scatter_add", index)
    return Tensor.apply(
      "scatter_add", [self, index, source], attributes: ["dim": .int(dim)], saving: .input(1)
    ) { inputs in
      Kernel.scatter("scatter_add", TORUS_WRITE_ADD, inputs[0], dim, inputs[1], inputs[2])
    } gradient: { g, node in
      [
        g, nil,
        node.needsGradient(2)
          ? g.gather(dim: dim, index: node.input(1)).padded(toShape: node.shape(2)) : nil,
      ]
    }
  }

  /// The slices at the given positions of a dimension (`torch.index_select`).
  public func indexSelect(dim: Int, index: Tensor) -> Tensor {
    let dim = normalized(dim: dim, "index_select")
    require(
      index.rank <= 1 && (index.dtype == .int64 || index.dtype == .int32), "index_select",
      "the index must be an integer vector, not \(index.dtype) \(index.shape)")
    let index = index.to(.int64).reshaped([-1])
    let source = rank == 0 ? reshaped([1]) : self
    let result = Tensor.apply(
      "index_select", [source, index], attributes: ["dim": .int(dim)], saving: .input(1)
    ) { inputs in
      let (a, index) = (inputs[0], inputs[1])
      var shape = a.shape
      shape[dim] = index.count
      let out = Tensor.uninitialized(shape, a.dtype)
      Kernel.checkIndex("index_select", dim, a.shape[dim], a.dtype) { bad in
        withInts(a.shape, a.strides, out.strides) {
          torus_index_select(
            a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1,
            index.pointer.assumingMemoryBound(to: Int64.self), Int64(index.strides[0]),
            Int64(index.count), out.pointer, $2, bad)
        }
      }
      return out
    } gradient: { g, node in
      [
        Tensor.zeros(node.shape(0), dtype: g.dtype)
          .indexAdd(dim: dim, index: node.input(1), source: g), nil,
      ]
    }
    return rank == 0 ? result.reshaped([]) : result
  }

  /// This tensor with the source's slices, times alpha, added at the given positions of a dimension
  /// (`torch.index_add`).
  public func indexAdd(dim: Int, index: Tensor, source: Tensor, alpha: Double = 1) -> Tensor {
    let dim = normalized(dim: dim, "index_add")
    return Tensor.apply(
      "index_add", [self, index.to(.int64), source],
      attributes: ["dim": .int(dim), "alpha": .double(alpha)], saving: .input(1)
    ) { inputs in
      let (index, source) = (inputs[1].reshaped([-1]), inputs[2])
      let out = inputs[0].bare.copied()
      Kernel.checkIndex("index_add", dim, out.rank == 0 ? 1 : out.shape[dim], out.dtype) { bad in
        withInts(out.shape, out.strides, source.strides) {
          torus_index_write(
            TORUS_WRITE_ADD, out.dtype.c, Int32(out.rank), $0, Int32(dim), out.pointer, $1,
            index.pointer.assumingMemoryBound(to: Int64.self), Int64(index.strides[0]),
            Int64(index.count), source.pointer, $2, alpha, bad)
        }
      }
      return out
    } gradient: { g, node in
      let picked = node.needsGradient(2) ? g.indexSelect(dim: dim, index: node.input(1)) : nil
      return [g, nil, picked.map { alpha == 1 ? $0 : $0 * alpha }]
    }
  }

  private func checkIndex(_ name: String, _ index: Tensor) {
    require(
      index.dtype == .int64, name, "the index must be int64, not \(index.dtype)")
    require(
      index.rank == rank || index.rank <= 1 && rank <= 1, name,
      "the index must have as many dimensions as the tensor: \(index.shape) for \(shape)")
  }

  /// Zeros behind the elements, up to a larger shape: the gradient of what an index did not reach.
  func padded(toShape target: [Int]) -> Tensor {
    if shape == target { return self }
    let own = shape
    return scattered(into: target) { whole in
      own.indices.reduce(whole) { $0.narrowed(dim: $1, start: 0, length: own[$1]) }
    }
  }
}

extension Kernel {
  static func scatter(
    _ name: String, _ op: torus_write_op, _ a: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor
  ) -> Tensor {
    let out = a.bare.copied()
    require(
      source.rank == 0 || zip(index.shape, source.shape).allSatisfy { $0 <= $1 }, name,
      "the index \(index.shape) reaches beyond the source \(source.shape)")
    require(source.dtype == a.dtype, name, "a source of \(source.dtype) for a tensor of \(a.dtype)")
    let strides =
      source.rank == index.rank ? source.strides : [Int](repeating: 0, count: index.rank)
    checkIndex(name, dim, out.rank == 0 ? 1 : out.shape[dim], a.dtype) { bad in
      withInts(index.shape, out.strides, index.strides, strides) {
        torus_scatter(
          op, a.dtype.c, Int32(index.rank), $0, Int32(dim), out.pointer, $1,
          Int64(out.rank == 0 ? 1 : out.shape[dim]),
          index.pointer.assumingMemoryBound(to: Int64.self), $2, source.pointer, $3, 1, bad)
      }
    }
    return out
  }

  /// Runs an indexing kernel and stops with the index where one is out of range.
  static func checkIndex(
    _ name: String, _ dim: Int, _ size: Int, _ dtype: DType,
    _ body: (UnsafeMutablePointer<Int64>) -> torus_status
  ) {
    var bad: Int64 = 0
    let status = body(&bad)
    if status == TORUS_INDEX_OUT_OF_RANGE {
      fail(name, "index \(bad) is out of range for dimension \(dim) of size \(size)")
    }
    check(status, name, dtype)
  }
}
