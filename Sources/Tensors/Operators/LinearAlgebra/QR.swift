extension Linalg {
  /// How much of a QR factorization is wanted (`mode`).
  public enum QRMode: String, Sendable {
    /// Q of m × min(m, n), R of min(m, n) × n.
    case reduced
    /// Q of m × m, R of m × n.
    case complete
    /// R alone, as in `reduced`; Q is empty.
    case r
  }

  /// A = Q R with orthonormal columns in Q and an upper triangular R (`torch.linalg.qr`), by
  /// Householder reflections.
  ///
  /// `[..., m, n]`. The diagonal of R may have either sign. Differentiable in mode `reduced` where
  /// the first min(m, n) columns are independent, and in `complete` where m ≤ n.
  public static func qr(_ a: Tensor, mode: QRMode = .reduced) -> (q: Tensor, r: Tensor) {
    requireMatrices("linalg.qr", a)
    let results = Tensor.record(QRFactors(mode: mode), [a])
    return (results[0], results[1])
  }

  /// (gQ + Q sym(R gRᵀ - gQᵀ Q)) R⁻ᵀ, where sym takes the lower triangle for both (Walter & Lehmann
  /// 2010, Algorithmic differentiation of linear algebra functions). Of a wide A = [X Y] only X is
  /// factorized: Y = Q V with R = [U V].
  fileprivate static func qrGradient(
    _ a: Tensor, _ q: Tensor, _ r: Tensor, _ gq: Tensor?, _ gr: Tensor?
  ) -> Tensor {
    let (m, n) = (a.size(-2), a.size(-1))
    let gq = gq ?? q.zerosLike()
    let gr = gr ?? r.zerosLike()
    if m < n {
      func right(_ x: Tensor) -> Tensor { x.narrowed(dim: -1, start: m, length: n - m) }
      func left(_ x: Tensor) -> Tensor { x.narrowed(dim: -1, start: 0, length: m) }
      let whole = gq + right(a).matmul(right(gr).transposed())
      return Tensor.cat(
        [qrGradient(left(a), q, left(r), whole, left(gr)), q.matmul(right(gr))], dim: -1)
    }
    let lower = (r.matmul(gr.transposed()) - gq.transposed().matmul(q)).lowerTriangle()
    let symmetric = lower + lower.lowerTriangle(diagonal: -1).transposed()
    return solveTriangular(
      r.transposed(), gq + q.matmul(symmetric), upper: false, left: false)
  }
}

/// Q and R.
private struct QRFactors: TensorsOperation {
  let mode: Linalg.QRMode
  var precision: PrecisionClass { .full }
  var name: String { "linalg.qr" }
  var saving: Saving { [.input(0), .outputs] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let a = inputs[0]
    Linalg.requireRealNumbers(name, a)
    let (m, n) = (a.size(-2), a.size(-1))
    let width = mode == .complete ? m : min(m, n)
    let (factors, scales) = Kernel.reflectors(a)
    let upper = noGrad { factors.tensor.narrowed(dim: -2, start: 0, length: min(m, n)) }
    let r = Matrices(factors.batch, width, n, a.dtype)
    if width > min(m, n) { r.tensor.fill(.int(0)) }
    noGrad {
      Kernel.copy(
        Kernel.triangle(upper, upper: true),
        into: r.tensor.narrowed(dim: -2, start: 0, length: min(m, n)))
    }
    if mode == .r { return [.zeros([0], dtype: a.dtype), r.tensor] }
    return [Kernel.orthonormal(factors, scales, width).tensor, r.tensor]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let a = node.input(0)
    let (m, n) = (a.size(-2), a.size(-1))
    require(
      mode == .reduced || mode == .complete && m <= n, name,
      "mode \(mode) has no gradient for matrices of \(m) × \(n); use reduced")
    return [Linalg.qrGradient(a, node.output(0), node.output(1), gradients[0], gradients[1])]
  }
}
