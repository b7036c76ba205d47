extension Linalg {
  /// Moore & Penrose's pseudo-inverse (`torch.linalg.pinv`): `[..., m, n] → [..., n, m]`.
  ///
  /// Singular values of at most max(atol, rtol · the largest) count as 0.
  /// - Parameters:
  ///   - a: `[..., m, n]`.
  ///   - atol: A number, or a tensor that broadcasts to the batch; by default 0.
  ///   - rtol: Likewise; by default max(m, n) times the dtype's epsilon, or 0 where `atol` is
  ///     given.
  ///   - hermitian: Whether A is symmetric: its eigenvalues are taken then, read from its lower
  ///     triangle.
  public static func pinv(
    _ a: Tensor, atol: (any Operand)? = nil, rtol: (any Operand)? = nil, hermitian: Bool = false
  ) -> Tensor {
    let name = "linalg.pinv"
    requireMatrices(name, a, square: hermitian && a.count > 0)
    let (relative, absolute) = tolerances(a, atol, rtol)
    return Tensor.record(PseudoInverse(isHermitian: hermitian), [a, relative, absolute])
  }

  /// The pseudo-inverse: operands are the matrices and the two tolerances.
  private struct PseudoInverse: TensorOperation {
    let isHermitian: Bool
    var precision: PrecisionClass { .full }
    var name: String { "linalg.pinv" }
    var saving: Saving { [.input(0), .output] }

    func forward(_ inputs: [Tensor]) -> Tensor {
      let a = inputs[0].bare
      requireRealNumbers(name, a)
      return noGrad {
        if a.count == 0 {
          return .zeros(Array(a.shape.dropLast(2)) + [a.size(-1), a.size(-2)], dtype: a.dtype)
        }
        let (u, s, vh) = spectrum(name, a, hermitian: isHermitian)
        let limit = threshold(s.abs(), inputs[1], inputs[2])
        let inverse = Tensor.where(s.abs().gt(limit.unsqueezed(-1)), s.reciprocal(), 0.0)
        return (vh.transposed() * inverse.unsqueezed(-2)).matmul(u.transposed())
      }
    }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
      [pinvGradient(g, node.output(), node.input(0)), nil, nil]
    }
  }

  /// The number of singular values above max(atol, rtol · the largest)
  /// (`torch.linalg.matrix_rank`), as `int64`.
  ///
  /// The parameters are those of ``pinv(_:atol:rtol:hermitian:)``.
  public static func matrixRank(
    _ a: Tensor, atol: (any Operand)? = nil, rtol: (any Operand)? = nil, hermitian: Bool = false
  ) -> Tensor {
    requireMatrices("linalg.matrix_rank", a, square: hermitian)
    return noGrad {
      let s = hermitian ? eigvalsh(a).abs() : svdvals(a)
      if s.count == 0 { return .zeros(Array(a.shape.dropLast(2)), dtype: .int64) }
      let (relative, absolute) = tolerances(a, atol, rtol)
      return s.gt(threshold(s, relative, absolute).unsqueezed(-1)).sum(dim: -1)
    }
  }

  /// U, s and Vᵀ; those of a symmetric matrix from its eigenvectors, s with its sign.
  private static func spectrum(
    _ name: String, _ a: Tensor, hermitian: Bool
  ) -> (u: Tensor, s: Tensor, vh: Tensor) {
    if !hermitian { return svd(a, fullMatrices: false) }
    let (values, vectors) = eigh(a)
    return (vectors, values, vectors.transposed())
  }

  /// The relative and the absolute tolerance as tensors outside the graph.
  private static func tolerances(
    _ a: Tensor, _ atol: (any Operand)?, _ rtol: (any Operand)?
  ) -> (relative: Tensor, absolute: Tensor) {
    let exact = Double(max(a.size(-2), a.size(-1))) * a.dtype.epsilon
    return (
      (rtol?.operand(beside: a) ?? Tensor(atol == nil ? exact : 0, dtype: a.dtype)).detach(),
      (atol?.operand(beside: a) ?? Tensor(0, dtype: a.dtype)).detach()
    )
  }

  /// What counts as 0 among singular values.
  private static func threshold(_ s: Tensor, _ relative: Tensor, _ absolute: Tensor) -> Tensor {
    (relative * s.amax(dims: [-1])).maximum(absolute)
  }

  /// The gradient of A⁺ at constant rank (Golub & Pereyra 1973, eq. 4.12), with the smaller products
  /// first.
  static func pinvGradient(_ g: Tensor, _ p: Tensor, _ a: Tensor) -> Tensor {
    let (gt, pt) = (g.transposed(), p.transposed())
    if a.size(-2) <= a.size(-1) {
      let k = gt.matmul(p)
      let kpt = k.matmul(pt)
      return kpt - p.matmul(k).transposed() - a.matmul(p).matmul(kpt)
        + pt.matmul(p).matmul(gt - k.matmul(a))
    }
    let k = p.matmul(gt)
    let ptk = pt.matmul(k)
    return ptk - k.matmul(p).transposed() + (gt - a.matmul(k)).matmul(p).matmul(pt)
      - ptk.matmul(p).matmul(a)
  }
}

extension DType {
  /// The distance from 1 to the next number.
  var epsilon: Double { self == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne) }
}
