extension Linalg {
  /// A = U diag(s) Vᵀ with orthonormal columns in U and V and s ≥ 0 in descending order
  /// (`torch.linalg.svd`).
  ///
  /// `[..., m, n]`, k = min(m, n) → U `[..., m, m]`, s `[..., k]`, Vᵀ `[..., n, n]`; without
  /// `fullMatrices` U `[..., m, k]` and Vᵀ `[..., k, n]`. Columns of U and V come with either sign.
  /// The gradient through them needs distinct singular values, not 0 where m ≠ n, and sees their
  /// first k columns only. Of a matrix with infinity everything is NaN; NaN is refused.
  public static func svd(
    _ a: Tensor, fullMatrices: Bool = true
  ) -> (u: Tensor, s: Tensor, vh: Tensor) {
    requireMatrices("linalg.svd", a)
    let results = Tensor.record(SingularValues(fullMatrices: fullMatrices), [a])
    return (results[0], results[1], results[2])
  }

  /// The singular values, descending (`torch.linalg.svdvals`).
  public static func svdvals(_ a: Tensor) -> Tensor {
    requireMatrices("linalg.svdvals", a)
    if a.requiresGrad && isGradEnabled { return svd(a, fullMatrices: false).s }
    return Tensor.record(SingularValuesAlone(), [a])
  }

  /// U ((skew(Uᵀ gU) / E) S + S (skew(Vᵀ gV) / E) + diag(gS)) Vᵀ, with Eᵢⱼ = sⱼ² - sᵢ², and what gU and
  /// gV have outside the spans of U and V (Townsend 2016, Differentiating the singular value
  /// decomposition).
  fileprivate static func svdGradient(
    _ u: Tensor, _ s: Tensor, _ vh: Tensor, _ gu: Tensor?, _ gs: Tensor?, _ gvh: Tensor?
  ) -> Tensor? {
    var parts: [Tensor] = []
    if let gs { parts.append((u * gs.unsqueezed(-2)).matmul(vh)) }
    let (row, column) = (s.unsqueezed(-2), s.unsqueezed(-1))
    let squares = row.square() - column.square()
    func turned(_ x: Tensor) -> Tensor { overGaps(x - x.transposed(), squares) }
    if let gu {
      let inside = u.transposed().matmul(gu)
      parts.append(u.matmul(turned(inside) * row).matmul(vh))
      if u.size(-2) > s.size(-1) { parts.append(((gu - u.matmul(inside)) / row).matmul(vh)) }
    }
    if let gvh {
      let inside = gvh.matmul(vh.transposed())
      parts.append(u.matmul(turned(inside.transposed()) * column).matmul(vh))
      if vh.size(-1) > s.size(-1) { parts.append(u.matmul((gvh - inside.matmul(vh)) / column)) }
    }
    return parts.reduce(nil) { sum, part in sum.map { $0 + part } ?? part }
  }
}

/// The singular value decomposition: results are U, s and Vᵀ.
private struct SingularValues: TensorsOperation {
  let fullMatrices: Bool
  var precision: PrecisionClass { .full }
  var name: String { "linalg.svd" }
  var saving: Saving { .outputs }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (u, s, vh) = Kernel.svd(name, inputs[0], fullMatrices ? .full : .reduced)
    return [u, s, vh]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let k = node.outputShape(1).last ?? 0
    func columns(_ x: Tensor) -> Tensor { x.narrowed(dim: -1, start: 0, length: k) }
    func rows(_ x: Tensor) -> Tensor { x.narrowed(dim: -2, start: 0, length: k) }
    return [
      Linalg.svdGradient(
        columns(node.output(0)), node.output(1), rows(node.output(2)), gradients[0].map(columns),
        gradients[1], gradients[2].map(rows))
    ]
  }
}

/// The singular values without their vectors.
private struct SingularValuesAlone: ConstantOperation {
  var precision: PrecisionClass { .full }
  var name: String { "linalg.svdvals" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Linalg.requireRealNumbers(name, inputs[0])
    return Kernel.svd(name, inputs[0], .values).s
  }
}
