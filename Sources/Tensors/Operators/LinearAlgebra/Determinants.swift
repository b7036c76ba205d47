import CKernels

extension Linalg {
  /// The determinant of square matrices (`torch.linalg.det`): `[..., n, n] → [...]`.
  ///
  /// Its gradient, det(A) A⁻ᵀ, is right for singular matrices too.
  public static func det(_ a: Tensor) -> Tensor {
    requireMatrices("linalg.det", a, square: true)
    let results = Tensor.applyMany(
      "linalg.det", [a], saving: [.input(0), .output(0, 1, 2)]
    ) { inputs in
      let (factors, pivots, _) = Kernel.luFactors(inputs[0])
      let det = Tensor.ones(factors.batch, dtype: a.dtype)
      Kernel.determinant(factors, pivots, det: det)
      return [det, factors.tensor, pivots]
    } gradient: { g, node in
      guard let g = g[0] else { return [nil] }
      let det = node.output(0)
      if !isGradEnabled {
        // A determinant is smooth: where a pivot is 0 a tiny one stands for it.
        let factors = node.output(1)
        let diagonal = factors.diagonal(dim1: -2, dim2: -1).unsqueezed(-1)
        let tiny = Tensor.eye(factors.size(-1), dtype: a.dtype) * a.dtype.epsilon
        let regular = factors + Tensor.where(diagonal.eq(0), tiny, 0.0)
        return [
          Kernel.luSolve(
            regular, node.output(2), scaledIdentity(g * det, factors), transposed: true)
        ]
      }
      let a = node.input(0)
      if det.ne(0).all().item(Bool.self) {
        return [solve(a.transposed(), scaledIdentity(g * det, a))]
      }
      return [g.unsqueezed(-1).unsqueezed(-1) * adjugateTransposed(a)]
    }
    return results[0]
  }

  /// The sign of the determinant (-1, 0 or 1) and the logarithm of its size
  /// (`torch.linalg.slogdet`), which neither overflow nor vanish: det = sign · exp(logAbs).
  public static func slogdet(_ a: Tensor) -> (sign: Tensor, logAbs: Tensor) {
    requireMatrices("linalg.slogdet", a, square: true)
    let results = Tensor.applyMany(
      "linalg.slogdet", [a], saving: [.input(0), .output(2, 3)]
    ) { inputs in
      let (factors, pivots, _) = Kernel.luFactors(inputs[0])
      let sign = Tensor.ones(factors.batch, dtype: a.dtype)
      let logAbs = Tensor.zeros(factors.batch, dtype: a.dtype)
      Kernel.determinant(factors, pivots, sign: sign, logAbs: logAbs)
      return [sign, logAbs, factors.tensor, pivots]
    } gradient: { g, node in
      guard let g = g[1] else { return [nil] }
      if isGradEnabled {
        let a = node.input(0)
        return [solve(a.transposed(), scaledIdentity(g, a))]
      }
      let factors = node.output(2)
      return [
        Kernel.luSolve(factors, node.output(3), scaledIdentity(g, factors), transposed: true)
      ]
    }
    return (results[0], results[1])
  }

  /// The logarithm of the determinant (`torch.logdet`): -∞ where it is 0, NaN where it is negative.
  public static func logdet(_ a: Tensor) -> Tensor {
    let (sign, logAbs) = slogdet(a)
    return Tensor.where(sign.eq(-1), Double.nan, logAbs)
  }

  /// c I for one number c for each matrix.
  private static func scaledIdentity(_ c: Tensor, _ a: Tensor) -> Tensor {
    c.unsqueezed(-1).unsqueezed(-1) * Tensor.eye(a.size(-1), dtype: a.dtype)
  }

  /// The determinant's derivative where A⁻¹ need not exist, by singular values:
  /// det(U) det(V) U diag(Πⱼ≠ᵢ sⱼ) Vᵀ.
  private static func adjugateTransposed(_ a: Tensor) -> Tensor {
    let (u, s, vh) = svd(a)
    let n = s.size(-1)
    let mask = Tensor.eye(n, dtype: .bool)
    let others = Tensor.where(mask, 1.0, s.unsqueezed(-2)).prod(dim: -1)
    let orientation = (det(u) * det(vh)).unsqueezed(-1)
    return (u * (others * orientation).unsqueezed(-2)).matmul(vh)
  }
}

extension Kernel {
  /// Determinants, their signs and the logarithms of their sizes, each where a tensor is given.
  fileprivate static func determinant(
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
}
