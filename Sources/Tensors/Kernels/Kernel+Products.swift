internal import CKernels

/// Matrix products.
extension Kernel {
  /// alpha · a b + beta · c for tensors with at least two dimensions, whose batch dimensions
  /// broadcast; without the second term where c is nil. The result is new, or `place`, which is then
  /// contiguous and of its shape.
  static func matmul(
    _ a: Tensor, _ b: Tensor, alpha: Double = 1, adding c: Tensor? = nil, beta: Double = 0,
    into place: Tensor? = nil
  ) -> Tensor {
    let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
    guard let batch = broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))) else {
      fail("matmul", "batch dimensions do not broadcast: \(a.shape) × \(b.shape)")
    }
    let out = place ?? Tensor.uninitialized(batch + [m, n], a.dtype)
    if out.count == 0 { return out }
    if let c { copy(c, into: out) }
    if k == 0 {
      if c == nil { out.fill(.int(0)) }
      return beta == 1 || c == nil ? out : noGrad { out * Tensor(beta, dtype: out.dtype) }
    }
    let left = matrixOperand(a)
    let right = matrixOperand(b)
    let count = batch.reduce(1, *)
    if count == 1 {
      torus_gemm(
        a.dtype.c, left.transposed, right.transposed, Int64(m), Int64(n), Int64(k),
        alpha, left.tensor.pointer, left.leading, right.tensor.pointer, right.leading,
        c == nil ? 0 : beta, out.pointer, Int64(n))
      return out
    }
    let offsetsA = batchOffsets(left.tensor, batch)
    let offsetsB = batchOffsets(right.tensor, batch)
    let offsetsC = (0..<count).map { Int64($0 * m * n) }
    torus_gemm_batched_at(
      a.dtype.c, left.transposed, right.transposed, Int64(m), Int64(n), Int64(k),
      alpha, left.tensor.pointer, left.leading, offsetsA, right.tensor.pointer, right.leading,
      offsetsB, c == nil ? 0 : beta, out.pointer, Int64(n), offsetsC, Int64(count))
    return out
  }

  /// A matrix as the product reads it: rows or columns are contiguous; anything else is copied.
  static func matrixOperand(
    _ x: Tensor
  ) -> (tensor: Tensor, transposed: Bool, leading: Int64) {
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let (rowStride, columnStride) = (x.strides[x.rank - 2], x.strides[x.rank - 1])
    if (columnStride == 1 || columns == 1) && (rowStride >= columns || rows == 1) {
      return (x, false, Int64(Swift.max(rowStride, columns)))
    }
    if (rowStride == 1 || rows == 1) && (columnStride >= rows || columns == 1) {
      return (x, true, Int64(Swift.max(columnStride, rows)))
    }
    return (x.bare.contiguous(), false, Int64(columns))
  }

  /// Where each matrix of a broadcast batch begins, in elements.
  static func batchOffsets(_ x: Tensor, _ batch: [Int]) -> [Int64] {
    let lead = batch.count - (x.rank - 2)
    var strides = [Int](repeating: 0, count: batch.count)
    for dim in 0..<(x.rank - 2) where x.shape[dim] != 1 { strides[lead + dim] = x.strides[dim] }
    var offsets: [Int64] = [0]
    for (size, stride) in zip(batch, strides) {
      offsets = offsets.flatMap { base in (0..<size).map { base + Int64($0 * stride) } }
    }
    return offsets
  }

  /// x Wᵀ + b for a matrix W.
  static func linear(_ x: Tensor, _ w: Tensor, _ b: Tensor?) -> Tensor {
    let (x, w, b) = (x.contiguous(), w.contiguous(), b?.contiguous())
    let out = Tensor.uninitialized(Array(x.shape.dropLast()) + [w.shape[0]], x.dtype)
    if w.shape[1] == 0 {
      // A sum of nothing, and the bias.
      let sums = b?.bare ?? Tensor.zeros([w.shape[0]], dtype: x.dtype)
      copy(noGrad { sums.expanded(out.shape) }, into: out)
      return out
    }
    torus_linear(
      x.dtype.c, Int64(x.count / w.shape[1]), Int64(w.shape[1]), Int64(w.shape[0]),
      x.pointer, w.pointer, b?.pointer, out.pointer)
    return out
  }
}
