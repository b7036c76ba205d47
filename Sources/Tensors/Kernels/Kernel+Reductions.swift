internal import CKernels

/// Reductions, running ones, and counts.
extension Kernel {
  /// Reduces over the dimensions in `dims` (already normalized) into a tensor of `outDType`.
  static func reduce(
    _ name: String, _ op: torus_reduce_op, _ a: Tensor, _ dims: [Int], keepDim: Bool,
    outDType: DType, _ p0: Double = 0
  ) -> Tensor {
    let out = Tensor.uninitialized(reducedShape(a.shape, dims), outDType)
    check(
      withInts(a.shape, a.strides, out.strides) { shape, strides, outStrides in
        torus_reduce(
          op, a.dtype.c, Int32(a.rank), shape, a.pointer, strides, mask(dims), outDType.c,
          out.pointer, outStrides, p0)
      }, name, a.dtype)
    return keepDim ? out : dropped(out, dims)
  }

  /// The shape with 1 in place of every reduced dimension.
  static func reducedShape(_ shape: [Int], _ dims: [Int]) -> [Int] {
    var kept = shape
    for dim in dims { kept[dim] = 1 }
    return kept
  }

  static func mask(_ dims: [Int]) -> UInt64 { dims.reduce(0) { $0 | 1 << UInt64($1) } }

  /// A contiguous result without its reduced dimensions of size 1.
  static func dropped(_ out: Tensor, _ dims: [Int]) -> Tensor {
    let shape = out.shape.indices.filter { !dims.contains($0) }.map { out.shape[$0] }
    return out.restrided(shape: shape, strides: contiguousStrides(shape), offset: 0)
  }

  /// A running reduction into contiguous memory; a scalar tensor counts as one element.
  static func scan(
    _ name: String, _ op: torus_scan_op, _ a: Tensor, _ dim: Int, reverse: Bool,
    indices: Tensor? = nil
  ) -> Tensor {
    let out = Tensor.uninitialized(a.shape, a.dtype)
    let (shape, strides, outStrides) =
      a.rank == 0 ? ([1], [1], [1]) : (a.shape, a.strides, out.strides)
    check(
      withInts(shape, strides, outStrides) {
        torus_scan(
          op, reverse, a.dtype.c, Int32(shape.count), $0, Int32(dim), a.pointer, $1, out.pointer,
          $2, indices?.pointer.assumingMemoryBound(to: Int64.self), $2)
      }, name, a.dtype)
    return out
  }

  /// Variance, or its root, and mean in a type that may be wider; the reduced dimensions are kept at
  /// size 1.
  static func spreadAndMean(
    _ name: String, _ a: Tensor, _ dims: [Int], correction: Double, isDeviation: Bool,
    _ dtype: DType
  ) -> [Tensor] {
    let kept = reducedShape(a.shape, dims)
    let (spread, mean) = (Tensor.uninitialized(kept, dtype), Tensor.uninitialized(kept, dtype))
    check(
      withInts(a.shape, a.strides, spread.strides, mean.strides) {
        torus_var_mean(
          a.dtype.c, Int32(a.rank), $0, a.pointer, $1, mask(dims), correction, isDeviation,
          dtype.c, spread.pointer, $2, mean.pointer, $3)
      }, name, a.dtype)
    return [spread, mean]
  }

  /// How often each number below `bins` occurs among `int64`s, or the sum of the weights that stand
  /// where it does.
  static func bincount(_ index: Tensor, _ weights: Tensor?, bins: Int) -> Tensor {
    let out = Tensor.uninitialized([bins], weights?.dtype ?? .int64)
    let (index, weights) = (index.contiguous(), weights?.contiguous())
    var bad: Int64 = 0
    let status = torus_bincount(
      index.int64s, Int64(index.count), Int64(bins), weights?.pointer,
      (weights?.dtype ?? .float32).c, out.pointer, &bad)
    require(status == TORUS_OK, "bincount", "numbers must not be negative: \(bad)")
    return out
  }

  /// How many elements fall into each of `bins` equal parts of a range.
  static func histogram(_ x: Tensor, bins: Int, low: Double, high: Double) -> Tensor {
    let x = x.contiguous()
    let out = Tensor.uninitialized([bins], x.dtype)
    check(
      torus_histc(x.dtype.c, x.pointer, Int64(x.count), Int64(bins), low, high, out.pointer),
      "histc", x.dtype)
    return out
  }
}
