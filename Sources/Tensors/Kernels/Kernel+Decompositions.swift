internal import CKernels

/// Singular values, eigenvalues and least squares, by LAPACK.
extension Kernel {
  /// How much of U and Vᵀ is computed.
  enum SVDParts: Int32 {
    case values, reduced, full
  }

  static func svd(
    _ name: String, _ a: Tensor, _ parts: SVDParts
  ) -> (u: Tensor, s: Tensor, vh: Tensor) {
    let matrices = Matrices(copying: a)
    let (m, n, batch) = (matrices.rows, matrices.columns, matrices.batch)
    let k = min(m, n)
    let (left, right) = parts == .full ? (m, n) : parts == .reduced ? (k, k) : (0, 0)
    let (u, vh) = (Matrices(batch, m, left, a.dtype), Matrices(batch, right, n, a.dtype))
    let s = Tensor.uninitialized(batch + [k], a.dtype)
    let info = matrices.each { index in
      let found = matrices.notFinite(index)
      if found & Int32(TORUS_NAN) != 0 { return -1 }
      let values = s.pointer + index * k * a.dtype.size
      if found != 0 {
        fillWithNaN(values, k, a.dtype)
        fillWithNaN(u[index], m * left, a.dtype)
        fillWithNaN(vh[index], right * n, a.dtype)
        return 0
      }
      return torus_gesdd(
        matrices.dtype, parts.rawValue, Int64(m), Int64(n), matrices[index], matrices.leading,
        values, parts == .values ? nil : u[index], u.leading,
        parts == .values ? nil : vh[index], vh.leading)
    }
    Linalg.requireSuccess(name, info, Linalg.notConverged)
    // Where A has no elements any orthonormal U and V will do.
    if k == 0 {
      copy(.eye(m, left, dtype: a.dtype), into: u.tensor)
      copy(.eye(right, n, dtype: a.dtype), into: vh.tensor)
    }
    return (u.tensor, s, vh.tensor)
  }

  static func eigenvalues(
    _ name: String, _ a: Tensor, upper: Bool, vectors: Bool
  ) -> (values: Tensor, vectors: Tensor) {
    let matrices = Matrices(copying: a)
    let n = matrices.rows
    let values = Tensor.uninitialized(matrices.batch + [n], a.dtype)
    let info = matrices.each { index in
      let found = matrices.notFinite(index, lower: !upper, upper: upper)
      if found & ~Int32(TORUS_INFINITE_DIAGONAL) != 0 { return -1 }
      let own = values.pointer + index * n * a.dtype.size
      if found != 0 {
        fillWithNaN(own, n, a.dtype)
        fillWithNaN(matrices[index], n * n, a.dtype)
        return 0
      }
      return torus_syevd(
        matrices.dtype, vectors, upper, Int64(n), matrices[index], matrices.leading, own)
    }
    Linalg.requireSuccess(name, info, Linalg.notConverged)
    return (values, matrices.tensor)
  }

  static func fillWithNaN(
    _ memory: UnsafeMutableRawPointer, _ count: Int, _ dtype: DType
  ) {
    if dtype == .float64 {
      memory.assumingMemoryBound(to: Double.self).update(repeating: .nan, count: count)
    } else {
      memory.assumingMemoryBound(to: Float.self).update(repeating: .nan, count: count)
    }
  }

  /// The solution, the ranks, the singular values and empty residuals.
  static func leastSquares(
    _ name: String, _ a: Tensor, _ b: Tensor, _ batch: [Int], _ rcond: Double,
    _ driver: Linalg.LeastSquaresDriver
  ) -> [Tensor] {
    let (m, n, k) = (a.size(-2), a.size(-1), b.size(-1))
    let matrices = Matrices(copying: a, batch: batch)
    // LAPACK puts the n rows of X where the m rows of B were.
    let x = Matrices(batch, max(m, n), k, a.dtype)
    x.tensor.fill(.int(0))
    noGrad { copy(b, into: x.tensor.narrowed(dim: -2, start: 0, length: m)) }
    let hasValues = driver == .gelsd || driver == .gelss
    let ranks = Tensor.zeros(batch, dtype: .int32)
    let values = Tensor.zeros(batch + [min(m, n)], dtype: a.dtype)
    let info = matrices.each { index in
      let (rows, columns, right) = (Int64(m), Int64(n), Int64(k))
      let rank = ranks.pointer.assumingMemoryBound(to: Int32.self) + index
      let s = values.pointer + index * min(m, n) * a.dtype.size
      let (first, leading) = (matrices[index], matrices.leading)
      switch driver {
      case .gels:
        return torus_gels(
          matrices.dtype, false, rows, columns, right, first, leading, x[index], x.leading)
      case .gelsy:
        return torus_gelsy(
          matrices.dtype, rows, columns, right, first, leading, x[index], x.leading, rcond, rank)
      case .gelsd:
        return torus_gelsd(
          matrices.dtype, rows, columns, right, first, leading, x[index], x.leading, s, rcond, rank)
      case .gelss:
        return torus_gelss(
          matrices.dtype, rows, columns, right, first, leading, x[index], x.leading, s, rcond, rank)
      }
    }
    Linalg.requireSuccess(name, info) {
      driver == .gels
        ? "has not full rank: diagonal element \($0) of its factor is 0; use another driver"
        : Linalg.notConverged($0)
    }
    return [
      noGrad { x.tensor.narrowed(dim: -2, start: 0, length: n) },
      noGrad { driver == .gels ? .zeros([0], dtype: .int64) : ranks.to(.int64) },
      hasValues ? values : .zeros([0], dtype: a.dtype), .zeros([0], dtype: a.dtype),
    ]
  }
}
