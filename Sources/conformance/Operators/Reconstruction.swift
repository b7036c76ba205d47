import Tensors

/// Whether results that are not unique are right: factors give the input back, and orthonormal
/// columns are.
enum Reconstruction {
  static func qr(_ got: [Value], _ call: Call) throws {
    let (q, r) = (try tensor(got, 0), try tensor(got, 1))
    if q.shape == [0] { return }
    try check(q.matmul(r), try call.tensor(), "Q R")
    try checkOrthonormal(q, "Q")
    try check(r, r.upperTriangle(), "R's upper triangle")
  }

  static func eigh(_ got: [Value], _ call: Call) throws {
    let (values, vectors) = (try tensor(got, 0), try tensor(got, 1))
    let product = (vectors * values.unsqueezed(-2)).matmul(vectors.transposed())
    // One triangle is read, and stands for the other.
    let a = try call.tensor()
    let upper = try call.string(nil, "UPLO", default: "L") == "U"
    let part = upper ? a.upperTriangle() : a.lowerTriangle()
    let rest = upper ? a.upperTriangle(diagonal: 1) : a.lowerTriangle(diagonal: -1)
    try check(product, part + rest.transposed(), "V diag(values) Vᵀ")
    try checkOrthonormal(vectors, "V")
  }

  static func svd(_ got: [Value], _ call: Call) throws {
    let (u, s, vh) = (try tensor(got, 0), try tensor(got, 1), try tensor(got, 2))
    let k = s.size(-1)
    let left = u.narrowed(dim: -1, start: 0, length: k) * s.unsqueezed(-2)
    try check(
      left.matmul(vh.narrowed(dim: -2, start: 0, length: k)), try call.tensor(), "U diag(s) Vᵀ")
    try checkOrthonormal(u, "U")
    try checkOrthonormal(vh.transposed(), "V")
  }

  /// The normal equations: Aᵀ (A X - B) = 0.
  static func leastSquares(_ got: [Value], _ call: Call) throws {
    let (a, b) = (try call.tensor(), try call.tensor(1))
    var (x, right) = (try tensor(got, 0), b)
    if b.rank == 1 || b.shape == Array(a.shape.dropLast()) {
      (x, right) = (x.unsqueezed(-1), b.unsqueezed(-1))
    }
    let adjoint = a.transposed()
    try check(adjoint.matmul(a).matmul(x), adjoint.matmul(right), "Aᵀ A X")
  }

  private static func tensor(_ got: [Value], _ index: Int) throws -> Tensor {
    guard index < got.count, case .tensor(let tensor) = got[index] else {
      throw Mismatch("result \(index) is no tensor")
    }
    return tensor
  }

  private static func checkOrthonormal(_ q: Tensor, _ what: String) throws {
    let product = q.transposed().matmul(q)
    let one = Tensor.eye(q.size(-1), dtype: q.dtype).expanded(product.shape)
    try check(product, one, "\(what)'s columns")
  }

  private static func check(_ got: Tensor, _ expected: Tensor, _ what: String) throws {
    let scale = expected.count == 0 ? 1.0 : Swift.max(1.0, expected.abs().max().item(Double.self))
    try Comparison.check(got, expected, what) { dtype in
      let bounds = Tolerance.outputs(dtype)
      return Tolerance(relative: bounds.relative, absolute: bounds.absolute * 10 * scale)
    }
  }
}
