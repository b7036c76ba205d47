extension Linalg {
  /// The determinant of square matrices (`torch.linalg.det`): `[..., n, n] → [...]`.
  ///
  /// Its gradient, det(A) A⁻ᵀ, is right for singular matrices too.
  public static func det(_ a: Tensor) -> Tensor {
    requireMatrices("linalg.det", a, square: true)
    return Tensor.record(Determinant(), [a])[0]
  }

  /// The sign of the determinant (-1, 0 or 1) and the logarithm of its size
  /// (`torch.linalg.slogdet`), which neither overflow nor vanish: det = sign · exp(logAbs).
  public static func slogdet(_ a: Tensor) -> (sign: Tensor, logAbs: Tensor) {
    requireMatrices("linalg.slogdet", a, square: true)
    let results = Tensor.record(SignAndLogDeterminant(), [a])
    return (results[0], results[1])
  }

  /// The logarithm of the determinant (`torch.logdet`): -∞ where it is 0, NaN where it is negative.
  public static func logdet(_ a: Tensor) -> Tensor {
    let (sign, logAbs) = slogdet(a)
    return Tensor.where(sign.eq(-1), Double.nan, logAbs)
  }

  /// c I for one number c for each matrix.
  fileprivate static func scaledIdentity(_ c: Tensor, _ a: Tensor) -> Tensor {
    c.unsqueezed(-1).unsqueezed(-1) * Tensor.eye(a.size(-1), dtype: a.dtype)
  }

  /// The determinant's derivative where A⁻¹ need not exist, by singular values:
  /// det(U) det(V) U diag(Πⱼ≠ᵢ sⱼ) Vᵀ.
  fileprivate static func adjugateTransposed(_ a: Tensor) -> Tensor {
    let (u, s, vh) = svd(a)
    let n = s.size(-1)
    let mask = Tensor.eye(n, dtype: .bool)
    let others = Tensor.where(mask, 1.0, s.unsqueezed(-2)).prod(dim: -1)
    let orientation = (det(u) * det(vh)).unsqueezed(-1)
    return (u * (others * orientation).unsqueezed(-2)).matmul(vh)
  }
}

/// The determinant: results are it, the packed factors and their pivots.
private struct Determinant: TensorsOperation {
  var precision: PrecisionClass { .full }
  var name: String { "linalg.det" }
  var saving: Saving { [.input(0), .output(0, 1, 2)] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (factors, pivots, _) = Kernel.luFactors(inputs[0])
    let det = Tensor.ones(factors.batch, dtype: inputs[0].dtype)
    Kernel.determinant(factors, pivots, det: det)
    return [det, factors.tensor, pivots]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil] }
    let (a, det) = (node.input(0), node.output(0))
    let isRegular = noGrad { det.ne(0).all().item(Bool.self) }
    if !isRegular {
      return [g.unsqueezed(-1).unsqueezed(-1) * Linalg.adjugateTransposed(a)]
    }
    if isGradEnabled { return [Linalg.solve(a.transposed(), Linalg.scaledIdentity(g * det, a))] }
    let identity = Linalg.scaledIdentity(g * det, a)
    return [Kernel.luSolve(node.output(1), node.output(2), identity, transposed: true)]
  }
}

/// Sign and logarithm of the determinant: results are they, the packed factors and their pivots.
private struct SignAndLogDeterminant: TensorsOperation {
  var precision: PrecisionClass { .full }
  var name: String { "linalg.slogdet" }
  var saving: Saving { [.input(0), .output(2, 3)] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (factors, pivots, _) = Kernel.luFactors(inputs[0])
    let sign = Tensor.ones(factors.batch, dtype: inputs[0].dtype)
    let logAbs = Tensor.zeros(factors.batch, dtype: inputs[0].dtype)
    Kernel.determinant(factors, pivots, sign: sign, logAbs: logAbs)
    return [sign, logAbs, factors.tensor, pivots]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[1] else { return [nil] }
    let a = node.input(0)
    let identity = Linalg.scaledIdentity(g, a)
    if isGradEnabled { return [Linalg.solve(a.transposed(), identity)] }
    return [Kernel.luSolve(node.output(2), node.output(3), identity, transposed: true)]
  }
}
