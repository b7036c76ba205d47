extension Linalg {
  /// Eigenvalues in ascending order and orthonormal eigenvectors of symmetric matrices
  /// (`torch.linalg.eigh`).
  ///
  /// `[..., n, n]` → values `[..., n]` and vectors `[..., n, n]`, one a column, of either sign: A =
  /// V diag(values) Vᵀ. The gradient through the vectors needs distinct eigenvalues. Of a matrix with infinity
  /// on its diagonal alone everything is NaN; NaN, and infinity elsewhere, are refused.
  /// - Parameters:
  ///   - a: Symmetric matrices, `[..., n, n]`.
  ///   - upper: Whether the upper triangle is read instead of the lower (`UPLO="U"`).
  public static func eigh(
    _ a: Tensor, upper: Bool = false
  ) -> (values: Tensor, vectors: Tensor) {
    requireMatrices("linalg.eigh", a, square: true)
    let results = Tensor.record(SymmetricEigenvalues(upper: upper), [a])
    return (results[0], results[1])
  }

  /// The eigenvalues of symmetric matrices, ascending (`torch.linalg.eigvalsh`).
  /// - Parameters:
  ///   - a: Symmetric matrices, `[..., n, n]`.
  ///   - upper: Whether the upper triangle is read instead of the lower.
  public static func eigvalsh(_ a: Tensor, upper: Bool = false) -> Tensor {
    requireMatrices("linalg.eigvalsh", a, square: true)
    if a.requiresGrad && isGradEnabled { return eigh(a, upper: upper).values }
    return Tensor.record(SymmetricEigenvaluesAlone(upper: upper), [a])
  }

  /// x / gaps off the diagonal, where gaps is 0, and 0 on it.
  static func overGaps(_ x: Tensor, _ gaps: Tensor) -> Tensor {
    let diagonal = Tensor.eye(gaps.size(-1), dtype: .bool)
    return (x / gaps.maskedFill(diagonal, 1.0)).maskedFill(diagonal, 0.0)
  }
}

/// Eigenvalues and eigenvectors of symmetric matrices.
private struct SymmetricEigenvalues: TensorsOperation {
  let upper: Bool
  var precision: PrecisionClass { .full }
  var name: String { "linalg.eigh" }
  var saving: Saving { .outputs }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (values, vectors) = Kernel.eigenvalues(name, inputs[0], upper: upper, vectors: true)
    return [values, vectors]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let (values, v) = (node.output(0), node.output(1))
    var parts: [Tensor] = []
    if let g = gradients[0] { parts.append((v * g.unsqueezed(-2)).matmul(v.transposed())) }
    if let g = gradients[1] {
      let gaps = values.unsqueezed(-2) - values.unsqueezed(-1)
      let turned = Linalg.overGaps(v.transposed().matmul(g), gaps)
      parts.append(v.matmul(turned).matmul(v.transposed()))
    }
    return [parts.reduce(nil) { sum, part in sum.map { $0 + part } ?? part }]
  }
}

/// The eigenvalues without their vectors.
private struct SymmetricEigenvaluesAlone: ConstantOperation {
  let upper: Bool
  var precision: PrecisionClass { .full }
  var name: String { "linalg.eigvalsh" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Linalg.requireRealNumbers(name, inputs[0])
    return Kernel.eigenvalues(name, inputs[0], upper: upper, vectors: false).values
  }
}
