extension Linalg {
  /// The Cholesky factor L of symmetric positive-definite matrices, A = L Lᵀ
  /// (`torch.linalg.cholesky`).
  ///
  /// `[..., n, n] → [..., n, n]`. Only the lower triangle is read; with `upper` the upper one, and
  /// Lᵀ is returned.
  public static func cholesky(_ a: Tensor, upper: Bool = false) -> Tensor {
    let (factor, info) = choleskyEx(a, upper: upper)
    requireSuccess("linalg.cholesky", info) {
      "is not positive-definite: its leading minor of order \($0) is not positive"
    }
    return factor
  }

  /// ``cholesky(_:upper:)`` without an error (`torch.linalg.cholesky_ex`): for each matrix, 0 or the
  /// order of the leading minor that is not positive, where the factor is of no use.
  public static func choleskyEx(
    _ a: Tensor, upper: Bool = false
  ) -> (factor: Tensor, info: Tensor) {
    requireMatrices("linalg.cholesky", a, square: true)
    let results = Tensor.record(CholeskyFactor(upper: upper), [a])
    return (results[0], results[1])
  }

  /// Solves A X = B given A's Cholesky factor (`torch.cholesky_solve`).
  /// - Parameters:
  ///   - b: `[..., n, k]`.
  ///   - factor: L, or Lᵀ with `upper`, `[..., n, n]`.
  ///   - upper: Whether the factor is the upper one.
  public static func choleskySolve(
    _ b: Tensor, _ factor: Tensor, upper: Bool = false
  ) -> Tensor {
    let l = upper ? factor.transposed() : factor
    return solveTriangular(l.transposed(), solveTriangular(l, b, upper: false), upper: true)
  }

  /// The inverse of A given its Cholesky factor (`torch.cholesky_inverse`).
  public static func choleskyInverse(_ factor: Tensor, upper: Bool = false) -> Tensor {
    requireMatrices("cholesky_inverse", factor, square: true)
    let one = Tensor.eye(factor.size(-1), dtype: factor.dtype)
    return choleskySolve(one, factor, upper: upper)
  }
}

/// The Cholesky factor and LAPACK's reports.
private struct CholeskyFactor: TensorsOperation {
  let upper: Bool
  var precision: PrecisionClass { .full }
  var name: String { "linalg.cholesky" }
  var saving: Saving { .output(0) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (factor, info) = Kernel.cholesky(inputs[0], upper: upper)
    return [factor, info]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    func lower(_ x: Tensor) -> Tensor { upper ? x.transposed() : x }
    let l = lower(node.output())
    // A moves symmetrically, and so does its gradient: L⁻ᵀ sym(tril(Lᵀ g)) L⁻¹.
    let part = l.transposed().matmul(lower(g)).lowerTriangle()
    let symmetric = (part + part.lowerTriangle(diagonal: -1).transposed()) * 0.5
    let left = Linalg.solveTriangular(l.transposed(), symmetric, upper: true)
    return [Linalg.solveTriangular(l, left, upper: false, left: false)]
  }
}
