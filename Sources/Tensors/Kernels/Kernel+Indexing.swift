internal import CKernels

/// Elements by place: picking them and writing them.
extension Kernel {
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

  /// Elements picked along a dimension by an index of the result's shape.
  static func gather(_ a: Tensor, dim: Int, _ index: Tensor) -> Tensor {
    let out = Tensor.uninitialized(index.shape, a.dtype)
    checkIndex("gather", dim, a.shape[dim], a.dtype) { bad in
      withInts(index.shape, out.strides, a.strides, index.strides) {
        torus_gather(
          a.dtype.c, Int32(index.rank), $0, Int32(dim), out.pointer, $1, a.pointer, $2,
          Int64(a.shape[dim]), index.int64s, $3, bad)
      }
    }
    return out
  }

  /// Slices of a dimension by a vector of positions.
  static func indexSelect(_ a: Tensor, dim: Int, _ index: Tensor) -> Tensor {
    var shape = a.shape
    shape[dim] = index.count
    let out = Tensor.uninitialized(shape, a.dtype)
    checkIndex("index_select", dim, a.shape[dim], a.dtype) { bad in
      withInts(a.shape, a.strides, out.strides) {
        torus_index_select(
          a.dtype.c, Int32(a.rank), $0, Int32(dim), a.pointer, $1, index.int64s,
          Int64(index.strides[0]), Int64(index.count), out.pointer, $2, bad)
      }
    }
    return out
  }

  /// How many elements are not 0.
  static func nonzeroCount(_ a: Tensor) -> Int {
    Int(
      withInts(a.shape, a.strides) {
        torus_nonzero_count(a.dtype.c, Int32(a.rank), $0, a.pointer, $1)
      })
  }

  /// The coordinates of the elements that are not 0, in row-major order.
  static func nonzero(_ a: Tensor) -> Tensor {
    let out = Tensor.uninitialized([nonzeroCount(a), a.rank], .int64)
    check(
      withInts(a.shape, a.strides) {
        torus_nonzero(a.dtype.c, Int32(a.rank), $0, a.pointer, $1, out.int64s)
      }, "nonzero", a.dtype)
    return out
  }

  /// The elements where a mask of the tensor's shape holds.
  static func maskedSelect(_ a: Tensor, _ mask: Tensor) -> Tensor {
    let out = Tensor.uninitialized([nonzeroCount(mask)], a.dtype)
    check(
      withInts(a.shape, a.strides, mask.strides) {
        torus_masked_select(
          a.dtype.c, Int32(a.rank), $0, a.pointer, $1, mask.pointer, $2, out.pointer)
      }, "masked_select", a.dtype)
    return out
  }

  /// A copy with values in their order where a mask holds, of which there are enough.
  static func maskedScatter(_ a: Tensor, _ mask: Tensor, _ values: Tensor) -> Tensor {
    let (out, values) = (a.bare.copied(), values.bare.contiguous())
    check(
      withInts(out.shape, out.strides, mask.strides) {
        torus_masked_scatter(
          out.dtype.c, Int32(out.rank), $0, out.pointer, $1, mask.pointer, $2, values.pointer)
      }, "masked_scatter", out.dtype)
    return out
  }

  /// A copy of `a` into which the source is written as the operations say, one after the other.
  static func scatter(
    _ name: String, _ operations: [torus_write_op], _ a: Tensor, _ dim: Int, _ index: Tensor,
    _ source: Tensor
  ) -> Tensor {
    require(
      source.dtype == a.dtype, name, "a source of \(source.dtype) for a tensor of \(a.dtype)")
    if a.dtype.isHalf
      && operations.contains(where: { $0 == .add || $0 == .mul })
    {
      return scatter(
        name, operations, a.bare.to(.float32), dim, index, source.bare.to(.float32)
      ).to(a.dtype)
    }
    let out = a.bare.copied()
    for operation in operations {
      checkIndex(name, dim, out.shape[dim], a.dtype) { bad in
        withInts(index.shape, out.strides, index.strides, source.strides) {
          torus_scatter(
            operation, a.dtype.c, Int32(index.rank), $0, Int32(dim), out.pointer, $1,
            Int64(out.shape[dim]), index.pointer.assumingMemoryBound(to: Int64.self), $2,
            source.pointer, $3, 1, bad)
        }
      }
    }
    return out
  }

  /// A copy of `a` into which the source's slices are written.
  static func indexWrite(
    _ name: String, _ op: torus_write_op, _ a: Tensor, _ dim: Int, _ index: Tensor,
    _ source: Tensor, alpha: Double = 1
  ) -> Tensor {
    require(
      source.dtype == a.dtype, name, "a source of \(source.dtype) for a tensor of \(a.dtype)")
    if a.dtype.isHalf && op == .add {
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

/// Rows of tables.
extension Kernel {
  /// A 1 at each `int64` index, zeros elsewhere, as `int64`.
  static func oneHot(_ index: Tensor, classes: Int) -> Tensor {
    let index = index.contiguous()
    let out = Tensor.uninitialized(index.shape + [classes], .int64)
    checkIndex("one_hot", index.rank, classes, .int64) {
      torus_one_hot(
        out.dtype.c, index.int64s, Int64(index.count), Int64(classes), out.pointer, $0)
    }
    return out
  }

  /// The rows of a table at `int64` positions.
  static func embedding(_ table: Tensor, _ index: Tensor) -> Tensor {
    let (rows, width, index) = (table.shape[0], table.shape[1], index.contiguous())
    let w = table.strides[1] == 1 || width == 1 ? table : table.contiguous()
    let out = Tensor.uninitialized(index.shape + [width], w.dtype)
    checkIndex("embedding", 0, rows, w.dtype) {
      torus_embedding(
        w.dtype.c, w.pointer, Int64(rows), Int64(width), Int64(w.strides[0]), index.int64s,
        Int64(index.count), out.pointer, $0)
    }
    return out
  }

  /// The sums of the gradients of every use of a table's row, written over `out`.
  static func embeddingGradient(
    _ g: Tensor, _ index: Tensor, paddingIndex: Int?, scaleGradByFrequency: Bool, into out: Tensor
  ) {
    let (dy, index) = (g.contiguous(), index.contiguous())
    let (rows, width) = (out.shape[0], out.shape[1])
    out.fill(.int(0))
    checkIndex("embedding", 0, rows, dy.dtype) {
      torus_embedding_backward(
        dy.dtype.c, dy.pointer, Int64(width), index.int64s, Int64(index.count), Int64(rows),
        Int64(width), Int64(paddingIndex ?? -1), scaleGradByFrequency, out.pointer, $0)
    }
  }
}
