internal import CKernels

/// Factors of matrices, by LAPACK: LU, Cholesky and QR, and what is solved with them.
extension Kernel {
  /// Packed LU factors, `int32` pivots and LAPACK's report for each matrix.
  static func luFactors(_ a: Tensor) -> (factors: Matrices, pivots: Tensor, info: Tensor) {
    let factors = Matrices(copying: a)
    let (m, n) = (factors.rows, factors.columns)
    let pivots = Tensor.zeros(factors.batch + [min(m, n)], dtype: .int32)
    let info = factors.each {
      torus_getrf(
        factors.dtype, Int64(m), Int64(n), factors[$0], factors.leading,
        pivots.pointer.assumingMemoryBound(to: Int32.self) + $0 * min(m, n))
    }
    return (factors, pivots, info)
  }

  /// op(A)⁻¹ B from packed factors; batches broadcast.
  static func luSolve(
    _ factors: Tensor, _ pivots: Tensor, _ b: Tensor, transposed: Bool = false
  ) -> Tensor {
    let batch = Linalg.batch("linalg.lu_solve", factors, b)
    let lu = Matrices(reading: factors, batch: batch)
    let order = noGrad { pivots.expanded(batch + [lu.rows]).contiguous() }
    let x = Matrices(copying: b, batch: batch)
    _ = x.each {
      torus_getrs(
        lu.dtype, transposed, Int64(lu.rows), Int64(x.columns), lu[$0], lu.leading,
        order.pointer.assumingMemoryBound(to: Int32.self) + $0 * lu.rows, x[$0], x.leading)
    }
    return x.tensor
  }

  /// Determinants, their signs and the logarithms of their sizes, each where a tensor is given.
  static func determinant(
    _ factors: Matrices, _ pivots: Tensor, det: Tensor? = nil, sign: Tensor? = nil,
    logAbs: Tensor? = nil
  ) {
    let n = factors.rows
    let size = factors.tensor.dtype.size
    _ = factors.each { index in
      torus_lu_determinant(
        factors.dtype, Int64(n), factors[index], factors.leading,
        pivots.pointer.assumingMemoryBound(to: Int32.self) + index * n,
        det.map { $0.pointer + index * size }, sign.map { $0.pointer + index * size },
        logAbs.map { $0.pointer + index * size })
    }
  }

  /// A⁻¹ from packed factors, which it overwrites.
  ///
  /// Where factors hold infinity, columns of the identity are solved for, since getri drops what comes of it; where
  /// they hold NaN, all is NaN.
  static func inverse(_ factors: Matrices, _ pivots: Tensor) -> Tensor {
    let n = factors.rows
    let count = n == 0 ? 0 : factors.batch.reduce(1, *)
    let found = (0..<count).map { factors.notFinite($0) }
    if found.contains(where: { $0 != 0 }) {
      let one = noGrad { Tensor.eye(n, dtype: factors.tensor.dtype) }
      let solved = Matrices(copying: luSolve(factors.tensor, pivots, one))
      for (index, flags) in found.enumerated() where flags & Int32(TORUS_NAN) != 0 {
        fillWithNaN(solved[index], n * n, factors.tensor.dtype)
      }
      return solved.tensor
    }
    _ = factors.each {
      torus_getri(
        factors.dtype, Int64(n), factors[$0], factors.leading,
        pivots.pointer.assumingMemoryBound(to: Int32.self) + $0 * n)
    }
    return factors.tensor
  }

  /// The Cholesky factor and LAPACK's report for each matrix.
  static func cholesky(_ a: Tensor, upper: Bool) -> (factor: Tensor, info: Tensor) {
    let factors = Matrices(copying: a)
    let info = factors.each {
      torus_potrf(factors.dtype, upper, Int64(factors.rows), factors[$0], factors.leading)
    }
    return (triangle(factors.tensor, upper: upper), info)
  }

  /// op(A)⁻¹ B or B op(A)⁻¹ for triangular matrices, which are read where they lie.
  static func solveTriangular(
    _ a: Tensor, _ b: Tensor, _ batch: [Int], upper: Bool, left: Bool, unit: Bool
  ) -> Tensor {
    let x = Matrices(copying: b, batch: batch)
    let operand = matrixOperand(a)
    let offsets = batchOffsets(operand.tensor, batch)
    let base = operand.tensor.pointer
    // What is row-major here is a transposed matrix to BLAS, with the other triangle.
    let isRowMajor = !operand.transposed
    _ = x.each {
      torus_trsm(
        x.dtype, left, upper != isRowMajor, isRowMajor, unit, Int64(x.rows), Int64(x.columns), 1,
        base + Int(offsets[$0]) * a.dtype.size, operand.leading, x[$0], x.leading)
      return 0
    }
    return x.tensor
  }

  /// Householder's reflections (LAPACK's geqrf) and their scales, min(m, n) for each matrix.
  static func reflectors(_ a: Tensor) -> (Matrices, scales: Tensor) {
    let factors = Matrices(copying: a)
    let (m, n) = (factors.rows, factors.columns)
    let scales = Tensor.uninitialized(factors.batch + [min(m, n)], a.dtype)
    _ = factors.each {
      torus_geqrf(
        factors.dtype, Int64(m), Int64(n), factors[$0], factors.leading,
        scales.pointer + $0 * min(m, n) * a.dtype.size)
    }
    return (factors, scales)
  }

  /// The first `width` columns of Q, of which the reflections give min(m, n).
  static func orthonormal(
    _ factors: Matrices, _ scales: Tensor, _ width: Int
  ) -> Matrices {
    let count = scales.size(-1)
    let q = Matrices(factors.batch, factors.rows, width, factors.tensor.dtype)
    // Without reflections Q is the identity.
    if count == 0 {
      copy(.eye(factors.rows, width, dtype: factors.tensor.dtype), into: q.tensor)
      return q
    }
    let bytes = factors.rows * factors.tensor.dtype.size
    _ = q.each {
      q[$0].copyMemory(from: factors[$0], byteCount: bytes * min(count, width))
      return torus_orgqr(
        q.dtype, Int64(q.rows), Int64(width), Int64(count), q[$0], q.leading,
        scales.pointer + $0 * count * factors.tensor.dtype.size)
    }
    return q
  }
}
