import CKernels

extension Linalg {
  /// How least squares are solved (`driver`).
  public enum LeastSquaresDriver: String, Sendable {
    /// QR, for matrices of full rank.
    case gels
    /// QR with column pivoting: the default.
    case gelsy
    /// Singular values, by divide and conquer.
    case gelsd
    /// Singular values.
    case gelss
  }

  /// The X of least ‖A X - B‖, and of least ‖X‖ among several (`torch.linalg.lstsq`).
  ///
  /// `[..., m, n]` with `[..., m, k]`, or vectors `[..., m]` → solution `[..., n, k]`; residuals
  /// `[..., k]`, the squared distances, where m > n, all ranks are n and the driver is not `gelsy`,
  /// else empty; rank `[...]` as `int64`, empty for `gels`; singular values `[..., min(m, n)]`
  /// for `gelsd` and `gelss`, else empty. Solution and residuals are differentiable at full rank.
  /// - Parameter rcond: Singular values below so much of the largest count as 0; by default
  ///   max(m, n) times the dtype's epsilon.
  public static func lstsq(
    _ a: Tensor, _ b: Tensor, rcond: Double? = nil, driver: LeastSquaresDriver = .gelsy
  ) -> (solution: Tensor, residuals: Tensor, rank: Tensor, singularValues: Tensor) {
    let name = "linalg.lstsq"
    requireMatrices(name, a)
    let isVector = isVector(b, beside: a)
    let right = isVector ? b.unsqueezed(-1) : b
    require(
      right.rank >= 2 && right.size(-2) == a.size(-2), name,
      "\(b.shape) does not fit on the right of \(a.shape)")
    _ = batch(name, a, right)
    let (m, n) = (a.size(-2), a.size(-1))
    let results = Tensor.record(LeastSquares(rcond: rcond, driver: driver), [a, right])
    let (x, ranks, values) = (results[0], results[1], results[2].detach())
    var residuals = results[3]
    let isFull = driver == .gels || noGrad { ranks.eq(n).all().item(Bool.self) }
    if m > n && driver != .gelsy && isFull {
      residuals = (a.matmul(x) - right).square().sum(dim: -2)
      if isVector { residuals = residuals.squeezed(-1) }
    }
    return (isVector ? x.squeezed(-1) : x, residuals, ranks, values)
  }
}

/// Least squares: operands are A and B; results are the solution, the ranks, the singular values and
/// empty residuals.
private struct LeastSquares: TensorsOperation {
  let rcond: Double?
  let driver: Linalg.LeastSquaresDriver
  var precision: PrecisionClass { .full }
  var name: String { "linalg.lstsq" }
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (a, b) = (inputs[0], inputs[1])
    Linalg.requireRealNumbers(name, a, b)
    let bound = rcond ?? Double(max(a.size(-2), a.size(-1))) * a.dtype.epsilon
    return Kernel.leastSquares(name, a, b, Linalg.batch(name, a, b), bound, driver)
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil, nil] }
    // X = A⁺ B.
    let a = node.input(0)
    let inverse = Linalg.pinv(a)
    return [
      Linalg.pinvGradient(g.matmul(node.input(1).transposed()), inverse, a),
      inverse.transposed().matmul(g),
    ]
  }
}

extension Kernel {
  /// The solution, the ranks, the singular values and empty residuals.
  fileprivate static func leastSquares(
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
