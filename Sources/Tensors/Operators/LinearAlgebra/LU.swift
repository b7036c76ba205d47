extension Linalg {
  /// LU factors with row swaps, packed (`torch.linalg.lu_factor`).
  ///
  /// `[..., m, n]` → factors of the same shape, U on and above the diagonal and L, whose own diagonal
  /// is 1, below it; and pivots `[..., min(m, n)]`: row i was swapped with row pivots[i], counted
  /// from 1. Differentiable where U's leading square is not singular.
  public static func luFactor(_ a: Tensor) -> (factors: Tensor, pivots: Tensor) {
    let (factors, pivots, info) = luFactorEx(a)
    requireSuccess("linalg.lu_factor", info, singular)
    return (factors, pivots)
  }

  /// ``luFactor(_:)`` without an error (`torch.linalg.lu_factor_ex`): for each matrix, 0 or the first
  /// diagonal element of U, counted from 1, that is 0.
  public static func luFactorEx(
    _ a: Tensor
  ) -> (factors: Tensor, pivots: Tensor, info: Tensor) {
    requireMatrices("linalg.lu_factor", a)
    let results = Tensor.record(LUFactors(), [a])
    return (results[0], results[1], results[2])
  }

  /// A = P L U with a permutation, a lower triangular matrix with ones on its diagonal and an upper
  /// triangular one (`torch.linalg.lu`): `[..., m, m]`, `[..., m, min(m, n)]`,
  /// `[..., min(m, n), n]`.
  public static func lu(_ a: Tensor) -> (p: Tensor, l: Tensor, u: Tensor) {
    let (factors, pivots, _) = luFactorEx(a)
    let (l, u) = unpacked(factors)
    return (permutation(pivots, a.shape).to(a.dtype), l, u)
  }

  /// Solves A X = B, or X A = B where `left` is false, from A's packed factors
  /// (`torch.linalg.lu_solve`). With `adjoint` Aᵀ stands for A.
  public static func luSolve(
    _ factors: Tensor, _ pivots: Tensor, _ b: Tensor, left: Bool = true, adjoint: Bool = false
  ) -> Tensor {
    requireMatrices("linalg.lu_solve", factors, square: true)
    if !left {
      return luSolve(factors, pivots, b.transposed(), adjoint: !adjoint).transposed()
    }
    let p = permutation(pivots, factors.shape).to(factors.dtype)
    if adjoint {
      let inner = solveTriangular(factors.transposed(), b, upper: false)
      return p.matmul(
        solveTriangular(factors.transposed(), inner, upper: true, unitriangular: true))
    }
    let inner = solveTriangular(
      factors, p.transposed().matmul(b), upper: false, unitriangular: true)
    return solveTriangular(factors, inner, upper: true)
  }

  /// L and U of packed factors.
  private static func unpacked(_ factors: Tensor) -> (l: Tensor, u: Tensor) {
    let (m, n) = (factors.size(-2), factors.size(-1))
    let k = min(m, n)
    let lower = factors.narrowed(dim: -1, start: 0, length: k).lowerTriangle(diagonal: -1)
    let upper = factors.narrowed(dim: -2, start: 0, length: k).upperTriangle()
    return (lower + Tensor.eye(m, k, dtype: factors.dtype), upper)
  }

  /// With square L₁, U₁ and what is left over, L₂ below or U₂ beside them:
  /// gA₁ = P L₁⁻ᵀ (tril(L₁ᵀ gL₁ - gU₂ U₂ᵀ, -1) + triu(gU₁ U₁ᵀ - L₂ᵀ gL₂)) U₁⁻ᵀ, and beside it
  /// P L₁⁻ᵀ gU₂, below it gL₂ U₁⁻ᵀ (Lezcano-Casado 2021, PyTorch).
  fileprivate static func luGradient(_ g: Tensor, _ factors: Tensor, _ p: Tensor) -> Tensor {
    let (m, n) = (g.size(-2), g.size(-1))
    let k = min(m, n)
    func square(_ x: Tensor) -> Tensor {
      x.narrowed(dim: -2, start: 0, length: k).narrowed(dim: -1, start: 0, length: k)
    }
    func below(_ x: Tensor) -> Tensor {
      x.narrowed(dim: -1, start: 0, length: k).narrowed(dim: -2, start: k, length: m - k)
    }
    func beside(_ x: Tensor) -> Tensor {
      x.narrowed(dim: -2, start: 0, length: k).narrowed(dim: -1, start: k, length: n - k)
    }
    let (l, u) = unpacked(square(factors))
    let (l2, u2, gl2, gu2) = (below(factors), beside(factors), below(g), beside(g))
    let inner =
      (l.transposed().matmul(square(g).lowerTriangle(diagonal: -1))
      - gu2.matmul(u2.transposed())).lowerTriangle(diagonal: -1)
      + (square(g).upperTriangle().matmul(u.transposed())
      - l2.transposed().matmul(gl2)).upperTriangle()
    func overL(_ x: Tensor) -> Tensor {
      solveTriangular(l.transposed(), x, upper: true, unitriangular: true)
    }
    func overU(_ x: Tensor) -> Tensor {
      solveTriangular(u.transposed(), x, upper: false, left: false)
    }
    let corner = overL(overU(inner))
    let whole =
      n > m
      ? Tensor.cat([corner, overL(gu2)], dim: -1) : Tensor.cat([corner, overU(gl2)], dim: -2)
    return p.to(g.dtype).matmul(whole)
  }

  /// P from row swaps, of 0 and 1 in `float32`.
  fileprivate static func permutation(_ pivots: Tensor, _ shape: [Int]) -> Tensor {
    let rows = shape[shape.count - 2]
    let batch = Array(pivots.shape.dropLast())
    let swaps = pivots.array(of: Int32.self)
    let each = pivots.size(-1)
    let p = Tensor.zeros(batch + [rows, rows])
    p.withMutableBytes { bytes in
      let elements = bytes.bindMemory(to: Float.self)
      for index in 0..<batch.reduce(1, *) {
        var order = Array(0..<rows)
        for row in 0..<each { order.swapAt(row, Int(swaps[index * each + row]) - 1) }
        for (row, source) in order.enumerated() {
          elements[(index * rows + source) * rows + row] = 1
        }
      }
    }
    return p
  }
}

/// Packed factors, pivots, and LAPACK's reports.
private struct LUFactors: TensorsOperation {
  var precision: PrecisionClass { .full }
  var name: String { "linalg.lu_factor" }
  var saving: Saving { .output(0, 1) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (factors, pivots, info) = Kernel.luFactors(inputs[0])
    return [factors.tensor, pivots, info]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    let p = Linalg.permutation(node.output(1), node.shape(0))
    return [Linalg.luGradient(g, node.output(0), p)]
  }
}
