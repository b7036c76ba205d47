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
  /// - Parameters:
  ///   - a: `[..., m, n]`.
  ///   - b: `[..., m, k]`, or vectors `[..., m]`.
  ///   - rcond: Singular values below so much of the largest count as 0; by default max(m, n) times
  ///     the dtype's epsilon.
  ///   - driver: LAPACK's routine.
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
